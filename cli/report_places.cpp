#include "cli/report_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "models/input_error.hpp"
#include "reports/output_file.hpp"

namespace pipesim::cli {

namespace {

// Into a pipe or a device nothing is lost.
bool is_file(const std::string& place) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(place, ignored);
}

}  // namespace

void check_report_places(const std::vector<ReportPlace>& places, bool json,
                         const std::vector<std::string>& inputs) {
  std::set<std::string> read;
  for (const std::string& input : inputs) {
    if (!input.empty() && input != "-") read.insert(place_of(input));
  }
  std::set<std::string> taken;
  for (const auto& [option, path] : places) {
    if (path.empty()) {
      throw InputError(option + ": /: must name a place, got nothing",
                       "give a path behind the option");
    }
    const std::string place = path == "-" ? path : place_of(path);
    if (!taken.insert(place).second) {
      throw InputError(
          fmt::format("{}: /: must not be where another report goes, got {}", option, path),
          "give each report a file of its own");
    }
    if (read.contains(place) && is_file(place)) {
      throw InputError(
          fmt::format("{}: /: must not be what the command reads, got {}", option, path),
          "give the report a file of its own");
    }
  }
  const auto is_standard_output = [](const ReportPlace& place) { return place.path == "-"; };
  if (json && std::ranges::any_of(places, is_standard_output)) {
    throw InputError("--json: /: must have the standard output to itself, got another report for -",
                     "write the other report to a file");
  }
}

}  // namespace pipesim::cli
