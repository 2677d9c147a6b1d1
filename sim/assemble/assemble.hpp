#pragma once

#include <optional>
#include <string>

#include "sim/step/experiment.hpp"

namespace pipesim {

/// Whether replicas that are alike are simulated once for all of them.
enum class SimulatedReplicas { one_of_alike, each };

/// Throws InputError: an unknown schedule, more ops than this machine's memory holds (found before
/// anything is built), a device that lacks a figure, totals of time or bytes of 2^62 and more.
Experiment assemble(Config config, SimulatedReplicas replicas = SimulatedReplicas::one_of_alike);

/// The same for a setting that nobody asked for: where it can't be, `reason` says why. With
/// read_variant (sim/whatif/what_if) and main one of the places where an InputError ends.
struct Attempt {
  std::optional<Experiment> experiment{};
  std::string reason{};
};
Attempt try_assemble(const Config& config);

}  // namespace pipesim
