#pragma once

namespace pipesim::cli {

/// What the process answers to its caller.
enum ExitCode : int {
  done = 0,
  own_fault = 1,   ///< A bug of ours.
  bad_input = 2,   ///< The user's input, or a file that can't be read or written.
  infeasible = 3,  ///< Does not fit the memory, or deadlocks.
  check_failed = 4,
};

}  // namespace pipesim::cli
