#include "models/parallelism.hpp"

#include <fmt/format.h>

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
  const std::int64_t replicas = std::int64_t{data_parallel} * parallel.context;
  if (replicas % parallel.expert != 0) {
    throw training.at("expert_parallel", "")
        .error(fmt::format("must divide data_parallel × context_parallel, which is {} × {}",
                           data_parallel, parallel.context),
               "the devices that share the experts are replicas of everything else");
  }
  return parallel;
}

}  // namespace pipesim
