#include "sim/step/run.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/base/input_error.hpp"
#include "models/cost/cost_model.hpp"
#include "sim/whatif/advice.hpp"
#include "sim/whatif/smaller_variants.hpp"
#include "sim/whatif/variants.hpp"
#include "support/experiments.hpp"
#include "support/schedules/peak_bytes.hpp"

using namespace pipesim;
using test::example;
using test::experiment_from;

namespace {

// Two replicas of two stages, 8 MB of gradients each, over a link of 1 MB/s without latency.
const std::string replicas = R"({
  "model": {"kind": "stage_costs", "forward": 1, "backward": 2, "parameter_bytes": "8 MB"},
  "cluster": {"interconnect": {"bandwidth": "1 MB/s"}},
  "pipeline": {"stages": 2, "micro_batches": 4},
  "training": {"data_parallel": 2, "batch_size": 4}})";

Run run_variant(const Variant& variant) {
  return simulate(assemble(variant.config));
}

}  // namespace

TEST_SUITE_BEGIN("sim/step/run");

TEST_CASE("replicas sum their gradients in a ring after each device's last backward") {
  const Experiment experiment = experiment_from(replicas);
  const Run run = simulate(experiment);
  // 2 (r - 1) / r of 8 MB at 1 MB/s: 8 s. Device 0 ends last, at 15 s.
  CHECK(run.metrics.pipeline_time == to_time(15));
  CHECK(run.metrics.all_reduce == to_time(8));
  CHECK(run.metrics.step_time == to_time(23));
  REQUIRE(run.outcome.timeline.tail.size() == 2);
  CHECK(run.outcome.timeline.tail[1].op ==
        Op{.kind = OpKind::all_reduce, .stage = 1, .micro_batch = -1});
  CHECK(run.outcome.timeline.tail[1].when.start == to_time(13));  // Hidden in part.
}

TEST_CASE("the optimizer step follows on each device, and the parts add up to the step") {
  const Experiment experiment = example("gpipe.json");
  const Metrics metrics = simulate(experiment).metrics;
  CHECK(metrics.step_time == metrics.pipeline_time + metrics.all_reduce + metrics.optimizer);
  CHECK(metrics.all_reduce == Time{});
  CHECK(metrics.optimizer == experiment.costs.stages[0].optimizer);  // Stage 0 ends last.
}

TEST_CASE("a deferred W takes the weight gradient of the whole mini-batch, and updates") {
  for (const std::string optimizer : {"sgd", "adam"}) {
    const Experiment accumulated = example("gpipe.json", {"training.optimizer=" + optimizer});
    const Experiment deferred =
        example("gpipe.json", {"training.optimizer=" + optimizer,
                               "training.weight_gradient=deferred", "cluster.interconnect=ideal"});
    CHECK(deferred.partition == accumulated.partition);
    const Run run = simulate(deferred);
    CHECK(run.metrics.optimizer == Time{});
    CHECK(run.outcome.timeline.tail.empty());
    CHECK(run.metrics.step_time == run.metrics.pipeline_time);
    for (std::size_t s = 0; s < 4; ++s) {
      const StageCost& cost = deferred.costs.stages[s];
      CHECK(run.outcome.devices[s].busy() ==
            8 * (cost.forward + cost.backward_input) + cost.backward_weight);
      CHECK(run.outcome.devices[s].peak ==
            test::peak_bytes(cost, {.inputs = 8, .interiors = 8}, s == 0));
      CHECK(run.outcome.devices[s].static_bytes ==
            accumulated.costs.stages[s].static_bytes() - accumulated.costs.stages[s].weights);
    }
  }
}

TEST_CASE("given stage costs take M times their W at once, and hold the stash until then") {
  const Experiment experiment = experiment_from(R"({
    "model": {"kind": "stage_costs", "forward": 1, "backward_input": 2, "backward_weight": [3, 4],
              "stash_bytes": 10, "parameter_bytes": 100},
    "pipeline": {"schedule": "1f1b", "stages": 2, "micro_batches": 5},
    "training": {"weight_gradient": "deferred"}})");
  const Run run = simulate(experiment);
  CHECK(run.outcome.devices[0].finish == to_time(6 * 3 + 5 * 3));
  CHECK(run.outcome.devices[1].finish == to_time(1 + 5 * 3 + 5 * 4));
  for (const DeviceUse& device : run.outcome.devices) CHECK(device.peak == 100 + 5 * 10);
}

TEST_CASE("a balanced partition weighs M (F + I) + W where the weight gradient is deferred") {
  // On every cut the busier of two devices, held against the search.
  const auto busiest = [](const std::string& partition) {
    const Experiment experiment = experiment_from(R"({
      "model": {"kind": "mlp", "layer_sizes": [1024, 64, 64, 64, 64, 64, 64, 64]},
      "cluster": {"device": {"flops": 1e9, "memory_bandwidth": 1e15}},
      "pipeline": {"stages": 2, "micro_batches": 4},
      "training": {"batch_size": 4096, "optimizer": "adam", "weight_gradient": "deferred"}})",
                                                  {"pipeline.partition=" + partition});
    const std::vector<DeviceUse> devices = simulate(experiment).outcome.devices;
    return std::max(devices[0].busy(), devices[1].busy());
  };
  Time least = Time::limit();
  for (int first = 1; first < 7; ++first) {
    least = std::min(least, busiest(fmt::format("[{}, {}]", first, 7 - first)));
  }
  CHECK(busiest("balanced") == least);
}

TEST_CASE("re-computation and data parallelism accumulate the weight gradient") {
  const Experiment deferred = example("gpipe.json", {"training.weight_gradient=deferred"});
  for (const Variant& variant : contrasts(deferred.config)) {
    CAPTURE(variant.name);
    const bool defers =
        variant.name != "data parallel" && variant.config.pipeline.recompute == Recompute::none;
    CHECK(weight_gradient_name(variant.config.training) == (defers ? "deferred" : "accumulated"));
  }
}

TEST_CASE("advice for a deferred weight gradient names where it is given up, and can be followed") {
  const std::vector<std::string> settings = {"training.weight_gradient=deferred"};
  const Experiment experiment = example("does_not_fit.json", settings);
  std::vector<std::string> tried;
  for (const Variant& variant : smaller_variants(experiment.config)) {
    tried.push_back(as_options(variant.settings));
    CHECK(variant.config.training.deferred_weight_gradient ==
          (tried.back() == "--set pipeline.partition=memory"));
  }
  const std::string accumulated = "--set training.weight_gradient=accumulated";
  REQUIRE(tried.size() >= 5);
  CHECK(tried[0] == "--set pipeline.partition=memory");
  CHECK(tried[1] == accumulated);
  CHECK(tried[2] == accumulated + " --set pipeline.schedule=1f1b");
  CHECK(tried[3] == accumulated + " --set pipeline.recompute=full");
  CHECK(tried[4] == accumulated + " --set pipeline.schedule=1f1b --set pipeline.recompute=full");
}

TEST_CASE("data parallelism gives every device the whole model and its share of the batch") {
  const Experiment pipeline = example("gpipe.json");
  const Variant variant = data_parallel_variant(pipeline.config, Recompute::none);
  CHECK(variant.reason.empty());
  const Experiment parallel = assemble(variant.config);
  CHECK(parallel.config.training.data_parallel == 4);
  CHECK(parallel.config.training.batch_size == 8);
  CHECK(parallel.partition == Partition{11});
  Bytes weights = 0;
  for (const StageCost& stage : pipeline.costs.stages) weights += stage.weights;
  CHECK(parallel.costs.stages[0].weights == weights);

  const Run run = run_variant(variant);
  const Time all_reduce = ring_all_reduce(pipeline.config.cluster.interconnect, weights, 4);
  CHECK(run.metrics.all_reduce == all_reduce);
  CHECK(run.metrics.bubble_fraction.numerator == 0);
}

TEST_CASE("data parallelism of given stage costs runs its micro-batches one after the other") {
  const Experiment pipeline = experiment_from(R"({
    "model": {"kind": "stage_costs", "forward": [1, 2], "backward": [3, 4], "stash_bytes": 10,
              "parameter_bytes": 100},
    "pipeline": {"stages": 2, "micro_batches": 4}})");
  const Run run = run_variant(data_parallel_variant(pipeline.config, Recompute::none));
  CHECK(run.metrics.pipeline_time == to_time(2 * (1 + 2 + 3 + 4)));
  CHECK(run.outcome.devices[0].peak == 200 + 20);
}

TEST_CASE("data parallelism says why it can't share the batch") {
  const Experiment three = experiment_from(R"({
    "model": {"kind": "stage_costs", "forward": 1, "backward": 1},
    "pipeline": {"stages": 3, "micro_batches": 4}})");
  CHECK(data_parallel_variant(three.config, Recompute::none).reason ==
        "4 micro-batches do not divide among 3 devices");
}

TEST_CASE("what would help is simulated, fits, and is the fastest first") {
  const Experiment experiment = example("does_not_fit.json");
  const Run run = simulate(experiment);
  CHECK(!run.metrics.fits_memory);
  const std::vector<Advice> advice = what_would_fit(experiment.config);
  REQUIRE(advice.size() >= 2);
  CHECK(advice[0].settings == Settings{"pipeline.schedule=1f1b"});
  for (std::size_t i = 0; i < advice.size(); ++i) {
    CHECK(advice[i].fits);
    CHECK(advice[i].peak <= *experiment.capacity[0]);
    if (i > 0) CHECK(advice[i - 1].step_time <= advice[i].step_time);
  }
  const Experiment advised = example("does_not_fit.json", {"pipeline.schedule=1f1b"});
  CHECK(simulate(advised).metrics.step_time == advice[0].step_time);
}

TEST_CASE("advice copes with batches, partitions and device counts that can't be varied") {
  const std::string mlp = R"({
    "model": {"kind": "mlp", "layer_sizes": [8, 8, 8, 8, 8]},
    "cluster": {"device": {"memory": 1, "flops": 1e12, "memory_bandwidth": 1e12}},
    "pipeline": {"schedule": "1f1b", "recompute": "full", "stages": 2, "micro_batches": 4}})";
  const auto settings = [&](const std::vector<std::string>& set) {
    std::vector<std::string> tried;
    for (const Variant& variant : smaller_variants(experiment_from(mlp, set).config)) {
      tried.push_back(as_options(variant.settings));
    }
    return tried;
  };
  CHECK(settings({"training.batch_size=8589934592", "pipeline.partition=memory"}) ==
        std::vector<std::string>{"--set pipeline.stages=4 --set cluster.devices=4"});
  CHECK(settings({"pipeline.partition=[1,3]"}).back() ==
        "--set pipeline.partition=memory --set pipeline.stages=4 --set cluster.devices=4");
  CHECK(settings({"training.data_parallel=1000000", "pipeline.partition=memory"}).size() == 1);
  const Experiment huge = experiment_from(mlp, {"training.batch_size=8589934592"});
  for (const Advice& tried : what_would_fit(huge.config)) CHECK(!tried.fits);
}

TEST_CASE("with re-computation the notebook's memory estimate is m k to m l layer-activations") {
  // 12 layers of 10 MB, 4 stages, 8 micro-batches: 320 MB of inputs kept, against 960 MB.
  std::string layers;
  for (int i = 0; i < 12; ++i) {
    layers += std::string(i == 0 ? "" : ", ") +
              R"({"forward": 1, "backward": 2, "stash_bytes": "10 MB", "output_bytes": "10 MB"})";
  }
  const auto stashes = [&](const std::string& recompute) {
    const Experiment experiment =
        experiment_from(R"({"model": {"kind": "layers", "input_bytes": "10 MB", "layers": [)" +
                            layers + R"(]}, "pipeline": {"stages": 4, "micro_batches": 8}})",
                        {"pipeline.recompute=" + recompute});
    Bytes total = 0;
    for (const StageCost& stage : experiment.costs.stages) {
      total += 8 * (recompute == "none" ? stage.stash : stage.boundary);
    }
    return total;
  };
  CHECK(stashes("none") == 960'000'000);
  CHECK(stashes("full") == 320'000'000);
}

TEST_CASE("a memory partition is no fuller than a uniform one") {
  const auto fullest = [](const std::string& partition) {
    Bytes most = 0;
    const Experiment experiment =
        example("gpipe.json", {"pipeline.schedule=1f1b", "pipeline.partition=" + partition});
    for (const DeviceUse& device : simulate(experiment).outcome.devices) {
      most = std::max(most, device.peak);
    }
    return most;
  };
  CHECK(fullest("memory") < fullest("uniform"));
}

TEST_CASE("uneven devices are taken into account by the partition and the times") {
  const Experiment experiment = experiment_from(R"({
    "model": {"kind": "mlp", "layer_sizes": [64, 64, 64, 64, 64, 64, 64]},
    "cluster": {"device": [{"flops": 1e9, "memory_bandwidth": 1e12},
                           {"flops": 2e9, "memory_bandwidth": 1e12}]},
    "pipeline": {"stages": 2, "micro_batches": 4, "partition": "balanced"}})");
  CHECK(experiment.partition == Partition{2, 4});
}

TEST_CASE("more ops than the machine has memory for are refused before anything is built") {
  CHECK_THROWS_AS(experiment_from(R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1},
                        "pipeline": {"stages": 1000000, "micro_batches": 1000000000}})"),
                  InputError);
}

TEST_CASE("progress counts the ops of all simulations, and comes to all of them at most") {
  const std::vector<std::string> unit{"pipeline.stages=4",         "pipeline.micro_batches=262144",
                                      "model.transfer=1 ns",       "model.forward=1 ns",
                                      "model.backward=2 ns",       "model.backward_input=1 ns",
                                      "model.backward_weight=1 ns"};
  for (const std::string schedule : {"gpipe", "zb_h1", "dualpipe"}) {
    CAPTURE(schedule);
    std::vector<std::string> settings = unit;
    settings.push_back("pipeline.schedule=" + schedule);
    const Experiment experiment = example("unit.json", settings);
    constexpr int simulations = 2;  // The second one with free transfers.
    double ops = 0;
    for (const auto& lane : experiment.schedule.lanes) ops += static_cast<double>(lane.size());
    double last = 0;
    simulate(experiment, {.timeline = false, .progress = [&](double done, double total) {
                            CHECK(total == ops * simulations);
                            CHECK(done >= last + (1 << 20));
                            CHECK(done <= total);
                            last = done;
                          }});
    CHECK(last > ops * simulations - (1 << 20));  // What is less is not worth a report.
  }
}

TEST_CASE("breakdown takes a simulation for messages, and one for stages that differ") {
  CHECK(breakdown_runs(example("unit.json")) == 0);
  CHECK(breakdown_runs(example("gpipe.json")) == 2);
  CHECK(breakdown_runs(example("gpipe.json", {"cluster.interconnect=ideal"})) == 1);
}

TEST_CASE("lanes that take turns give what lanes that run on give") {
  // More ops without waiting than a lane runs at once.
  const Experiment experiment = example("unit.json", {"pipeline.micro_batches=50000"});
  CHECK(simulate(experiment).metrics.pipeline_time == to_time(2 * (50000 + 2)));
}

TEST_SUITE_END();
