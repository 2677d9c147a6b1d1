#include "support/commands/shown_output.hpp"

#include <algorithm>
#include <regex>

namespace pipesim::test {

namespace {

using Lines = std::vector<std::string>;

const std::string any_lines = "…";

// "step time    1.872 ms" and "step time   998 µs" have one shape: "step time #".
std::string shape_of(const std::string& line) {
  static const std::regex number(
      R"([-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?( ?([kMG]|[pnmµ]*s|[KMGT]?i?B|%)(?![A-Za-z]))?)");
  static const std::regex blanks(" +");
  return std::regex_replace(std::regex_replace(line, number, "#"), blanks, " ");
}

// Whether a line is as shown; where that has the mark inside, before and behind it.
bool matches(const std::string& line, const std::string& shown) {
  const auto mark = shown.find(any_lines);
  if (mark == shown.npos) return line == shown;
  const std::string before = shown.substr(0, mark);
  const std::string behind = shown.substr(mark + any_lines.size());
  return line.size() >= before.size() + behind.size() && line.starts_with(before) &&
         line.ends_with(behind);
}

// The lines shown between two marks.
std::vector<Lines> parts_of(const Lines& shown) {
  std::vector<Lines> parts(1);
  for (const std::string& line : shown) {
    line == any_lines ? (void)parts.emplace_back() : parts.back().push_back(line);
  }
  return parts;
}

}  // namespace

std::optional<std::string> difference(const Lines& shown, const Lines& printed, bool measured) {
  const auto same = [&](const std::string& line, const std::string& as_shown) {
    return measured ? matches(shape_of(line), shape_of(as_shown)) : matches(line, as_shown);
  };
  const std::vector<Lines> parts = parts_of(shown);
  auto at = printed.begin();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Lines& part = parts[i];
    const bool fixed = i == 0 || i + 1 == parts.size();
    if (i > 0 && fixed) {  // The last part ends with the output.
      if (static_cast<std::size_t>(printed.end() - at) < part.size()) return part.front();
      if (!part.empty()) at = printed.end() - static_cast<std::ptrdiff_t>(part.size());
    } else if (!fixed) {
      at = std::search(at, printed.end(), part.begin(), part.end(),
                       [&](const std::string& a, const std::string& b) { return same(a, b); });
    }
    for (const std::string& line : part) {
      if (at == printed.end() || !same(*at, line)) return line;
      ++at;
    }
  }
  const bool open = parts.size() > 1 && parts.back().empty();
  return at == printed.end() || open ? std::nullopt : std::optional(*at);
}

Lines refreshed(const Lines& shown, const Lines& printed) {
  const std::vector<Lines> parts = parts_of(shown);
  if (parts.size() == 1) return printed;
  Lines result;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Lines& part = parts[i];
    if (i > 0) result.push_back(any_lines);
    if (i > 0 && i + 1 < parts.size()) {
      const auto begins_alike = [&](const std::string& line) {
        return line.substr(0, 10) == part.front().substr(0, 10);
      };
      const auto found = std::find_if(printed.begin() + static_cast<std::ptrdiff_t>(at),
                                      printed.end(), begins_alike);
      if (found != printed.end()) at = static_cast<std::size_t>(found - printed.begin());
    } else if (i > 0) {
      at = printed.size() - std::min(part.size(), printed.size());
    }
    for (std::size_t k = 0; k < part.size() && at < printed.size(); ++k) {
      result.push_back(printed[at++]);
    }
  }
  return result;
}

}  // namespace pipesim::test
