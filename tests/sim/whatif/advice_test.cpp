#include "sim/whatif/advice.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/whatif/smaller_variants.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

constexpr std::string_view transformer = R"({
  "model": {"kind": "transformer", "num_layers": 4, "hidden_size": 64, "seq_length": 32,
            "num_attention_heads": 4, "vocab_size": 1000},
  "cluster": {"device": "a100-80gb"},
  "pipeline": {"schedule": "1f1b", "stages": 2, "micro_batches": 4, "partition": "memory"},
  "training": {"precision": "fp16", "optimizer": "adam"}})";

std::vector<std::string> settings_tried(const std::vector<std::string>& settings) {
  std::vector<std::string> tried;
  for (const Variant& variant :
       smaller_variants(test::experiment_from(transformer, settings).config)) {
    tried.push_back(as_options(variant.settings));
  }
  return tried;
}

}  // namespace

TEST_SUITE("sim/whatif/advice") {
  TEST_CASE("a transformer's layers are computed again, in part or in whole, or shared") {
    const std::string shared =
        "--set training.tensor_parallel=2 "
        "--set training.sequence_parallel=true --set ";
    const std::string shared_more =
        "--set training.tensor_parallel=4 "
        "--set training.sequence_parallel=true --set ";
    const std::string again = "--set pipeline.recompute=layers";
    CHECK(settings_tried({}) ==
          std::vector<std::string>{"--set pipeline.recompute=selective", again,
                                   again + " --set pipeline.stages=4 --set cluster.devices=4",
                                   shared + "pipeline.stages=1", shared + "cluster.devices=4",
                                   shared_more + "cluster.devices=8",
                                   again + " " + shared + "pipeline.stages=1",
                                   again + " " + shared + "cluster.devices=4",
                                   again + " " + shared_more + "cluster.devices=8"});
  }

  TEST_CASE("replicas that all keep the optimizer's states are told to divide them") {
    CHECK(settings_tried({"training.data_parallel=2"}).front() == "--set training.zero_stage=1");
    CHECK(settings_tried({"training.data_parallel=2", "training.zero_stage=1"}).front() ==
          "--set pipeline.recompute=selective");
  }

  TEST_CASE("tensor-parallel devices that all hold whole sequences are told to share them") {
    const std::vector<std::string> tried = settings_tried({"training.tensor_parallel=2"});
    CHECK(tried[0] == "--set training.sequence_parallel=true");
    CHECK(tried[1] == "--set training.sequence_parallel=true --set pipeline.recompute=selective");
  }

  TEST_CASE("fused attention keeps no scores that could be selected") {
    CHECK(settings_tried({"model.use_flash_attn=true"}).front() ==
          "--set pipeline.recompute=layers");
  }

  TEST_CASE("tensor parallelism stays inside a node, and divides the heads") {
    const auto most_devices = [](const std::vector<std::string>& settings) {
      int devices = 0;
      for (const Variant& variant :
           smaller_variants(test::experiment_from(transformer, settings).config)) {
        devices = std::max(devices, variant.config.training.parallel.tensor);
      }
      return devices;
    };
    CHECK(most_devices({}) == 4);
    CHECK(most_devices({"model.num_attention_heads=16"}) == 8);
    const std::string nodes = R"(cluster.interconnect={"node_size": 2, "intra_node": "nvlink3",)"
                              R"("inter_node": "ib-hdr"})";
    CHECK(most_devices({nodes}) == 2);
  }

  TEST_CASE("no more stages are advised than there are layers, virtual ones counted") {
    const std::vector<std::string> tried =
        settings_tried({"pipeline.schedule=interleaved_1f1b", "pipeline.virtual_stages=2"});
    CHECK(std::ranges::none_of(tried, [](const std::string& setting) {
      return setting.find("pipeline.stages=4") != setting.npos;
    }));
  }

  TEST_CASE("what fits on the devices there are comes before what takes more of them") {
    const Experiment experiment = test::example("llama7b.json");
    const std::vector<Advice> advice = what_would_fit(experiment.config);
    REQUIRE(advice.size() == 3);
    const int devices = experiment.config.cluster.devices;
    CHECK(advice[0].devices == devices);
    CHECK(std::ranges::is_sorted(advice, {}, [&](const Advice& a) { return a.devices > devices; }));
    for (const Advice& tried : advice) CHECK(tried.fits);
  }
}

}  // namespace pipesim
