#pragma once

#include <string>
#include <vector>

namespace pipesim::perf {

/// What a process took.
struct Spent {
  double seconds = 0;
  /// Resident. Linux counts in what the process that started it held then: for this figure run its
  /// benchmark alone.
  double peak_bytes = 0;
};

/// `pipesim simulate CONFIG` with these options, its output thrown away. Throws where it fails.
Spent simulate_in_process(const std::string& config, const std::vector<std::string>& options);

/// Where this process may write a config.
std::string temporary_config();

}  // namespace pipesim::perf
