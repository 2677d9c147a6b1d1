#pragma once

#include "cli/support/grammar.hpp"

namespace pipesim::cli {

/// Each is one command: its options, and what it does.
Command declare_simulate();
Command declare_execute();
Command declare_calibrate();
Command declare_train();
Command declare_validate();
Command declare_compare();
Command declare_schedule();
Command declare_model();
Command declare_list();
Command declare_schema();

}  // namespace pipesim::cli
