#include "reports/summary/execution_text.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "reports/summary/summary_text.hpp"
#include "support/experiments.hpp"
#include "support/written.hpp"

namespace pipesim {

namespace {

constexpr std::string_view small_execution = R"({
  "name": "small",
  "model": {"kind": "stage_costs", "forward": 1, "backward": 2, "stash_bytes": 30,
            "boundary_bytes": 10, "parameter_bytes": 100},
  "cluster": {"device": {"name": "this-machine"}},
  "pipeline": {"stages": 1, "micro_batches": 2},
  "training": {"batch_size": 4}})";

// Took 9 s, and 6 s were foreseen.
Execution executed(const Experiment& experiment) {
  Execution execution{.run = simulate(experiment),
                      .prediction = simulate(experiment),
                      .replay = simulate(experiment),
                      .is_for_this_machine = true,
                      .loss = 1.5,
                      .gradients = {.largest_error = 1e-7,
                                    .tensor = "layer 3 biases",
                                    .tolerance = 1e-5,
                                    .same_bits = true},
                      .peak_resident = 4096,
                      .step_times = {9'000'000_us, 8'000'000_us, 10'000'000_us}};
  execution.run.outcome.timeline.clock = Clock::measured;
  execution.run.metrics.step_time = 9'000'000_us;
  return execution;
}

// What stands below the summary.
std::string text_of(const Experiment& experiment, const Execution& execution) {
  const std::string all = test::written(write_execution_text, experiment, execution, TextStyle{});
  const std::string summary = test::written(write_summary_text, experiment, execution.run,
                                            std::vector<Advice>{}, TextStyle{});
  REQUIRE(all.starts_with(summary));
  return all.substr(summary.size());
}

std::string line_from(const std::string& text, std::string_view start) {
  const auto at = text.find(std::string(1, '\n').append(start));
  if (at == text.npos) return "no such line";
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

}  // namespace

TEST_SUITE("reports/summary/execution_text") {
  TEST_CASE("below the summary: run and prediction side by side, and the checks") {
    const Experiment experiment = test::experiment_from(small_execution);
    CHECK(text_of(experiment, executed(experiment)) == R"(
executed     3 steps on the measured clock, 8 s to 10 s; every op is shown at its median
                 executed     predicted      error
  step time           9 s           6 s    -33.3 %
  pipeline            6 s           6 s     +0.0 %
  bubble           0.00 %        0.00 %          -
  peak memory       160 B         160 B     +0.0 %
  predicted  from the rates of this-machine, which pipesim calibrate measured
loss         1.5 before the first update
gradients    match: within 1.0e-07 of those without a pipeline (1e-05 allowed; layer 3 biases)
  in order   bit for bit those of a sequential run that adds in the same order
memory       matches the simulation, allocation by allocation; the process held 4 KiB
)");
  }

  TEST_CASE("one step has no median") {
    const Experiment experiment = test::experiment_from(small_execution);
    Execution execution = executed(experiment);
    execution.step_times = {9'000'000_us};
    execution.run.outcome.timeline.clock = Clock::wall;
    CHECK(line_from(text_of(experiment, execution), "executed") ==
          "executed     1 step on the wall clock");
  }

  TEST_CASE(
      "without a calibrated device the replay is held against the run, and the other compared") {
    const Experiment experiment =
        test::experiment_from(small_execution, {"cluster.device=v100-16gb"});
    Execution execution = executed(experiment);
    execution.is_for_this_machine = false;
    execution.replay.metrics.step_time = 8'100'000_us;
    execution.prediction.metrics.step_time = 60_us;
    const std::string text = text_of(experiment, execution);
    CHECK(line_from(text, "  step time") == "  step time           9 s         8.1 s    -10.0 %");
    CHECK(text.find("\n  predicted  from the durations that this run measured, replayed by the "
                    "simulator\n"
                    "  compare    v100-16gb would take 60 µs a step, its bubble 0.00 %; to predict "
                    "for this machine\n"
                    "             beforehand: pipesim calibrate --out device.json, then --set "
                    "cluster.device=device.json\n") != text.npos);
  }

  TEST_CASE("a loss that leaves the range is said with the update after which it did") {
    const Experiment experiment = test::experiment_from(small_execution);
    Execution execution = executed(experiment);
    execution.diverged_after = 2;
    execution.gradients.finite = false;
    const std::string text = text_of(experiment, execution);
    CHECK(text.find("\nloss         1.5 before the first update\n"
                    "             it left the range of fp32 after 2 updates: try a smaller "
                    "training.learning_rate\n"
                    "gradients    not finite, with a pipeline or without\n"
                    "  in order   bit for bit those of a sequential run that adds in the same "
                    "order\n") != text.npos);
  }

  TEST_CASE("more threads than cores are said to have shared them") {
    const Experiment experiment = test::experiment_from(small_execution, {"pipeline.stages=2048"});
    Execution execution = executed(experiment);
    execution.run.outcome.timeline.clock = Clock::wall;
    const std::string text = text_of(experiment, execution);
    CHECK(line_from(text, "             2048 threads shared ")
              .ends_with(": --clock measured gives every op a core"));
  }

  TEST_CASE("what differs is said by how much, and what is not finite as such") {
    const Experiment experiment = test::experiment_from(small_execution);
    Execution execution = executed(experiment);
    execution.gradients.largest_error = 0.03;
    execution.gradients.same_bits = false;
    execution.memory_difference = "device 0 differs";
    execution.loss = std::numeric_limits<double>::quiet_NaN();
    const std::string text = text_of(experiment, execution);
    CHECK(line_from(text, "loss") == "loss         not finite before the first update");
    CHECK(line_from(text, "gradients") ==
          "gradients    DIFFER by 3.0e-02 from those without a pipeline (1e-05 allowed; layer 3 "
          "biases)");
    CHECK(line_from(text, "  in order") ==
          "  in order   NOT those of a sequential run that adds in the same order");
    CHECK(line_from(text, "memory ") ==
          "memory       DIFFERS from the simulation: device 0 differs; the process held 4 KiB");
  }
}

}  // namespace pipesim
