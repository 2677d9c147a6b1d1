#include "cli/output/deadlock_notice.hpp"

#include "cli/output/standard_error.hpp"

namespace pipesim::cli {

void tell_deadlock(const Run& run) {
  if (run.outcome.deadlock) tell(describe(*run.outcome.deadlock) + "\n");
}

}  // namespace pipesim::cli
