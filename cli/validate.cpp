#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/standard_output.hpp"
#include "models/input_error.hpp"
#include "reports/number_text.hpp"
#include "reports/summary_json.hpp"
#include "schedules/catalog.hpp"
#include "sim/run.hpp"

namespace pipesim::cli {

namespace {

struct ValidateOptions {
  std::string stages = "2,4,8,16";
  std::string micro_batches = "1,2,4,8,16,32,64";
  std::vector<std::string> schedules = schedule_names();
  bool json = false;
};

struct Row {
  std::string schedule{};
  PipelineShape shape{};
  Ratio formula{};
  Ratio simulated{};

  // formula - simulated as a fraction: 0 exactly when they agree.
  Int128 difference_numerator() const {
    return simulated.numerator * formula.denominator - formula.numerator * simulated.denominator;
  }
  double difference() const {
    return Ratio{difference_numerator(), simulated.denominator * formula.denominator}.value();
  }
  bool agrees() const { return difference_numerator() == 0; }
};

Row validate_one(const std::string& schedule, const PipelineShape& shape) {
  Config config{.name = "validate"};
  StageCosts unit;
  unit.forward = {.values = {1_ns}};
  unit.backward = {.values = {2_ns}};
  config.model = unit;
  config.pipeline.schedule = schedule;
  config.pipeline.stages = shape.stages;
  config.training.micro_batches = shape.micro_batches;
  config.training.batch_size = shape.micro_batches;
  config.cluster.devices = shape.stages;
  config.cluster.kinds = {Device{.name = "unit"}};
  config.source = std::make_shared<Source>(Source{.file = "validate"});
  const Experiment experiment = assemble(std::move(config));
  const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
  return {.schedule = schedule,
          .shape = shape,
          .formula = experiment.bubble_formula.value(),
          .simulated = run.metrics.bubble_fraction};
}

nlohmann::ordered_json to_json(const std::vector<Row>& rows, bool agree) {
  nlohmann::ordered_json json = {{"command", "validate"}, {"agree", agree}};
  for (const Row& row : rows) {
    json["rows"].push_back({{"schedule", row.schedule},
                            {"stages", row.shape.stages},
                            {"micro_batches", row.shape.micro_batches},
                            {"formula", row.formula.value()},
                            {"simulated", row.simulated.value()},
                            {"difference", row.difference()}});
  }
  return json;
}

int validate_command(const ValidateOptions& options) {
  std::vector<Row> rows;
  const auto stages = read_numbers("--stages", options.stages);
  const auto micro_batches = read_numbers("--micro-batches", options.micro_batches);
  for (const std::string& schedule : options.schedules) {
    for (const int k : stages) {
      for (const int m : micro_batches) {
        rows.push_back(validate_one(schedule, {.stages = k, .micro_batches = m}));
      }
    }
  }
  const auto exact =
      std::count_if(rows.begin(), rows.end(), [](const Row& r) { return r.agrees(); });
  const bool agree = exact == static_cast<std::ptrdiff_t>(rows.size());

  Output out = standard_output();
  if (options.json) {
    out.append(to_text(to_json(rows, agree)));
  } else {
    out.append("The bubble as a fraction of all device time, equal stages, free transfers.\n\n");
    out.append("schedule  stages  micro-batches    formula  simulated  difference\n");
    for (const Row& row : rows) {
      fmt::format_to(std::back_inserter(out.text()), "{:<8}  {:>6}  {:>13}  {:>9}  {:>9}  {:>10}\n",
                     row.schedule, row.shape.stages, row.shape.micro_batches,
                     percent(row.formula.value()), percent(row.simulated.value()),
                     row.difference());
      out.end_of_line();
    }
    fmt::format_to(std::back_inserter(out.text()), "\n{} of {} differences are exactly 0\n", exact,
                   rows.size());
  }
  out.flush();
  return agree ? done : check_failed;
}

}  // namespace

void add_validate(CLI::App& application, Action& action) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = application.add_subcommand(
      "validate", "Hold the bubble formula against simulated runs over a grid of sizes");
  command->add_option("--stages", options->stages, "Numbers of stages")
      ->capture_default_str()
      ->type_name("LIST");
  command->add_option("--micro-batches", options->micro_batches, "Numbers of micro-batches")
      ->capture_default_str()
      ->type_name("LIST");
  command->add_option("--schedule", options->schedules, "Schedules, separated by commas")
      ->delimiter(',')
      ->check(CLI::IsMember(schedule_names()));
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "A LIST is a number, several, or a range: 4 or 2,4,8 or 1..64.\n"
      "Differences are computed with whole numbers. Exit code 4: one of them is not 0.");
  command->callback(
      [options, &action] { action = [options] { return validate_command(*options); }; });
}

}  // namespace pipesim::cli
