#pragma once

#include <random>
#include <string>
#include <vector>

namespace pipesim::test {

/// What a user might type: a config and settings beside it.
struct RandomConfig {
  std::string text{};
  std::vector<std::string> settings{};
};

/// Of any kind of model, schedule, partition, re-computation, parallelism and memory, small enough
/// to be simulated in microseconds. Many can't be run.
RandomConfig random_config(std::mt19937& random);

}  // namespace pipesim::test
