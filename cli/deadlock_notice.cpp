#include "cli/deadlock_notice.hpp"

#include "cli/standard_error.hpp"

namespace pipesim::cli {

void tell_deadlock(const Run& run) {
  if (run.outcome.deadlock) tell(describe(*run.outcome.deadlock) + "\n");
}

}  // namespace pipesim::cli
