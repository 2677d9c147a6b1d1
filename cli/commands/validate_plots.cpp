#include "cli/commands/validate_plots.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "models/base/document.hpp"
#include "reports/text/number_text.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/engine/memory_trace.hpp"
#include "sim/step/run.hpp"

namespace pipesim::cli {

namespace {

constexpr int fewest_stages = 2;
constexpr int most_stages = 16;

std::string says(int stages, int micro_batches, const std::string& figure) {
  return fmt::format("K = {}, M = {}: {}", stages, micro_batches, figure);
}

// A line dense enough for all sizes in between, however far the grid reaches.
std::vector<int> between(int first, int last) {
  constexpr int most_points = 512;
  std::vector<int> numbers;
  const int step = std::max(1, (last - first) / most_points);
  for (int n = first; n < last; n += step) numbers.push_back(n);
  numbers.push_back(last);
  return numbers;
}

Plot bubble_plot(const std::string& schedule, const std::vector<BubbleRow>& rows, bool executed) {
  Plot plot{.title = schedule + ": bubble over micro-batches",
            .note = executed ? "lines: formula; marks: simulated; hollow marks: executed"
                             : "lines: formula; marks: simulated",
            .x = {.label = "M, micro-batches", .scale = AxisScale::log2},
            .y = {.label = "bubble, of all device time", .percent = true}};
  std::set<int> stages;
  int fewest = rows.front().shape.micro_batches;
  int most = fewest;
  for (const BubbleRow& row : rows) {
    if (row.schedule == schedule) stages.insert(row.shape.stages);
    fewest = std::min(fewest, row.shape.micro_batches);
    most = std::max(most, row.shape.micro_batches);
  }
  for (const int k : stages) {
    PlotSeries& series = plot.series.emplace_back();
    series.name = fmt::format("K = {}", k);
    for (const int m : between(fewest, most)) {
      const auto formula = bubble_by_formula(schedule, {.stages = k, .micro_batches = m});
      if (formula) series.line.push_back({static_cast<double>(m), formula->value()});
    }
    for (const BubbleRow& row : rows) {
      if (row.schedule != schedule || row.shape.stages != k) continue;
      const int m = row.shape.micro_batches;
      const double simulated = row.simulated.value();
      series.marks.push_back({static_cast<double>(m), simulated,
                              says(k, m,
                                   percent(simulated) + " simulated, " +
                                       percent(row.formula.value()) + " by formula")});
      if (row.executed) {
        series.hollow.push_back({static_cast<double>(m), *row.executed,
                                 says(k, m, percent(*row.executed) + " executed")});
      }
    }
  }
  return plot;
}

Plot efficiency_plot() {
  Plot plot{.title = "gpipe: efficiency over stages",
            .note = "lines: M / (M + K - 1); marks: simulated",
            .x = {.label = "K, stages", .whole = true},
            .y = {.label = "busy, of all device time", .percent = true}};
  for (const int m : {4, 8, 16, 32}) {
    PlotSeries& series = plot.series.emplace_back();
    series.name = fmt::format("M = {}", m);
    for (int k = fewest_stages; k <= most_stages; ++k) {
      const double formula = static_cast<double>(m) / (m + k - 1);
      series.line.push_back({static_cast<double>(k), formula});
      const auto row = bubble_row("gpipe", {.stages = k, .micro_batches = m});
      if (!row) continue;
      const double simulated = 1 - row->simulated.value();
      series.marks.push_back(
          {static_cast<double>(k), simulated,
           says(k, m, percent(simulated) + " simulated, " + percent(formula) + " by formula")});
    }
  }
  return plot;
}

// The model whose memory is plotted: as in the estimate in layer-activations, every layer keeps
// 10 MB of each micro-batch.
constexpr int layers = 48;
constexpr int micro_batches = 8;
constexpr Bytes layer_bytes = 10'000'000;

// The most that activations take on a device.
Bytes simulated_stash(int stages, const char* recompute) {
  const nlohmann::json layer = {
      {"forward", 1}, {"backward", 2}, {"stash_bytes", layer_bytes}, {"output_bytes", layer_bytes}};
  const nlohmann::json config = {
      {"model",
       {{"kind", "layers"},
        {"layers", std::vector<nlohmann::json>(layers, layer)},
        {"input_bytes", layer_bytes}}},
      {"pipeline",
       {{"stages", stages}, {"micro_batches", micro_batches}, {"recompute", recompute}}}};
  const Experiment experiment = assemble(read_config(parse_document(config.dump(), "validate")));
  const Run run = simulate(experiment, {.breakdown = false});
  Bytes most = 0;
  for_each_memory_event(experiment.schedule, experiment.costs, run.outcome.timeline,
                        [&](const MemoryEvent& event) {
                          if (event.tag == MemoryTag::stash) most = std::max(most, event.tag_total);
                        });
  return most;
}

// What the fullest device keeps: all of its layers' activations, or with re-materialization its
// input alone, and of one micro-batch the rest.
Bytes stash_by_formula(int stages, bool recomputes) {
  const Bytes of_stage = (layers + stages - 1) / stages * layer_bytes;
  return recomputes ? micro_batches * layer_bytes + of_stage - layer_bytes
                    : micro_batches * of_stage;
}

Plot memory_plot() {
  Plot plot{.title = "gpipe: memory of activations over stages",
            .note = fmt::format("{} layers of {} MB a micro-batch, M = {}; lines: formula; "
                                "marks: simulated",
                                layers, layer_bytes / 1'000'000, micro_batches),
            .x = {.label = "K, stages", .whole = true},
            .y = {.label = "MB on the fullest device"}};
  for (const bool recomputes : {false, true}) {
    PlotSeries& series = plot.series.emplace_back();
    series.name = recomputes ? "re-mat." : "all kept";
    for (int k = fewest_stages; k <= most_stages; ++k) {
      const auto megabytes = [](Bytes bytes) { return static_cast<double>(bytes) / 1e6; };
      const double formula = megabytes(stash_by_formula(k, recomputes));
      const double simulated = megabytes(simulated_stash(k, recomputes ? "full" : "none"));
      const double x = k;
      series.line.push_back({x, formula});
      series.marks.push_back(
          {x, simulated,
           says(k, micro_batches,
                fmt::format("{:g} MB simulated, {:g} MB by formula", simulated, formula))});
    }
  }
  return plot;
}

void add_table(PlotPage& page, const std::vector<BubbleRow>& rows, bool executed) {
  page.head = {"schedule", "stages", "micro-batches", "formula", "simulated", "difference"};
  if (executed) page.head.insert(page.head.end(), {"executed", "executed - formula"});
  for (const BubbleRow& row : rows) page.rows.push_back(cells_of(row));
}

}  // namespace

PlotPage validation_page(const std::vector<BubbleRow>& rows, bool executed) {
  const auto equal = std::ranges::count_if(rows, [](const BubbleRow& row) { return row.agrees(); });
  PlotPage page{.title = "Formulas against simulated runs"};
  page.paragraphs.push_back(
      "The bubble is idle time as a fraction of all device time, for equal stages whose backward "
      "takes twice their forward, and free transfers.");
  page.paragraphs.push_back(
      fmt::format("{} of {} differences in the table are exactly 0.", equal, rows.size()));
  std::vector<std::string> schedules;
  for (const BubbleRow& row : rows) {
    if (std::ranges::find(schedules, row.schedule) == schedules.end()) {
      schedules.push_back(row.schedule);
    }
  }
  for (const std::string& schedule : schedules) {
    page.plots.push_back(bubble_plot(schedule, rows, executed));
  }
  page.plots.push_back(efficiency_plot());
  page.plots.push_back(memory_plot());
  add_table(page, rows, executed);
  return page;
}

}  // namespace pipesim::cli
