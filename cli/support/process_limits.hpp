#pragma once

#include <functional>

namespace pipesim::cli {

/// A standard stream that the caller has closed must not become the number of a file that is opened
/// next. What stands in can be neither read nor written, so that lost output is noticed.
void fill_standard_streams();

/// Runs the command with what a process under limits lacks: a stack that need not grow where the
/// limit of the address space may forbid it (ulimit -v), or that the limit of stacks makes too
/// small (ulimit -s); threads with small stacks, which share one heap where address space is short.
/// Throws std::bad_alloc where there is no room for the stack.
int run_under_limits(const std::function<int()>& command);

}  // namespace pipesim::cli
