#include <cxxabi.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <typeinfo>
#include <vector>

#include "cli/commands/commands.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/standard_error.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/shell/shell_commands.hpp"
#include "cli/support/command_line.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/process_limits.hpp"
#include "models/base/input_error.hpp"
#include "models/base/quoted_text.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/output_file.hpp"

namespace pipesim::cli {

namespace {

extern "C" void stop(int signal) {
  remove_temporary_files();
  end_progress_in_signal();
  _exit(128 + signal);
}

// Cuts the middle out of a very long line. The place of the error and the value remain.
std::string shown(std::string_view line) {
  constexpr std::size_t most_bytes = 4096;
  return printable(abridged(line, most_bytes));
}

// What an error quotes may hold anything; it must not reach the terminal as an escape sequence.
// Each error has two lines, and there may be several.
void report(const char* what) {
  std::istringstream text(what);
  std::string lines;
  for (std::string line; std::getline(text, line);) {
    const std::size_t indent = line.starts_with("  hint: ") ? 2 : 0;
    lines += std::string(indent, ' ') + shown(std::string_view(line).substr(indent)) + "\n";
  }
  tell(lines);
}

constexpr const char* no_memory =
    "pipesim: /: needs more memory, got none\n"
    "  hint: simulate fewer stages or micro-batches, or lift the limit (ulimit -v)";

constexpr const char* own_fault_text =
    "pipesim: a fault of its own: an exception that nothing catches\n"
    "  hint: please report it with the config";

// An exception that no one catches: memory that ran out before the command began, or where
// nothing can be done about it.
[[noreturn]] void end_without_catch() noexcept {
  const std::type_info* type = abi::__cxa_current_exception_type();
  // Without a type there was not even room for the exception.
  const bool lacks_memory = type == nullptr || *type == typeid(std::bad_alloc);
  remove_temporary_files();
  write_all(STDERR_FILENO, lacks_memory ? no_memory : own_fault_text);
  write_all(STDERR_FILENO, "\n");
  _exit(lacks_memory ? bad_input : own_fault);
}

// Before the tables of the libraries are made, which take memory.
[[gnu::constructor(101)]] void set_terminate_handler() {
  std::set_terminate(end_without_catch);
}

void declare_commands(Application& application) {
  std::vector<Command>& commands = application.commands;
  for (Command (*declare)() :
       {declare_simulate, declare_execute, declare_calibrate, declare_train, declare_validate,
        declare_compare, declare_schedule, declare_model, declare_list, declare_schema}) {
    commands.push_back(declare());
  }
  commands.push_back(declare_completion(commands));
  commands.push_back(declare_manual(commands));
}

int parse_and_run(int argc, char** argv) {
  Application application{
      .name = "pipesim",
      .version = "pipesim " PIPESIM_VERSION,
      .description =
          "pipesim simulates pipeline-parallel training: step time, bubble and memory, "
          "before you rent the devices",
      .footer =
          "pipesim COMMAND --help tells more. Start with:\n"
          "  pipesim simulate examples/gpipe.json\n"
          "  pipesim simulate examples/llama7b.json    does a 7B model fit eight 24 GB cards?"};
  declare_commands(application);
  const Request request = read_command_line(application, {argv + std::min(argc, 1), argv + argc});
  if (request.command != nullptr) return request.command->run();
  Output out = standard_output();
  out.append(request.text);
  out.flush();
  return done;
}

int run_reporting_errors(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const InputError& error) {
    report(error.what());
    return bad_input;
  } catch (const std::bad_alloc&) {
    tell(no_memory);
    tell("\n");
    return bad_input;
  } catch (const std::exception& error) {
    tell(fmt::format("pipesim: a fault of its own: {}\n  hint: please report it with the config\n",
                     printable(error.what())));
    return own_fault;
  }
}

}  // namespace

}  // namespace pipesim::cli

int main(int argc, char** argv) {
  using namespace pipesim::cli;
  fill_standard_streams();
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // Reported by write().
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (std::signal(signal, stop) == SIG_IGN) std::signal(signal, SIG_IGN);  // As under nohup.
  }
  return run_under_limits([&] { return run_reporting_errors(argc, argv); });
}
