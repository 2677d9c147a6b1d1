#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/manual_page.hpp"
#include "cli/standard_output.hpp"

namespace pipesim::cli {

void add_manual(CLI::App& application, Action& action) {
  CLI::App* command = application.add_subcommand("manual", "Print the manual page, in roff");
  command->footer(
      "Installed, it is pipesim(1).\n\n"
      "Examples:\n"
      "  pipesim manual | man -l -");
  command->callback([&application, &action] {
    action = [&application] {
      Output out = standard_output();
      write_manual_page(out, command_list(application));
      out.flush();
      return done;
    };
  });
}

}  // namespace pipesim::cli
