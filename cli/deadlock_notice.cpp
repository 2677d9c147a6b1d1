#include "cli/deadlock_notice.hpp"

#include <fmt/format.h>

namespace pipesim::cli {

void tell_deadlock(const Run& run) {
  if (run.outcome.deadlock) fmt::print(stderr, "{}\n", describe(*run.outcome.deadlock));
}

}  // namespace pipesim::cli
