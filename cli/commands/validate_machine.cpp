#include "cli/commands/validate_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/output/progress.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "reports/text/json_text.hpp"
#include "reports/text/number_text.hpp"
#include "sim/execute/calibrate.hpp"
#include "sim/execute/fidelity.hpp"

namespace pipesim::cli {

namespace {

// One clock, one number of devices.
struct Section {
  Clock clock = Clock::wall;
  int stages = 0;
  int busy = 0;  ///< Cores at once, while calibrating as while running.
  Device device{};
  std::vector<std::vector<FidelityRow>> rounds{};
  std::vector<FidelityRow> rows{};  ///< The fastest of the rounds.
};

void run_round(Section& section, int steps, const std::string& where, Progress& progress) {
  ReportProgress report = progress.begin(where + ", calibrating");
  const auto tell = [&](double done) {
    if (report) report(done, 1);
  };
  section.device = calibrate({.busy = section.busy}, tell);
  report = progress.begin(where + ", predicting and executing");
  section.rounds.push_back(
      fidelity_rows(section.device, section.clock, section.stages, steps, tell));
}

nlohmann::ordered_json to_json(const std::vector<Section>& sections) {
  nlohmann::ordered_json json = {{"command", "validate"}};
  for (const Section& section : sections) {
    nlohmann::ordered_json entry = {{"clock", name_of(section.clock)},
                                    {"stages", section.stages},
                                    {"device", section.device.source},
                                    {"median_error_percent", median_error_percent(section.rows)}};
    for (const FidelityRow& row : section.rows) {
      entry["rows"].push_back({{"model", row.model},
                               {"schedule", row.schedule},
                               {"setting", row.setting},
                               {"predicted_s", seconds(row.predicted)},
                               {"executed_s", seconds(row.executed)},
                               {"error_percent", row.error_percent()},
                               {"checks_passed", row.passed}});
    }
    json["sections"].push_back(std::move(entry));
  }
  return json;
}

void write_page(Output& out, const std::vector<Section>& sections, int steps, int rounds) {
  const auto print = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  };
  print(
      "# Prediction against run\n\n"
      "Step times of multi-layer perceptrons (layers × width): what `simulate` predicts for this\n"
      "machine after `calibrate`, and what `execute` measures, the median of {} steps. Both are "
      "the\n"
      "fastest of {} rounds, since what else a machine does only slows. Written by\n"
      "`pipesim validate --machine`.\n",
      steps, rounds);
  for (const Section& section : sections) {
    print("\n## {} devices, {} clock\n\nThe device: {}.\n\n", section.stages,
          name_of(section.clock), printable(section.device.source));
    print(
        "| model | schedule | setting | predicted | executed | error "
        "|\n|---|---|---|--:|--:|--:|\n");
    for (const FidelityRow& row : section.rows) {
      print("| {} | {} | {} | {} | {} | {:+.1f} %{} |\n", row.model, row.schedule, row.setting,
            readable(row.predicted), readable(row.executed), row.error_percent(),
            row.passed ? "" : ", CHECKS FAILED");
    }
    print("\nThe median of the errors' sizes is {:.1f} %.\n", median_error_percent(section.rows));
  }
}

}  // namespace

int validate_machine(const MachineOptions& options) {
  std::vector<Section> sections{{.clock = Clock::wall, .stages = 2, .busy = 2},
                                {.clock = Clock::measured, .stages = 4, .busy = 1}};
  Progress progress(!options.quiet);
  for (int round = 0; round < options.rounds; ++round) {
    for (Section& section : sections) {
      run_round(section, options.repeats, fmt::format("round {} of {}", round + 1, options.rounds),
                progress);
    }
  }
  for (Section& section : sections) section.rows = fastest_of(section.rounds);
  progress.end();
  Output out = standard_output();
  if (options.json) {
    out.append(to_text(to_json(sections)));
  } else if (!options.quiet) {
    write_page(out, sections, options.repeats, options.rounds);
  }
  out.flush();
  const bool all_passed = std::ranges::all_of(sections, [](const Section& section) {
    return std::ranges::all_of(section.rows, [](const FidelityRow& row) { return row.passed; });
  });
  return all_passed ? done : check_failed;
}

}  // namespace pipesim::cli
