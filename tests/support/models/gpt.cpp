#include "support/models/gpt.hpp"

#include <fmt/format.h>

#include "models/transformer/transformer.hpp"

namespace pipesim::test {

Gpt random_gpt(std::mt19937& random) {
  const auto from = [&](int least, int most) {
    return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
  };
  Gpt gpt;
  gpt.tensor = 1 << from(0, 3);
  gpt.layers = from(1, 6);
  gpt.heads = gpt.tensor * from(1, 4);
  gpt.head = from(1, 20);
  gpt.sequence = gpt.tensor * from(1, 12);
  gpt.vocabulary = gpt.tensor * from(1, 50);
  gpt.samples = from(1, 5);
  gpt.sequence_parallel = from(0, 1) == 1;
  return gpt;
}

std::string text_of(const Gpt& gpt) {
  return fmt::format(
      R"({{"model": {{"kind": "transformer", "num_layers": {}, "hidden_size": {},
          "num_attention_heads": {}, "seq_length": {}, "vocab_size": {}{}}},
          "cluster": {},
          "pipeline": {{"schedule": "{}", "stages": {}, "micro_batches": {},
                        "recompute": "{}"{}}},
          "training": {{"precision": "{}", "batch_size": {}, "tensor_parallel": {},
                        "sequence_parallel": {}{}}}}})",
      gpt.layers, gpt.hidden(), gpt.heads, gpt.sequence, gpt.vocabulary, gpt.more_model,
      gpt.cluster, gpt.schedule, gpt.stages, gpt.micro_batches, gpt.recompute, gpt.more_pipeline,
      gpt.precision, gpt.samples * gpt.micro_batches, gpt.tensor, gpt.sequence_parallel,
      gpt.more_training);
}

Config config_of(const Gpt& gpt) {
  return read_config(parse_document(text_of(gpt), "gpt.json"));
}

Network network_of(const Gpt& gpt) {
  return std::get<Network>(config_of(gpt).model);
}

Network blocks_of(const Gpt& gpt) {
  const Field config(parse_document(text_of(gpt), "gpt.json"));
  const Training training = config_of(gpt).training;
  return transformer_network(read_transformer(config.at("model", ""), training), training, false);
}

double flops_of(const std::vector<Operator>& operators) {
  double sum = 0;
  for (const Operator& op : operators) sum += op.flops;
  return sum;
}

}  // namespace pipesim::test
