#include "sim/execute/memory_check.hpp"

#include <fmt/format.h>

#include "sim/engine/memory_trace.hpp"

namespace pipesim {

namespace {

std::string describe(MemoryTag tag, Bytes delta) {
  return fmt::format("{} {:+}", name_of(tag), delta);
}

}  // namespace

std::string memory_difference(const Experiment& experiment, const Timeline& simulated,
                              const Allocations& executed) {
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    const auto& events = executed[static_cast<std::size_t>(device)];
    DeviceMemory expected(experiment.schedule, experiment.costs, simulated, device);
    for (std::size_t i = 0; i < events.size() || !expected.done(); ++i) {
      const bool both = i < events.size() && !expected.done();
      if (both && events[i].tag == expected.current().tag &&
          events[i].delta == expected.current().delta) {
        expected.advance();
        continue;
      }
      return fmt::format(
          "device {}, event {}: {} was simulated, {} executed", device, i,
          expected.done() ? "nothing" : describe(expected.current().tag, expected.current().delta),
          i < events.size() ? describe(events[i].tag, events[i].delta) : "nothing");
    }
  }
  return {};
}

}  // namespace pipesim
