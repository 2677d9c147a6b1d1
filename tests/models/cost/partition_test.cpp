#include "models/cost/partition.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "models/base/units.hpp"
#include "models/cost/cost_model.hpp"
#include "support/experiments.hpp"
#include "support/schedules/peak_bytes.hpp"

namespace pipesim {

namespace {

// Calls visit(counts) for every partition of that many layers over that many stages.
template <class Visit>
void each_partition(int layers, int stages, Partition& counts, const Visit& visit) {
  if (stages == 1) {
    counts.push_back(layers);
    visit(counts);
    counts.pop_back();
    return;
  }
  for (int count = 1; count <= layers - (stages - 1); ++count) {
    counts.push_back(count);
    each_partition(layers - count, stages - 1, counts, visit);
    counts.pop_back();
  }
}

std::int64_t least_by_trying_all(int layers, int stages, const CostOfRange& cost) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  Partition counts;
  each_partition(layers, stages, counts, [&](const Partition& partition) {
    least = std::min(least, dearest_stage(partition, cost));
  });
  return least;
}

std::vector<std::int64_t> running_total(const std::vector<std::int64_t>& weights) {
  std::vector<std::int64_t> up_to{0};
  for (const std::int64_t weight : weights) up_to.push_back(up_to.back() + weight);
  return up_to;
}

void check_counts(const Partition& counts, int layers, int stages) {
  REQUIRE(counts.size() == static_cast<std::size_t>(stages));
  REQUIRE(std::accumulate(counts.begin(), counts.end(), 0) == layers);
  REQUIRE(*std::min_element(counts.begin(), counts.end()) >= 1);
}

}  // namespace

TEST_SUITE("models/cost/partition") {
  TEST_CASE("a uniform partition spreads the remainder over the first stages") {
    CHECK(uniform_partition(11, 4) == Partition{3, 3, 3, 2});
    CHECK(uniform_partition(12, 4) == Partition{3, 3, 3, 3});
    CHECK(uniform_partition(13, 4) == Partition{4, 3, 3, 3});
    CHECK(uniform_partition(5, 5) == Partition{1, 1, 1, 1, 1});
    CHECK(uniform_partition(7, 1) == Partition{7});
  }

  TEST_CASE("a balanced partition's dearest stage is as cheap as trying all partitions finds") {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
      const int layers = std::uniform_int_distribution(1, 9)(random);
      const int stages = std::uniform_int_distribution(1, std::min(5, layers))(random);
      std::vector<std::int64_t> weights;
      for (int l = 0; l < layers; ++l) {
        weights.push_back(std::uniform_int_distribution(0, round % 2 == 0 ? 9 : 1000)(random));
      }
      const auto up_to = running_total(weights);
      const CostOfRange cost = [&](int, int first, int last) {
        return up_to[static_cast<std::size_t>(last)] - up_to[static_cast<std::size_t>(first)];
      };
      const Partition counts = min_max_partition(layers, stages, cost, up_to);
      CAPTURE(round);
      check_counts(counts, layers, stages);
      REQUIRE(dearest_stage(counts, cost) == least_by_trying_all(layers, stages, cost));
    }
  }

  TEST_CASE("so it is where stages run at different speeds") {
    std::mt19937 random(2);
    for (int round = 0; round < 2000; ++round) {
      const int layers = std::uniform_int_distribution(1, 9)(random);
      const int stages = std::uniform_int_distribution(1, std::min(5, layers))(random);
      std::vector<std::int64_t> weights;
      std::vector<std::int64_t> slowness;
      for (int l = 0; l < layers; ++l) {
        weights.push_back(std::uniform_int_distribution(1, 100)(random));
      }
      for (int s = 0; s < stages; ++s) {
        slowness.push_back(std::uniform_int_distribution(1, 10)(random));
      }
      const auto up_to = running_total(weights);
      const CostOfRange cost = [&](int stage, int first, int last) {
        return slowness[static_cast<std::size_t>(stage)] *
               (up_to[static_cast<std::size_t>(last)] - up_to[static_cast<std::size_t>(first)]);
      };
      const Partition counts = min_max_partition(layers, stages, cost, up_to);
      CAPTURE(round);
      check_counts(counts, layers, stages);
      REQUIRE(dearest_stage(counts, cost) == least_by_trying_all(layers, stages, cost));
    }
  }

  TEST_CASE("so it is where every stage has its own cost of every layer, and one for beginning") {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
      const int layers = std::uniform_int_distribution(1, 9)(random);
      const int stages = std::uniform_int_distribution(1, std::min(5, layers))(random);
      std::vector<std::vector<std::int64_t>> up_to;
      std::vector<std::int64_t> fixed;
      for (int s = 0; s < stages; ++s) {
        std::vector<std::int64_t> weights;
        for (int l = 0; l < layers; ++l) {
          weights.push_back(std::uniform_int_distribution(0, 100)(random));
        }
        up_to.push_back(running_total(weights));
        fixed.push_back(std::uniform_int_distribution(0, 50)(random));
      }
      const CostOfRange cost = [&](int stage, int first, int last) {
        const auto& totals = up_to[static_cast<std::size_t>(stage)];
        return fixed[static_cast<std::size_t>(stage)] + totals[static_cast<std::size_t>(last)] -
               totals[static_cast<std::size_t>(first)];
      };
      const Partition counts = min_max_partition(layers, stages, cost, up_to.front());
      CAPTURE(round);
      check_counts(counts, layers, stages);
      REQUIRE(dearest_stage(counts, cost) == least_by_trying_all(layers, stages, cost));
    }
  }

  TEST_CASE("a slow device between fast ones gets the light layer, not the heavy one") {
    // [1][1][100 1] costs 101; a stage 0 that takes both light layers leaves the heavy one, 1000.
    const auto up_to = running_total({1, 1, 100, 1});
    const std::vector<std::int64_t> slowness{1, 10, 1};
    const CostOfRange cost = [&](int stage, int first, int last) {
      return slowness[static_cast<std::size_t>(stage)] *
             (up_to[static_cast<std::size_t>(last)] - up_to[static_cast<std::size_t>(first)]);
    };
    CHECK(min_max_partition(4, 3, cost, up_to) == Partition{1, 1, 2});
  }

  TEST_CASE("equal layers are cut evenly") {
    for (int stages = 1; stages <= 8; ++stages) {
      for (int layers = stages; layers <= 24; ++layers) {
        const auto up_to =
            running_total(std::vector<std::int64_t>(static_cast<std::size_t>(layers), 10));
        const CostOfRange cost = [&](int, int first, int last) {
          return std::int64_t{10} * (last - first);
        };
        const Partition counts = min_max_partition(layers, stages, cost, up_to);
        CAPTURE(stages);
        CAPTURE(layers);
        check_counts(counts, layers, stages);
        const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
        CHECK(*least == layers / stages);
        CHECK(*most == (layers + stages - 1) / stages);
      }
    }
  }

  TEST_CASE("among the cheapest partitions the rest of the layers is cut evenly too") {
    // The one layer of 100 sets the bound; the others may go anywhere below it.
    const auto up_to = running_total({1, 1, 1, 1, 1, 1, 100});
    const CostOfRange cost = [&](int, int first, int last) {
      return up_to[static_cast<std::size_t>(last)] - up_to[static_cast<std::size_t>(first)];
    };
    const Partition counts = min_max_partition(7, 3, cost, up_to);
    CHECK(counts.back() == 1);
    CHECK(dearest_stage(counts, cost) == 100);
  }

  TEST_CASE("costs near 2^62 are compared without overflow") {
    constexpr std::int64_t huge = bytes_limit / 4;
    const auto up_to = running_total({huge - 1, huge - 1, huge - 1, huge - 1});
    const CostOfRange cost = [&](int, int first, int last) {
      return up_to[static_cast<std::size_t>(last)] - up_to[static_cast<std::size_t>(first)];
    };
    CHECK(min_max_partition(4, 2, cost, up_to) == Partition{2, 2});
    CHECK(min_max_partition(4, 4, cost, up_to) == Partition{1, 1, 1, 1});
    const CostOfRange capped = [](int, int, int) { return bytes_limit; };
    check_counts(min_max_partition(4, 3, capped, up_to), 4, 3);
  }

  TEST_CASE("more stages than layers, or none, is a mistake of the caller's") {
    const CostOfRange free = [](int, int, int) { return std::int64_t{0}; };
    CHECK_THROWS_AS(min_max_partition(2, 3, free, {0, 1, 2}), std::logic_error);
    CHECK_THROWS_AS(min_max_partition(2, 0, free, {0, 1, 2}), std::logic_error);
  }

  TEST_CASE("a wide tensor between layers is kept inside a stage, and no layer is lost") {
    // Cut before the last layer, its stage would keep the wide tensor for every micro-batch.
    const Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "layers", "input_bytes": 1, "layers": [
        {"forward": 1, "backward": 1, "output_bytes": 1},
        {"forward": 1, "backward": 1, "output_bytes": 100},
        {"forward": 9, "backward": 9, "output_bytes": 1}]},
      "pipeline": {"stages": 2, "micro_batches": 10, "partition": "memory",
                   "recompute": "full"}})");
    CHECK(experiment.partition == Partition{1, 2});
  }

  TEST_CASE("on uneven devices every stage has a layer and every layer a stage") {
    std::mt19937 random(6);
    const auto power_of_ten = [&] {
      return "1e" + std::to_string(std::uniform_int_distribution(8, 12)(random));
    };
    for (int round = 0; round < 200; ++round) {
      const int layers = std::uniform_int_distribution(3, 8)(random);
      const int stages = std::uniform_int_distribution(2, std::min(5, layers))(random);
      std::string sizes = "8";
      for (int l = 0; l < layers; ++l) {
        sizes += "," + std::to_string(1 << std::uniform_int_distribution(0, 11)(random));
      }
      std::string devices;
      for (int s = 0; s < stages; ++s) {
        devices += std::string(s == 0 ? "" : ",") + R"({"flops": )" + power_of_ten() +
                   R"(, "memory_bandwidth": )" + power_of_ten() + "}";
      }
      for (const std::string partition : {"balanced", "memory"}) {
        const Experiment experiment = test::experiment_from(
            R"({"model": {"kind": "mlp"}, "pipeline": {"micro_batches": 2},
                "training": {"batch_size": 16}})",
            {"model.layer_sizes=[" + sizes + "]", "cluster.device=[" + devices + "]",
             "pipeline.stages=" + std::to_string(stages), "pipeline.partition=" + partition});
        CAPTURE(sizes);
        CAPTURE(devices);
        CAPTURE(partition);
        check_counts(experiment.partition, layers, stages);
      }
    }
  }

  TEST_CASE("a least cost of ranges narrows the search and changes no answer") {
    std::mt19937 random(5);
    const auto up_to = [&](int most) { return static_cast<int>(random() % (most + 1U)); };
    for (int round = 0; round < 3000; ++round) {
      const int layers = 1 + up_to(39);
      const int stages = 1 + up_to(std::min(11, layers - 1));
      std::vector<std::int64_t> weights;
      for (int l = 0; l < layers; ++l) weights.push_back(up_to(round % 3 == 0 ? 1 : 20));
      const std::vector<std::int64_t> total = running_total(weights);
      std::vector<int> factors;
      for (int s = 0; s < stages; ++s) factors.push_back(1 + up_to(2));
      const auto least = [&](int s, int first, int last) {
        return factors[static_cast<std::size_t>(s)] *
               (total[static_cast<std::size_t>(last)] - total[static_cast<std::size_t>(first)]);
      };
      // What comes on top grows and shrinks with the range, as messages do.
      const int most_on_top = up_to(30);
      std::vector<std::int64_t> into;
      std::vector<std::int64_t> out;
      for (int l = 0; l <= layers; ++l) {
        into.push_back(up_to(most_on_top));
        out.push_back(up_to(most_on_top));
      }
      const auto cost = [&](int s, int first, int last) {
        return least(s, first, last) + into[static_cast<std::size_t>(first)] +
               out[static_cast<std::size_t>(last)];
      };
      CAPTURE(round);
      REQUIRE(min_max_partition(layers, stages, cost, total, least) ==
              min_max_partition(layers, stages, cost, total));
    }
  }

  TEST_CASE("many layers over many stages are partitioned within the bounded work") {
    for (const auto& [layers, stages] : {std::pair{100'000, 64}, {10'000, 1'000}, {10'500, 999}}) {
      std::vector<std::int64_t> total{0};
      for (int l = 0; l < layers; ++l) total.push_back(total.back() + 1);
      const auto cost = [&](int, int first, int last) { return std::int64_t{last} - first; };
      const Partition counts = min_max_partition(layers, stages, cost, total, cost);
      check_counts(counts, layers, stages);
      CHECK(dearest_stage(counts, cost) == (layers + stages - 1) / stages);
    }
  }

  TEST_CASE("a model's balanced and memory partitions are as good as any") {
    std::mt19937 random(4);
    for (int round = 0; round < 60; ++round) {
      const int layers = std::uniform_int_distribution(1, 9)(random);
      const int stages = std::uniform_int_distribution(1, std::min(5, layers))(random);
      std::string sizes = "[64";
      for (int l = 0; l < layers; ++l) {
        sizes += ", " + std::to_string(std::uniform_int_distribution(1, 4096)(random));
      }
      const std::string schedule = round % 2 == 0 ? "gpipe" : "1f1b";
      const std::string recompute = round % 3 == 0   ? "none"
                                    : round % 3 == 1 ? "full"
                                                     : "except_last";
      const std::vector<std::string> settings = {
          "model.layer_sizes=" + sizes + "]", "pipeline.stages=" + std::to_string(stages),
          "pipeline.schedule=" + schedule, "pipeline.recompute=" + recompute};
      const auto with = [&](const std::string& partition) {
        std::vector<std::string> all = settings;
        all.push_back("pipeline.partition=" + partition);
        return test::experiment_from(
            R"({"model": {"kind": "mlp"}, "pipeline": {"micro_batches": 4},
                "training": {"batch_size": 64, "optimizer": "adam"}})",
            all);
      };
      const auto compute = [&](const Experiment& experiment) {
        Time most;
        const bool again = experiment.costs.recompute != Recompute::none;
        for (const StageCost& cost : experiment.costs.stages) {
          most = std::max(most, cost.forward + cost.backward + (again ? cost.recompute : Time{}));
        }
        return most.ps;
      };
      const auto memory = [&](const Experiment& experiment) {
        const auto in_flight = test::in_flight_of(experiment.schedule, experiment.costs.recompute);
        Bytes most = 0;
        for (std::size_t s = 0; s < in_flight.size(); ++s) {
          most = std::max(most, test::peak_bytes(experiment.costs.stages[s], in_flight[s], s == 0));
        }
        return most;
      };
      std::int64_t least_compute = std::numeric_limits<std::int64_t>::max();
      std::int64_t least_memory = std::numeric_limits<std::int64_t>::max();
      Partition counts;
      each_partition(layers, stages, counts, [&](const Partition& partition) {
        std::string list;
        for (const int count : partition) list += (list.empty() ? "" : ",") + std::to_string(count);
        const Experiment experiment = with("[" + list + "]");
        least_compute = std::min(least_compute, compute(experiment));
        least_memory = std::min(least_memory, memory(experiment));
      });
      CAPTURE(sizes);
      CAPTURE(stages);
      CAPTURE(schedule);
      CAPTURE(recompute);
      REQUIRE(compute(with("balanced")) == least_compute);
      REQUIRE(memory(with("memory")) == least_memory);
    }
  }
}

}  // namespace pipesim
