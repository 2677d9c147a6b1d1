#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/step/metrics.hpp"
#include "sim/step/progress.hpp"
#include "sim/step/run.hpp"
#include "sim/whatif/variants.hpp"

namespace pipesim::cli {

/// One way to run a model, simulated.
struct ComparedRow {
  Variant variant{};  ///< With the reason why it is not possible, if it isn't.
  Metrics metrics{};
  Bytes peak = 0;
  std::string unlike{};  ///< How far the times are from those that the order is made for, if far.
  std::size_t devices = 1;

  bool possible() const { return variant.reason.empty(); }
  /// Of a time of all devices together, what one of them has on average.
  Time per_device(Time total) const { return {total.ps / static_cast<std::int64_t>(devices)}; }
  Time busy(OpKind kind) const;
  Time backward() const;
  /// What messages between stages and the all-reduce add to the step.
  Time communication() const;
  /// The part of the step in which a device computes what one pass over the batch takes.
  double efficiency() const;
};

/// The row that is simulated, and which of how many it is.
using ReportRow = std::function<void(std::size_t row, std::size_t rows, const std::string& name)>;

/// The model under every schedule, and under data parallelism: what fits first, of these the
/// fastest first; what is not possible last.
std::vector<ComparedRow> compare_all(const Config& config, const ReportRow& report = {});

/// "1f1b", with what else tells it from its neighbours: "1f1b, recompute full".
std::string title_of(const ComparedRow& row);

/// Simulates each possible row again, this time with its timeline: one after the other, so that one
/// is in memory at a time.
using VisitRun =
    std::function<void(const ComparedRow& row, const Experiment& experiment, const Run& run)>;
void for_each_run(const std::vector<ComparedRow>& rows, const VisitRun& visit);

}  // namespace pipesim::cli
