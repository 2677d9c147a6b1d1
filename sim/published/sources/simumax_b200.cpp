#include "sim/published/sources/simumax_b200.hpp"

#include <algorithm>

#include "sim/published/sources/simumax_step.hpp"

namespace pipesim::published {

namespace {

constexpr const char* source =
    "Llama 3 and DeepSeek models on 8 B200, measured by MooreThreads/SimuMax (Apache-2.0)";

std::string config_of(const CsvRow& row) {
  return config_of(SimumaxStep{.name = row.text("case"),
                               .model = row.text("model"),
                               .parallel = row.text("parallel"),
                               .layers = row.whole("layer_num"),
                               .micro_batches = row.whole("mbc"),
                               .virtual_stages = row.whole("vp_size")},
                   row.place());
}

// Calls visit(row) for every row of the file.
template <class Visit>
void for_each_row(const DataFiles& data, Visit&& visit) {
  const CsvTable table = data.table("simumax_b200.csv");
  for (const CsvTable::Row& cells : table.rows) visit(CsvRow(table, cells));
}

// The most that any device holds, as what its allocator has given out.
double peak_gib(const CsvRow& row) {
  const Run run =
      simulate(experiment_of(config_of(row), row.place()), {.timeline = false, .breakdown = false});
  Bytes peak = 0;
  for (const DeviceUse& device : run.outcome.devices) peak = std::max(peak, device.peak);
  return static_cast<double>(peak) / 0x1p30;
}

}  // namespace

std::vector<MeasuredStep> b200_steps(const DataFiles& data) {
  constexpr double s_per_ms = 1e-3;
  std::vector<MeasuredStep> steps;
  for_each_row(data, [&](const CsvRow& row) {
    steps.push_back({.label = row.text("case"),
                     .place = row.place(),
                     .published = row.number("real_ms") * s_per_ms,
                     .config = config_of(row)});
  });
  return steps;
}

Comparison b200_step_times(const DataFiles& data) {
  return {.title = "Step times on 8 B200, SimuMax",
          .source = source,
          .unit = "s",
          .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.04}},
          .rows = predict_all(b200_steps(data)),
          .missing = {"how tokens spread over the experts: evenly assumed"},
          .fitted = {"what whole steps reach of the rates of a B200's single kernels, 0.935, and "
                     "the part of a collective that a product beside it hides, 0.25. The rates "
                     "themselves are fitted on single kernels that the same source measured"}};
}

Comparison b200_memory(const DataFiles& data) {
  Comparison comparison{.title = "Memory on 8 B200, SimuMax",
                        .source = source,
                        .unit = "GiB",
                        .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.015}},
                        .missing = {"how tokens spread over the experts: evenly assumed"}};
  for_each_row(data, [&](const CsvRow& row) {
    comparison.rows.push_back({.label = row.text("case"),
                               .published = row.number("real_alloc_gib"),
                               .predicted = peak_gib(row)});
  });
  return comparison;
}

}  // namespace pipesim::published
