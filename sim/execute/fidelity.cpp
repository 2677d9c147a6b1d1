#include "sim/execute/fidelity.hpp"
#include "sim/assemble/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/execute/execute.hpp"

namespace pipesim {

namespace {

struct Case {
  int width = 0;
  int layers = 0;  ///< A multiple of 4: the stages of 2 and 4 devices are equal.
  int batch = 0;
  int micro_batches = 0;
  const char* schedule = "gpipe";
  const char* recompute = "none";
  const char* weight_gradient = "accumulated";
  const char* optimizer = "sgd";
  const char* activation = "relu";
  const char* precision = "fp32";
};

constexpr Case cases[] = {
    {.width = 1024, .layers = 60, .batch = 64, .micro_batches = 4},
    {.width = 1024, .layers = 60, .batch = 64, .micro_batches = 4, .recompute = "full"},
    {.width = 1024, .layers = 60, .batch = 64, .micro_batches = 4, .weight_gradient = "deferred"},
    {.width = 1024, .layers = 32, .batch = 64, .micro_batches = 8, .schedule = "1f1b"},
    {.width = 256, .layers = 12, .batch = 32, .micro_batches = 8},
    {.width = 256, .layers = 24, .batch = 512, .micro_batches = 16, .schedule = "1f1b"},
    {.width = 512, .layers = 16, .batch = 256, .micro_batches = 8, .activation = "tanh"},
    {.width = 512, .layers = 24, .batch = 512, .micro_batches = 4, .recompute = "full"},
    {.width = 2048, .layers = 8, .batch = 128, .micro_batches = 4, .optimizer = "adam"},
    {.width = 512, .layers = 16, .batch = 128, .micro_batches = 8, .precision = "fp64"},
};

Experiment experiment_of(const Case& one, const Device& device, int stages) {
  const std::vector<int> sizes(static_cast<std::size_t>(one.layers) + 1, one.width);
  const nlohmann::json config = {
      {"model", {{"kind", "mlp"}, {"layer_sizes", sizes}, {"activation", one.activation}}},
      {"pipeline",
       {{"schedule", one.schedule},
        {"stages", stages},
        {"micro_batches", one.micro_batches},
        {"recompute", one.recompute}}},
      {"training",
       {{"batch_size", one.batch},
        {"weight_gradient", one.weight_gradient},
        {"optimizer", one.optimizer},
        {"precision", one.precision}}}};
  Config read = read_config(parse_document(config.dump(), "fidelity"));
  read.cluster.kinds = {device};
  if (device.interconnect) read.cluster.interconnect = *device.interconnect;
  return assemble(std::move(read));
}

FidelityRow row_of(const Case& one) {
  FidelityRow row{.model = fmt::format("{} × {}", one.layers, one.width),
                  .schedule = fmt::format("{}, {} × {} samples", one.schedule, one.micro_batches,
                                          one.batch / one.micro_batches)};
  const auto add = [&](std::string_view value, std::string_view default_text,
                       std::string_view text) {
    if (value != default_text) row.setting += (row.setting.empty() ? "" : ", ") + std::string(text);
  };
  add(one.recompute, "none", fmt::format("re-computation {}", one.recompute));
  add(one.weight_gradient, "accumulated", "weight gradient deferred");
  add(one.optimizer, "sgd", one.optimizer);
  add(one.activation, "relu", one.activation);
  add(one.precision, "fp32", one.precision);
  return row;
}

}  // namespace

std::vector<FidelityRow> fidelity_rows(const Device& device, Clock clock, int stages, int steps,
                                       const std::function<void(double)>& progress) {
  std::vector<FidelityRow> rows;
  for (const Case& one : cases) {
    const Experiment experiment = experiment_of(one, device, stages);
    const Execution execution = execute(experiment, {.clock = clock, .steps = steps});
    FidelityRow& row = rows.emplace_back(row_of(one));
    row.predicted = execution.prediction.metrics.step_time;
    row.executed = execution.run.metrics.step_time;
    row.passed = execution.passed();
    progress(static_cast<double>(rows.size()) / static_cast<double>(std::size(cases)));
  }
  return rows;
}

std::vector<FidelityRow> fastest_of(const std::vector<std::vector<FidelityRow>>& rounds) {
  std::vector<FidelityRow> rows = rounds.front();
  for (const std::vector<FidelityRow>& round : rounds) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].predicted = std::min(rows[i].predicted, round[i].predicted);
      rows[i].executed = std::min(rows[i].executed, round[i].executed);
      rows[i].passed = rows[i].passed && round[i].passed;
    }
  }
  return rows;
}

double median_error_percent(const std::vector<FidelityRow>& rows) {
  std::vector<double> errors;
  for (const FidelityRow& row : rows) errors.push_back(std::abs(row.error_percent()));
  std::ranges::sort(errors);
  const std::size_t middle = errors.size() / 2;
  return errors.size() % 2 == 1 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2;
}

}  // namespace pipesim
