#include "models/base/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "models/base/quoted_text.hpp"
#include "models/base/text_file.hpp"

namespace pipesim {

namespace {

using nlohmann::json;

constexpr std::size_t deepest_nesting = 100;

/// A key that stands in its object already, and the characters up to its end.
struct Duplicate {
  std::string key;
  std::size_t position = 0;
};

// Builds the tree like the library's own parser, but notes what that lets pass, a key that stands
// twice in one object, and refuses nesting so deep that walking the tree would exhaust the stack.
class TreeBuilder final : public nlohmann::json_sax<json> {
 public:
  /// `passed`: how many characters have been read.
  explicit TreeBuilder(const std::size_t& passed) : passed_(passed) {}

  json root;
  std::vector<Duplicate> duplicates{};
  std::string problem{};  ///< What stopped the parser; empty when nothing did.
  std::string got{};
  std::string hint{};
  std::size_t position = 0;  ///< Characters up to what stopped it; 0 when the library did not say.

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) duplicates.push_back({name, passed_});
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t byte, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    constexpr int number_overflow = 406;
    const std::string_view what = error.what();
    got = token;
    position = byte;
    if (error.id == number_overflow) {
      problem = "the number is too large";
      hint = "numbers reach up to about 1.8e308";
      return false;
    }
    const auto dash = what.find(" - ");
    problem = fmt::format("not valid JSON: {}", dash == what.npos ? what : what.substr(dash + 3));
    problem.resize(std::min(problem.size(), problem.find("; last read")));
    hint = "look for a missing comma, quote or bracket just before this place";
    if (problem.find("unexpected end of input") != problem.npos) {
      got = "the end of the input";
      hint = "the text ends too early: close every brace, bracket and quote";
    }
    return false;
  }

 private:
  const std::size_t& passed_;
  std::vector<json*> open_{};
  std::string key_{};

  json* place(json&& value) {
    if (open_.empty()) return &(root = std::move(value));
    json& parent = *open_.back();
    if (parent.is_array()) return &parent.emplace_back(std::move(value));
    return &(parent[key_] = std::move(value));
  }
  bool add(json&& value) { return place(std::move(value)) != nullptr; }
  bool open(json&& value) {
    if (open_.size() >= deepest_nesting) {
      problem = fmt::format("nested deeper than {} levels", deepest_nesting);
      hint = "no config needs more than a few";
      got.assign(1, value.is_array() ? '[' : '{');
      return false;
    }
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
};

// Counts what an iterator over the text has passed, so that errors that the library reports without
// a position (a duplicate key, a number that overflows) have one too.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  std::size_t* passed = nullptr;

  reference operator*() const { return *at; }
  CountingIterator& operator++() { return ++at, ++*passed, *this; }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

// "FILE:LINE:COLUMN"
std::string place_in(std::string_view text, const std::string& file, std::size_t passed) {
  const std::string_view before = text.substr(0, std::min(passed, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n');
  const std::size_t column = before.size() - (line_start == before.npos ? 0 : line_start + 1);
  return fmt::format("{}:{}:{}", abridged(file), line, std::max<std::size_t>(column, 1));
}

json parse(std::string_view text, const std::string& file, Mistakes& mistakes) {
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    throw InputError(fmt::format("{}:1:1: the input is empty, got nothing", abridged(file)),
                     "a config is a JSON object with at least \"model\" and \"pipeline\"; "
                     "examples/ has some to start from");
  }
  std::size_t passed = 0;
  TreeBuilder builder(passed);
  const CountingIterator first{text.data(), &passed};
  const CountingIterator last{text.data() + text.size(), &passed};
  if (!json::sax_parse(first, last, &builder, json::input_format_t::json, true, true)) {
    const std::size_t position = builder.position > 0 ? builder.position : passed;
    throw InputError(fmt::format("{}: {}, got {}", place_in(text, file, position), builder.problem,
                                 whole_characters(builder.got, 60)),
                     builder.hint);
  }
  for (const Duplicate& twice : builder.duplicates) {
    if (mistakes.full()) {
      ++mistakes.more;
      continue;
    }
    mistakes.add(InputError(fmt::format("{}: the key stands twice in one object, got {}",
                                        place_in(text, file, twice.position), in_quotes(twice.key)),
                            "keep only one of the two"));
  }
  return std::move(builder.root);
}

json parse_override_value(const std::string& text) {
  constexpr std::size_t anywhere = 0;
  TreeBuilder builder(anywhere);
  if (json::sax_parse(text, &builder) && builder.duplicates.empty()) return std::move(builder.root);
  if (!is_utf8(text)) {
    throw InputError("--set: /: the value must be UTF-8 text, got bytes that are not",
                     "write it as JSON with \\u escapes");
  }
  return text;
}

// One step of a dotted path: into an object, created where it is missing, or into a list.
json* step_into(json& node, const std::string& key, const std::string& pointer,
                const std::string& setting) {
  if (node.is_null()) node = json::object();
  if (node.is_object()) return &node[key];
  std::size_t index = 0;
  const auto [rest, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool is_index = error == std::errc{} && std::to_string(index) == key;
  if (node.is_array() && is_index && index < node.size()) return &node[index];
  throw InputError(
      fmt::format("--set: {}: leads to no value of the config, got {}", abridged(pointer),
                  abridged(setting)),
      node.is_array()
          ? fmt::format("the list there has entries 0 to {}", static_cast<long>(node.size()) - 1)
          : fmt::format("{} stands there, which has no keys: set an object in its place",
                        node.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 60)));
}

void take_out(json& root, std::string path) {
  std::ranges::replace(path, '.', '/');
  const json::json_pointer pointer("/" + path);
  if (root.contains(pointer)) root[pointer.parent_pointer()].erase(pointer.back());
}

void apply_override(json& root, Source& source, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError(
        fmt::format("--set: /: must have the form KEY=VALUE, got {}", abridged(setting)),
        "for example --set pipeline.micro_batches=16");
  }
  std::string_view path = std::string_view(setting).substr(0, equals);
  std::string pointer;
  json* node = &root;
  bool is_new = false;
  for (bool more = true; more;) {
    const auto dot = path.find('.');
    const std::string key(path.substr(0, dot));
    pointer += pointer_step(key);
    const bool creates = !node->is_array() && !node->contains(key);
    node = step_into(*node, key, pointer, setting);
    more = dot != path.npos;
    if (more) path.remove_prefix(dot + 1);
    if ((creates && !is_new) || !more) source.overrides.push_back(pointer);
    is_new = is_new || creates;
  }
  *node = parse_override_value(setting.substr(equals + 1));
}

Document changed(json root, Source source, Mistakes mistakes,
                 const std::vector<std::string>& overrides,
                 const std::vector<std::string>& without) {
  for (const std::string& key : without) take_out(root, key);
  for (const std::string& setting : overrides) {
    mistakes.gather([&] { apply_override(root, source, setting); });
  }
  return {.root = std::make_shared<const json>(std::move(root)),
          .source = std::make_shared<const Source>(std::move(source)),
          .mistakes = std::move(mistakes)};
}

}  // namespace

Document parse_document(std::string_view text, const std::string& file,
                        const std::vector<std::string>& overrides,
                        const std::vector<std::string>& without) {
  Mistakes mistakes;
  json root = parse(text, file, mistakes);
  return changed(std::move(root),
                 {.file = file, .directory = std::filesystem::path(file).parent_path().string()},
                 std::move(mistakes), overrides, without);
}

Document change_document(const Document& document, const std::vector<std::string>& overrides,
                         const std::vector<std::string>& without) {
  return changed(*document.root, *document.source, document.mistakes, overrides, without);
}

Document read_document(const std::string& path, const std::vector<std::string>& overrides,
                       const std::vector<std::string>& without) {
  const std::string name = path == "-" ? "<stdin>" : path;
  constexpr std::string_view hint =
      "give the path of a JSON file, such as examples/gpipe.json, or - for standard input";
  return parse_document(read_text_file(path, name, hint), name, overrides, without);
}

}  // namespace pipesim
