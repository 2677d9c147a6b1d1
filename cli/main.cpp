#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "cli/argument_error.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/progress.hpp"
#include "cli/standard_output.hpp"
#include "models/input_error.hpp"
#include "reports/number_text.hpp"
#include "reports/output_file.hpp"

namespace pipesim::cli {

namespace {

extern "C" void stop(int signal) {
  remove_temporary_files();
  end_progress_in_signal();
  _exit(128 + signal);
}

// A standard stream that the caller has closed must not become the number of a file that is opened
// next. What stands in can't be written, so that lost output is noticed.
void fill_standard_streams() {
  int descriptor = 0;
  do {
    descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  close(descriptor);
}

// Of a very long line the beginning and the end: where it is, and what it got.
std::string shown(std::string_view line) {
  constexpr std::size_t most_bytes = 4096;
  if (line.size() <= most_bytes) return printable(line);
  const auto sign_from = [&](std::size_t at) {
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80) ++at;
    return at;
  };
  return printable(line.substr(0, sign_from(most_bytes / 2))) + " … " +
         printable(line.substr(sign_from(line.size() - most_bytes / 4)));
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
  fmt::print(stderr, "{}", lines);
}

constexpr const char* version = "pipesim " PIPESIM_VERSION;
constexpr const char* hidden = "";  // A group of options that the help leaves out.

// Or the version.
int print_help(const CLI::App& application, const CLI::ParseError& asked_for) {
  std::ostringstream text;
  const int code = application.exit(asked_for, text, text);
  Output out = standard_output();
  out.append(text.str());
  out.flush();
  return code;
}

int parse_and_run(int argc, char** argv) {
  CLI::App application{
      "pipesim simulates pipeline-parallel training: step time, bubble and memory, "
      "before you rent the devices"};
  application.name("pipesim");
  application.set_version_flag("--version", version);
  application.require_subcommand(1);
  application.footer(
      "pipesim COMMAND --help tells more. Start with:\n"
      "  pipesim simulate examples/gpipe.json\n"
      "  pipesim simulate examples/llama7b.json    does a 7B model fit eight 24 GB cards?");
  Action action;
  add_simulate(application, action);
  add_execute(application, action);
  add_calibrate(application, action);
  add_train(application, action);
  add_validate(application, action);
  add_compare(application, action);
  add_schedule(application, action);
  add_model(application, action);
  add_list(application, action);
  add_schema(application, action);
  add_completion(application, action);
  add_manual(application, action);
  for (CLI::App* command : application.get_subcommands({})) {
    command->set_version_flag("--version", version)->group(hidden);
  }
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  check_command(application, arguments);
  try {
    application.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return print_help(application, error);
    throw argument_error(application, arguments, error);
  }
  return action();
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
  try {
    return parse_and_run(argc, argv);
  } catch (const pipesim::InputError& error) {
    report(error.what());
    return bad_input;
  } catch (const std::bad_alloc&) {
    report(
        "pipesim: /: needs more memory, got none\n  hint: simulate fewer stages or micro-batches");
    return bad_input;
  } catch (const std::exception& error) {
    fmt::print(stderr,
               "pipesim: a fault of its own: {}\n  hint: please report it with the config\n",
               pipesim::printable(error.what()));
    return own_fault;
  }
}
