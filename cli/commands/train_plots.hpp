#pragma once

#include "reports/svg/plot_page.hpp"
#include "sim/execute/train.hpp"

namespace pipesim::cli {

/// What `train --html` and `--svg` show: the loss over mini-batches, and its mean of each epoch.
PlotPage training_page(const Experiment& experiment, const TrainingLosses& losses);

}  // namespace pipesim::cli
