#include "sim/step/experiment.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/cost/inner_recompute.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/engine/memory_trace.hpp"
#include "sim/step/run.hpp"
#include "support/experiments.hpp"
#include "support/models/costers.hpp"
#include "support/models/gpt.hpp"

namespace pipesim::test {

namespace {

const std::string links = R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12},
                              "interconnect": {"bandwidth": 1e9, "latency": "2 us"}})";

TransferCost hop(Gpt gpt, std::size_t index = 0) {
  gpt.layers = 8;
  gpt.cluster = links;
  return experiment_from(text_of(gpt)).costs.hops[index];
}

// A large vocabulary: the head takes as long as several blocks.
const Gpt wide{.layers = 12,
               .vocabulary = 1200,
               .micro_batches = 4,
               .stages = 3,
               .more_pipeline = R"(, "partition": "balanced")"};

std::int64_t busiest(Costers& costers, const std::vector<int>& cuts) {
  std::int64_t most = 0;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    most = std::max(most, costers.on(0)
                              .compute_time(static_cast<std::size_t>(cuts[i]),
                                            static_cast<std::size_t>(cuts[i + 1]), false)
                              .ps);
  }
  return most;
}

}  // namespace

TEST_SUITE("sim/step/experiment") {
  TEST_CASE("devices of a stage send a part of a message each, and gather it where it arrives") {
    const Bytes bytes = 2 * 16 * 32;
    CHECK(hop({.stages = 2}) ==
          TransferCost{.occupancy = to_time(bytes / 1e9), .latency = to_time(2e-6)});
    const Time gather = to_time(3 * (2e-6 + bytes / 4 / 1e9));
    CHECK(hop({.tensor = 4, .stages = 2}) ==
          TransferCost{.occupancy = to_time(bytes / 4 / 1e9), .latency = to_time(2e-6) + gather});
    // Along the sequence it is cut before it leaves and after it has arrived.
    CHECK(hop({.tensor = 4, .sequence_parallel = true, .stages = 2}) ==
          TransferCost{.occupancy = to_time(bytes / 4 / 1e9), .latency = to_time(2e-6)});
    // Parts that are not whole: 16 · 30 elements on 4 devices of 15 columns… rounded up.
    const Bytes odd = 2 * 15 * 4;
    CHECK(hop({.heads = 4, .head = 1, .sequence = 15, .tensor = 4, .stages = 2}).occupancy ==
          to_time(odd / 4 / 1e9));
  }

  TEST_CASE("a message to the next stage on the same device is free, parts or not") {
    for (const int tensor : {1, 2}) {
      CAPTURE(tensor);
      const Gpt gpt{.tensor = tensor, .stages = 2, .schedule = "zb_v"};
      CHECK(hop(gpt, 1) == TransferCost{});
      CHECK(hop(gpt, 0).total() > Time{});
      CHECK(hop(gpt, 2) == hop(gpt, 0));
    }
  }

  TEST_CASE("a balanced partition knows the head: no cut has a quicker busiest stage") {
    const Experiment experiment = experiment_from(text_of(wide));
    CHECK(experiment.partition.back() < experiment.partition[1]);
    const Config& config = experiment.config;
    Costers costers(config);
    std::int64_t least = Time::limit().ps;
    for (int a = 1; a < 11; ++a) {
      for (int b = a + 1; b < 12; ++b) least = std::min(least, busiest(costers, {0, a, b, 12}));
    }
    const Partition& p = experiment.partition;
    CHECK(busiest(costers, {0, p[0], p[0] + p[1], 12}) == least);
    CHECK(least < busiest(costers, {0, 4, 8, 12}));
  }

  TEST_CASE("first and last layers are those of the devices, wherever a schedule puts its stages") {
    const auto partition = [](const std::string& schedule) {
      return experiment_from(text_of({.layers = 14,
                                      .micro_batches = 6,
                                      .stages = 3,
                                      .schedule = schedule,
                                      .more_pipeline = R"(, "virtual_stages": 2,
          "num_layers_in_first_pipeline_stage": 2, "num_layers_in_last_pipeline_stage": 6)"}))
          .partition;
    };
    CHECK(partition("interleaved_1f1b") == Partition{1, 3, 3, 1, 3, 3});
    CHECK(partition("zb_v") == Partition{1, 3, 3, 3, 3, 1});
  }

  TEST_CASE("a tied table is held once where one device has both ends") {
    const auto table = [](const std::string& schedule) {
      const auto weights = [&](const std::string& more) {
        Bytes sum = 0;
        const Gpt gpt{
            .layers = 8, .micro_batches = 4, .stages = 2, .schedule = schedule, .more_model = more};
        const Experiment experiment = experiment_from(text_of(gpt));
        for (const StageCost& stage : experiment.costs.stages) sum += stage.weights;
        return sum;
      };
      return weights(R"(, "tie_word_embeddings": false)") - weights("");
    };
    CHECK(table("1f1b") == 0);
    CHECK(table("interleaved_1f1b") == 0);
    CHECK(table("zb_v") == 2 * 64 * 32);
  }

  TEST_CASE("every schedule runs with every re-computation and ZeRO stage, and memory returns") {
    int ran = 0;
    for (const KnownSchedule& known : known_schedules()) {
      for (const char* recompute : {"none", "full", "except_last", "layers", "selective"}) {
        for (int zero_stage = 0; zero_stage < 4; ++zero_stage) {
          CAPTURE(known.name);
          CAPTURE(recompute);
          CAPTURE(zero_stage);
          const Gpt gpt{
              .layers = 8,
              .tensor = 2,
              .micro_batches = 8,
              .stages = 2,
              .schedule = std::string(known.name),
              .recompute = recompute,
              .more_training = fmt::format(
                  R"(, "data_parallel": 2, "optimizer": "adam", "zero_stage": {})", zero_stage)};
          const Experiment experiment = experiment_from(text_of(gpt));
          const Run run = simulate(experiment);
          REQUIRE_FALSE(run.outcome.deadlock.has_value());
          CHECK(run.metrics.step_time >= run.metrics.pipeline_time);
          std::vector<Bytes> held(2);
          std::vector<Bytes> peak(2);
          for_each_memory_event(experiment.schedule, experiment.costs, run.outcome.timeline,
                                [&](const MemoryEvent& event) {
                                  const auto d = static_cast<std::size_t>(event.device);
                                  held[d] = event.device_total;
                                  peak[d] = std::max(peak[d], held[d]);
                                  CHECK(event.tag_total >= 0);
                                });
          for (std::size_t d = 0; d < 2; ++d) {
            CHECK(held[d] == run.outcome.devices[d].static_bytes);
            CHECK(peak[d] == run.outcome.devices[d].peak);
          }
          ++ran;
        }
      }
    }
    CHECK(ran == static_cast<int>(known_schedules().size()) * 20);
  }

  TEST_CASE("settings keep less the more they compute again") {
    const auto stash = [](const std::string& recompute) {
      Gpt gpt{.layers = 8, .micro_batches = 8, .stages = 2, .recompute = recompute};
      return experiment_from(text_of(gpt)).costs.stages[0].stash;
    };
    CHECK(stash("selective") < stash("none"));
    CHECK(stash("layers") < stash("selective"));
  }
}

}  // namespace pipesim::test
