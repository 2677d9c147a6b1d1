#include "models/base/json_field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace pipesim {

Field::Field(const Document& document)
    : document_(document.root), value_(document.root.get()), source_(document.source) {
  if (!document.mistakes.none()) throw document.mistakes.error(source_->file);
}

Field::Field(const Field& parent, const nlohmann::json& value, std::string_view key)
    : document_(parent.document_),
      value_(&value),
      pointer_(parent.pointer_ + pointer_step(key)),
      source_(parent.source_) {}

bool Field::is_text() const {
  return value_->is_string();
}
bool Field::is_number() const {
  return value_->is_number();
}
bool Field::is_list() const {
  return value_->is_array();
}
bool Field::is_object() const {
  return value_->is_object();
}
bool Field::is_boolean() const {
  return value_->is_boolean();
}
bool Field::is_null() const {
  return value_->is_null();
}

std::string Field::shown() const {
  constexpr std::size_t widest = 60;
  if (is_list() && value_->size() > 20) return fmt::format("a list of {} entries", value_->size());
  if (is_object() && value_->size() > 10)
    return fmt::format("an object of {} keys", value_->size());
  if (is_text()) return in_quotes(value_->get_ref<const std::string&>());
  // ASCII, so that a cut never splits a character and no control sequence reaches a terminal.
  std::string text = value_->dump(-1, ' ', true);
  if (text.size() > widest) text = text.substr(0, widest) + "…";
  return text;
}

InputError Field::error(std::string_view problem, std::string_view hint) const {
  return source_->error(pointer_, problem, shown(), hint);
}

InputError Field::wrong_type(std::string_view expected) const {
  const std::string_view is = is_object()    ? "an object"
                              : is_list()    ? "a list"
                              : is_text()    ? "a text"
                              : is_number()  ? "a number"
                              : is_boolean() ? "true or false"
                                             : "null";
  return error(fmt::format("must be {}", expected),
               fmt::format("write {} here; this is {}", expected, is));
}

void Field::allow_keys(const std::vector<std::string>& keys) const {
  Mistakes unknown;
  for (const auto& [key, field] : entries()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    unknown.add(field.error("is not a known key", suggestion(key, "known here", keys)));
  }
  if (!unknown.none()) throw unknown.error(source_->file);
}

Field Field::at(std::string_view key, std::string_view hint) const {
  if (const auto field = find(key)) return *field;
  throw missing(key, hint);
}

InputError Field::missing(std::string_view key, std::string_view hint) const {
  const bool is_null = value_->contains(key);
  return source_->error(pointer_ + pointer_step(key), "is required", is_null ? "null" : "nothing",
                        hint);
}

std::optional<Field> Field::find(std::string_view key) const {
  if (!is_object()) throw wrong_type("an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return Field(*this, *found, key);
}

std::vector<Field> Field::items() const {
  if (!is_list()) throw wrong_type("a list");
  std::vector<Field> fields;
  fields.reserve(value_->size());
  for (const nlohmann::json& value : *value_) {
    fields.push_back(Field(*this, value, std::to_string(fields.size())));
  }
  return fields;
}

std::vector<std::pair<std::string, Field>> Field::entries() const {
  if (!is_object()) throw wrong_type("an object");
  std::vector<std::pair<std::string, Field>> fields;
  fields.reserve(value_->size());
  for (const auto& [key, value] : value_->items()) {
    fields.emplace_back(key, Field(*this, value, key));
  }
  return fields;
}

std::string Field::text() const {
  if (!is_text()) throw wrong_type("a text");
  return value_->get<std::string>();
}

std::int64_t Field::integer(std::int64_t least, std::int64_t most) const {
  if (!is_number()) throw wrong_type("a whole number");
  const double value = value_->get<double>();
  const std::string range = most >= bytes_limit || most == std::numeric_limits<int>::max()
                                ? fmt::format("a whole number from {}", least)
                                : fmt::format("a whole number from {} to {}", least, most);
  if (value != std::floor(value)) throw error("must be a whole number", "write " + range);
  if (value < static_cast<double>(least) || value > static_cast<double>(most)) {
    throw error("must be " + range,
                value > static_cast<double>(most)
                    ? fmt::format("the largest that can be simulated is {}", most)
                    : fmt::format("the smallest that makes sense is {}", least));
  }
  return value_->get<std::int64_t>();
}

int Field::count(int most) const {
  return static_cast<int>(integer(1, most));
}

double Field::number(double least, double most) const {
  if (!is_number()) throw wrong_type("a number");
  const double value = value_->get<double>();
  if (!(value >= least && value <= most)) {
    throw error(fmt::format("must be a number from {} to {}", least, most),
                fmt::format("choose one in that range"));
  }
  return value;
}

bool Field::boolean() const {
  if (!value_->is_boolean()) throw wrong_type("true or false");
  return value_->get<bool>();
}

double Field::quantity(Dimension dimension) const {
  const std::string hint = fmt::format("{} is {}", noun(dimension), how_to_write(dimension));
  const std::string problem = fmt::format("must be {}", noun(dimension));
  if (is_number()) return value_->get<double>();
  if (!is_text()) throw error(problem, hint);
  const auto value = parse_quantity(value_->get<std::string>(), dimension);
  if (!value) throw error(problem, hint);
  return *value;
}

Time Field::time() const {
  const double value = quantity(Dimension::time);
  if (value < 0) throw error("must not be negative", "a duration is 0 or longer");
  const Time time = to_time(value);
  if (time >= Time::limit()) {
    throw error("is longer than can be simulated",
                "all durations together must stay below 2^62 ps, "
                "about 53 days");
  }
  return time;
}

Bytes Field::bytes() const {
  const double value = quantity(Dimension::bytes);
  if (value < 0) throw error("must not be negative", "a size is 0 bytes or more");
  if (!(value < static_cast<double>(bytes_limit))) {
    throw error("is larger than can be simulated", "all sizes together must stay below 2^62 bytes");
  }
  return std::llround(value);
}

double Field::rate(Dimension dimension) const {
  const double value = quantity(dimension);
  if (!(value > 0)) {
    throw error("must be above 0",
                fmt::format("{} is {}; leave the key out where there is no limit", noun(dimension),
                            how_to_write(dimension)));
  }
  if (!std::isfinite(value)) {
    throw error("is too large", "leave the key out where there is no limit");
  }
  return value;
}

std::string Field::choice(std::string_view plural, const std::vector<std::string>& known) const {
  const std::string word = text();
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    throw error("is not known", suggestion(word, plural, known));
  }
  return word;
}

std::size_t Field::pick(std::string_view plural, std::span<const Choice> known) const {
  std::vector<std::string> names;
  for (const Choice& choice : known) names.emplace_back(choice.name);
  const std::string word = choice(plural, names);
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), word) - names.begin());
}

std::optional<Field> find_either(const Field& object, std::string_view key,
                                 std::string_view other) {
  const auto first = object.find(key);
  const auto second = key == other ? std::nullopt : object.find(other);
  if (first && second) {
    throw second->error(fmt::format("says the same as {}", key), "give only one of the two");
  }
  return first ? first : second;
}

}  // namespace pipesim
