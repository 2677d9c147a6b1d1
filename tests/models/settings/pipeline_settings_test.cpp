#include "models/settings/pipeline_settings.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

PipelineSettings pipeline(std::string_view json) {
  return read_pipeline(Field(parse_document(json, "c.json")));
}

}  // namespace

TEST_SUITE("models/settings/pipeline_settings") {
  TEST_CASE("a pipeline is gpipe, uniform and without re-computation unless it says otherwise") {
    const PipelineSettings plain = pipeline(R"({"stages": 4, "micro_batches": 8})");
    CHECK(plain.schedule == "gpipe");
    CHECK(plain.stages == 4);
    CHECK(plain.all_stages() == 4);
    CHECK(plain.micro_batches == 8);
    CHECK_FALSE(plain.micro_batch_size.has_value());
    CHECK(plain.partition == PartitionKind::uniform);
    CHECK_FALSE(plain.partition_given);
    CHECK(plain.recompute == Recompute::none);
    CHECK_FALSE(plain.lazy_recompute);
  }

  TEST_CASE("every setting is read") {
    const PipelineSettings set = pipeline(R"({"stages": 2, "micro_batch_size": 8,
        "schedule": "1f1b", "partition": [3, 1], "recompute": "full",
        "recompute_placement": "lazy", "virtual_stages": 1})");
    CHECK(set.schedule == "1f1b");
    CHECK(set.micro_batch_size == 8);
    CHECK_FALSE(set.micro_batches.has_value());
    CHECK(set.partition == PartitionKind::listed);
    CHECK(set.partition_given);
    CHECK(set.layer_counts == std::vector<int>{3, 1});
    CHECK(set.recompute == Recompute::full);
    CHECK(set.lazy_recompute);
    const auto with = [](const std::string& setting) {
      return pipeline(R"({"stages": 2, "micro_batches": 8, )" + setting + "}");
    };
    CHECK(with(R"("partition": "balanced")").partition == PartitionKind::balanced);
    CHECK(with(R"("partition": "memory")").partition == PartitionKind::memory);
    CHECK(with(R"("partition": "uniform")").partition == PartitionKind::uniform);
    CHECK(with(R"("recompute": "except_last")").recompute == Recompute::except_last);
    CHECK(with(R"("recompute": "none")").recompute == Recompute::none);
    CHECK_FALSE(with(R"("recompute_placement": "eager")").lazy_recompute);
  }

  TEST_CASE("the names of re-computation are the config's") {
    CHECK(name_of(Recompute::none) == "none");
    CHECK(name_of(Recompute::full) == "full");
    CHECK(name_of(Recompute::except_last) == "except_last");
  }

  TEST_CASE("stages, and micro-batches or their size, are required") {
    CHECK_THROWS_WITH_AS(pipeline(R"({"micro_batches": 8})"),
                         "c.json: /stages: is required, got nothing\n"
                         "  hint: the number of pipeline stages, such as 4",
                         InputError);
    CHECK_THROWS_WITH_AS(pipeline(R"({"stages": 8})"),
                         "c.json: /micro_batches: is required, got nothing\n"
                         "  hint: give it, or micro_batch_size",
                         InputError);
    CHECK_THROWS_WITH_AS(pipeline(R"({"stages": 0, "micro_batches": 8})"),
                         "c.json: /stages: must be a whole number from 1 to 16777216, got 0\n"
                         "  hint: the smallest that makes sense is 1",
                         InputError);
  }

  TEST_CASE("a misspelt key is answered with the right one") {
    CHECK_THROWS_WITH_AS(pipeline(R"({"stages": 4, "microbatches": 8})"),
                         "c.json: /microbatches: is not a known key, got 8\n"
                         "  hint: did you mean \"micro_batches\"? known here: schedule, "
                         "schedule_file, stages, micro_batches, "
                         "micro_batch_size, partition, recompute, recompute_placement, "
                         "virtual_stages, group_size, communication, memory_limit, "
                         "num_layers_in_first_pipeline_stage, num_layers_in_last_pipeline_stage",
                         InputError);
  }

  TEST_CASE("a partition is a name or a count of layers for every stage") {
    const auto with = [](const std::string& partition) {
      return pipeline(R"({"stages": 2, "micro_batches": 8, "partition": )" + partition + "}");
    };
    CHECK_THROWS_WITH_AS(with("[1, 2, 3]"),
                         "c.json: /partition: must have one entry for each of the 2 stages, "
                         "got [1,2,3]\n  hint: this list has 3",
                         InputError);
    CHECK_THROWS_WITH_AS(with("[1, 0]"),
                         "c.json: /partition/1: must be a whole number from 1, got 0\n"
                         "  hint: the smallest that makes sense is 1",
                         InputError);
    CHECK_THROWS_WITH_AS(with("\"balance\""),
                         "c.json: /partition: is not known, got \"balance\"\n  hint: did you mean "
                         "\"balanced\"? partitions: uniform, balanced, memory",
                         InputError);
    CHECK_THROWS_WITH_AS(with("5"),
                         "c.json: /partition: must be a partition's name or a list of layer "
                         "counts, got 5\n  hint: write a partition's name or a list of layer "
                         "counts here; this is a number",
                         InputError);
  }

  TEST_CASE("re-computation inside the backward is no op of the schedule") {
    CHECK(as_ops(Recompute::layers) == Recompute::none);
    CHECK(as_ops(Recompute::selective) == Recompute::none);
    CHECK(as_ops(Recompute::full) == Recompute::full);
    CHECK(as_ops(Recompute::except_last) == Recompute::except_last);
  }

  TEST_CASE("a memory limit is bytes or a number of micro-batches") {
    const auto limit = [](const std::string& value) {
      return *pipeline(R"({"stages": 2, "micro_batches": 8, "memory_limit": )" + value + "}")
                  .memory_limit;
    };
    CHECK(limit("\"1 GiB\"").bytes == Bytes{1} << 30);
    CHECK(limit("4096").bytes == 4096);
    CHECK(limit("\"2.5 micro-batches\"").micro_batches == 2.5);
    CHECK_THROWS_WITH_AS(limit("\"many micro-batches\""),
                         "c.json: /memory_limit: must be a size or a number of micro-batches, got "
                         "\"many micro-batches\"\n  hint: such as \"16 GiB\" or \"8 "
                         "micro-batches\"",
                         InputError);
  }

  TEST_CASE("a way to communicate is one of three") {
    const auto with = [](const std::string& how) {
      return pipeline(R"({"stages": 2, "micro_batches": 8, "communication": )" + how + "}");
    };
    CHECK(with("\"rendezvous\"").communication == Communication::rendezvous);
    CHECK_THROWS_WITH_AS(with("\"block\""),
                         "c.json: /communication: is not known, got \"block\"\n  hint: did you "
                         "mean \"blocking\"? ways: overlapped, blocking, rendezvous",
                         InputError);
  }
}

}  // namespace pipesim
