#include "sim/assemble/stash_peak.hpp"

#include <algorithm>

#include "sim/engine/memory_model.hpp"

namespace pipesim {

std::vector<Bytes> stash_peaks(const Schedule& schedule, const StepCosts& costs) {
  std::vector<Bytes> peaks;
  for (const std::vector<Op>& lane : schedule.lanes) {
    Bytes held = 0;
    Bytes& peak = peaks.emplace_back(0);
    for (const Op& op : lane) {
      const bool keeps = keeps_insides(costs, op.micro_batch, schedule.micro_batches);
      const StagePlace place = place_in(schedule, costs, {op.stage, op.copy}, keeps);
      const OpMemory memory =
          op_memory(op.kind, costs.stages[static_cast<std::size_t>(op.stage)], place);
      Bytes released = 0;
      for (const MemoryUse& use : memory.all()) {
        if (use.tag != MemoryTag::stash) continue;
        held += use.at_start;
        released += use.at_finish;
      }
      peak = std::max(peak, held);
      held -= released;
    }
  }
  return peaks;
}

}  // namespace pipesim
