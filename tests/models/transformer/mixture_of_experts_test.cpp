#include "models/transformer/mixture_of_experts.hpp"

#include <doctest/doctest.h>

#include "models/cost/cost_model.hpp"
#include "support/models/transformers.hpp"

namespace pipesim {

namespace {

// 16 tokens of 32; 8 experts of 12, each token goes to 2; the first of two blocks has an MLP of 24.
const std::string small_mixture =
    R"("kind": "transformer", "num_layers": 2, "hidden_size": 32, "num_attention_heads": 4,
       "seq_length": 16, "vocab_size": 64, "ffn_hidden_size": 24, "swiglu": true,
       "add_bias_linear": false, "normalization": "RMSNorm", "attention_dropout": 0,
       "hidden_dropout": 0, "position_embedding_type": "none", "use_flash_attn": true,
       "gradient_accumulation_fusion": true, "num_experts": 8, "moe_ffn_hidden_size": 12,
       "first_k_dense_replace": 1)";

const Layer& layer(const Config& config, std::size_t index) {
  return std::get<Network>(config.model).layers[index];
}

double flops(const std::vector<Operator>& operators) {
  double sum = 0;
  for (const Operator& op : operators) sum += op.flops;
  return sum;
}

}  // namespace

TEST_SUITE("models/transformer/mixture_of_experts") {
  TEST_CASE("Llama 3 and Mixtral have as many parameters as their model cards say") {
    CHECK(parameters_of(transformer_config(llama3_70b)) == 70'553'706'496);
    CHECK(parameters_of(transformer_config(llama3_405b)) == 405'853'388'800);
    CHECK(parameters_of(transformer_config(mixtral_8x7b)) == 46'702'792'704);
  }

  TEST_CASE("a token's experts compute for it alone, whatever their number") {
    const auto of_experts = [](const std::string& more) {
      const Config config = transformer_config(small_mixture + more);
      return flops(operators_of(layer(config, 1).forward, Kernel::grouped_product));
    };
    const double one_each = 16 * 2.0 * 32 * 3 * 12;
    CHECK(of_experts("") == 2 * one_each);
    CHECK(of_experts(R"(, "moe_router_topk": 1)") == one_each);
    CHECK(of_experts(R"(, "moe_router_topk": 8)") == 8 * one_each);
  }

  TEST_CASE("the first blocks keep their MLP") {
    const Config config = transformer_config(small_mixture);
    CHECK(operators_of(layer(config, 0).forward, Kernel::grouped_product).empty());
    CHECK(operators_of(layer(config, 1).forward, Kernel::grouped_product).size() == 2);
    CHECK(layer(config, 0).expert_bytes == 0);
    CHECK(layer(config, 1).expert_bytes == 2 * 8 * 3 * 32 * 12);
  }

  TEST_CASE("expert parallelism divides experts, and their rows go out and come back each way") {
    const Config config = transformer_config(
        small_mixture, R"("data_parallel": 4, "expert_parallel": 4, "batch_size": 1)");
    CHECK(layer(config, 1).expert_bytes == 2 * 2 * 3 * 32 * 12);
    CHECK(parameters_of(config) == parameters_of(transformer_config(small_mixture)));
    for (const auto& pass : {layer(config, 1).forward, layer(config, 1).backward_input}) {
      const auto exchanges = operators_of(pass, Kernel::collective);
      REQUIRE(exchanges.size() == 2);
      for (const Operator& op : exchanges) {
        CHECK(op.collective == Collective::all_to_all);
        CHECK(op.group == LayerGroup::expert);
        CHECK(op.bytes == 2 * 16 * 2 * 32);
      }
    }
    const Operator product = operators_of(layer(config, 1).forward, Kernel::grouped_product)[0];
    CHECK(product.products == 2);
    CHECK(product.flops == 2.0 * 16 * 2 * 32 * 2 * 12);
  }

  TEST_CASE("a fused sum of gradients is read and written at its own precision") {
    const Config config = transformer_config(small_mixture, R"("gradient_precision": "fp32")");
    const auto products = operators_of(layer(config, 1).backward_weight, Kernel::grouped_product);
    REQUIRE(products.size() == 2);
    CHECK(products[0].fixed_bytes == 2 * 4 * 8 * 32 * 2 * 12);
    CHECK(products[1].fixed_bytes == 2 * 4 * 8 * 12 * 32);
  }

  TEST_CASE("shared experts are an MLP beside") {
    const Config without = transformer_config(small_mixture);
    const Config with =
        transformer_config(small_mixture + R"(, "moe_shared_expert_intermediate_size": 20)");
    CHECK(layer(with, 1).parameters == layer(without, 1).parameters + 3 * 32 * 20);
    CHECK(layer(with, 1).stash_bytes == layer(without, 1).stash_bytes + 2 * 16 * 3 * 20);
    const Config counted = transformer_config(small_mixture + R"(, "n_shared_experts": 2)");
    CHECK(layer(counted, 1).parameters == layer(without, 1).parameters + 3 * 32 * 24);
  }

  TEST_CASE("ZeRO divides a device's experts among the replicas that hold the same ones") {
    const auto state = [](const std::string& training) {
      const Config config = transformer_config(small_mixture, training + R"(, "zero_stage": 1,
          "optimizer": "adam", "gradient_precision": "fp32", "batch_size": 1)");
      const Network& network = std::get<Network>(config.model);
      const std::vector<LayerTime> times(network.layers.size());
      return LayerTotals(network, times, config.training, Device{}).cost(1, 2);
    };
    const StageCost four = state(R"("data_parallel": 4, "expert_parallel": 4)");
    const StageCost eight = state(R"("data_parallel": 8, "expert_parallel": 4)");
    const Bytes experts = 2 * 3 * 32 * 12;
    CHECK(four.expert_weights == 2 * experts);
    CHECK(four.expert_gradients == 4 * experts);
    const Bytes dense = four.weights / 2 - experts;
    CHECK(four.optimizer_state == 12 * experts + 12 * dense / 4);
    CHECK(eight.optimizer_state == 12 * experts / 2 + 12 * dense / 8);
  }

  TEST_CASE("experts that can't be shared or chosen are refused") {
    CHECK_THROWS_WITH_AS(
        transformer_config(small_mixture,
                           R"("data_parallel": 3, "expert_parallel": 3, "batch_size": 1)"),
        "t.json: /training/expert_parallel: does not divide num_experts 8, got 3\n"
        "  hint: every device has as many experts: choose a divisor",
        InputError);
    CHECK_THROWS_WITH_AS(
        transformer_config(llama3_70b,
                           R"("data_parallel": 2, "expert_parallel": 2, "batch_size": 1)"),
        "t.json: /training/expert_parallel: has no experts to share: the model has no "
        "num_experts, got 2\n  hint: set it to 1, or give the model experts",
        InputError);
    CHECK_THROWS_WITH_AS(transformer_config(small_mixture + R"(, "moe_router_topk": 9)"),
                         "t.json: /model/moe_router_topk: is more than the 8 experts, got 9\n"
                         "  hint: a token goes to different experts",
                         InputError);
    CHECK_THROWS_WITH_AS(transformer_config(llama3_70b + R"(, "num_experts": 1)"),
                         "t.json: /model/num_experts: is less than moe_router_topk, which is 2 "
                         "unless given, got 1\n  hint: a token goes to different experts",
                         InputError);
    CHECK_THROWS_WITH_AS(transformer_config(llama3_70b + R"(, "moe_router_topk": 2)"),
                         "t.json: /model/moe_router_topk: is about a mixture of experts, which "
                         "this model has not, got 2\n"
                         "  hint: say how many experts there are as num_experts, or leave it out",
                         InputError);
    CHECK_THROWS_WITH_AS(
        transformer_config(llama3_70b + R"(, "num_experts": 2, "first_k_dense_replace": 81)"),
        "t.json: /model/first_k_dense_replace: is more than the 80 layers, got 81\n"
        "  hint: the first blocks keep their MLP, the others have experts",
        InputError);
  }

  TEST_CASE("devices share a sequence by whole groups of heads, exchanged for its parts") {
    const Config config = transformer_config(small_mixture, R"("context_parallel": 2)");
    const auto exchanges = operators_of(layer(config, 0).forward, Kernel::collective);
    REQUIRE(exchanges.size() == 2);
    CHECK(exchanges[0].bytes == 2 * 8 * 3 * 32);
    CHECK(exchanges[1].bytes == 2 * 8 * 32);
    CHECK(exchanges[0].group == LayerGroup::context);
    CHECK(operators_of(layer(config, 0).forward, Kernel::fused_attention)[0].flops ==
          4.0 * 16 * 16 * 32 / 2);
    CHECK_THROWS_WITH_AS(
        transformer_config(small_mixture, R"("context_parallel": 8, "cp_comm_type": "a2a")"),
        "t.json: /training/context_parallel: does not divide the 4 groups of keys and values on a "
        "device, got 8\n  hint: a2a exchanges parts of the sequence for whole heads: set "
        "training.cp_comm_type to \"p2p\"",
        InputError);
    CHECK_THROWS_WITH_AS(
        transformer_config(small_mixture, R"("context_parallel": 8, "cp_comm_type": "a2a+p2p",
                                     "hierarchical_context_parallel_sizes": [8, 1])"),
        "t.json: /training/hierarchical_context_parallel_sizes/0: does not divide the 4 groups of "
        "keys and values on a device, got 8\n  hint: a2a exchanges parts of the sequence for "
        "whole heads: set training.cp_comm_type to \"p2p\"",
        InputError);
  }

  TEST_CASE("a device whose experts are whole takes its own tokens, and all columns") {
    const std::string training =
        R"("data_parallel": 2, "tensor_parallel": 2, "sequence_parallel": true, "batch_size": 1,
           "expert_parallel": )";
    const Config config = transformer_config(small_mixture, training + "4");
    CHECK(expert_tensor_ranks(config.training) == 1);
    CHECK(layer(config, 1).expert_bytes == 2 * 2 * 3 * 32 * 12);
    CHECK(parameters_of(config) == parameters_of(transformer_config(small_mixture)));
    const auto exchanged = [&](const std::vector<Operator>& pass) {
      std::vector<Bytes> bytes;
      for (const Operator& op : operators_of(pass, Kernel::collective)) {
        if (op.group == LayerGroup::expert) bytes.push_back(static_cast<Bytes>(op.bytes));
        CHECK(op.group != LayerGroup::expert_tensor);
      }
      return bytes;
    };
    CHECK(exchanged(layer(config, 1).forward) == std::vector<Bytes>(2, 2 * 8 * 2 * 32));
    CHECK(exchanged(layer(config, 1).backward_input) == std::vector<Bytes>(2, 2 * 8 * 2 * 32));
    const Operator product = operators_of(layer(config, 1).forward, Kernel::grouped_product)[0];
    CHECK(product.flops == 2.0 * 8 * 2 * 32 * 2 * 12);
    CHECK(product.products == 2);
  }

  TEST_CASE("devices that share an expert gather each other's rows, and scatter what they sum") {
    const Config config = transformer_config(
        small_mixture, R"("data_parallel": 8, "batch_size": 1, "expert_parallel": 2,
                  "expert_tensor_parallel": 4)");
    CHECK(layer(config, 1).expert_bytes == 2 * 4 * 3 * 32 * 12 / 4);
    std::string text;
    for (const Operator& op : operators_of(layer(config, 1).forward, Kernel::collective)) {
      text += std::string(collective_names[static_cast<std::size_t>(op.collective)]) + " ";
      CHECK(op.bytes == (op.group == LayerGroup::expert ? 1 : 4) * 2.0 * 16 * 2 * 32);
    }
    CHECK(text == "all_to_all all_gather reduce_scatter all_to_all ");
    const Operator product = operators_of(layer(config, 1).forward, Kernel::grouped_product)[0];
    CHECK(product.flops == 2.0 * 4 * 16 * 2 * 32 * 2 * 12 / 4);
  }

  TEST_CASE("experts on tensor-parallel devices need tokens that differ, and whole columns") {
    const std::string two = R"("data_parallel": 2, "tensor_parallel": 2, "batch_size": 1, )";
    CHECK_THROWS_WITH_AS(
        transformer_config(small_mixture, two + R"("expert_parallel": 4)"),
        "t.json: /training/sequence_parallel: must be true where expert_tensor_parallel is 1 and "
        "tensor_parallel 2, got false\n  hint: without it tensor-parallel devices hold the same "
        "tokens, and would send them twice",
        InputError);
    CHECK_THROWS_WITH_AS(
        transformer_config(small_mixture, R"("data_parallel": 8, "expert_tensor_parallel": 8,
                                     "batch_size": 1)"),
        "t.json: /training/expert_tensor_parallel: does not divide an expert's width 12, got 8\n"
        "  hint: every device has as many columns: choose a divisor",
        InputError);
    CHECK_THROWS_WITH_AS(
        transformer_config(llama3_70b, R"("data_parallel": 8, "expert_tensor_parallel": 8,
                                          "batch_size": 1)"),
        "t.json: /training/expert_tensor_parallel: has no experts to share: the model has no "
        "num_experts, got 8\n  hint: leave it out, or give the model experts",
        InputError);
  }
}

}  // namespace pipesim
