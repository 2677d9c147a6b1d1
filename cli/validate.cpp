#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/validate_bubble.hpp"
#include "cli/validate_machine.hpp"
#include "cli/validate_published.hpp"
#include "models/input_error.hpp"

namespace pipesim::cli {

namespace {

constexpr int default_repeats = 5;

// Of the structs below but for `json`, `quiet` and `repeats`, which they share.
struct ValidateOptions {
  BubbleOptions bubble{};
  PublishedOptions published{};
  bool machine = false;
  std::optional<int> repeats{};
  int rounds = 3;
  bool json = false;
  bool quiet = false;
};

int validate_command(const ValidateOptions& options) {
  if (options.published.asked) {
    PublishedOptions published = options.published;
    published.json = options.json;
    published.quiet = options.quiet;
    return validate_published(published);
  }
  const int repeats = options.repeats.value_or(default_repeats);
  if (options.machine) {
    return validate_machine({.repeats = repeats,
                             .rounds = options.rounds,
                             .json = options.json,
                             .quiet = options.quiet});
  }
  if (options.repeats && !options.bubble.executes) {
    throw InputError(fmt::format("--repeats: /: needs something to execute, got {}", repeats),
                     "give it beside --execute or --machine");
  }
  BubbleOptions bubble = options.bubble;
  bubble.repeats = repeats;
  bubble.json = options.json;
  bubble.quiet = options.quiet;
  return validate_bubble(bubble);
}

// What is done instead of the grid's rows takes none of the options about these.
void exclude_grid(CLI::App& command, CLI::Option* instead) {
  for (const char* option :
       {"--stages", "--micro-batches", "--schedule", "--execute", "--html", "--svg"}) {
    instead->excludes(command.get_option(option));
  }
}

void add_machine_options(CLI::App& command, ValidateOptions& options) {
  auto* machine =
      command.add_flag("--machine", options.machine,
                       "Instead: calibrate, and hold predicted step times against executed ones");
  exclude_grid(command, machine);
  command
      .add_option("--repeats", options.repeats,
                  "Steps to run of what is executed; medians count; default 5")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  command.add_option("--rounds", options.rounds, "How often --machine does all of it")
      ->needs(machine)
      ->capture_default_str()
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
}

}  // namespace

void add_validate(CLI::App& application, Action& action) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = application.add_subcommand(
      "validate", "Hold the bubble formula against simulated runs over a grid of sizes");
  add_bubble_options(*command, options->bubble);
  add_plot_options(*command, options->bubble.plots,
                   "the grid's table, and the bubble, the efficiency and the memory as plots");
  add_machine_options(*command, *options);
  CLI::Option* published = add_published_options(*command, options->published);
  exclude_grid(*command, published);
  for (const char* option : {"--machine", "--repeats"}) {
    published->excludes(command->get_option(option));
  }
  command->add_flag("--json", options->json, "Print one JSON object")
      ->excludes(command->get_option("--markdown"));
  command->add_flag("--quiet", options->quiet, "Print no text and no progress");
  command->footer(
      "A LIST is a number, several, or a range: 4 or 2,4,8 or 1..64.\n"
      "Differences are computed with whole numbers. Exit code 4: one of them is not 0. What is\n"
      "executed is measured, on one core; its difference, in percentage points, is no failure.\n"
      "--machine prints a Markdown page and takes a few minutes of an idle machine.\n"
      "--published: exit code 4 when the errors of a table exceed its tolerance. The columns of a\n"
      "file for --published-data are those of the files in sim/published/data; rows may be "
      "others.\n\n"
      "Examples:\n"
      "  pipesim validate\n"
      "  pipesim validate --execute --stages 4 --micro-batches 1..16 --schedule gpipe\n"
      "  pipesim validate --published --ablate");
  command->callback(
      [options, &action] { action = [options] { return validate_command(*options); }; });
}

}  // namespace pipesim::cli
