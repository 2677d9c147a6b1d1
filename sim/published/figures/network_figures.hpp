#pragma once

#include <string>

#include "sim/published/figures/transformer_setup.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim::published {

/// Parameters of a network, on all devices that share it together.
double parameters_of(const Network& network);

/// Those of a transformer, whatever it runs on.
double parameters_of(const TransformerSetup& setup, const std::string& place);

/// The most that a device holds under the tag `stash` in a simulated step.
Bytes peak_stash(const Experiment& experiment, int device);

}  // namespace pipesim::published
