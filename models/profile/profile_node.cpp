#include "models/profile/profile_node.hpp"

#include "models/base/trimmed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace pipesim {

namespace {

constexpr std::string_view separator = " -- ";
constexpr std::string_view node_form =
    "a node is written as \"node1 -- Linear(8, 8) -- forward_compute_time=1.5, "
    "backward_compute_time=3.0, activation_size=2048.0, parameter_size=4096.0\", an edge behind a "
    "tab as \"node1 -- node2\"";

struct Figure {
  std::string_view key;
  double scale;  // Picoseconds or bytes in one of the file's units.
  std::string_view range;
  std::string_view hint;
};

constexpr std::string_view time_range = "must be a number from 0 to below 2^62 ps";
constexpr std::string_view bytes_range = "must be a number from 0 to below 2^62";
constexpr std::string_view time_hint = "milliseconds of the whole batch";
constexpr std::string_view bytes_hint =
    "bytes of the whole batch, or a list of them: [512.0; 64.0]";

constexpr std::array<Figure, 4> figures = {{
    {"forward_compute_time", 1e9, time_range, time_hint},
    {"backward_compute_time", 1e9, time_range, time_hint},
    {"activation_size", 1, bytes_range, bytes_hint},
    {"parameter_size", 1, bytes_range, "bytes of the node's weights"},
}};
constexpr std::size_t activation_size = 2;

using Values = std::array<std::optional<std::int64_t>, figures.size()>;

// The part before the next separator, taken off the text with it.
std::string_view take_part(std::string_view& text, std::string_view end) {
  const auto at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + end.size());
  return part;
}

std::int64_t read_number(std::string_view text, const Figure& figure, const ProfileLine& line) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && rest == text.data() + text.size();
  const double scaled = number * figure.scale;
  const double limit = static_cast<double>(bytes_limit);
  if (!whole || !(scaled >= 0 && scaled < limit)) {
    throw error_in(line, fmt::format("{} {}", figure.key, figure.range), text, figure.hint);
  }
  return std::llround(scaled);
}

std::int64_t read_list(std::string_view text, const Figure& figure, const ProfileLine& line) {
  if (!text.ends_with(']')) {
    throw error_in(line, fmt::format("{} must close its list", figure.key), text, figure.hint);
  }
  std::string_view rest = text.substr(1, text.size() - 2);
  std::int64_t sum = 0;
  while (!rest.empty()) {
    sum = capped_sum(sum, read_number(trimmed(take_part(rest, ";")), figure, line));
  }
  return sum;
}

void read_figure(std::string_view text, const ProfileLine& line, Values& values) {
  const std::string_view key = trimmed(take_part(text, "="));
  const std::string_view value = trimmed(text);
  const auto found = std::ranges::find(figures, key, &Figure::key);
  if (found == figures.end()) {
    std::vector<std::string> keys;
    for (const Figure& figure : figures) keys.emplace_back(figure.key);
    throw error_in(line, "has a figure of no known name", key, suggestion(key, "figures", keys));
  }
  const auto index = static_cast<std::size_t>(found - figures.begin());
  if (values[index]) {
    throw error_in(line, fmt::format("states {} twice", key), value, "keep only one of the two");
  }
  const bool is_list = index == activation_size && value.starts_with('[');
  values[index] = is_list ? read_list(value, *found, line) : read_number(value, *found, line);
}

Values read_figures(std::string_view text, const ProfileLine& line) {
  Values values;
  while (!text.empty()) read_figure(take_part(text, ","), line, values);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (values[i]) continue;
    throw error_in(line, fmt::format("lacks its {}", figures[i].key), line.text, figures[i].hint);
  }
  return values;
}

void check_stage_id(std::string_view text, const ProfileLine& line) {
  const std::string_view digits = trimmed(text.substr(text.find('=') + 1));
  const bool whole = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  if (!whole) {
    throw error_in(line, "stage_id must be a whole number from 0", digits,
                   "it is not used: the config's partition says which stage a layer is in");
  }
}

}  // namespace

InputError error_in(const ProfileLine& line, std::string_view problem, std::string_view got,
                    std::string_view hint) {
  // Any file can be named as a profile: of a line that is not like one nothing is repeated.
  const bool is_like_a_profile = line.text.find(separator) != line.text.npos;
  return InputError(
      fmt::format(
          "{}:{}: {}, got {}", line.file, line.number, problem,
          is_like_a_profile ? in_quotes(got) : fmt::format("a line of {} bytes", line.text.size())),
      hint);
}

ProfileNode read_profile_node(const ProfileLine& line) {
  std::string_view rest = trimmed(line.text);
  if (const auto last = rest.rfind(separator);
      last != rest.npos && rest.substr(last + separator.size()).starts_with("stage_id=")) {
    check_stage_id(rest.substr(last + separator.size()), line);
    rest = rest.substr(0, last);
  }
  // A description may hold the separator, too: what is in the middle.
  const auto first = rest.find(separator);
  const auto last = rest.rfind(separator);
  if (first == rest.npos || first == last) {
    throw error_in(line, "is neither a node nor an edge", line.text, node_form);
  }
  const std::string_view name = trimmed(rest.substr(0, first));
  if (name.empty() || name.find_first_of(" \t") != name.npos) {
    throw error_in(line, "must begin with the node's name, one word", name, node_form);
  }
  const std::size_t middle = first + separator.size();
  const Values values = read_figures(rest.substr(last + separator.size()), line);
  return {.name = std::string(name),
          .description = std::string(trimmed(rest.substr(middle, last - middle))),
          .forward = {*values[0]},
          .backward = {*values[1]},
          .activation_bytes = *values[2],
          .parameter_bytes = *values[3]};
}

}  // namespace pipesim
