#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/execute/gradient_check.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

struct ExecuteOptions {
  Clock clock = Clock::wall;          ///< Or measured.
  int steps = 5;                      ///< After one that warms up.
  std::function<void(int)> report{};  ///< Called with the number of steps done; may be empty.
};

/// What an execution asks of this machine, beside what the virtual devices hold.
struct HostNeeds {
  Clock clock = Clock::wall;
  std::int64_t samples = 0;
};

/// Training steps that really ran, beside what the simulator says about them.
struct Execution {
  /// wall: the step whose time is the median; measured: every op at its median over the steps. Of
  /// more than 64 steps, or fewer where the schedule is large, an evenly spread sample is kept.
  Run run{};
  Run prediction{};                  ///< Of the config's devices, which may be other machines.
  Run replay{};                      ///< What the simulator makes of the durations of `run`.
  bool is_for_this_machine = false;  ///< Calibrated: `prediction` is about what ran the step.
  double loss = 0;                   ///< Of the first step: before any update.
  /// After how many updates the loss was first no finite number, if it ever was.
  std::optional<int> diverged_after{};
  GradientCheck gradients{};
  std::string memory_difference{};  ///< From the simulated trace, the first; empty: none.
  Bytes peak_resident = 0;          ///< Of the process, before the gradient check.
  std::vector<Time> step_times{};   ///< Of all steps, in order.

  /// What the run is held against.
  const Run& expected() const { return is_for_this_machine ? prediction : replay; }
  bool passed() const { return gradients.passed() && memory_difference.empty(); }
};

/// What needs no schedule to be found: throws InputError when the model has no kernels (only an mlp
/// has, in fp32 and fp64), there are replicas, or a setting is only simulated.
void check_executable(const Config& config);

/// The same, and when the step needs more threads or more memory than this machine has.
/// `predicted`: the simulated step.
void check_executable(const Experiment& experiment, const Run& predicted, const HostNeeds& needs);

/// Runs the experiment's step `steps` times on synthetic samples, and checks gradients and memory.
/// Throws InputError as above, DeviceFailure.
Execution execute(const Experiment& experiment, const ExecuteOptions& options = {});

}  // namespace pipesim
