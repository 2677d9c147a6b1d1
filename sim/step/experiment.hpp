#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/config/config.hpp"
#include "models/cost/partition.hpp"
#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/schedule.hpp"
#include "sim/engine/op_costs.hpp"

namespace pipesim {

/// Replicas of the pipeline whose devices are alike.
struct ReplicaCosts {
  std::vector<int> replicas{};  ///< In order.
  std::vector<StageCost> stages{};
  std::vector<std::optional<Bytes>> capacity{};  ///< Of each device; absent: unlimited.
};

/// A config put together: what runs where, in which order, and what each op costs.
struct Experiment {
  Config config{};
  Partition partition{};  ///< Layers of each stage; empty for a model without layers.
  Schedule schedule{};
  StepCosts costs{};                             ///< Of the slowest replica.
  std::vector<std::optional<Bytes>> capacity{};  ///< Of its devices; absent: unlimited.
  int slowest_replica = 0;
  /// All of them, by the first of those that are alike; empty where all are. Messages between
  /// stages are taken to be those of the first.
  std::vector<ReplicaCosts> replicas{};
  std::optional<Ratio> bubble_formula{};  ///< For stages equal to the mean of these.
};

}  // namespace pipesim
