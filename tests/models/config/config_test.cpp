#include "models/config/config.hpp"
#include "models/keys/model_kinds.hpp"

#include <doctest/doctest.h>

#include "support/models/gpt.hpp"

namespace pipesim {

namespace {

Config config(std::string_view json, const std::vector<std::string>& overrides = {}) {
  return read_config(parse_document(json, "dir/c.json", overrides));
}

constexpr std::string_view small_mlp = R"({
  "model": {"kind": "mlp", "layer_sizes": [4, 4, 4]},
  "pipeline": {"stages": 2, "micro_batches": 2}})";

constexpr std::string_view unit = R"({
  "model": {"kind": "stage_costs", "forward": 1, "backward": 1},
  "pipeline": {"stages": 2, "micro_batches": 2}})";

// Layers of each stage of 14 on four devices.
std::vector<int> counts_of(const std::vector<std::string>& settings) {
  return config(test::text_of({.layers = 14, .stages = 4}), settings).pipeline.layer_counts;
}

}  // namespace

TEST_SUITE("models/config/config") {
  TEST_CASE("a config without a name is called after its file") {
    CHECK(config(unit).name == "c");
    CHECK(config(unit, {"name=mine"}).name == "mine");
  }

  TEST_CASE("a model has layers, or its stages' costs directly") {
    CHECK(config(small_mlp).has_layers());
    CHECK(std::get<Network>(config(small_mlp).model).layers.size() == 2);
    CHECK_FALSE(config(unit).has_layers());
    CHECK(std::get<GivenStages>(config(unit).model).forward[1].ps == 1'000'000'000'000);
  }

  TEST_CASE("the kinds of model are listed with a line on each") {
    std::string names;
    for (const ModelKind& kind : known_model_kinds()) {
      names += std::string(kind.name) + " ";
      CHECK(kind.description.size() >= 20);
    }
    CHECK(names == "stage_costs mlp transformer amoebanet_d layers profile ");
  }

  TEST_CASE("a config is an object with a model and a pipeline, and nothing unknown") {
    CHECK_THROWS_WITH_AS(config("[]"),
                         "dir/c.json: /: must be an object, got []\n"
                         "  hint: write an object here; this is a list",
                         InputError);
    CHECK_THROWS_WITH_AS(
        config("{}"),
        "dir/c.json: /model: is required, got nothing\n"
        "  hint: for example {\"kind\": \"mlp\", \"layer_sizes\": [128, 256, 10]}\n"
        "dir/c.json: /pipeline: is required, got nothing\n"
        "  hint: give it: how the model is cut and run",
        InputError);
    CHECK_THROWS_WITH_AS(config(R"({"model": {}})"),
                         "dir/c.json: /pipeline: is required, got nothing\n  hint: for example "
                         "{\"schedule\": \"gpipe\", \"stages\": 4, \"micro_batches\": 8}",
                         InputError);
    CHECK_THROWS_WITH_AS(
        config(R"({"modle": {}})"),
        "dir/c.json: /modle: is not a known key, got {}\n  hint: did you mean \"model\"? known "
        "here: $schema, name, model, cluster, pipeline, training\n"
        "dir/c.json: /pipeline: is required, got nothing\n  hint: for example "
        "{\"schedule\": \"gpipe\", \"stages\": 4, \"micro_batches\": 8}",
        InputError);
  }

  TEST_CASE("an unknown kind of model is answered with the known ones") {
    CHECK_THROWS_WITH_AS(config(unit, {"model.kind=mpl"}),
                         "--set: /model/kind: is not known, got \"mpl\"\n"
                         "  hint: did you mean \"mlp\"? model kinds: stage_costs, mlp, "
                         "transformer, amoebanet_d, layers, profile",
                         InputError);
  }

  TEST_CASE("there are at least as many layers as stages") {
    CHECK_THROWS_WITH_AS(config(small_mlp, {"pipeline.stages=3"}),
                         "--set: /pipeline/stages: must not exceed the model's number of layers, "
                         "2, got 3\n  hint: every stage has at least one layer",
                         InputError);
  }

  TEST_CASE("listed layer counts add up to the layers of the model") {
    CHECK(config(small_mlp, {"pipeline.partition=[1, 1]"}).pipeline.layer_counts ==
          std::vector<int>{1, 1});
    CHECK_THROWS_WITH_AS(config(small_mlp, {"pipeline.partition=[1, 2]"}),
                         "--set: /pipeline/partition: must add up to the model's 2 layers, "
                         "got [1,2]\n  hint: these counts add up to 3",
                         InputError);
  }

  TEST_CASE("stage costs have no layers to partition") {
    CHECK_THROWS_WITH_AS(config(unit, {"pipeline.partition=balanced"}),
                         "--set: /pipeline/partition: has nothing to partition, got \"balanced\"\n"
                         "  hint: a stage_costs model has stages, not layers",
                         InputError);
  }

  TEST_CASE("a deferred weight gradient needs the time of W alone") {
    const std::string deferred = "training.weight_gradient=deferred";
    CHECK(config(small_mlp, {deferred}).training.deferred_weight_gradient);
    CHECK_THROWS_WITH_AS(config(unit, {deferred}),
                         "dir/c.json: /model/backward_input: is required, got nothing\n  hint: a "
                         "deferred weight_gradient runs I and W apart: give both their times",
                         InputError);
    CHECK_THROWS_WITH_AS(config(unit, {deferred, "model.backward_input=1"}),
                         "dir/c.json: /model/backward_weight: is required, got nothing\n  hint: a "
                         "deferred weight_gradient runs I and W apart: give both their times",
                         InputError);
    CHECK_THROWS_WITH_AS(
        config(R"({"model": {"kind": "layers", "layers": [{"forward": 1, "backward": 2}]},
                   "pipeline": {"stages": 1, "micro_batches": 2}})",
               {deferred}),
        "--set: /training/weight_gradient: needs the weight gradient's own time, which a layers "
        "model does not state, got \"deferred\"\n  hint: set weight_gradient to "
        "\"accumulated\", or describe the stages with a stage_costs model",
        InputError);
  }

  TEST_CASE("unless a weight stash is stated, all of the stash waits for a deferred W") {
    const auto weight_stash = [](const std::vector<std::string>& overrides) {
      std::vector<std::string> all = {"model.backward_input=1", "model.backward_weight=1",
                                      "model.stash_bytes=7"};
      all.insert(all.end(), overrides.begin(), overrides.end());
      return std::get<GivenStages>(config(unit, all).model).weight_stash[1];
    };
    CHECK(weight_stash({"training.weight_gradient=deferred"}) == 7);
    CHECK(weight_stash({"training.weight_gradient=deferred", "model.weight_stash_bytes=3"}) == 3);
    CHECK(weight_stash({}) == 0);
  }

  TEST_CASE("the first and the last stage's layers are given, the others share the rest") {
    CHECK(counts_of({"pipeline.num_layers_in_first_pipeline_stage=2"}) ==
          std::vector<int>{2, 4, 4, 4});
    CHECK(counts_of({"pipeline.num_layers_in_last_pipeline_stage=5"}) ==
          std::vector<int>{3, 3, 3, 5});
    CHECK(counts_of({"pipeline.num_layers_in_first_pipeline_stage=1",
                     "pipeline.num_layers_in_last_pipeline_stage=3"}) ==
          std::vector<int>{1, 5, 5, 3});
    // Of each device's two stages: half.
    CHECK(counts_of({"pipeline.virtual_stages=2", "pipeline.stages=2",
                     "pipeline.num_layers_in_first_pipeline_stage=8",
                     "pipeline.num_layers_in_last_pipeline_stage=6"}) ==
          std::vector<int>{4, 3, 4, 3});
    CHECK(counts_of({"pipeline.stages=1", "pipeline.num_layers_in_last_pipeline_stage=14"}) ==
          std::vector<int>{14});
  }

  TEST_CASE("first and last layers that leave no equal rest are refused") {
    const auto refused = [](const std::vector<std::string>& settings) -> std::string {
      try {
        return "accepted: " + std::to_string(counts_of(settings).size());
      } catch (const InputError& error) {
        return error.what();
      }
    };
    const std::string first = "pipeline.num_layers_in_first_pipeline_stage=";
    const std::string last = "pipeline.num_layers_in_last_pipeline_stage=";
    const std::string hint = "\n  hint: they share them equally, and every stage has at least one";
    CHECK(refused({first + "3"}) ==
          "--set: /pipeline/num_layers_in_first_pipeline_stage: leaves 11 of the model's 14 "
          "layers for the other 3 stages, got 3" +
              hint);
    CHECK(refused({last + "12"}) ==
          "--set: /pipeline/num_layers_in_last_pipeline_stage: leaves 2 of the model's 14 layers "
          "for the other 3 stages, got 12" +
              hint);
    CHECK(refused({first + "2147483647", last + "2147483647"}) ==
          "--set: /pipeline/num_layers_in_first_pipeline_stage: leaves -4294967280 of the model's "
          "14 layers for the other 2 stages, got 2147483647" +
              hint);
    CHECK(refused({"pipeline.stages=1", first + "7", last + "7"}) ==
          "--set: /pipeline/num_layers_in_first_pipeline_stage: leaves 0 of the model's 14 layers "
          "for the other 0 stages, got 7" +
              hint);
    CHECK(refused({"pipeline.virtual_stages=2", first + "3"}) ==
          "--set: /pipeline/num_layers_in_first_pipeline_stage: does not divide among the "
          "device's 2 stages, got 3\n  hint: give a multiple of it");
    CHECK(refused({"pipeline.partition=uniform", first + "2"}) ==
          "--set: /pipeline/num_layers_in_first_pipeline_stage: stands beside partition, got 2\n"
          "  hint: give only one of the two");
    CHECK_THROWS_WITH_AS(config(unit, {first + "1"}),
                         "--set: /pipeline/num_layers_in_first_pipeline_stage: has nothing to "
                         "share, got 1\n  hint: this model has no layers",
                         InputError);
  }

  TEST_CASE("layers are computed again where there are layers, scores where they are kept") {
    const std::string hint = "\n  hint: choose \"none\", \"full\" or \"except_last\"";
    CHECK(config(small_mlp, {"pipeline.recompute=layers"}).pipeline.recompute == Recompute::layers);
    CHECK_THROWS_WITH_AS(
        config(small_mlp, {"pipeline.recompute=selective"}),
        ("--set: /pipeline/recompute: selects the scores of attention, which this model does not "
         "keep, got \"selective\"" +
         hint)
            .c_str(),
        InputError);
    CHECK_THROWS_WITH_AS(config(unit, {"pipeline.recompute=layers"}),
                         ("--set: /pipeline/recompute: computes layers again, and a stage_costs "
                          "model has stages, got \"layers\"" +
                          hint)
                             .c_str(),
                         InputError);
    const std::string flash = test::text_of({.more_model = R"(, "use_flash_attn": true)"});
    CHECK_THROWS_WITH_AS(
        config(flash, {"pipeline.recompute=selective"}),
        "--set: /pipeline/recompute: selects the scores of attention, which this model does not "
        "keep, got \"selective\"\n  hint: fused attention keeps none: choose \"layers\" or "
        "\"none\"",
        InputError);
    CHECK(config(flash, {"pipeline.recompute=layers"}).pipeline.recompute == Recompute::layers);
  }
}

}  // namespace pipesim
