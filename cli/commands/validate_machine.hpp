#pragma once

namespace pipesim::cli {

struct MachineOptions {
  int repeats = 5;  ///< Steps of what is executed.
  int rounds = 3;
  bool json = false;
  bool quiet = false;
};

/// `validate --machine`: calibrates this machine and holds predictions against runs, two devices on
/// the wall clock and four on the measured one, round after round; a Markdown page, or JSON.
/// Returns the exit code.
int validate_machine(const MachineOptions& options);

}  // namespace pipesim::cli
