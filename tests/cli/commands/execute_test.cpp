#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "schedules/orders/catalog.hpp"
#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

using Settings = std::vector<std::string>;

ProcessResult run(const std::string& command, const std::string& example, const Settings& settings,
                  const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {command, "examples/" + example + ".json"};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_pipesim(arguments);
}

json summary(const std::string& command, const std::string& example, const Settings& settings,
             std::vector<std::string> options = {}) {
  options.emplace_back("--json");
  const ProcessResult result = run(command, example, settings, options);
  CAPTURE(result.out);
  CAPTURE(result.err);
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  return json::parse(result.out);
}

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

// The bytes that every device held at its peak, and those that stay.
std::vector<std::pair<Bytes, Bytes>> memory_of(const json& summary) {
  std::vector<std::pair<Bytes, Bytes>> bytes;
  for (const json& device : summary["devices"]) {
    bytes.emplace_back(device["peak_memory_bytes"], device["static_bytes"]);
  }
  return bytes;
}

Bytes activations(const json& summary) {
  Bytes sum = 0;
  for (const auto& [peak, held] : memory_of(summary)) sum += peak - held;
  return sum;
}

void check_execution(const std::string& example, const Settings& settings, const char* clock) {
  CAPTURE(example);
  CAPTURE(settings);
  CAPTURE(clock);
  const json ran = summary("execute", example, settings, {"--clock", clock, "--steps", "1"});
  CHECK(ran["clock"] == clock);
  CHECK(ran["gradient_check"]["passed"] == true);
  CHECK(ran["memory_check"] == json{{"passed", true}, {"difference", nullptr}});
  CHECK(memory_of(ran) == memory_of(summary("simulate", example, settings)));
}

// Whether the schedule takes the example's shape.
bool possible(const std::string& example, const Settings& settings) {
  return run("simulate", example, settings, {"--quiet"}).exit_code != 2;
}

void check_every_schedule(const std::string& example) {
  int checked = 0;
  for (const std::string& schedule : schedule_names()) {
    for (const char* gradient : {"accumulated", "deferred"}) {
      const Settings settings{"pipeline.schedule=" + schedule,
                              std::string("training.weight_gradient=") + gradient};
      if (!possible(example, settings)) continue;
      ++checked;
      for (const char* clock : {"wall", "measured"}) check_execution(example, settings, clock);
    }
  }
  CHECK(checked >= 10);
}

std::string execute_refusal(const std::vector<std::string>& options) {
  const ProcessResult result = run("execute", "gpipe", {}, options);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  return result.err;
}

}  // namespace

TEST_SUITE("cli/commands/execute") {
  TEST_CASE("gpipe.json passes its checks under every schedule and both clocks") {
    check_every_schedule("gpipe");
  }

  TEST_CASE("imbalanced.json passes its checks under every schedule and both clocks") {
    check_every_schedule("imbalanced");
  }

  TEST_CASE("giant.json passes its checks under every schedule and both clocks") {
    // Every pair of schedule, clock and weight gradient; a run takes seconds.
    bool wall_accumulates = true;
    for (const std::string schedule : {"gpipe", "1f1b", "zb_h1"}) {
      const Settings accumulated = {"training.batch_size=4", "pipeline.schedule=" + schedule};
      Settings deferred = accumulated;
      deferred.emplace_back("training.weight_gradient=deferred");
      check_execution("giant", wall_accumulates ? accumulated : deferred, "wall");
      check_execution("giant", wall_accumulates ? deferred : accumulated, "measured");
      wall_accumulates = !wall_accumulates;
    }
  }

  TEST_CASE("re-computation passes too, eager and lazy") {
    for (const std::string schedule : {"gpipe", "1f1b", "interleaved_1f1b", "zb_h2", "dualpipe"}) {
      for (const char* recompute : {"full", "except_last"}) {
        for (const char* placement : {"eager", "lazy"}) {
          CAPTURE(schedule);
          CAPTURE(recompute);
          CAPTURE(placement);
          const Settings settings = {"pipeline.schedule=" + schedule,
                                     std::string("pipeline.recompute=") + recompute,
                                     std::string("pipeline.recompute_placement=") + placement};
          const json ran = summary("execute", "gpipe", settings, {"--steps", "1"});
          CHECK(ran["gradient_check"]["passed"] == true);
          CHECK(ran["memory_check"]["passed"] == true);
          CHECK(ran["recompute"] == recompute);
        }
      }
    }
  }

  TEST_CASE("the summary is that of simulate, with the run's own keys") {
    std::set<std::string> keys = keys_of(summary("simulate", "gpipe", {}));
    keys.insert({"steps", "step_times_s", "loss", "peak_resident_bytes", "gradient_check",
                 "memory_check", "prediction", "prediction_error_percent", "compared_with",
                 "replay", "replay_error_percent", "diverged_after_updates"});
    const json ran = summary("execute", "gpipe", {});
    CHECK(keys_of(ran) == keys);
    CHECK(ran["command"] == "execute");
    CHECK(ran["clock"] == "wall");
    CHECK(keys_of(ran["gradient_check"]) ==
          std::set<std::string>{"passed", "largest_error", "tensor", "tolerance",
                                "same_bits_as_sequential", "finite"});
    CHECK(ran["gradient_check"]["tolerance"] == 1e-5);
    CHECK(ran["gradient_check"]["same_bits_as_sequential"] == true);
    CHECK(ran["gradient_check"]["largest_error"] <= 1e-5);
    CHECK(summary("execute", "gpipe", {"training.precision=fp64"})["gradient_check"]["tolerance"] ==
          1e-12);
  }

  TEST_CASE(
      "training that diverges is said, and is no failed check: execute and train end with 0") {
    const Settings settings = {"training.learning_rate=1"};
    for (const char* clock : {"wall", "measured"}) {
      const json ran = summary("execute", "gpipe", settings, {"--clock", clock});
      CHECK(ran["diverged_after_updates"].is_number());
      CHECK(ran["gradient_check"]["finite"] == false);
      CHECK(ran["gradient_check"]["same_bits_as_sequential"] == true);
      CHECK(ran["gradient_check"]["passed"] == true);
    }
    CHECK(summary("train", "gpipe", settings)["losses"].back().back().is_null());
  }

  TEST_CASE("without a calibrated device the run is held against the replay of its own durations") {
    for (const char* clock : {"wall", "measured"}) {
      CAPTURE(clock);
      const json ran = summary("execute", "gpipe", {}, {"--clock", clock});
      CHECK(ran["compared_with"] == "replay");
      const double executed = ran["pipeline_time_s"];
      const double replayed = ran["replay"]["pipeline_time_s"];
      CHECK(ran["replay_error_percent"]["pipeline_time_s"] ==
            (replayed - executed) / executed * 100);
      CHECK((std::string(clock) == "wall" || replayed == executed));
      CHECK(ran["replay"]["peak_memory_bytes"] == ran["prediction"]["peak_memory_bytes"]);
    }
  }

  TEST_CASE("the prediction is what simulate says for the same config, times of others no error") {
    for (const char* clock : {"wall", "measured"}) {
      CAPTURE(clock);
      const json predicted = summary("simulate", "imbalanced", {});
      const json ran = summary("execute", "imbalanced", {}, {"--clock", clock, "--steps", "1"});
      Bytes largest = 0;
      for (const auto& [peak, held] : memory_of(predicted)) largest = std::max(largest, peak);
      CHECK(ran["prediction"] == json{{"step_time_s", predicted["step_time_s"]},
                                      {"pipeline_time_s", predicted["pipeline_time_s"]},
                                      {"bubble_fraction", predicted["bubble_fraction"]},
                                      {"peak_memory_bytes", largest}});
      CHECK(ran["prediction_error_percent"]["peak_memory_bytes"] == 0.0);
      for (const char* figure : {"step_time_s", "pipeline_time_s", "bubble_fraction"}) {
        CAPTURE(figure);
        CHECK(ran["prediction_error_percent"][figure].is_null());
      }
    }
  }

  TEST_CASE(
      "a device with measured rates is this machine: its prediction is held against the run") {
    const Settings mine = {
        R"(cluster.device={"name": "mine", "flops": 1e10, "memory_bandwidth": 1e10, "kernel_rates": {"fp32": {"rows": [1], "weights": [1], )"
        R"("working_set": [1], "forward": [[[1e9]]], "input_gradient": [[[1e9]]], )"
        R"("weight_gradient": [[[1e9]]]}}})"};
    const json ran = summary("execute", "gpipe", mine, {"--steps", "1"});
    CHECK(ran["compared_with"] == "prediction");
    for (const char* figure : {"step_time_s", "pipeline_time_s", "bubble_fraction"}) {
      CAPTURE(figure);
      const double executed = ran[figure];
      const double predicted = ran["prediction"][figure];
      CHECK(ran["prediction_error_percent"][figure] == (predicted - executed) / executed * 100);
    }
  }

  TEST_CASE("on the wall clock the reported step is the median of all") {
    for (const int steps : {1, 4, 5}) {
      CAPTURE(steps);
      const json ran = summary("execute", "gpipe", {}, {"--steps", std::to_string(steps)});
      CHECK(ran["steps"] == steps);
      std::vector<double> times = ran["step_times_s"];
      REQUIRE(static_cast<int>(times.size()) == steps);
      std::ranges::sort(times);
      CHECK(times[static_cast<std::size_t>(steps - 1) / 2] == ran["step_time_s"]);
    }
  }

  TEST_CASE("the loss is that of the first mini-batch of train, on either clock") {
    const double loss = summary("train", "gpipe", {})["losses"][0][0];
    for (const char* clock : {"wall", "measured"}) {
      CHECK(summary("execute", "gpipe", {}, {"--clock", clock, "--steps", "2"})["loss"] == loss);
    }
  }

  TEST_CASE("the parts of the bubble add up to it on executed clocks") {
    for (const char* clock : {"wall", "measured"}) {
      CAPTURE(clock);
      const json ran = summary("execute", "gpipe", {}, {"--clock", clock});
      double sum = 0;
      for (const auto& [part, fraction] : ran["bubble_breakdown"].items()) {
        sum += fraction.get<double>();
      }
      CHECK(sum == doctest::Approx(ran["bubble_fraction"].get<double>()).epsilon(1e-9));
    }
  }

  TEST_CASE("the memory benchmark: re-computation leaves a third of giant.json's activations") {
    std::vector<Bytes> held;
    for (const char* recompute : {"none", "full"}) {
      const Settings settings = {std::string("pipeline.recompute=") + recompute};
      const json ran =
          summary("execute", "giant", settings, {"--clock", "measured", "--steps", "1"});
      CHECK(activations(ran) == activations(summary("simulate", "giant", settings)));
      held.push_back(activations(ran));
    }
    // In outputs of a layer for one micro-batch: a stage of 15 layers keeps its input and every
    // output, 4 times 16, or 4 inputs and once the other 15. A backward adds the gradient it
    // received, the one it sends (not the first stage), and two of scratch.
    constexpr Bytes output = Bytes{16} * 1024 * 4;
    CHECK(held == std::vector<Bytes>{271 * output, 91 * output});
  }

  TEST_CASE("--out writes the four reports, and the summary is the execution's") {
    const TemporaryFolder folder;
    const ProcessResult result =
        run("execute", "gpipe", {}, {"--out", folder / "new", "--json", "--steps", "1"});
    CHECK(result.exit_code == 0);
    CHECK(read_text(folder / "new/summary.json") == result.out);
    CHECK(json::parse(result.out)["command"] == "execute");
    const json timeline = json::parse(read_text(folder / "new/timeline.json"));
    CHECK(timeline["clock"] == "wall");
    CHECK(timeline["spans"].size() == 4 * (8 + 8 + 1));
    CHECK(timeline["transfers"].size() == 3 * (8 + 8));
    CHECK(json::accept(read_text(folder / "new/trace.json")));
    CHECK(read_text(folder / "new/memory.csv").substr(0, 61) ==
          "time_ps,device,tag,delta_bytes,total_bytes,device_total_bytes");
  }

  TEST_CASE("a report on the standard output has it to itself") {
    const ProcessResult result =
        run("execute", "gpipe", {}, {"--timeline", "-", "--clock", "measured", "--steps", "1"});
    CHECK(result.exit_code == 0);
    CHECK(json::parse(result.out)["clock"] == "measured");
  }

  TEST_CASE("a run that diverges says so, as null and in words, and fails no check") {
    const Settings settings = {"training.learning_rate=1e6"};
    const ProcessResult result = run("execute", "gpipe", settings, {"--json"});
    CHECK(result.exit_code == 0);  // Without a pipeline the same bits come out.
    CHECK(json::parse(result.out)["gradient_check"]["passed"] == true);
    CHECK(json::parse(result.out)["gradient_check"]["largest_error"].is_null());
    const std::string text = run("execute", "gpipe", settings, {}).out;
    CHECK(text.find("it left the range of fp32 after ") != std::string::npos);
    CHECK(text.find(": try a smaller training.learning_rate\n"
                    "gradients    not finite, with a pipeline or without\n") != std::string::npos);
    CHECK(text.find("inf") == std::string::npos);
    CHECK(text.find("nan") == std::string::npos);
  }

  TEST_CASE("what does not fit the devices is executed, reported, and answered with 3") {
    const ProcessResult result =
        run("execute", "gpipe",
            {R"(cluster.device={"memory": "1 MiB", "flops": 1e12, "memory_bandwidth": 1e12})"},
            {"--steps", "1", "--json"});
    CHECK(result.exit_code == 3);
    const json ran = json::parse(result.out);
    CHECK(ran["fits_memory"] == false);
    CHECK(ran["memory_check"]["passed"] == true);
    CHECK(ran["out_of_memory"].size() == 4);
  }

  TEST_CASE("options that make no sense are refused") {
    CHECK(
        execute_refusal({"--steps", "0"}) ==
        "--steps: /: must be a whole number from 1 to 100000, got 0\n"
        "  hint: --steps N: How many steps to run, after one to warm up; the median is reported\n");
    CHECK(execute_refusal({"--clock", "cpu"}) ==
          "--clock: /: is not known, got cpu\n  hint: --clock takes: wall, measured\n");
    CHECK(execute_refusal({"--out", "/proc/reports"}) ==
          "/proc/reports: /: cannot be created, got No such file or directory\n"
          "  hint: choose a folder inside one that exists and can be written\n");
    CHECK(execute_refusal({"--json", "--timeline", "-"}) ==
          "--json: /: must have the standard output to itself, got another report for -\n"
          "  hint: write the other report to a file\n");
  }
}

}  // namespace pipesim::test
