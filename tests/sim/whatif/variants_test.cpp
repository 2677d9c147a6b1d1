#include "sim/whatif/variants.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/step/run.hpp"
#include "sim/whatif/smaller_variants.hpp"
#include "support/experiments.hpp"
#include "support/models/gpt.hpp"

namespace pipesim::test {

namespace {

const Gpt shared{.layers = 8,
                 .tensor = 2,
                 .micro_batches = 4,
                 .stages = 2,
                 .recompute = "layers",
                 .more_training = R"(, "data_parallel": 3)"};

Time busy(const Run& run, OpKind kind) {
  return run.metrics.busy_by_kind[static_cast<std::size_t>(kind)];
}

}  // namespace

TEST_SUITE("sim/whatif/variants") {
  TEST_CASE("data parallelism keeps tensor parallelism: as many replicas as pipelines had stages") {
    const Variant variant = data_parallel_variant(config_of(shared), Recompute::layers);
    CHECK(variant.reason.empty());
    CHECK(variant.config.training.data_parallel == 6);
    CHECK(variant.config.training.parallel.tensor == 2);
    CHECK(variant.config.pipeline.stages == 1);
    CHECK(variant.config.pipeline.recompute == Recompute::layers);
    CHECK(rank_grid(variant.config).ranks() == config_of(shared).cluster.devices);
    const Run pipelined = simulate(experiment_from(text_of(shared)));
    const Run parallel = simulate(assemble(variant.config));
    // 12 samples on 12 devices: two of each replica, through all eight layers, where a pipeline
    // took four. Nothing here is bound by reading weights.
    CHECK(variant.config.training.batch_size == 2);
    CHECK(2 * seconds(busy(parallel, OpKind::forward)) ==
          doctest::Approx(seconds(busy(pipelined, OpKind::forward))).epsilon(1e-3));
  }

  TEST_CASE("devices that share a sequence stay together, too") {
    Gpt gpt = shared;
    gpt.more_training = R"(, "context_parallel": 2)";
    const Variant variant = data_parallel_variant(config_of(gpt), Recompute::none);
    CHECK(variant.config.training.data_parallel == 2);
    CHECK(rank_grid(variant.config).ranks() == config_of(gpt).cluster.devices);
  }

  TEST_CASE("a setting that not every model has is compared where it is asked for") {
    const auto settings = [](const std::string& recompute) {
      Gpt gpt = shared;
      gpt.recompute = recompute;
      std::vector<Recompute> found;
      for (const Variant& variant : contrasts(config_of(gpt))) {
        const Recompute one = variant.config.pipeline.recompute;
        if (std::ranges::find(found, one) == found.end()) found.push_back(one);
      }
      return found;
    };
    using enum Recompute;
    CHECK(settings("none") == std::vector{none, full});
    CHECK(settings("full") == std::vector{none, full});
    CHECK(settings("layers") == std::vector{none, full, layers});
    CHECK(settings("selective") == std::vector{none, full, selective});
  }

  TEST_CASE("a longer pipeline asks for as many devices as its ranks") {
    Gpt gpt = shared;
    gpt.recompute = "full";
    int wider = 0;
    for (const Variant& variant : smaller_variants(config_of(gpt))) {
      CHECK(rank_grid(variant.config).ranks() == variant.config.cluster.devices);
      const bool other_ranks = variant.config.training.parallel.tensor != gpt.tensor;
      if (other_ranks || variant.config.pipeline.stages == 2) continue;
      ++wider;
      CHECK(variant.config.cluster.devices == 2 * 3 * variant.config.pipeline.stages);
    }
    CHECK(wider == 2);  // Of four and eight stages.
  }
}

}  // namespace pipesim::test
