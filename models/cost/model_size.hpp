#pragma once

#include <optional>

#include "models/config/config.hpp"

namespace pipesim {

/// Parameters of the whole model, whatever devices share it; a tied embedding counts once. Absent
/// where the model states times and bytes only.
std::optional<double> parameter_count(const Config& config);

/// Floating-point operations that the model's products take for one sample, forward and for both
/// gradients, each once: what Korthikanti et al. (arXiv:2205.05198, eq. 7) call model FLOPs. What
/// is computed again, by re-computation or inside fused attention, does not count. Absent where the
/// model states times and bytes only.
std::optional<double> model_flops(const Config& config);

}  // namespace pipesim
