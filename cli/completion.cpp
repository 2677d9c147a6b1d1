#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.hpp"
#include "cli/completion_scripts.hpp"
#include "cli/exit_code.hpp"
#include "cli/standard_output.hpp"

namespace pipesim::cli {

namespace {

int completion_command(const CLI::App& application, const std::string& shell) {
  const std::vector<KnownCommand> commands = command_list(application);
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

void add_completion(CLI::App& application, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = application.add_subcommand(
      "completion", "Print a script that completes commands, options and keys in a shell");
  command->add_option("SHELL", *shell, "Whose script")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Completes what follows --set, too: keys of a config, and the values that have names.\n\n"
      "Examples:\n"
      "  source <(pipesim completion bash)      in ~/.bashrc\n"
      "  pipesim completion zsh > ~/.zfunc/_pipesim      with ~/.zfunc in fpath\n"
      "  pipesim completion fish > ~/.config/fish/completions/pipesim.fish");
  command->callback([shell, &application, &action] {
    action = [shell, &application] { return completion_command(application, *shell); };
  });
}

}  // namespace pipesim::cli
