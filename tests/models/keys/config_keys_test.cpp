#include "models/keys/config_keys.hpp"
#include "models/keys/model_kinds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "models/config/config.hpp"
#include "support/refusal.hpp"

namespace pipesim {

namespace {

using Kind = ValueForm::Kind;

// A config of every kind of model, each of which reads all keys of its sections.
const std::vector<std::pair<std::string, std::string>> models = {
    {"stage_costs", R"({"kind": "stage_costs", "forward": 1, "backward": 2})"},
    {"mlp", R"({"kind": "mlp", "layer_sizes": [8, 8, 8]})"},
    {"transformer", R"({"kind": "transformer", "num_layers": 2, "hidden_size": 8,
        "num_attention_heads": 2, "seq_length": 4, "vocab_size": 8, "num_experts": 2})"},
    {"amoebanet_d", R"({"kind": "amoebanet_d", "normal_cells": 3, "filters": 8})"},
    {"layers", R"({"kind": "layers", "layers": [{"forward": 1, "backward": 2},
        {"forward": 1, "backward": 2}]})"},
    {"profile", R"({"kind": "profile", "profile": "nowhere.txt", "batch_size": 1})"},
};

std::string config_with(const std::string& model) {
  return R"({"name": "n", "model": )" + model +
         R"(, "cluster": {}, "pipeline": {"stages": 2, "micro_batches": 2}, "training": {}})";
}

// What the config is answered with when `path` is set to `value`.
std::string answer(const std::string& config, const std::string& path, const std::string& value) {
  return test::refusal_of(
      [&] { read_config(parse_document(config, "c.json", {path + "=" + value})); });
}

std::vector<std::string> names_of(const ConfigKey& key) {
  std::vector<std::string> names{std::string(key.name)};
  names.insert(names.end(), key.aliases.begin(), key.aliases.end());
  return names;
}

const std::string mlp_config = config_with(models[1].second);

// An object under its path, in a config that takes it.
struct Place {
  Section section;
  std::string path;
  std::string config = mlp_config;
};

const std::vector<Place>& places() {
  static const std::vector<Place> all = [] {
    const std::string device = R"({"efficiency": {"product": {}}, "flops": {},
        "kernel_rates": {"fp32": {"rows": [1], "weights": [1], "working_set": [1],
        "forward": [[[1]]], "input_gradient": [[[1]]], "weight_gradient": [[[1]]]}}})";
    const auto with_cluster = [](const std::string& cluster) {
      std::string config = mlp_config;
      config.replace(config.find("{}"), 2, "{" + cluster + "}");
      return config;
    };
    const std::string on_device = with_cluster(R"("device": )" + device);
    const std::string link =
        with_cluster(R"("interconnect": {"collective_efficiency": {}, "collective_latency": {}})");
    const std::string nodes = with_cluster(
        R"("interconnect": {"node_size": 2, "intra_node": "ideal", "inter_node": "ideal"})");
    const std::string graph = with_cluster(R"("topology": {"devices": 2, "links":
        [{"between": ["gpu0", "gpu1"], "interconnect": "ideal"}]})");
    return std::vector<Place>{
        {Section::pipeline, "pipeline."},
        {Section::training, "training."},
        {Section::device, "cluster.device.", on_device},
        {Section::peak_rates, "cluster.device.flops.", on_device},
        {Section::efficiency, "cluster.device.efficiency.", on_device},
        {Section::kernel_efficiency, "cluster.device.efficiency.product.", on_device},
        {Section::kernel_rates_by_precision, "cluster.device.kernel_rates.", on_device},
        {Section::kernel_rates, "cluster.device.kernel_rates.fp32.", on_device},
        {Section::interconnect, "cluster.interconnect.", link},
        {Section::collective_efficiency, "cluster.interconnect.collective_efficiency.", link},
        {Section::collective_latency, "cluster.interconnect.collective_latency.", link},
        {Section::nodes, "cluster.interconnect.", nodes},
        {Section::topology, "cluster.topology.", graph},
        {Section::topology_link, "cluster.topology.links.0.", graph},
        {Section::cluster, "cluster."},
        {Section::layer, "model.layers.0.", config_with(models[4].second)},
    };
  }();
  return all;
}

void for_each_key(const std::function<void(const Place&, const ConfigKey&)>& visit) {
  for (const Place& place : places()) {
    for (const ConfigKey& key : describe(place.section).keys) visit(place, key);
  }
  for (const ModelKind& kind : known_model_kinds()) {
    const auto model = std::ranges::find(models, kind.name, &decltype(models)::value_type::first);
    REQUIRE(model != models.end());
    for (const Section section : kind.sections) {
      std::string config = config_with(model->second);
      if (section == Section::latent_attention) {  // Its keys are refused without it.
        config.insert(config.find("\"num_experts\""), "\"kv_lora_rank\": 4, ");
      }
      const Place place{section, "model.", config};
      for (const ConfigKey& key : describe(section).keys) visit(place, key);
    }
  }
}

}  // namespace

TEST_SUITE("models/keys/config_keys") {
  TEST_CASE("every section has a name and keys, and no key or alias stands twice in it") {
    std::set<std::string_view> sections;
    for (int i = 0; i < section_count; ++i) {
      const auto section = static_cast<Section>(i);
      CAPTURE(describe(section).name);
      CHECK(sections.insert(describe(section).name).second);
      const std::vector<std::string>& keys = keys_of(section);
      CHECK(std::set(keys.begin(), keys.end()).size() == keys.size());
      for (const ConfigKey& key : describe(section).keys) {
        CAPTURE(key.name);
        CHECK(key.forms.size() >= 1);
        CHECK(key.description.size() >= 4);
        CHECK(!key.description.ends_with('.'));
      }
    }
    CHECK(keys_of({Section::model, Section::mlp}) ==
          std::vector<std::string>{"kind", "layer_sizes", "activation", "output_activation"});
  }

  TEST_CASE(
      "a reader knows every key of the table: it refuses a list of false under each, by its "
      "pointer") {
    for_each_key([](const Place& place, const ConfigKey& key) {
      for (const std::string& name : names_of(key)) {
        const std::string path = place.path + name;
        CAPTURE(path);
        std::string pointer = "/" + path;
        std::ranges::replace(pointer, '.', '/');
        const std::string told = answer(place.config, path, "[false]");  // null would be as absent.
        CHECK((told.find(": " + pointer + ": ") != std::string::npos ||
               told.find(": " + pointer + "/0: ") != std::string::npos));
        CHECK(told.find("is not a known key") == std::string::npos);
      }
    });
  }

  TEST_CASE("the range of a number is the reader's: one below and one above are refused with it") {
    for_each_key([](const Place& place, const ConfigKey& key) {
      for (const ValueForm& form : key.forms) {
        if (form.kind != Kind::integer && form.kind != Kind::number) continue;
        const std::string path = place.path + std::string(key.name);
        CAPTURE(path);
        const std::string noun = form.kind == Kind::integer ? "a whole number" : "a number";
        const std::string low = answer(place.config, path, fmt::format("{}", form.least - 1));
        CHECK(low.find(fmt::format("must be {} from {}", noun, form.least)) != std::string::npos);
        const std::string high = answer(place.config, path, fmt::format("{}", form.most * 2));
        CHECK(high.find(fmt::format("must be {} from {}", noun, form.least)) != std::string::npos);
        const auto most = static_cast<std::int64_t>(form.most);
        if (form.kind == Kind::integer) {
          CHECK(high.find(fmt::format("simulated is {}", most)) != std::string::npos);
        }
      }
    });
  }

  TEST_CASE("a word that the table does not have is answered with those that it has") {
    for_each_key([](const Place& place, const ConfigKey& key) {
      for (const ValueForm& form : key.forms) {
        if (form.kind != Kind::choice) continue;
        const std::string path = place.path + std::string(key.name);
        CAPTURE(path);
        std::string words;
        for (const Choice& choice : form.choices) {
          words += (words.empty() ? ": " : ", ") + std::string(choice.name);
        }
        const std::string told = answer(place.config, path, "\"nothing of that kind\"");
        CHECK(told.ends_with(words));
      }
    });
  }
}

}  // namespace pipesim
