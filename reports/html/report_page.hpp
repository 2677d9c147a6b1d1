#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

class Output;

/// What a page says once for all of its runs.
struct PageHead {
  std::string_view command{};             ///< "simulate", "execute", "compare"
  const nlohmann::ordered_json& summary;  ///< What --json prints.
  const Config& config;
  std::size_t runs = 1;
};

/// A report as one page that needs nothing else, written run by run: HTML around the columns that
/// docs/report_format.md describes, and the scripts that draw them.
class ReportPage {
 public:
  ReportPage(Output& out, const PageHead& head);
  /// As many as the head says. `title` says what the run is; `summary` is its own, which may be the
  /// head's, and is then not written again.
  void add(std::string_view title, const Experiment& experiment, const Run& run,
           const nlohmann::ordered_json& summary);
  void finish();

 private:
  Output& out_;
  const nlohmann::ordered_json& head_summary_;
  std::size_t runs_;
  std::size_t written_ = 0;
};

}  // namespace pipesim
