#include "models/settings/settings.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "models/base/json_field.hpp"

namespace pipesim {

namespace {

std::string with(std::string_view text, const Settings& settings) {
  return parse_with_settings(text, "c.json", settings).root->dump();
}

}  // namespace

TEST_SUITE("models/settings/settings") {
  TEST_CASE("what is set stands instead of its alternatives in the file") {
    CHECK(with(R"({"pipeline": {"micro_batch_size": 2}})", {"pipeline.micro_batches=8"}) ==
          R"({"pipeline":{"micro_batches":8}})");
    CHECK(with(R"({"pipeline": {"schedule_file": "a.csv"}})", {"pipeline.schedule=1f1b"}) ==
          R"({"pipeline":{"schedule":"1f1b"}})");
    CHECK(with(R"({"pipeline": {"num_layers_in_first_pipeline_stage": 2,
                                "num_layers_in_last_pipeline_stage": 3}})",
               {"pipeline.partition=uniform"}) == R"({"pipeline":{"partition":"uniform"}})");
    CHECK(with(R"({"pipeline": {"partition": [1, 2]}})",
               {"pipeline.num_layers_in_last_pipeline_stage=1"}) ==
          R"({"pipeline":{"num_layers_in_last_pipeline_stage":1}})");
    CHECK(with(R"({"training": {"global_batch_size": 4}})", {"training.batch_size=2"}) ==
          R"({"training":{"batch_size":2}})");
    CHECK(with(R"({"cluster": {"topology": {}}})", {"cluster.interconnect=ideal"}) ==
          R"({"cluster":{"interconnect":"ideal"}})");
  }

  TEST_CASE("what is set later stands instead of what was set before") {
    CHECK(with("{}", {"training.batch_size=8", "training.global_batch_size=16"}) ==
          R"({"training":{"global_batch_size":16}})");
    CHECK(with("{}", {"pipeline.schedule_file=a.csv", "pipeline.schedule=gpipe"}) ==
          R"({"pipeline":{"schedule":"gpipe"}})");
    CHECK(with("{}", {"pipeline.schedule=gpipe", "pipeline.schedule_file=a.csv"}) ==
          R"({"pipeline":{"schedule":"gpipe","schedule_file":"a.csv"}})");
    CHECK(with(R"({"pipeline": {"partition": [1, 2]}})",
               {"pipeline.partition.0=3", "pipeline.num_layers_in_first_pipeline_stage=2"}) ==
          R"({"pipeline":{"num_layers_in_first_pipeline_stage":2}})");
  }

  TEST_CASE("micro-batches that are set by number and by size are both read") {
    CHECK(with(R"({"pipeline": {"micro_batches": 2}})",
               {"pipeline.micro_batches=8", "pipeline.micro_batch_size=2"}) ==
          R"({"pipeline":{"micro_batch_size":2,"micro_batches":8}})");
  }

  TEST_CASE("null stands instead of nothing") {
    CHECK(with(R"({"pipeline": {"micro_batch_size": 2}})", {"pipeline.micro_batches=null"}) ==
          R"({"pipeline":{"micro_batch_size":2,"micro_batches":null}})");
  }

  TEST_CASE("more settings stand behind those that a document was read with") {
    const Settings first{"pipeline.partition=[1]", "cluster.device=here.json"};
    const Settings more{"pipeline.num_layers_in_first_pipeline_stage=8"};
    const Document once = parse_with_settings(R"({"a": 1})", "dir/c.json", first);
    const Document twice = with_settings(once, more);
    CHECK(twice.root->dump() == with(R"({"a": 1})", {first[0], first[1], more[0]}));
    CHECK(twice.source->file == "dir/c.json");
    CHECK(twice.source->directory == "dir");
    CHECK(twice.source->blame("/cluster/device") == "--set");
    CHECK(twice.source->blame("/pipeline/num_layers_in_first_pipeline_stage") == "--set");
    CHECK(twice.source->blame("/a") == "dir/c.json");
    CHECK(once.root->dump() == with(R"({"a": 1})", first));
  }

  TEST_CASE("as options they are quoted where a shell would read them otherwise") {
    CHECK(as_options({}) == "");
    CHECK(as_options({"pipeline.stages=4", "pipeline.partition=[1,3]"}) ==
          "--set pipeline.stages=4 --set 'pipeline.partition=[1,3]'");
    CHECK(as_options({"name=it's"}) == R"(--set 'name=it'\''s')");
  }
}

}  // namespace pipesim
