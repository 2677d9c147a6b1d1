#pragma once

#include <string>

#include "sim/published/figures/csv_table.hpp"

namespace pipesim::published {

/// A step of a transformer, as papers about it state theirs: what a config of it says. Defaults
/// are Megatron-LM's on its clusters of A100.
struct TransformerSetup {
  int layers = 1;
  int hidden = 1;
  int heads = 1;
  int sequence = 2048;
  int vocabulary = 51200;

  int tensor = 1;
  int pipeline = 1;
  int data = 1;
  int virtual_stages = 1;  ///< Above 1: interleaved.
  int micro_batch = 1;
  int global_batch = 1;
  std::string recompute = "none";
  bool sequence_parallel = false;
  /// The input gradient's all-reduce runs beside the product of the weight gradient.
  bool async_all_reduce = false;

  std::string device = "a100-80gb";
  std::string interconnect = "dgx-a100";
  std::string host_time_per_layer{};  ///< Empty: none.
  std::string precision = "fp16";
  std::string gradient_precision = "fp16";
};

/// Devices of all replicas.
double gpus_of(const TransformerSetup& setup);

/// Throws InputError where a row counts `gpus`, and others than its parallelism makes.
void check_gpus(const CsvRow& row, const TransformerSetup& setup);

/// The setup as a config.
std::string config_of(const TransformerSetup& setup);

/// "t8 p16 d4 b2", or with virtual stages "t8 p16 d4 v2 b2".
std::string parallelism_of(const TransformerSetup& setup);

}  // namespace pipesim::published
