#include "reports/schema/config_schema.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "models/config/config.hpp"
#include "models/keys/config_keys.hpp"
#include "models/keys/model_kinds.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

using Json = nlohmann::ordered_json;

std::set<std::string> keys(const Json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

std::set<std::string> keys_in_table(const std::vector<Section>& sections) {
  std::set<std::string> names;
  for (const Section section : sections) {
    names.insert(keys_of(section).begin(), keys_of(section).end());
  }
  return names;
}

void collect_references(const Json& json, std::set<std::string>& references) {
  if (json.is_object() && json.contains("$ref")) references.insert(json["$ref"]);
  if (!json.is_structured()) return;
  for (const Json& value : json) collect_references(value, references);
}

// A config, and whether it is one.
struct Instance {
  std::string name;
  std::string config;
  std::vector<std::string> settings{};
  bool accepted = true;
};

bool is_read(const Instance& instance) {
  try {
    read_config(parse_document(instance.config, instance.name, instance.settings),
                default_virtual_stages);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::string example_text(const std::string& name) {
  return read_text(PIPESIM_SOURCE_DIR "/examples/" + name);
}

std::vector<Instance> instances() {
  std::vector<Instance> all;
  for (const std::string& name : example_names()) {
    all.push_back({.name = PIPESIM_SOURCE_DIR "/examples/" + name, .config = example_text(name)});
  }
  const auto add = [&](const std::string& example, bool accepted,
                       const std::vector<std::string>& settings) {
    for (const std::string& setting : settings) {
      all.push_back({.name = PIPESIM_SOURCE_DIR "/examples/" + example,
                     .config = example_text(example),
                     .settings = {setting},
                     .accepted = accepted});
    }
  };
  add("gpipe.json", true,
      {"pipeline.schedule=zb_auto",
       "pipeline.partition=[3,3,3,2]",
       "pipeline.partition=memory",
       "pipeline.recompute=except_last",
       "pipeline.recompute_placement=lazy",
       "pipeline.communication=rendezvous",
       "pipeline.memory_limit=8 micro-batches",
       "pipeline.memory_limit=\"1.5e3 MiB\"",
       "pipeline.memory_limit=.5 GiB",
       "pipeline.memory_limit=1000",
       "pipeline.group_size=4",
       "training.seed=0",
       "training.precision=bf16",
       "training.zero_stage=3",
       "training.bytes_per_parameter=12.5",
       "training.weight_gradient=deferred",
       "training.overlap_grad_reduce=true",
       "cluster.device=cpu-core",
       "cluster.interconnect=dgx-a100",
       "cluster.device={\"flops\": \"1 TFLOPS\", \"memory\": \" 3\\tGiB \"}",
       "cluster.device=[\"p40\", {\"flops\": {\"fp32\": 1e12}}, \"p40\", \"v100-16gb\"]",
       "cluster.interconnect={\"bandwidth\": \"200 Gbit/s\", \"collective_latency\": "
       "{\"all_reduce\": \"3 us\"}}",
       "cluster.interconnect={}",
       "cluster.order=pp-tp",
       "cluster.stragglers={\"3\": 1.2}",
       "cluster.host_time_per_layer=0",
       "model.activation=tanh"});
  add("unit.json", true, {"model.forward=[1, \"2 ms\", 3]", "model.overlapped=3"});
  add("mixture.json", true, {"model.n_shared_experts=1", "model.q_lora_rank=0"});
  add("gpipe.json", false,
      {"color=red",
       "pipeline.stagez=4",
       "training.momentum=0.9",
       "cluster.racks=2",
       "cluster.device={\"speed\": 1}",
       "cluster.device={\"flops\": {\"fp8\": 1}}",
       "cluster.device={\"efficiency\": {\"fused\": {}}}",
       "cluster.device={\"efficiency\": {\"product\": {\"speed\": 1}}}",
       "cluster.interconnect={\"lanes\": 16}",
       "cluster.interconnect=nvlink9",
       "cluster.device=v100",
       "cluster.device=[\"p40\", \"p40\", \"p40\", \"p39\"]",
       "cluster.stragglers={\"three\": 1.2}",
       "cluster.order=tp-xp",
       "cluster.interconnect={\"collective_efficiency\": {\"broadcast\": 1}}",
       "cluster.topology={\"devices\": 4, \"links\": [], \"nodes\": 1}",
       "model.num_layers=3",
       "model.kind=cnn",
       "model.layer_sizes=[3]",
       "pipeline.schedule=gpip",
       "pipeline.stages=0",
       "pipeline.stages=2.5",
       "pipeline.memory_limit=8 microbatches",
       "training.zero_stage=4",
       "training.learning_rate=-1",
       "training.precision=fp8",
       "pipeline.recompute=true",
       "cluster.host_time_per_layer=3 GiB",
       "cluster.host_time_per_layer=-1 s"});
  add("llama7b.json", true, {"model.head_dim=128", "model.logits_chunk_size=16"});
  add("llama7b.json", false,
      {"model.n_embd=4096", "model.rope_theta=10000", "model.layer_sizes=[1, 2]"});
  add("pcie_host.json", false, {"cluster.topology.links.0.speed=1"});
  return all;
}

}  // namespace

TEST_SUITE("reports/schema/config_schema") {
  TEST_CASE("the schema has the table's keys, in every section and kind of model, and no others") {
    const Json schema = config_schema();
    CHECK(keys(schema["properties"]) == keys_in_table({Section::config}));
    CHECK(schema["additionalProperties"] == false);
    std::set<std::string> seen;
    std::vector<Section> of_models{Section::model};
    for (const ModelKind& kind : known_model_kinds()) {
      std::vector<Section> sections{Section::model};
      sections.insert(sections.end(), kind.sections.begin(), kind.sections.end());
      of_models.insert(of_models.end(), kind.sections.begin(), kind.sections.end());
      const Json& choices = schema["definitions"]["model"]["allOf"];
      const auto then = std::ranges::find_if(choices, [&](const Json& choice) {
        return choice["if"]["properties"]["kind"]["const"] == kind.name;
      });
      REQUIRE(then != choices.end());
      CHECK(keys((*then)["then"]["properties"]) == keys_in_table(sections));
      CHECK((*then)["then"]["additionalProperties"] == false);
    }
    for (int i = 1; i < section_count; ++i) {
      const auto section = static_cast<Section>(i);
      if (std::ranges::count(of_models, section) > 0) continue;
      const std::string name(describe(section).name);
      CAPTURE(name);
      REQUIRE(schema["definitions"].contains(name));
      CHECK(keys(schema["definitions"][name]["properties"]) == keys_in_table({section}));
      CHECK(schema["definitions"][name]["additionalProperties"] == false);
    }
  }

  TEST_CASE("every reference leads to a definition, and every definition is referred to") {
    const Json schema = config_schema();
    std::set<std::string> references;
    collect_references(schema, references);
    std::set<std::string> definitions;
    for (const std::string& name : keys(schema["definitions"])) {
      definitions.insert("#/definitions/" + name);
    }
    CHECK(references == definitions);
  }

  TEST_CASE("what a schema checker says of a config is what pipesim says") {
    Json list = Json::array();
    for (const Instance& instance : instances()) {
      const Document document = parse_document(instance.config, instance.name, instance.settings);
      const std::string setting = instance.settings.empty() ? "" : instance.settings.front();
      CAPTURE(instance.name);
      CAPTURE(setting);
      CHECK(is_read(instance) == instance.accepted);
      list.push_back({instance.name + " " + setting, *document.root, instance.accepted});
    }
    if (run_shell("python3 -c 'import jsonschema'").exit_code != 0) {
      MESSAGE("python3-jsonschema is not installed: nothing is held against the schema");
      return;
    }
    const TemporaryFolder folder;
    write_text(folder / "schema.json", config_schema().dump());
    write_text(folder / "list.json", list.dump());
    write_text(folder / "check.py", R"(
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for name, config, accepted in json.load(open(sys.argv[2])):
    errors = list(validator.iter_errors(config))
    if (not errors) != accepted:
        print(name, [error.message[:200] for error in errors])
)");
    const ProcessResult checked =
        run_shell("python3 '" + (folder / "check.py") + "' '" + (folder / "schema.json") + "' '" +
                  (folder / "list.json") + "'");
    CHECK(checked.err.empty());
    CHECK(checked.out.empty());
  }
}

}  // namespace pipesim::test
