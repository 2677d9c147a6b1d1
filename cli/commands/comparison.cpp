#include "cli/commands/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/assemble/assemble.hpp"
#include "sim/assemble/assumed_times.hpp"

namespace pipesim::cli {

Time ComparedRow::busy(OpKind kind) const {
  return per_device(metrics.busy_by_kind[static_cast<std::size_t>(kind)]);
}

Time ComparedRow::backward() const {
  return busy(OpKind::backward) + busy(OpKind::backward_input) + busy(OpKind::backward_weight);
}

Time ComparedRow::communication() const {
  return metrics.breakdown.communication_time + metrics.all_reduce;
}

double ComparedRow::efficiency() const {
  const Time useful = busy(OpKind::forward) + backward();
  return metrics.step_time == Time{} ? 0 : seconds(useful) / seconds(metrics.step_time);
}

namespace {

void simulate_row(ComparedRow& row) {
  const Attempt attempt = try_assemble(row.variant.config);
  row.variant.reason = attempt.reason;
  if (!attempt.experiment) return;
  const Run run = simulate(*attempt.experiment, {.timeline = false});
  if (run.outcome.deadlock) {
    row.variant.reason = describe(*run.outcome.deadlock);
    return;
  }
  row.metrics = run.metrics;
  row.unlike = times_unlike_order(*attempt.experiment);
  row.devices = run.outcome.devices.size();
  for (const DeviceUse& use : run.outcome.devices) row.peak = std::max(row.peak, use.peak);
}

}  // namespace

std::vector<ComparedRow> compare_all(const Config& config, const ReportRow& report) {
  std::vector<ComparedRow> rows;
  std::vector<Variant> variants = contrasts(config);
  for (Variant& variant : variants) {
    if (report) report(rows.size(), variants.size(), variant.name);
    ComparedRow row{.variant = std::move(variant)};
    if (row.possible()) simulate_row(row);
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const ComparedRow& a, const ComparedRow& b) {
    const auto rank = [](const ComparedRow& row) {
      return !row.possible() ? 2 : row.metrics.fits_memory ? 0 : 1;
    };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a.metrics.step_time < b.metrics.step_time;
  });
  return rows;
}

std::string title_of(const ComparedRow& row) {
  const Recompute recompute = row.variant.recompute;
  if (recompute == Recompute::none) return row.variant.name;
  return fmt::format("{}, recompute {}", row.variant.name, name_of(recompute));
}

void for_each_run(const std::vector<ComparedRow>& rows, const VisitRun& visit) {
  for (const ComparedRow& row : rows) {
    if (!row.possible()) continue;
    const Experiment experiment = assemble(row.variant.config);
    visit(row, experiment, simulate(experiment));
  }
}

}  // namespace pipesim::cli
