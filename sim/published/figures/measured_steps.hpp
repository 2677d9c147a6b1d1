#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/published/figures/figures.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim::published {

/// A training step whose time, or throughput, was published.
struct MeasuredStep {
  std::string label{};
  std::string place{};   ///< FILE:LINE of the figure: what an error about the config names.
  double published = 0;  ///< In the table's unit.
  double work = 0;       ///< The figure is work / seconds; 0: it is the seconds.
  std::string config{};  ///< JSON, as a user would write it.
  std::string note{};
};

/// What a prediction leaves out, to show what that is worth.
enum class Ablation {
  nothing,
  varied_efficiency,  ///< Every operator takes its FLOPs at one fraction of the peak rate, and
                      ///< nothing beside: no memory traffic, no overhead of launches or the host.
  communication,      ///< All links are ideal.
  bubble,             ///< The pipeline takes its devices' mean busy time.
};
/// "constant efficiency", "no communication", "no bubble"; "full model".
std::string_view name_of(Ablation ablation);

/// A config's experiment. `place` is what errors name. Throws InputError.
Experiment experiment_of(const std::string& config, const std::string& place,
                         const std::vector<std::string>& settings = {});

/// The step's figure, in the table's unit; NaN when it deadlocks. `fraction` of the peak rate is
/// what Ablation::varied_efficiency takes.
double predict(const MeasuredStep& step, Ablation ablation = Ablation::nothing,
               double fraction = 1);

/// A row for each step.
std::vector<Row> predict_all(const std::vector<MeasuredStep>& steps,
                             Ablation ablation = Ablation::nothing, double fraction = 1);

/// What a table's errors are without a part of the model.
struct AblationResult {
  Ablation ablation = Ablation::nothing;
  double mean_error = 0;
  double worst_error = 0;
  /// Of the peak rate: the one that makes this table's mean error least, to 0.1 %.
  std::optional<double> fraction{};
};

/// The table's errors as they are, then under each ablation.
std::vector<AblationResult> ablate(const std::vector<MeasuredStep>& steps);

}  // namespace pipesim::published
