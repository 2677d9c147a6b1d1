#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

#include "models/cluster/placement.hpp"
#include "models/cost/layer_time.hpp"
#include "support/draws.hpp"
#include "support/models/gpt.hpp"
#include "support/models/transformers.hpp"
#include "support/refusal.hpp"

namespace pipesim::test {

namespace {

int from(std::mt19937& random, int least, int most) {
  return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
}

// A GPT whose devices share sequences, and how they do.
struct Shared {
  Gpt gpt{};
  int context = 1;
  int heads = 1;  // With a2a+p2p, the ranks that exchange heads.
  std::string kind{};

  int ring() const { return kind == "a2a" ? 1 : context / heads; }
  std::string training() const {
    std::string text =
        fmt::format(R"(, "context_parallel": {}, "cp_comm_type": "{}")", context, kind);
    if (kind == "a2a+p2p") {
      text += fmt::format(R"(, "hierarchical_context_parallel_sizes": [{}, {}])", heads,
                          context / heads);
    }
    return text;
  }
};

Shared random_shared(std::mt19937& random) {
  Shared shared;
  const int ring = from(random, 1, 5);
  const int tensor = 1 << from(random, 0, 2);
  shared.kind = cp_comm_type_choices[static_cast<std::size_t>(from(random, 0, 3))].name;
  shared.heads = shared.kind == "a2a+p2p" ? from(random, 1, 3) : 1;
  shared.context = shared.heads * ring;
  const int exchanged = shared.kind == "a2a" ? shared.context : shared.heads;
  const int groups = tensor * exchanged * from(random, 1, 2);
  shared.gpt.tensor = tensor;
  shared.gpt.layers = 1;
  shared.gpt.heads = groups * from(random, 1, 3);
  shared.gpt.head = 2 * from(random, 1, 8);
  shared.gpt.sequence = 2 * shared.context * tensor * from(random, 1, 6);
  shared.gpt.sequence_parallel = from(random, 0, 1) == 1;
  shared.gpt.more_model =
      fmt::format(R"(, "num_query_groups": {}, "use_flash_attn": {})", groups, random() % 2 == 0);
  return shared;
}

Gpt with_context(Shared shared) {
  shared.gpt.more_training = shared.training();
  return shared.gpt;
}

Layer shared_block_of(const Gpt& gpt) {
  return blocks_of(gpt).layers[0];
}

// What a device sends in a pass to others that share its sequence: a ring's messages; of what is
// gathered or scattered all but its own part; of what goes to all, all but what stays.
double sent(const std::vector<Operator>& pass, LayerGroup group, int ranks) {
  double bytes = 0;
  for (const Operator& op : operators_of(pass, Kernel::collective)) {
    if (op.group != group) continue;
    bytes += op.ring_steps > 0 ? op.bytes * op.ring_steps : op.bytes * (ranks - 1) / ranks;
  }
  return bytes;
}

// Of operators in the ring, without messages.
double ring_seconds_of(const std::vector<Operator>& pass, const LayerSite& site) {
  double time = 0;
  for (const Operator& op : pass) {
    if (op.in_ring) time += operator_seconds(op, site, site.training.micro_batch_size);
  }
  return time;
}

}  // namespace

TEST_SUITE("models/transformer/transformer: shares") {
  TEST_CASE("a sequence of one device is exchanged with nobody, whatever the way") {
    std::mt19937 random(3);
    for (int i = 0; i < 100; ++i) {
      Shared shared = random_shared(random);
      const Layer alone = shared_block_of(shared.gpt);
      shared.context = shared.heads = 1;
      CAPTURE(shared.kind);
      const Layer layer = shared_block_of(with_context(shared));
      CHECK(layer.forward == alone.forward);
      CHECK(layer.backward_input == alone.backward_input);
      CHECK(layer.recomputed == alone.recomputed);
      CHECK(layer.stash_bytes == alone.stash_bytes);
      CHECK(layer.workspace_bytes == alone.workspace_bytes);
    }
  }

  TEST_CASE(
      "devices that share a sequence hold, compute and send the same in all, whatever the way") {
    std::mt19937 random(17);
    for (int i = 0; i < draws(2000); ++i) {
      const Shared shared = random_shared(random);
      const Gpt gpt = with_context(shared);
      CAPTURE(text_of(gpt));
      const Layer layer = shared_block_of(gpt);
      const Layer alone = shared_block_of(shared.gpt);
      const int ring = shared.ring();
      CHECK(layer.parameters == alone.parameters);
      CHECK(layer.parameter_bytes == alone.parameter_bytes);
      CHECK(shared.context * flops_of(layer.backward_weight) ==
            doctest::Approx(flops_of(alone.backward_weight)).epsilon(1e-12));
      CHECK(shared.context * flops_of(layer.forward) ==
            doctest::Approx(flops_of(alone.forward)).epsilon(1e-12));
      CHECK(shared.context * flops_of(layer.backward_input) ==
            doctest::Approx(flops_of(alone.backward_input)).epsilon(1e-12));
      CHECK(std::abs(shared.context * layer.stash_bytes - alone.stash_bytes) <=
            16 * shared.context);  // Each part is rounded up.
      // Keys and values of a device, in two bytes an element, go to all others of the ring once.
      const Config config = config_of(gpt);
      const Transformer& model = *config.transformer;
      const double pair = 4.0 * gpt.sequence / shared.context *
                          static_cast<double>(model.query_groups * model.head_size) / gpt.tensor;
      CHECK(sent(layer.forward, LayerGroup::context_ring, ring) ==
            doctest::Approx(pair * (ring - 1)).epsilon(1e-12));
      CHECK(sent(layer.backward_input, LayerGroup::context_ring, ring) ==
            doctest::Approx(2 * pair * (ring - 1)).epsilon(1e-12));
    }
  }

  TEST_CASE(
      "a ring takes the longer of message and part of the work for each step, and a last part") {
    std::mt19937 random(23);
    const Source source{.file = "c.json"};
    for (int i = 0; i < draws(2000); ++i) {
      Shared shared = random_shared(random);
      shared.kind = "p2p";
      shared.context *= shared.heads;
      shared.heads = 1;
      shared.gpt.sequence *= shared.context;
      shared.gpt.tensor = 1;
      const Gpt gpt = with_context(shared);
      CAPTURE(text_of(gpt));
      Device device{.name = "d", .memory_bandwidth = 1e12};
      device.flops[static_cast<std::size_t>(Precision::fp16)] = 1e12;
      const Training training{.micro_batch_size = from(random, 1, 4), .precision = Precision::fp16};
      const double bandwidth = std::exp2(from(random, 20, 45));
      const GroupNetwork network{
          {{.ranks = shared.context, .interconnect = {.bandwidth = bandwidth, .latency = 1e-6}}}};
      LayerSite site{.device = device, .training = training, .source = source};
      const Layer layer = shared_block_of(gpt);
      const LayerTime free = layer_times({.layers = {layer}}, site)[0];
      site.groups[static_cast<std::size_t>(LayerGroup::context_ring)] = network;
      const LayerTime time = layer_times({.layers = {layer}}, site)[0];
      const Config config = config_of(gpt);
      const double pair = 4.0 * gpt.sequence / shared.context *
                          static_cast<double>(config.transformer->query_groups * gpt.head);
      const auto added = [&](const std::vector<Operator>& pass, double bytes) {
        const double part = ring_seconds_of(pass, site) / shared.context;
        const double message =
            1e-6 + bytes * static_cast<double>(training.micro_batch_size) / bandwidth;
        return shared.context == 1 ? 0 : (shared.context - 1) * std::max(0.0, message - part);
      };
      const auto near = [](Time a, double b) {
        return std::abs(seconds(a) - b) < 1e-10 + 1e-9 * b;
      };
      CHECK(near(time.forward - free.forward, added(layer.forward, pair)));
      CHECK(near(time.backward_input - free.backward_input, added(layer.backward_input, 2 * pair)));
      CHECK(time.backward_weight == free.backward_weight);
    }
  }

  TEST_CASE(
      "a backward holds two blocks of the ring and their gradients: a gathered one the whole") {
    // An MLP so narrow that its own scratch is less; 2 heads of 8, 32 tokens a device.
    const auto workspace = [](const std::string& kind) {
      return shared_block_of(
                 {.heads = 2,
                  .sequence = 128,
                  .more_model = R"(, "ffn_hidden_size": 8)",
                  .more_training = R"(, "context_parallel": 4, "cp_comm_type": ")" + kind + "\""})
          .workspace_bytes;
    };
    const Bytes block = 2 * 32 * 2 * 16;  // Two bytes, tokens, keys and values.
    CHECK(workspace("p2p") == 4 * block);
    CHECK(workspace("all_gather") == 2 * 4 * block);
  }

  TEST_CASE("selective re-computation passes keys and values round once more") {
    const Layer layer =
        shared_block_of({.sequence = 32, .more_training = R"(, "context_parallel": 4,
                                                                      "cp_comm_type": "p2p")"});
    CHECK(sent(layer.recomputed, LayerGroup::context_ring, 4) ==
          sent(layer.forward, LayerGroup::context_ring, 4));
    CHECK(layer.recomputed.front().ring_steps == 3);
  }

  TEST_CASE("where a device gets no whole group by a2a, keys and values go round a ring") {
    const auto exchange = [](const Gpt& gpt) {
      const Config config = config_of(gpt);
      return context_exchange(*config.transformer, config.training.parallel);
    };
    const std::string two = R"(, "context_parallel": 2)";
    CHECK(exchange({.tensor = 2, .more_training = two}) == ContextExchange::a2a);
    CHECK(exchange({.tensor = 4, .more_training = two}) == ContextExchange::p2p);
    CHECK(exchange({.more_model = R"(, "num_query_groups": 1)", .more_training = two}) ==
          ContextExchange::p2p);
  }

  TEST_CASE("devices beyond the groups of keys and values gather each other's columns") {
    const Gpt few{.tensor = 4, .more_model = R"(, "num_query_groups": 2)"};
    const Layer layer = shared_block_of(few);
    Gpt alone = few;
    alone.tensor = 1;
    CHECK(layer.parameters == shared_block_of(alone).parameters);
    const Operator gather = operators_of(layer.forward, Kernel::collective)[0];
    CHECK(gather.collective == Collective::all_gather);
    CHECK(gather.bytes == 2.0 * 16 * (4 + 2 * 2) * 8);
    CHECK(flops_of(layer.forward) * 4 == doctest::Approx(flops_of(shared_block_of(alone).forward)));
  }

  TEST_CASE("a ring takes a part from either half of a sequence") {
    const auto refused = [](int sequence, const std::string& kind) -> std::string {
      return test::refusal_of([&] {
        static_cast<void>(config_of({.sequence = sequence,
                                     .more_training = R"(, "context_parallel": 2,
                                                          "cp_comm_type": ")" +
                                                      kind + "\""}));
      });
    };
    CHECK(refused(6, "a2a") == "accepted");
    CHECK(refused(8, "p2p") == "accepted");
    for (const char* kind : {"p2p", "all_gather"}) {
      CHECK(refused(6, kind) ==
            "gpt.json: /model/seq_length: is not a multiple of 4, twice context_parallel, got 6\n"
            "  hint: each device has a part of either half, so that causal attention is as much "
            "work for all");
    }
  }

  TEST_CASE("experts are held, and computed, once by their replicas, and groups part the ranks") {
    std::mt19937 random(41);
    int refused = 0;
    for (int i = 0; i < draws(2000); ++i) {
      const int tensor = 1 << from(random, 0, 2);
      const int context = from(random, 1, 2);
      const int data = from(random, 1, 8);
      const int expert_tensor = 1 << from(random, 0, 3);
      const int expert = from(random, 1, 12);
      const int each = from(random, 1, 3);
      const std::string sizes = fmt::format(
          R"("kind": "transformer", "num_layers": 1, "hidden_size": 32, "num_attention_heads": 8,
             "seq_length": 16, "vocab_size": 64, "num_experts": {}, "moe_router_topk": 1,
             "moe_ffn_hidden_size": 24)",
          expert * each);
      const std::string ranks = fmt::format(
          R"("tensor_parallel": {}, "context_parallel": {}, "data_parallel": {},
             "expert_parallel": {}, "expert_tensor_parallel": {}, "sequence_parallel": true,
             "batch_size": 1)",
          tensor, context, data, expert, expert_tensor);
      CAPTURE(sizes);
      CAPTURE(ranks);
      const int stage = tensor * context * data;
      std::optional<Config> read;
      try {
        read = transformer_config(sizes, ranks);
      } catch (const InputError&) {
        ++refused;
      }
      REQUIRE(read.has_value() == (stage % (expert * expert_tensor) == 0));
      if (!read) continue;
      const Layer& layer = std::get<Network>(read->model).layers[0];
      const Config whole = transformer_config(sizes);
      const Layer& alone = std::get<Network>(whole.model).layers[0];
      const auto replicas = static_cast<Bytes>(expert_replicas(read->training));
      CHECK(stage * layer.expert_bytes == replicas * alone.expert_bytes);
      CHECK(layer.parameters == alone.parameters);
      // A stage's devices take data × as many tokens together.
      const auto flops = [](const Layer& of) {
        return flops_of(operators_of(of.forward, Kernel::grouped_product));
      };
      CHECK(stage * flops(layer) == doctest::Approx(data * flops(alone)).epsilon(1e-12));

      const RankGrid grid = rank_grid(*read);
      const ExpertGrid experts = expert_grid(*read);
      for (const auto& [group_of, size] :
           {std::pair{&expert_group, expert}, std::pair{&expert_tensor_group, expert_tensor},
            std::pair{&expert_replica_group, static_cast<int>(replicas)}}) {
        std::set<std::vector<int>> groups;
        for (int rank = 0; rank < stage; ++rank) groups.insert(group_of(grid, experts, rank));
        std::set<int> members;
        for (const std::vector<int>& group : groups) {
          CHECK(std::ssize(group) == size);
          members.insert(group.begin(), group.end());
        }
        CHECK(std::ssize(groups) * size == stage);
        CHECK(std::ssize(members) == stage);
      }
    }
    CHECK(refused > draws(2000) / 4);
    CHECK(refused < draws(2000));
  }
}

}  // namespace pipesim::test
