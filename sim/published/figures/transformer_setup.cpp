#include "sim/published/figures/transformer_setup.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace pipesim::published {

double gpus_of(const TransformerSetup& setup) {
  return static_cast<double>(setup.tensor) * setup.pipeline * setup.data;
}

void check_gpus(const CsvRow& row, const TransformerSetup& setup) {
  if (!row.has("gpus") || row.whole("gpus") == gpus_of(setup)) return;
  throw row.error("gpus",
                  fmt::format("must be {:.0f}, tensor- times pipeline- times data-parallel ones",
                              gpus_of(setup)),
                  "correct one of the four");
}

std::string config_of(const TransformerSetup& setup) {
  const bool interleaved = setup.virtual_stages > 1;
  nlohmann::json config = {
      {"name", "published"},
      {"model",
       {{"kind", "transformer"},
        {"num_layers", setup.layers},
        {"hidden_size", setup.hidden},
        {"num_attention_heads", setup.heads},
        {"seq_length", setup.sequence},
        {"vocab_size", setup.vocabulary}}},
      {"cluster", {{"device", setup.device}, {"interconnect", setup.interconnect}}},
      {"pipeline",
       {{"schedule", interleaved ? "interleaved_1f1b" : "1f1b"},
        {"stages", setup.pipeline},
        {"micro_batch_size", setup.micro_batch},
        {"recompute", setup.recompute}}},
      {"training",
       {{"global_batch_size", setup.global_batch},
        {"tensor_parallel", setup.tensor},
        {"data_parallel", setup.data},
        {"sequence_parallel", setup.sequence_parallel},
        {"async_tensor_model_parallel_allreduce", setup.async_all_reduce},
        {"optimizer", "adam"},
        {"precision", setup.precision},
        {"gradient_precision", setup.gradient_precision}}}};
  if (interleaved) config["pipeline"]["virtual_stages"] = setup.virtual_stages;
  if (!setup.host_time_per_layer.empty()) {
    config["cluster"]["host_time_per_layer"] = setup.host_time_per_layer;
  }
  return config.dump();
}

std::string parallelism_of(const TransformerSetup& setup) {
  const std::string chunks =
      setup.virtual_stages > 1 ? fmt::format(" v{}", setup.virtual_stages) : "";
  return fmt::format("t{} p{} d{}{} b{}", setup.tensor, setup.pipeline, setup.data, chunks,
                     setup.micro_batch);
}

}  // namespace pipesim::published
