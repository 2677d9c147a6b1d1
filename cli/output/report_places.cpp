#include "cli/output/report_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "models/base/input_error.hpp"
#include "models/base/quoted_text.hpp"
#include "reports/text/output_file.hpp"

namespace pipesim::cli {

void check_report_places(const std::vector<ReportPlace>& places, bool json) {
  std::set<std::string> taken;
  for (const auto& [option, path] : places) {
    if (path.empty()) {
      throw InputError(option + ": /: must name a place, got nothing",
                       "give a path behind the option");
    }
    const std::string place = path == "-" ? path : place_of(path);
    if (!taken.insert(place).second) {
      throw InputError(fmt::format("{}: /: must not be where another report goes, got {}", option,
                                   abridged(path)),
                       "give each report a file of its own");
    }
  }
  const auto is_standard_output = [](const ReportPlace& place) { return place.path == "-"; };
  if (json && std::ranges::any_of(places, is_standard_output)) {
    throw InputError("--json: /: must have the standard output to itself, got another report for -",
                     "write the other report to a file");
  }
}

}  // namespace pipesim::cli
