
#include "cli/output/standard_output.hpp"
#include "cli/shell/manual_page.hpp"
#include "cli/shell/shell_commands.hpp"
#include "cli/support/exit_code.hpp"

namespace pipesim::cli {

Command declare_manual(const std::vector<Command>& commands) {
  Command command{
      .name = "manual", .description = "Print the manual page, in roff", .run = [&commands] {
        Output out = standard_output();
        write_manual_page(out, commands);
        out.flush();
        return done;
      }};
  command.footer =
      "Installed, it is pipesim(1).\n\n"
      "Examples:\n"
      "  pipesim manual | man -l -";
  return command;
}

}  // namespace pipesim::cli
