#pragma once

#include <vector>

#include "sim/engine/link_queue.hpp"

namespace pipesim::test {

/// When each op runs, and what each shared link does.
struct LinkedStep {
  std::vector<std::vector<Interval>> lanes{};  ///< [device][slot], as far as devices get.
  std::vector<LinkUse> links{};                ///< Without the bytes.
};

/// An independent answer to what the engine computes for shared links: goes through time from
/// moment to moment, with a queue in front of every link. At each moment messages that are first in
/// all of their queues leave where the links are free; devices begin what they can; when nothing
/// more happens, one of the messages made at that moment joins its queues, the first by device and
/// slot. For any schedule that check_schedule accepts.
LinkedStep run_with_queues(const Schedule& schedule, const StepCosts& costs);

}  // namespace pipesim::test
