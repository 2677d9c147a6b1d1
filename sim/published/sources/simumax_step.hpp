#pragma once

#include <string>

namespace pipesim::published {

/// A step on 8 B200 that SimuMax measured (github.com/MooreThreads/SimuMax), as its table names it.
struct SimumaxStep {
  std::string name{};      ///< Its case; "_seq32768" in it is the length of a sequence, else 4096.
  std::string model{};     ///< "llama3-70b", "llama3-405b", "deepseekv2", "deepseekv3"
  std::string parallel{};  ///< "tp2cp4pp1", "tp1ep8pp1"; all that is left of the 8 are replicas.
  int layers = 1;
  int micro_batches = 1;  ///< Of one sequence each.
  int virtual_stages = 1;
};

/// The step as a config. Set-up from SimuMax's scripts for Megatron-LM: bf16 with gradients in
/// fp32, sums of gradients fused into the products, ZeRO stage 1 without overlap, sequence
/// parallelism, fused attention and cross entropy, no dropout, nothing computed again; the first
/// block of the DeepSeek models has no experts; vocabularies are padded to 128 · tp.
/// `place` is what an InputError names: an unknown model, a word of `parallel` that is none, or
/// ranks that do not divide 8.
std::string config_of(const SimumaxStep& step, const std::string& place);

}  // namespace pipesim::published
