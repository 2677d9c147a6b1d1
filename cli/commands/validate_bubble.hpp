#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output/plot_files.hpp"
#include "cli/support/grammar.hpp"

namespace pipesim::cli {

struct BubbleOptions {
  std::optional<std::string> stages{};         ///< A list of numbers; absent: a grid of its own.
  std::optional<std::string> micro_batches{};  ///< The same.
  std::vector<std::string> schedules{"gpipe", "1f1b"};
  bool executes = false;
  int repeats = 1;  ///< Steps of what is executed.
  bool json = false;
  bool quiet = false;
  PlotOptions plots{};
};
/// --stages, --micro-batches, --schedule and --execute.
void add_bubble_options(Command& command, BubbleOptions& options);

/// `validate`: prints the bubble by its formula beside the simulated one, over a grid of sizes.
/// Gives the exit code: check_failed when they differ anywhere.
int validate_bubble(const BubbleOptions& options);

}  // namespace pipesim::cli
