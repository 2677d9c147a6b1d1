#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/base/input_error.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/step/run.hpp"
#include "sim/whatif/advice.hpp"
#include "sim/whatif/variants.hpp"
#include "support/commands/process.hpp"
#include "support/draws.hpp"
#include "support/models/random_configs.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

// What a command ends with, as far as advice and rows state it.
struct Ending {
  int exit_code = 0;
  Bytes peak = 0;
  Time step_time{};
  double bubble = 0;
  std::string refusal{};

  bool operator==(const Ending&) const = default;
};

Ending ending_of(const Experiment& experiment) {
  const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
  Ending ending{.exit_code = run.metrics.fits_memory && !run.outcome.deadlock ? 0 : 3,
                .step_time = run.metrics.step_time,
                .bubble = run.metrics.bubble_fraction.value()};
  for (const DeviceUse& use : run.outcome.devices) ending.peak = std::max(ending.peak, use.peak);
  return ending;
}

// As the command line reads it: the file's text, then all settings.
Config config_of(const RandomConfig& drawn, const Settings& more) {
  Settings settings = drawn.settings;
  settings.insert(settings.end(), more.begin(), more.end());
  return read_config(parse_with_settings(drawn.text, "config.json", settings),
                     default_virtual_stages);
}

Ending followed(const RandomConfig& drawn, const Settings& settings) {
  try {
    return ending_of(assemble(config_of(drawn, settings)));
  } catch (const InputError& error) {
    return {.exit_code = 2, .refusal = error.reason()};
  }
}

struct Counts {
  int configs = 0;  // That can be run.
  int advice = 0;
  int rows = 0;
  int refused_rows = 0;
};

void follow_advice(const RandomConfig& drawn, const Config& config, Counts& counts) {
  for (const Advice& advice : what_would_fit(config)) {
    ++counts.advice;
    const std::string options = as_options(advice.settings);
    CAPTURE(options);
    const Ending ending = followed(drawn, advice.settings);
    CHECK(ending.refusal == "");
    CHECK(ending.exit_code == (advice.fits ? 0 : 3));
    CHECK(ending.peak == advice.peak);
    CHECK(ending.step_time == advice.step_time);
  }
}

void follow_row(const RandomConfig& drawn, const Variant& row, Counts& counts) {
  const std::string options = as_options(row.settings);
  CAPTURE(row.name);
  CAPTURE(options);
  if (row.settings.empty() && !row.as_given) return;  // No settings lead there.
  const Ending ending = followed(drawn, row.settings);
  const Attempt attempt =
      row.reason.empty() ? try_assemble(row.config) : Attempt{.reason = row.reason};
  if (!attempt.experiment) {
    ++counts.refused_rows;
    CHECK(ending.refusal == attempt.reason);
    return;
  }
  ++counts.rows;
  CHECK(ending == ending_of(*attempt.experiment));
  CHECK(row.virtual_stages == row.config.pipeline.virtual_stages);
  CHECK(row.recompute == row.config.pipeline.recompute);
  CHECK(row.deferred_weight_gradient == row.config.training.deferred_weight_gradient);
}

void try_config(const RandomConfig& drawn, std::mt19937& random, Counts& counts) {
  CAPTURE(drawn.text);
  const std::string given_options = as_options(drawn.settings);
  CAPTURE(given_options);
  try {
    const Config config = config_of(drawn, {});
    const Ending given = ending_of(assemble(config));
    ++counts.configs;
    if (given.exit_code == 3) follow_advice(drawn, config, counts);
    const std::vector<Variant> rows = contrasts(config);
    CHECK(std::ranges::count_if(rows, [&](const Variant& row) {
            return row.as_given && ending_of(assemble(row.config)) == given;
          }) == 1);
    for (int i = 0; i < 4; ++i) follow_row(drawn, rows[random() % rows.size()], counts);
  } catch (const InputError&) {
    return;  // Nothing is said about it.
  }
}

// Everything behind `pipesim COMMAND`, for a shell.
std::string command_line(const std::string& file, const Settings& settings) {
  return file + " " + as_options(settings) + " --json";
}

nlohmann::json json_of(const ProcessResult& result) {
  return result.exit_code == 0 || result.exit_code == 3 ? nlohmann::json::parse(result.out)
                                                        : nlohmann::json();
}

Bytes fullest(const nlohmann::json& summary) {
  Bytes peak = 0;
  for (const nlohmann::json& device : summary["devices"]) {
    peak = std::max(peak, device["peak_memory_bytes"].get<Bytes>());
  }
  return peak;
}

std::string case_named(const std::string& name) {
  return PIPESIM_SOURCE_DIR "/tests/cases/" + name + ".json";
}

// What a line of advice or a row of compare states is what simulate says with its settings.
void check_stated(const nlohmann::json& stated, const std::string& file, const Settings& given) {
  Settings settings = given;
  for (const nlohmann::json& one : stated["set"]) settings.push_back(one);
  const ProcessResult result = run_shell("$PIPESIM simulate " + command_line(file, settings));
  CAPTURE(stated.dump());
  REQUIRE(result.exit_code == (stated["fits_memory"] ? 0 : 3));
  const nlohmann::json summary = json_of(result);
  CHECK(summary["step_time_s"] == stated["step_time_s"]);
  CHECK(fullest(summary) == stated["peak_memory_bytes"]);
  if (!stated.contains("setting")) {
    CHECK(summary["bubble_fraction"] == stated["bubble_fraction"]);
    CHECK(summary["recompute"] == stated["recompute"]);
    CHECK(summary["virtual_stages"] == stated["virtual_stages"]);
    return;
  }
  const std::string typed = command_line(file, given) + " " + stated["setting"].get<std::string>();
  CHECK(run_shell("$PIPESIM simulate " + typed).out == result.out);
}

}  // namespace

TEST_SUITE("sim/whatif/followed_settings") {
  TEST_CASE("advice and rows of compare, followed, give what they state") {
    std::mt19937 random(20261128);
    Counts counts;
    const int configs = draws(2000);
    while (counts.configs < configs) try_config(random_config(random), random, counts);
    MESSAGE(counts.configs, " configs, ", counts.advice, " lines of advice, ", counts.rows,
            " rows, ", counts.refused_rows, " refused");
    CHECK(counts.advice >= configs / 4);
    CHECK(counts.rows >= configs);
    CHECK(counts.refused_rows >= configs / 4);
  }

  TEST_CASE("the same, typed on the command line") {
    std::mt19937 random(7);
    const TemporaryFolder folder;
    const std::string file = folder / "config.json";
    int checked = 0;
    for (int configs = 0; configs < 20;) {
      const RandomConfig drawn = random_config(random);
      write_text(file, drawn.text);
      CAPTURE(drawn.text);
      const std::string given = command_line(file, drawn.settings);
      const ProcessResult simulated = run_shell("$PIPESIM simulate " + given);
      if (simulated.exit_code == 2) continue;
      ++configs;
      const nlohmann::json summary = json_of(simulated);
      if (simulated.exit_code == 3 && summary["deadlock"].is_null()) {
        for (const nlohmann::json& advice : summary["advice"]) {
          check_stated(advice, file, drawn.settings);
          ++checked;
        }
      }
      const ProcessResult compared = run_shell("$PIPESIM compare " + given);
      REQUIRE((compared.exit_code == 0 || compared.exit_code == 3));
      const nlohmann::json rows = json_of(compared)["rows"];
      for (const nlohmann::json& row : rows) {
        if (row.contains("reason") || (!row["as_given"] && random() % 8 != 0)) continue;
        check_stated(row, file, drawn.settings);
        ++checked;
      }
    }
    CHECK(checked >= 50);
  }

  TEST_CASE("advice for listed layers, for ends of their own and for deferred gradients holds") {
    const Settings listed{"training.batch_size=256", "cluster.device=a100-40gb"};
    const std::vector<std::pair<std::string, Settings>> cases{{"crash_deepseek_v2_first_last", {}},
                                                              {"advice_listed_partition", {}},
                                                              {"megatron_layout_listed", listed},
                                                              {"advice_deferred", {}},
                                                              {"advice_fits_but_does_not", {}}};
    for (const auto& [name, settings] : cases) {
      CAPTURE(name);
      const std::string file = case_named(name);
      const ProcessResult result = run_shell("$PIPESIM simulate " + command_line(file, settings));
      REQUIRE(result.exit_code == 3);
      const nlohmann::json summary = json_of(result);
      CHECK(summary["advice"].size() >= 1);
      for (const nlohmann::json& advice : summary["advice"]) check_stated(advice, file, settings);
    }
  }

  TEST_CASE("a listed partition gives way to an even one, of all layers") {
    const auto simulated = [](const std::string& name, const Settings& settings) {
      return json_of(run_shell("$PIPESIM simulate " + command_line(case_named(name), settings)));
    };
    const nlohmann::json thirty = simulated(
        "advice_listed_partition", {"training.tensor_parallel=4", "training.sequence_parallel=true",
                                    "pipeline.stages=1", "pipeline.partition=uniform"});
    CHECK(static_cast<double>(fullest(thirty)) / 0x1p30 == doctest::Approx(19.76).epsilon(1e-3));
    CHECK(thirty["step_time_s"] == doctest::Approx(2.493).epsilon(1e-3));
    const nlohmann::json eighty =
        simulated("megatron_layout_listed", {"training.batch_size=256", "cluster.device=a100-40gb",
                                             "training.tensor_parallel=8", "pipeline.stages=4",
                                             "pipeline.partition=uniform"});
    CHECK(static_cast<double>(fullest(eighty)) / 0x1p30 == doctest::Approx(46.0).epsilon(1e-2));
    CHECK(eighty["step_time_s"] == doctest::Approx(78.97).epsilon(1e-3));
  }
}

}  // namespace pipesim::test
