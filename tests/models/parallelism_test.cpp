#include "models/parallelism.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

Parallelism parallelism(std::string_view json, std::string_view kind = "transformer",
                        int data_parallel = 1) {
  return read_parallelism(Field(parse_document(json, "c.json")), kind, data_parallel);
}

std::string refused(std::string_view json, std::string_view kind = "transformer",
                    int data_parallel = 1) {
  try {
    static_cast<void>(parallelism(json, kind, data_parallel));
    return "accepted";
  } catch (const InputError& error) {
    return error.what();
  }
}

}  // namespace

TEST_SUITE("models/parallelism") {
  TEST_CASE("without keys nothing is shared") {
    const Parallelism alone = parallelism("{}");
    CHECK(alone.tensor == 1);
    CHECK(alone.context == 1);
    CHECK(alone.expert == 1);
    CHECK(alone.zero_stage == 0);
    CHECK_FALSE(alone.sequence);
    CHECK_FALSE(alone.overlap_grad_reduce);
    CHECK(alone.async_tensor_parallel);
    CHECK(alone.sequence_ranks() == 1);
  }

  TEST_CASE("every key is read") {
    const Parallelism all = parallelism(
        R"({"tensor_parallel": 4, "context_parallel": 2, "expert_parallel": 6, "zero_stage": 3,
            "sequence_parallel": true, "overlap_grad_reduce": true,
            "async_tensor_model_parallel_allreduce": false})",
        "transformer", 3);
    CHECK(all.tensor == 4);
    CHECK(all.context == 2);
    CHECK(all.expert == 6);
    CHECK(all.zero_stage == 3);
    CHECK(all.sequence);
    CHECK(all.overlap_grad_reduce);
    CHECK_FALSE(all.async_tensor_parallel);
    CHECK(all.sequence_ranks() == 4);
  }

  TEST_CASE("only a transformer's layers are shared; all may have ZeRO") {
    for (const std::string key : {"tensor_parallel", "context_parallel", "expert_parallel"}) {
      CHECK(refused("{\"" + key + "\": 2}", "mlp") ==
            "c.json: /" + key + ": is not simulated for this kind of model, got 2\n  hint: set " +
                key + " to 1, or leave it out");
      CHECK(refused("{\"" + key + "\": 1}", "mlp") == "accepted");
    }
    CHECK(parallelism(R"({"zero_stage": 2})", "mlp").zero_stage == 2);
  }

  TEST_CASE("experts are shared by a part of the replicas, data and context together") {
    CHECK(refused(R"({"expert_parallel": 2})") ==
          "c.json: /expert_parallel: must divide data_parallel × context_parallel, which is 1 × "
          "1, got 2\n  hint: the devices that share the experts are replicas of everything else");
    CHECK(refused(R"({"expert_parallel": 4, "context_parallel": 2})", "transformer", 3) ==
          "c.json: /expert_parallel: must divide data_parallel × context_parallel, which is 3 × "
          "2, got 4\n  hint: the devices that share the experts are replicas of everything else");
    CHECK(refused(R"({"expert_parallel": 3, "context_parallel": 2})", "transformer", 3) ==
          "accepted");
  }

  TEST_CASE("ZeRO has stages 0 to 3, flags are true or false, ranks are whole") {
    CHECK(refused(R"({"zero_stage": 4})") ==
          "c.json: /zero_stage: must be a whole number from 0 to 3, got 4\n"
          "  hint: the largest that can be simulated is 3");
    CHECK(refused(R"({"zero_stage": -1})") ==
          "c.json: /zero_stage: must be a whole number from 0 to 3, got -1\n"
          "  hint: the smallest that makes sense is 0");
    CHECK(refused(R"({"sequence_parallel": 1})") ==
          "c.json: /sequence_parallel: must be true or false, got 1\n"
          "  hint: write true or false here; this is a number");
    CHECK(refused(R"({"tensor_parallel": "2"})") ==
          "c.json: /tensor_parallel: must be a whole number, got \"2\"\n"
          "  hint: write a whole number here; this is a text");
    CHECK(refused(R"({"tensor_parallel": 1.5})") ==
          "c.json: /tensor_parallel: must be a whole number, got 1.5\n"
          "  hint: write a whole number from 1 to 1048576");
    CHECK(refused(R"({"tensor_parallel": 1048577})") ==
          "c.json: /tensor_parallel: must be a whole number from 1 to 1048576, got 1048577\n"
          "  hint: the largest that can be simulated is 1048576");
  }
}

}  // namespace pipesim
