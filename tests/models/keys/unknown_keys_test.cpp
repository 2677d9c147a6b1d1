#include "models/keys/unknown_keys.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "models/config/config.hpp"
#include "support/commands/process.hpp"
#include "support/draws.hpp"

namespace pipesim {

namespace {

using nlohmann::json;

const json plain = json::parse(R"({
  "name": "n",
  "model": {"kind": "transformer", "num_layers": 8, "hidden_size": 64, "num_attention_heads": 4,
            "seq_length": 16, "vocab_size": 100},
  "cluster": {"device": {"memory": "8 GiB", "efficiency": {"product": {"compute": 0.5}}},
              "interconnect": {"bandwidth": "25 GB/s"}},
  "pipeline": {"schedule": "gpipe", "stages": 2, "micro_batches": 4},
  "training": {"batch_size": 8, "precision": "bf16"}})");

// What a config is answered with; empty: it is one.
std::string answer(const std::string& text, const std::vector<std::string>& settings = {}) {
  try {
    read_config(parse_document(text, "c.json", settings));
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

// The lines that say what is wrong, without their hints.
std::vector<std::string> problems(const std::string& answer) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < answer.size();) {
    const std::size_t end = std::min(answer.find('\n', at), answer.size());
    const std::string line = answer.substr(at, end - at);
    if (!line.starts_with("  hint: ")) lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

// In front of ": is not a known key", without the file.
std::vector<std::string> unknown_in(const std::string& answer) {
  std::vector<std::string> pointers;
  for (const std::string& line : problems(answer)) {
    const auto end = line.find(": is not a known key");
    if (end != line.npos) pointers.push_back(line.substr(line.find('/'), end - line.find('/')));
  }
  return pointers;
}

std::string hint_of(const std::string& answer, const std::string& pointer) {
  const auto at = answer.find(pointer + ": ");
  if (at == answer.npos) return "no such error";
  const auto hint = answer.find("\n  hint: ", at) + 9;
  return answer.substr(hint, answer.find('\n', hint) - hint);
}

}  // namespace

TEST_SUITE("models/keys/unknown_keys") {
  TEST_CASE("all unknown keys are said at once, each with its hint, in every section") {
    json config = plain;
    config["colour"] = "red";
    config["model"]["rope_theta"] = 1e4;
    config["model"]["num_kv_heads"] = 2;
    config["pipeline"]["pipeline_model_parallel_layout"] = "Et*2|tL";
    config["training"]["micro_batch_size"] = 3;
    config["cluster"]["device"]["efficiency"]["product"]["comptue"] = 1;
    const std::string said = answer(config.dump());
    CHECK(unknown_in(said) == std::vector<std::string>{"/colour",
                                                       "/cluster/device/efficiency/product/comptue",
                                                       "/model/num_kv_heads", "/model/rope_theta",
                                                       "/pipeline/pipeline_model_parallel_layout",
                                                       "/training/micro_batch_size"});
    CHECK(hint_of(said, "/colour") ==
          "known here: $schema, name, model, cluster, pipeline, training");
    CHECK(hint_of(said, "/cluster/device/efficiency/product/comptue")
              .starts_with("did you mean \"compute\"? known here: compute, "));
    CHECK(hint_of(said, "/model/num_kv_heads")
              .starts_with("did you mean \"num_query_groups\"? known here: kind, num_layers, "));
    CHECK(hint_of(said, "/model/rope_theta") ==
          "leave it out: the keys that /model has are listed above");
    CHECK(hint_of(said, "/pipeline/pipeline_model_parallel_layout")
              .starts_with("did you mean \"partition\"? known here: "));
    CHECK(hint_of(said, "/training/micro_batch_size")
              .starts_with("did you mean \"pipeline.micro_batch_size\"? known here: "));
    CHECK(std::ranges::count(said, '\n') == 11);
  }

  TEST_CASE(
      "a published config.json is answered with all its unknown keys, by meaning or not at all") {
    json config = plain;
    config["model"] = json::parse(R"({"kind": "transformer", "architectures": ["LlamaForCausalLM"],
        "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000,
        "eos_token_id": 128001, "hidden_act": "silu", "hidden_size": 4096,
        "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 131072,
        "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "pretraining_tp": 1,
        "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 8.0, "rope_type": "llama3"},
        "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
        "transformers_version": "4.43.0.dev0", "use_cache": true, "vocab_size": 128256,
        "seq_length": 4096})");
    const std::string said = answer(config.dump());
    CHECK(unknown_in(said).size() == 14);
    CHECK(problems(said).size() == 14);
    CHECK(hint_of(said, "/model/attention_bias").starts_with("leave it out") ==
          (unknown_in(said).front() != "/model/attention_bias"));
    CHECK(hint_of(said, "/model/torch_dtype") == "did you mean \"training.precision\"?");
    CHECK(std::string(said).find("num_attention_heads\"?") == std::string::npos);
  }

  TEST_CASE("Mixtral's word for the experts of a layer leads to ours") {
    json config = plain;
    config["model"]["num_local_experts"] = 8;
    const std::string said = answer(config.dump());
    CHECK(problems(said) ==
          std::vector<std::string>{"c.json: /model/num_local_experts: is not a known key, got 8"});
    CHECK(hint_of(said, "/model/num_local_experts").starts_with("did you mean \"num_experts\"?"));
  }

  TEST_CASE("keys that stand twice, bad --set, missing keys and wrong types are said along") {
    const std::string said = answer(
        R"({"model": {"kind": "mlp", "layer_sizes": [1, 2, 3], "kind": "mlp", "depth": 3},
            "pipeline": {"stages": "2", "schedule": 5},
            "training": {"epochs": true}})",
        {"pipeline.stages.x=1", "nonsense", "cluster.devices=2"});
    CHECK(problems(said) ==
          std::vector<std::string>{
              "c.json:1:58: the key stands twice in one object, got \"kind\"",
              "--set: /pipeline/stages/x: leads to no value of the config, got pipeline.stages.x=1",
              "--set: /: must have the form KEY=VALUE, got nonsense",
              "c.json: /model/depth: is not a known key, got 3",
              "c.json: /pipeline/stages: must be a whole number, got \"2\"",
              "c.json: /pipeline/micro_batches: is required, got nothing",
              "c.json: /pipeline/schedule: must be a text, got 5",
              "c.json: /training/epochs: must be a whole number, got true"});
  }

  TEST_CASE("what follows from a misspelt key is not said, what stands beside it is") {
    json config = plain;
    config["pipeline"].erase("stages");
    config["pipeline"]["stagse"] = "two";
    config["training"]["batch_size"] = 0;
    CHECK(problems(answer(config.dump())) ==
          std::vector<std::string>{"c.json: /pipeline/stagse: is not a known key, got \"two\""});
    config["pipeline"]["stagse"] = 2;
    CHECK(
        problems(answer(config.dump())) ==
        std::vector<std::string>{
            "c.json: /pipeline/stagse: is not a known key, got 2",
            "c.json: /training/batch_size: must be a whole number from 1 to 1099511627776, got 0"});
  }

  TEST_CASE("twenty are shown, and how many more there are is said") {
    json config = plain;
    for (int i = 0; i < 33; ++i) config["training"][fmt::format("xq{}", i)] = i;
    const std::string said = answer(config.dump());
    CHECK(problems(said).size() == 21);
    CHECK(
        said.ends_with("\nc.json: /: has more mistakes of these kinds, got 13 more\n"
                       "  hint: correct the ones above first"));
  }

  TEST_CASE("a device file's unknown keys are said at once, under its own name") {
    const test::TemporaryFolder folder;
    test::write_text(folder / "d.json", R"({"memroy": "1 GiB", "efficiency": {"speed": 1}})");
    test::write_text(folder / "c.json", json::parse(R"({"model": {"kind": "stage_costs",
        "forward": 1, "backward": 2}, "cluster": {"device": "d.json", "racks": 1},
        "pipeline": {"stages": 1, "micro_batches": 1}})")
                                            .dump());
    try {
      read_config(read_document(folder / "c.json"));
      FAIL("the config was read");
    } catch (const InputError& error) {
      const std::vector<std::string> said = problems(error.what());
      REQUIRE(said.size() == 3);
      CHECK(said[0].ends_with("c.json: /cluster/racks: is not a known key, got 1"));
      CHECK(said[1].ends_with("d.json: /memroy: is not a known key, got \"1 GiB\""));
      CHECK(said[2].ends_with("d.json: /efficiency/speed: is not a known key, got 1"));
    }
  }

  TEST_CASE("an optional key that is null is as absent, a required one is missing") {
    const std::string absent = json(*parse_document(plain.dump(), "c.json").root).dump();
    CHECK(answer(absent) == "");
    CHECK(answer(plain.dump(), {"model.q_lora_rank=null", "model.num_experts=null",
                                "cluster.interconnect=null", "training.seed=null",
                                "pipeline.recompute=null", "cluster.device.memory=null"}) == "");
    CHECK(answer(plain.dump(), {"training=null", "cluster=null"}) == "");
    CHECK(problems(answer(plain.dump(), {"model.hidden_size=null"})) ==
          std::vector<std::string>{"--set: /model/hidden_size: is required, got null"});
    CHECK(problems(answer(plain.dump(), {"pipeline=null"})) ==
          std::vector<std::string>{"--set: /pipeline: is required, got null"});
    CHECK(problems(answer(plain.dump(), {"pipeline.stagez=null"})) ==
          std::vector<std::string>{"--set: /pipeline/stagez: is not a known key, got null"});
  }

  TEST_CASE("every optional key of the table may be null") {
    for (const Section section : {Section::pipeline, Section::training, Section::cluster}) {
      for (const ConfigKey& key : describe(section).keys) {
        if (key.default_text == ConfigKey::required) continue;
        CAPTURE(key.name);
        CHECK(answer(plain.dump(),
                     {fmt::format("{}.{}=null", describe(section).place, key.name)}) == "");
      }
    }
    for (const Section section :
         {Section::transformer, Section::latent_attention, Section::mixture_of_experts}) {
      for (const ConfigKey& key : describe(section).keys) {
        if (key.default_text == ConfigKey::required) continue;
        CAPTURE(key.name);
        CHECK(answer(plain.dump(), {fmt::format("model.{}=null", key.name)}) == "");
      }
    }
  }

  TEST_CASE("of any number of unknown keys anywhere, each is said once, and nothing else is") {
    std::mt19937 random(13);
    const auto any = [&](std::size_t most) {
      return std::uniform_int_distribution<std::size_t>(0, most)(random);
    };
    const std::vector<std::string> places = {"",
                                             "/model",
                                             "/pipeline",
                                             "/training",
                                             "/cluster",
                                             "/cluster/device",
                                             "/cluster/device/efficiency",
                                             "/cluster/device/efficiency/product",
                                             "/cluster/interconnect"};
    for (int i = 0; i < test::draws(2000); ++i) {
      json config = plain;
      std::vector<std::string> added;
      const std::size_t count = 1 + any(11);
      while (added.size() < count) {
        const std::string& place = places[any(places.size() - 1)];
        std::string key = "zz";
        for (std::size_t letter = 0; letter < 8; ++letter) {
          key += static_cast<char>('a' + any(25));
        }
        json& object = config[json::json_pointer(place)];
        if (object.contains(key)) continue;
        object[key] = i;
        added.push_back(place + "/" + key);
      }
      const std::string said = answer(config.dump());
      std::vector<std::string> found = unknown_in(said);
      std::ranges::sort(added);
      std::ranges::sort(found);
      REQUIRE(found == added);
      REQUIRE(problems(said).size() == count);
    }
  }
}

}  // namespace pipesim
