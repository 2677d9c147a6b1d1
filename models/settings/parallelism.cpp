#include "models/settings/parallelism.hpp"

#include <fmt/format.h>

#include <vector>

namespace pipesim {

namespace {

constexpr int most_ranks = 1 << 20;

int read_ranks(const Field& section, std::string_view key, bool shares_layers) {
  const auto field = section.find(key);
  if (!field) return 1;
  const int ranks = field->count(most_ranks);
  if (ranks != 1 && !shares_layers) {
    throw field->error("is not simulated for this kind of model",
                       fmt::format("set {} to 1, or leave it out", key));
  }
  return ranks;
}

void read_flag(const Field& section, std::string_view key, bool& flag) {
  if (const auto field = section.find(key)) flag = field->boolean();
}

constexpr std::string_view sizes_key = "hierarchical_context_parallel_sizes";

// [ranks that exchange heads, ranks of the ring]
void read_context_sizes(const Field& training, Parallelism& parallel) {
  const auto sizes = training.find(sizes_key);
  if (parallel.context_exchange != ContextExchange::a2a_p2p) {
    if (!sizes) return;
    throw sizes->error("is about cp_comm_type a2a+p2p, which is not chosen",
                       "set cp_comm_type to \"a2a+p2p\", or leave it out");
  }
  if (!sizes) training.at(sizes_key, "with a2a+p2p, for example [4, 2]: 4 of 8 exchange heads");
  std::vector<int> ranks;
  for (const Field& item : sizes->items()) ranks.push_back(item.count(most_ranks));
  if (ranks.size() != 2 || std::int64_t{ranks[0]} * ranks[1] != parallel.context) {
    throw sizes->error(
        fmt::format("must be two numbers whose product is context_parallel {}", parallel.context),
        "the first exchange heads (a2a), the second form a ring (p2p)");
  }
  parallel.context_heads = ranks[0];
}

void read_context_exchange(const Field& training, Parallelism& parallel) {
  if (const auto kind = training.find("cp_comm_type")) {
    parallel.context_exchange =
        static_cast<ContextExchange>(kind->pick("ways", cp_comm_type_choices));
  }
  read_context_sizes(training, parallel);
}

// The ranks of a stage are expert_tensor × expert × replicas of the experts.
void check_experts(const Field& training, const Parallelism& parallel, int data_parallel) {
  const std::int64_t ranks = std::int64_t{parallel.tensor} * parallel.context * data_parallel;
  const std::int64_t shares = std::int64_t{parallel.expert} * parallel.expert_tensor.value_or(1);
  if (ranks % shares == 0) return;
  const bool alone = ranks % parallel.expert != 0 || !parallel.expert_tensor;
  throw training.at(alone ? "expert_parallel" : "expert_tensor_parallel", "")
      .error(fmt::format("{}must divide tensor_parallel × context_parallel × data_parallel, which "
                         "is {} × {} × {}",
                         alone ? "" : fmt::format("times expert_parallel {} ", parallel.expert),
                         parallel.tensor, parallel.context, data_parallel),
             "experts are spread over all devices of a stage: expert_tensor_parallel × "
             "expert_parallel × replicas of the experts");
}

}  // namespace

Parallelism read_parallelism(const Field& training, std::string_view model_kind,
                             int data_parallel) {
  const bool shares_layers = model_kind == "transformer";
  Parallelism parallel{.tensor = read_ranks(training, "tensor_parallel", shares_layers),
                       .context = read_ranks(training, "context_parallel", shares_layers),
                       .expert = read_ranks(training, "expert_parallel", shares_layers)};
  if (const auto field = training.find("zero_stage")) {
    parallel.zero_stage = static_cast<int>(field->integer(0, 3));
  }
  read_flag(training, "sequence_parallel", parallel.sequence);
  read_flag(training, "overlap_grad_reduce", parallel.overlap_grad_reduce);
  read_flag(training, "async_tensor_model_parallel_allreduce", parallel.async_tensor_parallel);
  if (training.find("expert_tensor_parallel")) {
    parallel.expert_tensor = read_ranks(training, "expert_tensor_parallel", shares_layers);
  }
  read_context_exchange(training, parallel);
  check_experts(training, parallel, data_parallel);
  return parallel;
}

}  // namespace pipesim
