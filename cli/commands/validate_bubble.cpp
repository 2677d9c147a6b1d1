#include "cli/commands/validate_bubble.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/bubble_row.hpp"
#include "cli/commands/validate_plots.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/number_list.hpp"
#include "models/base/input_error.hpp"
#include "reports/text/json_text.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/text_table.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/execute/execute.hpp"

namespace pipesim::cli {

namespace {

constexpr const char* simulated_stages = "2,4,8,16";
constexpr const char* simulated_micro_batches = "1,2,4,8,16,32,64";
// With --execute: some seconds.
constexpr const char* executed_stages = "2,4,8";
constexpr const char* executed_micro_batches = "1,2,4,8,16,32";

constexpr std::string_view every_schedule = "all";

using Row = BubbleRow;

// Stages that are as equal as a network's can be: the first has no gradient to hand back, which is
// one of its 24 products. An op takes some hundred microseconds.
double executed_bubble(const Row& row, int repeats) {
  constexpr int layers_per_stage = 8;
  constexpr int width = 96;
  constexpr int rows = 16;
  const auto layers = static_cast<std::size_t>(row.shape.all_stages()) * layers_per_stage;
  const nlohmann::json config = {
      {"name", "validate"},
      {"model", {{"kind", "mlp"}, {"layer_sizes", std::vector<int>(layers + 1, width)}}},
      {"pipeline",
       {{"schedule", row.schedule},
        {"stages", row.shape.stages},
        {"virtual_stages", row.shape.virtual_stages},
        {"micro_batches", row.shape.micro_batches}}},
      {"training", {{"batch_size", std::int64_t{row.shape.micro_batches} * rows}}}};
  const Experiment experiment = assemble(read_config(parse_document(config.dump(), "validate")));
  const Execution execution = execute(experiment, {.clock = Clock::measured, .steps = repeats});
  return execution.run.metrics.bubble_fraction.value();
}

nlohmann::ordered_json to_json(const std::vector<Row>& rows, bool agree) {
  nlohmann::ordered_json json = {{"command", "validate"}, {"agree", agree}};
  for (const Row& row : rows) {
    nlohmann::ordered_json entry = {{"schedule", row.schedule},
                                    {"stages", row.shape.stages},
                                    {"micro_batches", row.shape.micro_batches},
                                    {"formula", row.formula.value()},
                                    {"simulated", row.simulated.value()},
                                    {"difference", row.difference()}};
    if (row.executed) {
      entry["executed"] = *row.executed;
      entry["executed_difference"] = row.executed_difference();
    }
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

void write_table(Output& out, const std::vector<Row>& rows, bool executes) {
  const auto print = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  };
  out.append("The bubble as a fraction of all device time, equal stages, free transfers.\n\n");
  TextTable table{.columns = {{"schedule", 0, true},
                              {"stages"},
                              {"micro-batches"},
                              {"formula", 9},
                              {"simulated", 9},
                              {"difference", 10}}};
  if (executes) table.columns.insert(table.columns.end(), {{"executed", 9}, {"difference", 11}});
  for (const Row& row : rows) table.rows.push_back({.cells = cells_of(row)});
  write_text_table(out, table);
  print("\n{} of {} differences are exactly 0\n",
        std::ranges::count_if(rows, [](const Row& row) { return row.agrees(); }), rows.size());
  if (!executes) return;
  const auto distance = [](const Row& row) { return std::abs(row.executed_difference()); };
  const Row& farthest = *std::ranges::max_element(rows, {}, distance);
  print(
      "executed: real kernels, each timed alone and put on its device's clock; it is a "
      "measurement,\n"
      "at most {:.2f} percentage points from the formula, and does not decide the exit code\n",
      100 * distance(farthest));
}

std::vector<Row> run_all(const BubbleOptions& options, Progress& progress) {
  const char* const default_stages = options.executes ? executed_stages : simulated_stages;
  const char* const default_micro_batches =
      options.executes ? executed_micro_batches : simulated_micro_batches;
  const auto stages = read_number_list("--stages", options.stages.value_or(default_stages));
  const auto micro_batches =
      read_number_list("--micro-batches", options.micro_batches.value_or(default_micro_batches));
  std::vector<Row> rows;
  const bool all = std::ranges::count(options.schedules, every_schedule) > 0;
  const std::vector<std::string> schedules = all ? schedule_names() : options.schedules;
  const std::size_t sizes = schedules.size() * stages.size() * micro_batches.size();
  const ReportProgress simulating = progress.begin("simulating", "sizes");
  std::size_t done = 0;
  for (const std::string& schedule : schedules) {
    for (const int k : stages) {
      for (const int m : micro_batches) {
        if (simulating) simulating(static_cast<double>(done++), static_cast<double>(sizes));
        const auto row = bubble_row(schedule, {.stages = k, .micro_batches = m});
        if (row) rows.push_back(*row);
      }
    }
  }
  if (rows.empty()) {
    throw InputError("--schedule: /: must have a closed form for one of these sizes, got none",
                     "choose other schedules, stages or micro-batches");
  }
  if (!options.executes) return rows;
  const ReportProgress executing = progress.begin("executing", "rows");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (executing) executing(static_cast<double>(i), static_cast<double>(rows.size()));
    rows[i].executed = executed_bubble(rows[i], options.repeats);
  }
  return rows;
}

// Names of other frameworks become pipesim's.
std::string own_name(std::string name) {
  const KnownSchedule* known = find_schedule(name);
  return known == nullptr ? name : std::string(known->name);
}

}  // namespace

void add_bubble_options(Command& command, BubbleOptions& options) {
  command.options.push_back(
      {.name = "--stages",
       .into = &options.stages,
       .description = fmt::format("Numbers of stages; default {}, with --execute {}",
                                  simulated_stages, executed_stages),
       .value = "LIST"});
  command.options.push_back(
      {.name = "--micro-batches",
       .into = &options.micro_batches,
       .description = fmt::format("Numbers of micro-batches; default {}, with --execute {}",
                                  simulated_micro_batches, executed_micro_batches),
       .value = "LIST"});
  std::vector<std::string> names = schedule_names();
  names.emplace_back(every_schedule);
  command.options.push_back(
      {.name = "--schedule",
       .into = &options.schedules,
       .description = "Schedules, separated by commas; default gpipe,1f1b; all: those that have a "
                      "closed form",
       .words = names,
       .separator = ',',
       .canonical = own_name});
  command.options.push_back({.name = "--execute",
                             .into = &options.executes,
                             .description = "Really run each row too: an mlp of equal stages"});
}

int validate_bubble(const BubbleOptions& options) {
  PlotFiles files(options.plots, options.json);
  Progress progress(!options.quiet);
  const std::vector<Row> rows = run_all(options, progress);
  progress.end();
  const bool agree = std::ranges::all_of(rows, [](const Row& row) { return row.agrees(); });
  if (files.any()) files.write(validation_page(rows, options.executes));
  Output out = standard_output();
  if (options.json) {
    out.append(to_text(to_json(rows, agree)));
  } else if (!options.quiet && !files.use_standard_output()) {
    write_table(out, rows, options.executes);
  }
  out.flush();
  return agree ? done : check_failed;
}

}  // namespace pipesim::cli
