#include "models/settings/parallelism.hpp"

#include <doctest/doctest.h>

#include "models/settings/training.hpp"
#include "support/refusal.hpp"

namespace pipesim {

namespace {

Parallelism parallelism(std::string_view json, std::string_view kind = "transformer",
                        int data_parallel = 1) {
  return read_parallelism(Field(parse_document(json, "c.json")), kind, data_parallel);
}

std::string refused(std::string_view json, std::string_view kind = "transformer",
                    int data_parallel = 1) {
  return test::refusal_of([&] { static_cast<void>(parallelism(json, kind, data_parallel)); });
}

}  // namespace

TEST_SUITE("models/settings/parallelism") {
  TEST_CASE("without keys nothing is shared") {
    const Parallelism alone = parallelism("{}");
    CHECK(alone.tensor == 1);
    CHECK(alone.context == 1);
    CHECK(alone.expert == 1);
    CHECK_FALSE(alone.expert_tensor);
    CHECK_FALSE(alone.context_exchange);
    CHECK(alone.zero_stage == 0);
    CHECK_FALSE(alone.sequence);
    CHECK_FALSE(alone.overlap_grad_reduce);
    CHECK(alone.async_tensor_parallel);
    CHECK(alone.sequence_ranks() == 1);
  }

  TEST_CASE("every key is read") {
    const Parallelism all = parallelism(
        R"({"tensor_parallel": 4, "context_parallel": 2, "expert_parallel": 6, "zero_stage": 3,
            "expert_tensor_parallel": 2, "cp_comm_type": "a2a+p2p",
            "hierarchical_context_parallel_sizes": [2, 1], "sequence_parallel": true, "overlap_grad_reduce": true,
            "async_tensor_model_parallel_allreduce": false})",
        "transformer", 3);
    CHECK(all.tensor == 4);
    CHECK(all.context == 2);
    CHECK(all.expert == 6);
    CHECK(all.expert_tensor == 2);
    CHECK(all.context_exchange == ContextExchange::a2a_p2p);
    CHECK(all.context_heads == 2);
    CHECK(all.zero_stage == 3);
    CHECK(all.sequence);
    CHECK(all.overlap_grad_reduce);
    CHECK_FALSE(all.async_tensor_parallel);
    CHECK(all.sequence_ranks() == 4);
  }

  TEST_CASE("only a transformer's layers are shared: all may have ZeRO") {
    for (const std::string key : {"tensor_parallel", "context_parallel", "expert_parallel"}) {
      CHECK(refused("{\"" + key + "\": 2}", "mlp") ==
            "c.json: /" + key + ": is not simulated for this kind of model, got 2\n  hint: set " +
                key + " to 1, or leave it out");
      CHECK(refused("{\"" + key + "\": 1}", "mlp") == "accepted");
    }
    CHECK(parallelism(R"({"zero_stage": 2})", "mlp").zero_stage == 2);
  }

  TEST_CASE("experts and their matrices are shared by ranks that divide those of a stage") {
    const std::string hint =
        "\n  hint: experts are spread over all devices of a stage: expert_tensor_parallel × "
        "expert_parallel × replicas of the experts";
    const std::string must = "must divide tensor_parallel × context_parallel × data_parallel, ";
    CHECK(refused(R"({"expert_parallel": 2})") ==
          "c.json: /expert_parallel: " + must + "which is 1 × 1 × 1, got 2" + hint);
    CHECK(refused(R"({"expert_parallel": 4, "context_parallel": 2})", "transformer", 3) ==
          "c.json: /expert_parallel: " + must + "which is 1 × 2 × 3, got 4" + hint);
    CHECK(refused(R"({"expert_parallel": 3, "context_parallel": 2})", "transformer", 3) ==
          "accepted");
    CHECK(refused(R"({"expert_parallel": 12, "context_parallel": 2, "tensor_parallel": 2})",
                  "transformer", 3) == "accepted");
    CHECK(refused(R"({"expert_parallel": 6, "expert_tensor_parallel": 4, "context_parallel": 2})",
                  "transformer", 3) == "c.json: /expert_tensor_parallel: times expert_parallel 6 " +
                                           must + "which is 1 × 2 × 3, got 4" + hint);
    CHECK(refused(R"({"expert_parallel": 4, "expert_tensor_parallel": 4, "context_parallel": 2})",
                  "transformer",
                  3) == "c.json: /expert_parallel: " + must + "which is 1 × 2 × 3, got 4" + hint);
  }

  TEST_CASE("matrices of experts are shared as all others are, unless experts need these devices") {
    const auto ranks = [](int tensor, int context, int data, int expert) {
      return expert_tensor_ranks(
          {.data_parallel = data,
           .parallel = {.tensor = tensor, .context = context, .expert = expert}});
    };
    CHECK(ranks(2, 1, 16, 16) == 2);
    CHECK(ranks(2, 1, 16, 32) == 1);
    CHECK(ranks(4, 2, 1, 1) == 4);
    CHECK(expert_tensor_ranks({.parallel = {.tensor = 4, .expert_tensor = 2}}) == 2);
  }

  TEST_CASE("experts have as many replicas as there are devices left") {
    Training training{.data_parallel = 16, .parallel = {.tensor = 2, .context = 2, .expert = 8}};
    CHECK(weight_replicas(training) == 32);
    CHECK(expert_replicas(training) == 4);
    training.parallel.expert_tensor = 1;
    CHECK(expert_replicas(training) == 8);
    training.parallel.expert_tensor = 8;
    CHECK(expert_replicas(training) == 1);
  }

  TEST_CASE("the sizes of a2a+p2p are two numbers, of that setting alone") {
    const std::string two =
        "c.json: /hierarchical_context_parallel_sizes: must be two numbers whose product is "
        "context_parallel 8, got ";
    const std::string hint =
        "\n  hint: the first exchange heads (a2a), the second form a ring (p2p)";
    const auto sizes = [](const std::string& list) {
      return refused(R"({"context_parallel": 8, "cp_comm_type": "a2a+p2p",
                         "hierarchical_context_parallel_sizes": )" +
                     list + "}");
    };
    CHECK(sizes("[4, 2]") == "accepted");
    CHECK(sizes("[4, 4]") == two + "[4,4]" + hint);
    CHECK(sizes("[8]") == two + "[8]" + hint);
    CHECK(refused(R"({"context_parallel": 8, "cp_comm_type": "a2a+p2p"})") ==
          "c.json: /hierarchical_context_parallel_sizes: is required, got nothing\n"
          "  hint: with a2a+p2p, for example [4, 2]: 4 of 8 exchange heads");
    CHECK(refused(R"({"context_parallel": 8, "hierarchical_context_parallel_sizes": [4, 2]})") ==
          "c.json: /hierarchical_context_parallel_sizes: is about cp_comm_type a2a+p2p, which is "
          "not chosen, got [4,2]\n  hint: set cp_comm_type to \"a2a+p2p\", or leave it out");
    CHECK(refused(R"({"cp_comm_type": "allgather"})") ==
          "c.json: /cp_comm_type: is not known, got \"allgather\"\n"
          "  hint: did you mean \"all_gather\"? ways: p2p, a2a, all_gather, a2a+p2p");
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
