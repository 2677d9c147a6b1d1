#include "sim/published/figures/network_figures.hpp"

#include <algorithm>

#include "models/base/document.hpp"
#include "sim/engine/memory_trace.hpp"
#include "sim/step/run.hpp"

namespace pipesim::published {

double parameters_of(const Network& network) {
  double parameters = 0;
  for (const Layer& layer : network.layers) parameters += layer.parameters;
  return parameters;
}

double parameters_of(const TransformerSetup& setup, const std::string& place) {
  const Config config = read_config(parse_document(config_of(setup), place));
  return parameters_of(std::get<Network>(config.model));
}

Bytes peak_stash(const Experiment& experiment, int device) {
  const Run run = simulate(experiment, {.breakdown = false});
  DeviceMemory memory(experiment.schedule, experiment.costs, run.outcome.timeline, device);
  Bytes peak = 0;
  for (; !memory.done(); memory.advance()) {
    const MemoryEvent& event = memory.current();
    if (event.tag == MemoryTag::stash) peak = std::max(peak, event.tag_total);
  }
  return peak;
}

}  // namespace pipesim::published
