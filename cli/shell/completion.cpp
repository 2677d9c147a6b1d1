#include <memory>

#include "cli/output/standard_output.hpp"
#include "cli/shell/completion_scripts.hpp"
#include "cli/shell/shell_commands.hpp"
#include "cli/support/exit_code.hpp"

namespace pipesim::cli {

namespace {

int completion_command(const std::vector<Command>& commands, const std::string& shell) {
  Output out = standard_output();
  if (shell == "zsh") {
    write_zsh_completion(out, commands, config_settings());
  } else if (shell == "fish") {
    write_fish_completion(out, commands, config_settings());
  } else {
    write_bash_completion(out, commands, config_settings());
  }
  out.flush();
  return done;
}

}  // namespace

Command declare_completion(const std::vector<Command>& commands) {
  auto shell = std::make_shared<std::string>();
  Command command{
      .name = "completion",
      .description = "Print a script that completes commands, options and keys in a shell",
      .run = [shell, &commands] { return completion_command(commands, *shell); }};
  command.options.push_back({.name = "SHELL",
                             .into = shell.get(),
                             .description = "Whose script",
                             .words = {"bash", "zsh", "fish"}});
  command.footer =
      "Completes what follows --set, too: keys of a config, and the values that have names.\n\n"
      "Examples:\n"
      "  source <(pipesim completion bash)      in ~/.bashrc\n"
      "  pipesim completion zsh > ~/.zfunc/_pipesim      with ~/.zfunc in fpath\n"
      "  pipesim completion fish > ~/.config/fish/completions/pipesim.fish";
  return command;
}

}  // namespace pipesim::cli
