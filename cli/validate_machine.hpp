#pragma once

namespace pipesim::cli {

/// `validate --machine`: calibrates this machine and holds predictions against runs, two devices on
/// the wall clock and four on the measured one, round after round; a Markdown page, or JSON.
/// Returns the exit code.
int validate_machine(int steps, int rounds, bool json);

}  // namespace pipesim::cli
