#pragma once

#include <nlohmann/json.hpp>
#include <random>
#include <string_view>

namespace pipesim::test {

/// What `random_pipeline` draws.
struct PipelineDraw {
  int virtual_stages = 1;
  int most_stages = 4;  ///< Devices.
  int most_micro_batches = 8;
  bool partitions = true;  ///< Of a model with layers, others than `uniform`, too.
};

/// A small config without a schedule: stages given directly, even and uneven, or a few layers, with
/// every kind of re-computation and communication, shared links, replicas and ZeRO, deferred weight
/// gradients, and no device memory. Its I and W have times of their own.
nlohmann::json random_pipeline(std::mt19937& random, const PipelineDraw& draw);

}  // namespace pipesim::test
