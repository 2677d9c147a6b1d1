#include "sim/step/replica_exchange.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "sim/step/run.hpp"
#include "support/experiments.hpp"
#include "support/models/gpt.hpp"

namespace pipesim::test {

namespace {

constexpr double bandwidth = 1e9;
constexpr double latency = 3e-6;
const std::string cluster = R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12},
                                "interconnect": {"bandwidth": 1e9, "latency": "3 us"}})";

Experiment replicated(int replicas, int zero_stage, const std::string& more = "") {
  const Gpt gpt{.layers = 4,
                .micro_batches = 4,
                .stages = 2,
                .precision = "bf16",
                .more_training =
                    fmt::format(R"(, "data_parallel": {}, "zero_stage": {}, "optimizer": "adam"{})",
                                replicas, zero_stage, more),
                .cluster = cluster};
  return experiment_from(text_of(gpt));
}

// r - 1 steps of an r-th of the bytes; an all-reduce takes twice as many.
Time ring(Bytes bytes, int ranks, int passes) {
  return to_time(passes * (ranks - 1) * (latency + static_cast<double>(bytes) / ranks / bandwidth));
}

Time spent(const Run& run, OpKind kind, int device) {
  Time sum;
  for (const TailSpan& span : run.outcome.timeline.tail) {
    if (span.op.kind == kind && span.device == device) sum += span.when.finish - span.when.start;
  }
  return sum;
}

// Two replicas of stages of given bytes and times, which sum beside the backward.
Experiment beside(Bytes bytes, int forward_ms, int backward_ms, double rate,
                  const std::string& schedule, int stages) {
  return experiment_from(fmt::format(
      R"({{"model": {{"kind": "stage_costs", "forward": "{} ms", "backward": "{} ms",
           "parameter_bytes": {}}},
           "cluster": {{"interconnect": {{"bandwidth": {}}}}},
           "pipeline": {{"schedule": "{}", "stages": {}, "micro_batches": 4}},
           "training": {{"data_parallel": 2, "batch_size": 4, "overlap_grad_reduce": true}}}})",
      forward_ms, backward_ms, bytes, rate, schedule, stages));
}

}  // namespace

TEST_SUITE("sim/step/replica_exchange") {
  TEST_CASE("replicas sum in a ring: with ZeRO stage 1 they scatter sums and gather weights") {
    for (const int r : {2, 3, 4, 8}) {
      CAPTURE(r);
      const Experiment plain = replicated(r, 0);
      const Bytes bytes = plain.costs.stages[0].summed_gradients;
      CHECK(gradient_sum_time(plain, 0, 1, true) == ring(bytes, r, 2));
      CHECK(weight_gather_time(plain, 0) == Time{});
      const Experiment one = replicated(r, 1);
      CHECK(gradient_sum_time(one, 0, 1, true) == ring(bytes, r, 1));
      CHECK(weight_gather_time(one, 0) == ring(one.costs.stages[0].gathered_weights, r, 1));
      const Experiment two = replicated(r, 2);
      CHECK(gradient_sum_time(two, 0, 1, true) == Time{});
      CHECK(weight_gather_time(two, 0) == weight_gather_time(one, 0));
      const Experiment three = replicated(r, 3);
      CHECK(gradient_sum_time(three, 0, 1, true) == Time{});
      CHECK(weight_gather_time(three, 0) == Time{});
    }
  }

  TEST_CASE("one replica exchanges nothing, whatever its ZeRO stage") {
    for (const int zero_stage : {0, 1, 2, 3}) {
      const Experiment alone = replicated(1, zero_stage);
      CHECK(gradient_sum_time(alone, 1, 1, true) == Time{});
      CHECK(weight_gather_time(alone, 1) == Time{});
      CHECK(alone.costs.stages == replicated(1, 0).costs.stages);
    }
  }

  TEST_CASE(
      "from ZeRO stage 2 on backwards scatter gradients, with stage 3 passes gather weights") {
    const StageCost plain = replicated(4, 0).costs.stages[1];
    const Time scatter = ring(plain.summed_gradients, 4, 1);
    const Time gather = ring(plain.gathered_weights, 4, 1);
    const StageCost one = replicated(4, 1).costs.stages[1];
    CHECK(one.forward == plain.forward);
    CHECK(one.backward == plain.backward);
    const StageCost two = replicated(4, 2).costs.stages[1];
    CHECK(two.forward == plain.forward);
    CHECK(two.recompute == plain.recompute);
    CHECK(two.backward == plain.backward + scatter);
    CHECK(two.backward_input == plain.backward_input);
    CHECK(two.backward_weight == plain.backward_weight + scatter);
    const StageCost three = replicated(4, 3).costs.stages[1];
    CHECK(three.forward == plain.forward + gather);
    CHECK(three.recompute == plain.recompute + gather);
    CHECK(three.backward == plain.backward + gather + scatter);
    CHECK(three.backward_input == plain.backward_input + gather);
    CHECK(three.backward_weight == plain.backward_weight + scatter);
    const StageCost beside = replicated(4, 3, R"(, "overlap_grad_reduce": true)").costs.stages[1];
    CHECK(beside.forward == std::max(plain.forward, gather));
    CHECK(beside.backward == std::max(plain.backward, gather + scatter));
    CHECK(beside.backward_weight == std::max(plain.backward_weight, scatter));
  }

  TEST_CASE("devices that share a sequence sum with the replicas") {
    const Experiment both = replicated(2, 0, R"(, "context_parallel": 2)");
    CHECK(gradient_sum_time(both, 0, 1, true) == ring(both.costs.stages[0].summed_gradients, 4, 2));
  }

  TEST_CASE("a step ends with the sum, the update and the gathering, device by device") {
    for (const int zero_stage : {0, 1, 2, 3}) {
      CAPTURE(zero_stage);
      const Experiment experiment = replicated(4, zero_stage);
      const Run run = simulate(experiment);
      for (int device = 0; device < 2; ++device) {
        const StageCost& stage = experiment.costs.stages[static_cast<std::size_t>(device)];
        CHECK(spent(run, OpKind::all_reduce, device) ==
              gradient_sum_time(experiment, device, 1, true) + shared_embedding_time(experiment));
        CHECK(spent(run, OpKind::optimizer, device) == stage.optimizer);
        CHECK(spent(run, OpKind::unshard, device) == weight_gather_time(experiment, device));
      }
    }
  }

  TEST_CASE("a tied table's gradients are summed by the first and the last device") {
    const auto time = [](const Gpt& gpt) {
      return shared_embedding_time(experiment_from(text_of(gpt)));
    };
    const Gpt tied{.layers = 4, .tensor = 2, .stages = 2, .cluster = cluster};
    CHECK(time(tied) == ring(2 * 64 * 32 / 2, 2, 2));
    Gpt other = tied;
    other.more_training = R"(, "gradient_precision": "fp32")";
    CHECK(time(other) == ring(4 * 64 * 32 / 2, 2, 2));
    other = tied;
    other.more_model = R"(, "tie_word_embeddings": false)";
    CHECK(time(other) == Time{});
    other = tied;
    other.stages = 1;
    CHECK(time(other) == Time{});
    other = tied;
    other.schedule = "zb_v";  // Which puts both ends on the first device.
    CHECK(time(other) == Time{});
    CHECK(shared_embedding_time(example("gpipe.json")) == Time{});
  }

  TEST_CASE("gradients summed beside the backward end as buckets do that wait for each other") {
    // Against max-plus: bucket i is ready with its part of the backward, and the last one ends no
    // sooner than any bucket's readiness and all that is summed from there on.
    std::mt19937 random(31);
    for (int i = 0; i < 300; ++i) {
      const Bytes bytes = 1 + static_cast<Bytes>(random() % 2'000'000) * 1000;
      const int backward_ms = 1 + static_cast<int>(random() % 2000);
      const double rate = 1e6 * (1 + static_cast<int>(random() % 5000));
      const int stages = 1 + static_cast<int>(random() % 3);
      CAPTURE(bytes);
      CAPTURE(backward_ms);
      CAPTURE(rate);
      const Experiment experiment =
          beside(bytes, 7, backward_ms, rate, i % 2 == 0 ? "1f1b" : "gpipe", stages);
      const Run run = simulate(experiment);
      const std::int64_t buckets = (bytes + 159'999'999) / 160'000'000;
      const Time sum = to_time(static_cast<double>(bytes) / rate);
      const Time pass = backward_ms * 1'000'000'000_ps;
      for (int device = 0; device < stages; ++device) {
        const Time finish = run.outcome.devices[static_cast<std::size_t>(device)].finish;
        Time end;
        for (std::int64_t b = 1; b <= buckets; ++b) {
          const Time ready = finish - pass + Time{pass.ps * b / buckets};
          end = std::max(end, ready + sum - Time{sum.ps * (b - 1) / buckets});
        }
        CHECK(spent(run, OpKind::all_reduce, device) == std::max(end - finish, Time{}));
      }
    }
  }

  TEST_CASE("beside the backward a step is no longer than behind it, and no shorter than the sum") {
    for (const char* schedule : {"gpipe", "1f1b", "interleaved_1f1b", "looped_bfs"}) {
      CAPTURE(schedule);
      const Experiment overlapped = beside(800'000'000, 100, 300, 1e9, schedule, 2);
      Experiment behind = overlapped;
      behind.config.training.parallel.overlap_grad_reduce = false;
      const Run quick = simulate(overlapped);
      const Run slow = simulate(behind);
      CHECK(quick.metrics.pipeline_time == slow.metrics.pipeline_time);
      CHECK(quick.metrics.step_time < slow.metrics.step_time);
      for (int device = 0; device < 2; ++device) {
        CHECK(spent(quick, OpKind::all_reduce, device) < spent(slow, OpKind::all_reduce, device));
      }
    }
  }
}

}  // namespace pipesim::test
