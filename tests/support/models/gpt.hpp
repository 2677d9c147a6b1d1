#pragma once

#include <random>
#include <string>

#include "models/config/config.hpp"

namespace pipesim::test {

/// A GPT on a pipeline, as a test varies it; what is not set is the config's default.
struct Gpt {
  int layers = 2;
  int heads = 4;
  int head = 8;  ///< Columns of a head.
  int sequence = 16;
  int vocabulary = 64;
  int tensor = 1;
  bool sequence_parallel = false;
  int samples = 1;  ///< Of a micro-batch.
  int micro_batches = 1;
  int stages = 1;
  std::string schedule = "1f1b";
  std::string recompute = "none";
  std::string precision = "fp16";
  std::string more_model{};  ///< More keys, each behind a comma: `, "swiglu": true`.
  std::string more_pipeline{};
  std::string more_training{};
  std::string cluster =
      R"({"device": {"flops": 1e12, "memory_bandwidth": 1e12}, "interconnect": {"bandwidth": 1e9}})";

  int hidden() const { return heads * head; }
};

/// Sizes at random; tensor parallelism divides all that it has to, along the sequence or not.
Gpt random_gpt(std::mt19937& random);

std::string text_of(const Gpt& gpt);

/// Throws InputError as read_config does; errors call the file gpt.json.
Config config_of(const Gpt& gpt);
Network network_of(const Gpt& gpt);

/// Its blocks alone, without embedding and head.
Network blocks_of(const Gpt& gpt);

/// Operations of an operator list for a sample.
double flops_of(const std::vector<Operator>& operators);

}  // namespace pipesim::test
