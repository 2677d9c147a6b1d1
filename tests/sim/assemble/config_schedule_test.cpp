#include "sim/assemble/config_schedule.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "models/base/input_error.hpp"
#include "sim/engine/memory_trace.hpp"
#include "sim/step/run.hpp"
#include "support/experiments.hpp"
#include "support/refusal.hpp"

using namespace pipesim;

namespace {

// Equal stages whose backward is split, with sizes.
constexpr std::string_view split = R"({
  "model": {"kind": "stage_costs", "forward": "10 ns", "backward_input": "10 ns",
            "backward_weight": "6 ns", "stash_bytes": 100, "weight_stash_bytes": 40,
            "parameter_bytes": 1000},
  "pipeline": {"stages": 4, "micro_batches": 8}})";

Experiment with(const std::vector<std::string>& settings) {
  return test::experiment_from(split, settings);
}

std::string refusal(const std::vector<std::string>& settings) {
  return test::refusal_of([&] { with(settings); });
}

Bytes most_stash(const Experiment& experiment, int device) {
  const Run run = simulate(experiment);
  Bytes most = 0;
  for (DeviceMemory memory(experiment.schedule, experiment.costs, run.outcome.timeline, device);
       !memory.done(); memory.advance()) {
    if (memory.current().tag == MemoryTag::stash) {
      most = std::max(most, memory.current().tag_total);
    }
  }
  return most;
}

}  // namespace

TEST_SUITE_BEGIN("sim/assemble/config_schedule");

TEST_CASE("a schedule gets as many virtual stages as it needs where the config does not say") {
  const auto stages = [](const std::string& schedule) {
    return with({"pipeline.schedule=" + schedule}).schedule.stages();
  };
  CHECK(stages("1f1b") == 4);
  CHECK(stages("interleaved_1f1b") == 8);
  CHECK(stages("zb_v") == 8);
  CHECK(stages("dualpipe") == 4);
  CHECK(
      with({"pipeline.schedule=interleaved_1f1b", "pipeline.virtual_stages=3"}).schedule.stages() ==
      12);
}

TEST_CASE("a shape that a schedule can't have is refused with what would do") {
  CHECK(refusal({"pipeline.virtual_stages=2"}) ==
        "--set: /pipeline/virtual_stages: must be 1 with this schedule, got 2\n"
        "  hint: schedule gpipe: leave it out");
  CHECK(refusal({"pipeline.schedule=dualpipe", "pipeline.micro_batches=6"}) ==
        "--set: /pipeline/micro_batches: must be even, and at least twice the stages, got 6\n"
        "  hint: schedule dualpipe: 8 would do");
  CHECK(refusal({"pipeline.schedule=interleaved_1f1b", "pipeline.virtual_stages=3",
                 "pipeline.micro_batches=5"}) ==
        "--set: /pipeline/micro_batches: leaves too small a last group: the devices would wait for "
        "each other, got 5\n  hint: schedule interleaved_1f1b: in groups of 4, 4 or 6 would do");
}

TEST_CASE("virtual stages need a layer each") {
  CHECK(refusal({R"(model={"kind": "mlp", "layer_sizes": [3, 3, 3, 3, 3, 3]})",
                 "pipeline.schedule=zb_v"}) ==
        "config.json: /pipeline/stages: makes 8 stages, 2 on each device, of the model's 5 layers, "
        "got 4\n  hint: every stage has at least one layer");
}

TEST_CASE("a schedule that splits the backward needs the times of both parts") {
  CHECK(refusal({"model={\"kind\": \"stage_costs\", \"forward\": 1, \"backward\": 2}",
                 "pipeline.schedule=zb_h1"}) ==
        "--set: /model/backward_input: is required by a schedule that runs I and W apart, got "
        "nothing\n  hint: give both backward_input and backward_weight");
}

TEST_CASE("a stage on two devices asks for equal devices and a gradient to sum") {
  CHECK(
      refusal({"pipeline.schedule=chimera",
               R"(cluster.device=["p100", "p100", "p100", "a100-40gb"])"}) ==
      "--set: /cluster/device: must be one kind of device: the schedule holds every stage on two, "
      "got 4 kinds\n  hint: give one device, or choose a schedule that goes one way");
  CHECK(refusal({"pipeline.schedule=chimera", "training={\"weight_gradient\": \"deferred\"}"}) ==
        "--set: /training/weight_gradient: fuses the update with a gradient that the stage's two "
        "copies have yet to sum, got \"deferred\"\n  hint: set it to \"accumulated\", or choose a "
        "schedule that goes one way");
}

TEST_CASE("only automatic schedules look at a memory limit, and keep it") {
  CHECK(refusal({"pipeline.memory_limit=500"}) ==
        "--set: /pipeline/memory_limit: schedule gpipe does not adapt to it, got a limit\n"
        "  hint: leave it out; a device's memory is set with cluster.device");
  CHECK(refusal({"pipeline.schedule=zb_auto", "pipeline.memory_limit=99"}) ==
        "--set: /pipeline/memory_limit: is less than device 0 holds of one micro-batch, 100 bytes, "
        "got 99\n  hint: allow at least that, or leave it out");
  for (const Bytes limit : {100, 250, 400, 777}) {
    const Experiment experiment =
        with({"pipeline.schedule=zb_auto", fmt::format("pipeline.memory_limit={}", limit)});
    for (int device = 0; device < 4; ++device) CHECK(most_stash(experiment, device) <= limit);
  }
  const auto cost = [](const char* limit) {
    return simulate(
               with({"pipeline.schedule=zb_auto", std::string("pipeline.memory_limit=") + limit}))
        .metrics.longest_span;
  };
  CHECK(cost("\"4 micro-batches\"") == cost("400"));
  CHECK(cost("\"8 micro-batches\"") < cost("\"2 micro-batches\""));
}

TEST_CASE("without a limit an automatic schedule keeps within the devices' memory") {
  const auto run = [](const char* memory) {
    return simulate(with({"pipeline.schedule=zb_auto",
                          fmt::format("cluster={{\"device\": {{\"memory\": \"{}\"}}}}", memory)}));
  };
  CHECK(run("1400 B").metrics.fits_memory);
  CHECK(run("1100 B").metrics.fits_memory);
  CHECK(!run("1050 B").metrics.fits_memory);  // Not even one micro-batch.
}

TEST_CASE("with re-computation zb_v may put off the W of as much as 1f1b computes again at once") {
  const auto run = [](const std::string& schedule) {
    return simulate(
        test::example("schedules.json", {"pipeline.schedule=" + schedule, "pipeline.recompute=full",
                                         R"(cluster={"device": {"memory": "1.5 GiB"}})"}));
  };
  const Run zb_v = run("zb_v");
  const Run one_f_one_b = run("1f1b");
  const Bytes half = Bytes{512} << 20;  // What R adds in a stage of zb_v: half a device's layers.
  for (int device = 0; device < 4; ++device) {
    const auto d = static_cast<std::size_t>(device);
    CHECK(one_f_one_b.outcome.devices[d].peak == 2 * half);
    CHECK(zb_v.outcome.devices[d].peak <= 3 * half);  // Two that wait, and one at work.
  }
  CHECK(one_f_one_b.metrics.step_time == 41'000'000'000_ns);
  CHECK(zb_v.metrics.step_time == 34'000'000'000_ns);  // 32 s of work.
}

TEST_CASE("two copies of a stage weigh twice, and sum their gradients before the update") {
  const std::vector<std::string> settings{
      "pipeline.schedule=chimera",
      R"(cluster={"interconnect": {"bandwidth": "1 GB/s", "latency": "5 ns"}})"};
  const Run run = simulate(with(settings));
  for (const DeviceUse& use : run.outcome.devices) CHECK(use.static_bytes == 2000);
  // A ring of two: 2 steps of 500 bytes. A device holds two stages.
  CHECK(run.metrics.all_reduce == 2 * (2 * 505_ns));
  CHECK(run.metrics.step_time == run.metrics.pipeline_time + run.metrics.all_reduce);
}

TEST_SUITE_END();
