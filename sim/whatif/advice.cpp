#include "sim/whatif/advice.hpp"
#include "sim/assemble/assemble.hpp"

#include <algorithm>
#include <optional>

#include "sim/step/run.hpp"
#include "sim/whatif/smaller_variants.hpp"

namespace pipesim {

std::vector<Advice> what_would_fit(const Config& config, const ReportProgress& progress) {
  constexpr double most_ops = 4e6;
  constexpr std::size_t most_layers = 20'000;
  constexpr std::size_t most_advice = 3;
  std::vector<Advice> advice;
  const auto* network = std::get_if<Network>(&config.model);
  if (network != nullptr && network->layers.size() > most_layers) return advice;
  const std::vector<Variant> variants = smaller_variants(config);
  for (const Variant& variant : variants) {
    if (progress) {
      progress(static_cast<double>(&variant - variants.data()),
               static_cast<double>(variants.size()));
    }
    const double ops =
        3.0 * variant.config.pipeline.all_stages() * variant.config.training.micro_batches;
    if (ops > most_ops) continue;
    const std::optional<Experiment> assembled = try_assemble(variant.config).experiment;
    if (!assembled) continue;
    const Run run = simulate(*assembled, {.timeline = false, .breakdown = false});
    if (run.outcome.deadlock) continue;
    Advice& tried = advice.emplace_back(Advice{.settings = variant.settings,
                                               .fits = run.metrics.fits_memory,
                                               .step_time = run.metrics.step_time,
                                               .devices = variant.config.cluster.devices});
    for (const DeviceUse& device : run.outcome.devices)
      tried.peak = std::max(tried.peak, device.peak);
  }
  const auto takes_more = [&](const Advice& tried) {
    return tried.devices > config.cluster.devices;
  };
  std::stable_sort(advice.begin(), advice.end(), [&](const Advice& a, const Advice& b) {
    if (a.fits != b.fits) return a.fits;
    if (!a.fits) return a.peak < b.peak;
    if (takes_more(a) != takes_more(b)) return takes_more(b);
    return a.step_time < b.step_time;
  });
  const auto same = [](const Advice& a, const Advice& b) {  // Changed more, to no effect.
    return a.peak == b.peak && a.step_time == b.step_time;
  };
  advice.erase(std::unique(advice.begin(), advice.end(), same), advice.end());
  const auto fitting = static_cast<std::size_t>(
      std::count_if(advice.begin(), advice.end(), [](const Advice& a) { return a.fits; }));
  advice.resize(std::min({advice.size(), most_advice, std::max<std::size_t>(1, fitting)}));
  return advice;
}

}  // namespace pipesim
