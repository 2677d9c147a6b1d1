#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "models/base/input_error.hpp"
#include "models/base/key_synonyms.hpp"

namespace pipesim {

namespace {

bool is_separator(char c) {
  return c == '_' || c == '-' || c == ' ' || c == '.' || c == '/';
}

std::string lower(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

// Edits that lead from one to the other: a letter more, less or another, or two neighbours swapped
// (optimal string alignment). Stops above `most`.
std::optional<std::size_t> edits_between(std::string_view a, std::string_view b, std::size_t most) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) return std::nullopt;
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::vector<std::size_t> next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      next[j] = std::min({other, row[j] + 1, next[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row.back() <= most ? std::optional(row.back()) : std::nullopt;
}

// How many letters may be wrong in a word of that length: more would make it another word.
std::size_t edits_borne(std::size_t letters) {
  if (letters < 3) return 0;
  if (letters < 5) return 1;
  return std::clamp<std::size_t>(letters / 4, 2, 4);
}

std::vector<std::string> parts_of(std::string_view word) {
  std::vector<std::string> parts(1);
  for (const char c : word) {
    if (is_separator(c)) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Whether half of a part would have to change: "vocab_file" has another word where "vocab_size" has
// its second.
bool has_another_part(const std::vector<std::string>& parts, std::string_view candidate) {
  const std::vector<std::string> others = parts_of(candidate);
  if (parts.size() != others.size() || parts.size() == 1) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t most = others[i].size() < 4 ? 1 : (others[i].size() - 1) / 2;
    if (!edits_between(parts[i], others[i], most)) return true;
  }
  return false;
}

// "stash" for "stash_bytes", "v100" for "v100-16gb": whole parts that the other begins with; of a
// single part its beginning, "block" for "blocking".
bool begins_with(std::string_view other, std::string_view word) {
  constexpr std::size_t shortest = 4;  // "num" or "max" begin too much.
  if (word.size() < shortest || other.size() <= word.size() || !other.starts_with(word))
    return false;
  return is_separator(other[word.size()]) || std::ranges::none_of(other, is_separator);
}

bool has_digit(std::string_view word) {
  return std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

// "A100-SXM4-80GB" is an a100-80gb, and "H100-PCIe" some h100: what a product's name begins with,
// letters and digits, says what it is. The candidate of which the word has most parts; none of
// another product.
std::string same_product(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string> parts = parts_of(word);
  std::string best;
  std::ptrdiff_t most = 0;
  for (const std::string& candidate : known) {
    const std::vector<std::string> others = parts_of(lower(candidate));
    const auto is_there = [&](const std::string& part) {
      return std::ranges::find(parts, part) != parts.end();
    };
    if (!has_digit(others.front()) || !is_there(others.front())) continue;
    const auto shared = std::ranges::count_if(others, is_there);
    if (shared <= most) continue;
    most = shared;
    best = candidate;
  }
  return best;
}

std::string nearest_in_letters(std::string_view word, const std::vector<std::string>& known) {
  const std::string letters = spelled(word);
  const std::vector<std::string> parts = parts_of(word);
  std::string best;
  std::size_t best_edits = 0;  // What the best takes; the first of equals stays.
  for (const std::string& candidate : known) {
    const std::string other = spelled(candidate);
    const std::size_t borne = edits_borne(other.size());
    const auto edits =
        edits_between(letters, other, best.empty() ? borne : std::min(borne, best_edits - 1));
    if (!edits || *edits >= letters.size() || has_another_part(parts, lower(candidate))) continue;
    best = candidate;
    best_edits = *edits;
  }
  return best;
}

}  // namespace

std::string spelled(std::string_view word) {
  std::string letters = lower(word);
  std::erase_if(letters, is_separator);
  return letters;
}

std::string closest(std::string_view given, const std::vector<std::string>& known) {
  constexpr std::size_t longest_worth_comparing = 100;
  const std::string word = lower(given);
  const std::string letters = spelled(word);
  if (letters.empty() || given.size() > longest_worth_comparing) return {};
  for (const std::string& candidate : known) {
    if (spelled(candidate) == letters) return candidate;
  }
  for (const std::string_view meaning : keys_meant_by(word)) {
    if (std::ranges::find(known, meaning) != known.end()) return std::string(meaning);
  }
  for (const std::string& candidate : known) {
    if (begins_with(lower(candidate), word)) return candidate;
  }
  const std::string product = same_product(word, known);
  return product.empty() ? nearest_in_letters(word, known) : product;
}

std::string suggestion(std::string_view word, std::string_view plural,
                       const std::vector<std::string>& known) {
  const std::string near = closest(word, known);
  const std::string all = fmt::format("{}: {}", plural, fmt::join(known, ", "));
  return near.empty() ? all : fmt::format("did you mean \"{}\"? {}", near, all);
}

}  // namespace pipesim
