#pragma once

#include <string>
#include <vector>

namespace pipesim::cli {

/// Where a report goes, and the option that asked for it.
struct ReportPlace {
  std::string option{};
  std::string path{};  ///< `-`: the standard output.
};

/// Throws InputError: no place, one place for two reports, whatever they are called, or a report on
/// the standard output beside --json.
void check_report_places(const std::vector<ReportPlace>& places, bool json);

}  // namespace pipesim::cli
