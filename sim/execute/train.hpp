#pragma once

#include <functional>
#include <vector>

#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// Where a training run stands.
struct TrainingProgress {
  int epoch = 0;       ///< From 0.
  int mini_batch = 0;  ///< Of the epoch, from 0; it has just been trained on.
  int mini_batches = 0;
  double loss = 0;       ///< Of that mini-batch, before its update.
  double elapsed_s = 0;  ///< Since the first mini-batch began.
};

/// losses[epoch][mini-batch]: each before the update that it leads to.
using TrainingLosses = std::vector<std::vector<double>>;

/// The mean of an epoch's losses.
double mean(const std::vector<double>& losses);

/// What needs no schedule to be found: throws InputError as check_executable, and when the number
/// of samples is no multiple of the batch size.
void check_trainable(const Config& config);

struct TrainingResult {
  Run prediction{};         ///< Of a step, on the config's devices: does it fit, does it end?
  TrainingLosses losses{};  ///< None after a deadlock: nothing was run.
};

/// Trains the experiment's mlp for all its epochs on the synthetic data set, on the wall clock: one
/// thread for each device. Samples come in order, the same in every epoch.
/// Throws InputError as check_trainable and check_executable; DeviceFailure.
TrainingResult train(const Experiment& experiment,
                     const std::function<void(const TrainingProgress&)>& report);

}  // namespace pipesim
