#include "sim/execute/workers/stage_worker.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "support/models/networks.hpp"

namespace pipesim {

namespace {

using test::HostBatch;
using test::PipelinedMlp;

struct Counted {
  MemoryTag tag = MemoryTag::stash;
  Bytes delta = 0;

  bool operator==(const Counted&) const = default;
};

// What the memory model says that an op allocates, and then releases.
std::vector<Counted> modeled(OpKind kind, const StageCost& cost, const StagePlace& place) {
  const OpMemory memory = op_memory(kind, cost, place);
  std::vector<Counted> list;
  for (const MemoryUse& use : memory.all()) {
    if (use.at_start != 0) list.push_back({use.tag, use.at_start});
  }
  for (const MemoryUse& use : memory.all()) {
    if (use.at_finish != 0) list.push_back({use.tag, -use.at_finish});
  }
  return list;
}

// One stage by itself, fed with messages of zeros.
template <class T>
struct LoneStage {
  const Experiment& experiment;
  int stage;
  const StageCost& cost = experiment.costs.stages[static_cast<std::size_t>(stage)];
  HostBatch<T> host{experiment};
  DeviceAllocator memory{};
  StageWorker<T> worker{stage_plans(experiment)[static_cast<std::size_t>(stage)], memory};

  Bytes received_by(OpKind kind) const {
    const StagePlace place = experiment.costs.place(stage, true);
    if (kind == OpKind::forward) return place.is_first ? 0 : cost.boundary;
    return sends_gradient(kind) && !place.is_last ? cost.output : 0;
  }
  Bytes sent_by(OpKind kind) const {
    const StagePlace place = experiment.costs.place(stage, true);
    if (kind == OpKind::forward) return place.is_last ? 0 : cost.output;
    return sends_gradient(kind) && !place.is_first ? cost.boundary : 0;
  }

  void run(OpKind kind, int m) {
    Block received = memory.take(received_by(kind));
    if (received) std::memset(received.as<char>(), 0, static_cast<std::size_t>(received.bytes()));
    memory.begin_op(0);
    memory.forget_ops();
    const Op op{.kind = kind, .stage = stage, .micro_batch = m};
    const Block sent = worker.run(op, std::move(received), host.batch);
    CHECK(sent.bytes() == sent_by(kind));
  }

  void check(OpKind kind, int m) {
    CAPTURE(stage);
    CAPTURE(noun(kind));
    CAPTURE(m);
    run(kind, m);
    std::vector<Counted> counted;
    for (const AllocationEvent& event : memory.events()) {
      if (event.slot >= 0) counted.push_back({event.tag, event.delta});
    }
    const bool keeps =
        m < 0 || keeps_insides(experiment.costs, m, experiment.schedule.micro_batches);
    CHECK(counted == modeled(kind, cost, experiment.costs.place(stage, keeps)));
  }
};

template <class T>
void check_all_ops(const Experiment& experiment) {
  const int micro_batches = experiment.schedule.micro_batches;
  const bool split = experiment.config.pipeline.recompute == Recompute::none;
  for (int s = 0; s < experiment.schedule.stages(); ++s) {
    LoneStage<T> stage{.experiment = experiment, .stage = s};
    Bytes held = 0;
    for (const AllocationEvent& event : stage.memory.events()) held += event.delta;
    CHECK(held == stage.cost.static_bytes());
    stage.worker.begin_step(Update::apply);
    for (int m = 0; m < micro_batches; ++m) stage.check(OpKind::forward, m);
    if (experiment.config.training.deferred_weight_gradient) {
      for (int m = 0; m < micro_batches; ++m) stage.check(OpKind::backward_input, m);
      stage.check(OpKind::backward_weight, -1);
      continue;
    }
    for (int m = 0; m < micro_batches; ++m) {
      if (!keeps_insides(experiment.costs, m, micro_batches)) stage.check(OpKind::recompute, m);
      if (split && m % 2 == 1) {
        stage.check(OpKind::backward_input, m);
        stage.check(OpKind::backward_weight, m);
      } else {
        stage.check(OpKind::backward, m);
      }
    }
    stage.check(OpKind::optimizer, -1);
  }
}

Experiment one_stage(const std::string& weight_gradient) {
  return assemble(PipelinedMlp{.stages = 1, .weight_gradient = weight_gradient});
}

std::vector<double> gradient_of(const LoneStage<double>& stage) {
  std::vector<double> values;
  for (int l = 0; l < stage.worker.plan().layer_count(); ++l) {
    const LinearParameters<double> layer = stage.worker.gradient(l);
    values.insert(values.end(), layer.weight.all().begin(), layer.weight.all().end());
    values.insert(values.end(), layer.bias.begin(), layer.bias.end());
  }
  return values;
}

}  // namespace

TEST_SUITE("sim/execute/workers/stage_worker") {
  TEST_CASE("every op allocates and releases what the memory model says, in its order") {
    for (const test::BackwardMode& mode : test::backward_modes()) {
      for (const std::string optimizer : {"sgd", "momentum", "adam", "rmsprop"}) {
        for (const std::string partition : {"[1,1,1]", "[2,3,2]", "[1,4,3]", "[7]", "[1]"}) {
          CAPTURE(mode.recompute);
          CAPTURE(mode.weight_gradient);
          CAPTURE(partition);
          PipelinedMlp mlp{.micro_batches = 3,
                           .rows = 3,
                           .partition = partition,
                           .recompute = mode.recompute,
                           .weight_gradient = mode.weight_gradient,
                           .optimizer = optimizer};
          int layers = 0;
          mlp.stages = 0;
          for (const char c : partition) {
            if (c < '0' || c > '9') continue;
            layers += c - '0';
            ++mlp.stages;
          }
          const std::vector<int> widths{13, 7, 1, 33, 5, 21, 3, 11, 9};
          mlp.layer_sizes = {widths.begin(), widths.begin() + layers + 1};
          check_all_ops<double>(assemble(mlp));
          mlp.precision = "fp32";
          check_all_ops<float>(assemble(mlp));
        }
      }
    }
  }

  TEST_CASE("an op whose stage does not hold what it needs says so") {
    const Experiment experiment = one_stage("accumulated");
    LoneStage<double> stage{.experiment = experiment, .stage = 0};
    const auto run = [&](OpKind kind) { stage.run(kind, 1); };
    CHECK_THROWS_WITH_AS(run(OpKind::backward), "the activations of micro-batch 1 are not held",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(run(OpKind::backward_input),
                         "the activations of micro-batch 1 are not held", std::logic_error);
    CHECK_THROWS_WITH_AS(run(OpKind::recompute), "the input of micro-batch 1 is not held",
                         std::logic_error);
    run(OpKind::forward);
    CHECK_THROWS_WITH_AS(run(OpKind::forward), "micro-batch 1 is held already", std::logic_error);
    CHECK_THROWS_WITH_AS(run(OpKind::backward_weight),
                         "the gradients of micro-batch 1 are not held", std::logic_error);
  }

  TEST_CASE("W without I fails in a stage of one layer, too") {
    const Experiment experiment = assemble(PipelinedMlp{.layer_sizes = {3, 2}, .stages = 1});
    LoneStage<double> stage{.experiment = experiment, .stage = 0};
    stage.run(OpKind::forward, 0);
    CHECK_THROWS_WITH_AS(stage.run(OpKind::backward_weight, 0),
                         "the gradients of micro-batch 0 are not held", std::logic_error);
  }

  TEST_CASE("an op of the other way to take weight gradients is refused") {
    const Experiment accumulated = one_stage("accumulated");
    LoneStage<double> accumulating{.experiment = accumulated, .stage = 0};
    CHECK_THROWS_WITH_AS(accumulating.run(OpKind::backward_weight, -1),
                         "weight gradients are accumulated", std::logic_error);
    const Experiment deferred = one_stage("deferred");
    LoneStage<double> deferring{.experiment = deferred, .stage = 0};
    deferring.run(OpKind::forward, 0);
    CHECK_THROWS_WITH_AS(deferring.run(OpKind::backward, 0), "weight gradients are deferred",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(deferring.run(OpKind::backward_weight, 0), "weight gradients are deferred",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(deferring.run(OpKind::backward_weight, -1),
                         "the gradients of micro-batch 0 are not held", std::logic_error);
  }

  TEST_CASE("ops of sharding and sending have no kernel") {
    const Experiment experiment = one_stage("accumulated");
    LoneStage<double> stage{.experiment = experiment, .stage = 0};
    CHECK_THROWS_WITH_AS(stage.run(OpKind::reshard, -1),
                         "dropping of gathered weights can't be executed", std::logic_error);
    CHECK_THROWS_WITH_AS(stage.run(OpKind::send_forward, 0),
                         "sending of an activation can't be executed", std::logic_error);
  }

  TEST_CASE(
      "two copies that add each other's gradient have the sum, in memory that counts nowhere") {
    const Experiment experiment = one_stage("accumulated");
    LoneStage<double> one{.experiment = experiment, .stage = 0};
    LoneStage<double> other{.experiment = experiment, .stage = 0};
    for (LoneStage<double>* stage : {&one, &other}) {
      stage->worker.begin_step(Update::collect);
      const int m = stage == &one ? 0 : 1;
      stage->run(OpKind::forward, m);
      stage->run(OpKind::backward, m);
      stage->memory.forget_ops();
    }
    const std::vector<double> mine = gradient_of(one), theirs = gradient_of(other);
    const Op add{.kind = OpKind::all_reduce, .stage = 0, .micro_batch = -1};
    Block from_one = one.worker.copy_of_gradient();
    Block from_other = other.worker.copy_of_gradient();
    one.worker.run(add, std::move(from_other), one.host.batch);
    other.worker.run(add, std::move(from_one), other.host.batch);
    std::vector<double> sum = mine;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += theirs[i];
    CHECK(gradient_of(one) == sum);
    CHECK(gradient_of(other) == sum);
    CHECK(mine != theirs);
    for (const AllocationEvent& event : one.memory.events()) CHECK(event.slot < 0);
    CHECK_THROWS_WITH_AS(one.run(OpKind::all_reduce, -1), "the other copy's gradient is not held",
                         std::logic_error);
  }
}

}  // namespace pipesim
