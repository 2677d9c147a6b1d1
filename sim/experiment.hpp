#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/config.hpp"
#include "models/partition.hpp"
#include "schedules/bubble_formula.hpp"
#include "schedules/schedule.hpp"
#include "sim/op_costs.hpp"

namespace pipesim {

/// Replicas of the pipeline whose devices are alike.
struct ReplicaCosts {
  std::vector<int> replicas{};  ///< In order.
  std::vector<StageCost> stages{};
  std::vector<std::optional<Bytes>> capacity{};  ///< Of each device; absent: unlimited.
};

/// Whether replicas that are alike are simulated once for all of them.
enum class Replicas { alike_once, each };

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

/// Throws InputError: an unknown schedule, more ops than this machine's memory holds (found before
/// anything is built), a device that lacks a figure, totals of time or bytes of 2^62 and more.
Experiment assemble(Config config, Replicas replicas = Replicas::alike_once);

/// The same for a setting that nobody asked for: where it can't be, `reason` says why. With
/// read_variant (sim/what_if) and main one of the places where an InputError ends.
struct Attempt {
  std::optional<Experiment> experiment{};
  std::string reason{};
};
Attempt try_assemble(const Config& config);

}  // namespace pipesim
