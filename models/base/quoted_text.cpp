#include "models/base/quoted_text.hpp"

#include <fmt/format.h>

namespace pipesim {

namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
    } else {
      line += c;
    }
  }
  return line;
}

std::string_view whole_characters(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  constexpr std::size_t longest_character = 4;
  std::size_t end = most_bytes;
  while (end > 0 && most_bytes - end < longest_character && continues_character(text[end])) --end;
  return text.substr(0, end);
}

std::string abridged(std::string_view text, std::size_t most_bytes) {
  const std::string line = one_line(text);
  if (line.size() <= most_bytes) return line;
  constexpr std::string_view ellipsis = "…";
  const std::size_t tail = most_bytes / 3;
  std::size_t from = line.size() - tail;
  while (from < line.size() && continues_character(line[from])) ++from;
  return fmt::format("{}{}{}", whole_characters(line, most_bytes - tail - ellipsis.size()),
                     ellipsis, std::string_view(line).substr(from));
}

}  // namespace pipesim
