#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace pipesim::cli {

/// What the command line asked for. Returns the exit code.
using Action = std::function<int()>;

/// Each adds one command to the application; parsing it sets `action`.
void add_simulate(CLI::App& application, Action& action);
void add_execute(CLI::App& application, Action& action);
void add_calibrate(CLI::App& application, Action& action);
void add_train(CLI::App& application, Action& action);
void add_validate(CLI::App& application, Action& action);
void add_compare(CLI::App& application, Action& action);
void add_schedule(CLI::App& application, Action& action);
void add_model(CLI::App& application, Action& action);
void add_list(CLI::App& application, Action& action);
void add_schema(CLI::App& application, Action& action);
void add_completion(CLI::App& application, Action& action);
void add_manual(CLI::App& application, Action& action);

}  // namespace pipesim::cli
