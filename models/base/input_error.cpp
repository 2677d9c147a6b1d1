#include "models/base/input_error.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/base/quoted_text.hpp"

namespace pipesim {

InputError::InputError(std::string_view problem, std::string_view hint)
    : InputError(problem, hint, problem) {}

InputError::InputError(std::string_view problem, std::string_view hint, std::string_view reason)
    : std::runtime_error(one_line(problem) + "\n  hint: " + one_line(hint)),
      reason_(one_line(reason)) {}

namespace {

std::string joined(const std::vector<InputError>& all) {
  std::string text;
  for (const InputError& error : all) {
    if (!text.empty()) text += '\n';
    text += error.what();
  }
  return text;
}

}  // namespace

InputError::InputError(const std::vector<InputError>& all)
    : std::runtime_error(joined(all)), reason_(all.front().reason_) {}

void Mistakes::add(InputError error) {
  if (full()) {
    ++more;
  } else {
    shown.push_back(std::move(error));
  }
}

void Mistakes::add(const Mistakes& others) {
  for (const InputError& error : others.shown) add(error);
  more += others.more;
}

InputError Mistakes::error(std::string_view file) const {
  std::vector<InputError> all = shown;
  if (more > 0) {
    all.emplace_back(
        fmt::format("{}: /: has more mistakes of these kinds, got {} more", file, more),
        "correct the ones above first");
  }
  return InputError(all);
}

std::string_view Source::blame(std::string_view pointer) const {
  for (const std::string& set : overrides) {
    if (pointer.starts_with(set) && (pointer.size() == set.size() || pointer[set.size()] == '/')) {
      return "--set";
    }
  }
  return file;
}

InputError Source::error(std::string_view pointer, std::string_view problem, std::string_view got,
                         std::string_view hint) const {
  const std::string place = abridged(pointer, 100);
  const std::string value = abridged(got, 100);
  return InputError(fmt::format("{}: {}: {}, got {}", abridged(blame(pointer)),
                                place.empty() ? "/" : place, problem, value),
                    hint, fmt::format("{}: {}, got {}", place, problem, value));
}

std::string in_quotes(std::string_view text) {
  constexpr auto replace = nlohmann::json::error_handler_t::replace;  // Of bytes that are no UTF-8.
  constexpr std::size_t widest = 60;
  const std::string quoted =
      nlohmann::json(whole_characters(text, 2 * widest)).dump(-1, ' ', true, replace);
  return quoted.size() > widest ? quoted.substr(0, widest) + "…" : quoted;
}

std::string pointer_step(std::string_view key) {
  std::string step(1, '/');
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

}  // namespace pipesim
