#include "models/input_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "models/quoted_text.hpp"

namespace pipesim {

InputError::InputError(std::string_view problem, std::string_view hint)
    : InputError(problem, hint, problem) {}

InputError::InputError(std::string_view problem, std::string_view hint, std::string_view reason)
    : std::runtime_error(one_line(problem) + "\n  hint: " + one_line(hint)),
      reason_(one_line(reason)) {}

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

namespace {

// Levenshtein's distance; a swap of two neighbours counts as two.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string lower(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

}  // namespace

std::string closest(std::string_view given, const std::vector<std::string>& known) {
  const std::string word = lower(given);
  constexpr std::size_t longest_worth_comparing = 100;
  if (word.size() > longest_worth_comparing) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& candidate : known) {
    const std::string other = lower(candidate);
    const bool is_start = word.size() > 1 && other.starts_with(word);
    const std::size_t distance = is_start ? 0 : edit_distance(word, other);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::string_view plural,
                       const std::vector<std::string>& known) {
  const std::string near = closest(word, known);
  const std::string all = fmt::format("{}: {}", plural, fmt::join(known, ", "));
  return near.empty() ? all : fmt::format("did you mean \"{}\"? {}", near, all);
}

}  // namespace pipesim
