#include "sim/costs/memory_partition.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>

#include "models/base/input_error.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/engine/engine.hpp"
#include "support/draws.hpp"
#include "support/experiments.hpp"

namespace pipesim::test {

namespace {

using Random = std::mt19937;  // The same numbers on every machine, unlike the distributions.

int between(Random& random, int least, int most) {
  return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
}

template <class... Texts>
std::string one_of(Random& random, Texts... texts) {
  const std::vector<std::string> all = {texts...};
  return all[random() % all.size()];
}

std::vector<Bytes> peaks_of(const Experiment& experiment) {
  std::vector<Bytes> peaks;
  for (const DeviceUse& use :
       Engine(experiment.schedule).run(experiment.costs, {}, false).devices) {
    peaks.push_back(use.peak);
  }
  return peaks;
}

Bytes fullest(const Experiment& experiment) {
  return std::ranges::max(peaks_of(experiment));
}

// What the config comes to with another partition; nothing where it can't be.
std::optional<Experiment> with_partition(const std::string& text, const std::string& partition) {
  try {
    return experiment_from(text, {"pipeline.partition=" + partition});
  } catch (const InputError&) {
    return std::nullopt;
  }
}

std::string random_layers(Random& random, int layers) {
  const auto bytes = [&] { return random() % 3 == 0 ? 0 : 1 << between(random, 0, 30); };
  std::string list;
  for (int l = 0; l < layers; ++l) {
    list += fmt::format(
        R"({}{{"forward": {}e-3, "backward_input": {}e-3, "backward_weight": {}e-3,
            "parameter_bytes": {}, "stash_bytes": {}, "output_bytes": {}}})",
        l == 0 ? "" : ", ", between(random, 1, 9), between(random, 1, 9), between(random, 1, 9),
        bytes(), bytes(), bytes());
  }
  return R"({"kind": "layers", "layers": [)" + list + "]}";
}

std::string random_model(Random& random, int layers) {
  switch (random() % 8) {
    case 0:
      return fmt::format(
          R"({{"kind": "transformer", "num_layers": {}, "hidden_size": 64, "num_attention_heads": 4,
              "seq_length": {}, "vocab_size": {}}})",
          layers, 1 << between(random, 4, 9), 1 << between(random, 5, 14));
    case 1:
      return fmt::format(
          R"({{"kind": "amoebanet_d", "normal_cells": {}, "filters": 32, "image_size": 64}})",
          3 * between(random, 1, 4));
    case 2:
    case 3:
    case 4: {
      std::vector<int> sizes;
      for (int l = 0; l <= layers; ++l) sizes.push_back(1 << between(random, 2, 12));
      return fmt::format(R"({{"kind": "mlp", "layer_sizes": [{}]}})", fmt::join(sizes, ", "));
    }
    default:
      return random_layers(random, layers);
  }
}

// One of the catalog, rarely an automatic one: these try dozens of orders, each with its partition.
const KnownSchedule& random_schedule(Random& random) {
  const std::vector<KnownSchedule>& known = known_schedules();
  while (true) {
    const KnownSchedule& schedule = known[random() % known.size()];
    if (!schedule.automatic || random() % 8 == 0) return schedule;
  }
}

// A config of any schedule and setting; not each of them is legal.
std::string random_config(Random& random) {
  const KnownSchedule& schedule = random_schedule(random);
  const int stages = 2 * between(random, 1, 3) - (random() % 4 == 0 ? 1 : 0);
  const int virtual_stages =
      schedule.any_virtual_stages ? between(random, 1, 3) : schedule.virtual_stages;
  const int layers = stages * virtual_stages + between(random, 0, 12);
  std::string devices;
  for (int s = 0; s < stages; ++s) {
    devices += fmt::format(R"({}{{"flops": 1e{}, "memory_bandwidth": 1e{}}})", s == 0 ? "" : ", ",
                           between(random, 9, 14), between(random, 8, 12));
  }
  const bool uneven = random() % 3 == 0;
  return fmt::format(
      R"({{"model": {},
          "cluster": {{{}"interconnect": "nvlink2"}},
          "pipeline": {{"schedule": "{}", "stages": {}, {}"micro_batches": {}, "recompute": "{}",
                        "recompute_placement": "{}", "communication": "{}"}},
          "training": {{"batch_size": {}, "optimizer": "{}"{}}}}})",
      random_model(random, layers),
      uneven ? "\"device\": [" + devices + "], " : R"("device": "v100-16gb", )", schedule.name,
      stages,
      schedule.any_virtual_stages ? fmt::format("\"virtual_stages\": {}, ", virtual_stages) : "",
      12, one_of(random, "none", "none", "full", "except_last", "selective", "layers"),
      one_of(random, "eager", "lazy"),
      one_of(random, "overlapped", "overlapped", "blocking", "rendezvous"),
      12 * between(random, 1, 3), one_of(random, "sgd", "momentum", "adam", "rmsprop"),
      random() % 8 == 0 ? R"(, "weight_gradient": "deferred")" : "");
}

}  // namespace

TEST_SUITE("sim/costs/memory_partition") {
  TEST_CASE("moments know every device's peak, whatever its schedule and layers") {
    Random random(71);
    int known = 0;
    for (int draw = 0; draw < draws(2000); ++draw) {
      const std::string text = random_config(random);
      const std::optional<Experiment> experiment = with_partition(text, "uniform");
      if (!experiment) continue;
      ++known;
      const PeakMoments moments(experiment->schedule, experiment->costs.recompute);
      const std::vector<Bytes> peaks = peaks_of(*experiment);
      for (std::size_t device = 0; device < peaks.size(); ++device) {
        CAPTURE(text);
        CAPTURE(device);
        REQUIRE(moments.of_device(static_cast<int>(device), experiment->costs.stages) ==
                peaks[device]);
      }
    }
    CHECK(known >= draws(2000) / 3);
  }

  TEST_CASE("a partition for memory is never fuller than equal counts or a balanced one") {
    Random random(72);
    int known = 0;
    for (int draw = 0; draw < draws(2000); ++draw) {
      const std::string text = random_config(random);
      const std::optional<Experiment> memory = with_partition(text, "memory");
      bool held = false;
      for (const std::string other : {"uniform", "balanced"}) {
        const std::optional<Experiment> experiment = with_partition(text, other);
        if (!experiment) continue;
        CAPTURE(text);
        CAPTURE(other);
        REQUIRE(memory);
        REQUIRE(fullest(*memory) <= fullest(*experiment));
        held = true;
      }
      known += held ? 1 : 0;
    }
    CHECK(known >= draws(2000) / 3);
  }

  TEST_CASE("where each device has one stage no partition is less full") {
    Random random(73);
    int known = 0;
    for (int draw = 0; draw < draws(2000); ++draw) {
      const int layers = between(random, 3, 8);
      const int stages = between(random, 2, 3);
      const std::string text = fmt::format(
          R"({{"model": {}, "cluster": {{"device": "v100-16gb"}},
              "pipeline": {{"schedule": "{}", "stages": {}, "micro_batches": {}, "recompute": "{}",
                            "communication": "{}"}},
              "training": {{"batch_size": 24, "optimizer": "{}"}}}})",
          random_model(random, layers), one_of(random, "gpipe", "1f1b", "zb_h1", "zb_h2"), stages,
          one_of(random, "6", "8"), one_of(random, "none", "full", "except_last"),
          one_of(random, "overlapped", "blocking"), one_of(random, "sgd", "adam"));
      const std::optional<Experiment> memory = with_partition(text, "memory");
      if (!memory || memory->partition.empty()) continue;
      const int all = std::accumulate(memory->partition.begin(), memory->partition.end(), 0);
      if (all > 9) continue;
      ++known;
      Bytes least = bytes_limit;
      for (int first = 1; first <= all - stages + 1; ++first) {
        for (int second = 1; second <= all - first - (stages - 2); ++second) {
          const int third = all - first - second;
          if ((stages == 2) != (third == 0)) continue;
          const std::string counts = stages == 2 ? fmt::format("[{},{}]", first, second)
                                                 : fmt::format("[{},{},{}]", first, second, third);
          const std::optional<Experiment> other = with_partition(text, counts);
          if (other) least = std::min(least, fullest(*other));
        }
      }
      CAPTURE(text);
      REQUIRE(fullest(*memory) == least);
    }
    CHECK(known >= draws(2000) / 3);
  }

  TEST_CASE("two wide layers side by side are kept apart from the stages that hold most of them") {
    // gpipe with full re-computation: the stage whose input is wide holds it once a micro-batch.
    const std::string text = R"({"model": {"kind": "layers", "layers": [
        {"forward": 0.007, "backward": 0.01}, {"forward": 0.002, "backward": 0.009},
        {"forward": 0.001, "backward": 0.003, "stash_bytes": 67108864},
        {"forward": 0.004, "backward": 0.009, "stash_bytes": 67108864},
        {"forward": 0.005, "backward": 0.01}]},
        "pipeline": {"stages": 4, "micro_batches": 2, "recompute": "full"}})";
    CHECK(fullest(*with_partition(text, "memory")) == 67108864);
    CHECK(fullest(*with_partition(text, "uniform")) == 67108864);
    CHECK(fullest(*with_partition(text, "balanced")) == 134217728);
  }

  TEST_CASE("ten thousand layers are partitioned as soon as looked at") {
    const std::string text =
        R"({"model": {"kind": "amoebanet_d", "normal_cells": 9999, "filters": 256, "image_size": 224},
            "pipeline": {"schedule": "looped_bfs", "stages": 4, "micro_batches": 1,
                         "communication": "rendezvous"},
            "cluster": {"device": "a100-40gb", "interconnect": "pcie3-host"},
            "training": {"optimizer": "rmsprop"}})";
    const std::optional<Experiment> memory = with_partition(text, "memory");
    REQUIRE(memory);
    CHECK(memory->partition.size() == 8);
    CHECK(fullest(*memory) <= fullest(*with_partition(text, "uniform")));
  }
}

}  // namespace pipesim::test
