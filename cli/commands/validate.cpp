#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/commands/commands.hpp"
#include "cli/commands/validate_bubble.hpp"
#include "cli/commands/validate_machine.hpp"
#include "cli/commands/validate_published.hpp"
#include "models/base/input_error.hpp"

namespace pipesim::cli {

namespace {

constexpr int default_repeats = 5;

// `json`, `quiet` and `repeats` count for all three; in the structs below they are filled in later.
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
std::vector<std::string> grid_options() {
  return {"--stages", "--micro-batches", "--schedule", "--execute", "--html", "--svg"};
}

void add_machine_options(Command& command, ValidateOptions& options) {
  command.options.push_back(
      {.name = "--machine",
       .into = &options.machine,
       .description = "Instead: calibrate, and hold predicted step times against executed ones",
       .excludes = grid_options()});
  command.options.push_back(
      {.name = "--repeats",
       .into = &options.repeats,
       .description = "Steps to run of what is executed; medians count; default 5",
       .value = "N",
       .least = 1,
       .most = 1000});
  command.options.push_back({.name = "--rounds",
                             .into = &options.rounds,
                             .description = "How often --machine does all of it",
                             .value = "N",
                             .least = 1,
                             .most = 1000,
                             .shows_default = true,
                             .needs = {"--machine"}});
}

}  // namespace

Command declare_validate() {
  auto options = std::make_shared<ValidateOptions>();
  Command command{
      .name = "validate",
      .description = "Hold the bubble formula against simulated runs over a grid of sizes",
      .run = [options] { return validate_command(*options); }};
  add_bubble_options(command, options->bubble);
  add_plot_options(command, options->bubble.plots,
                   "the grid's table, and the bubble, the efficiency and the memory as plots");
  add_machine_options(command, *options);
  std::vector<std::string> excluded = grid_options();
  excluded.insert(excluded.end(), {"--machine", "--repeats"});
  add_published_options(command, options->published, excluded);
  command.options.push_back({.name = "--json",
                             .into = &options->json,
                             .description = "Print one JSON object",
                             .excludes = {"--markdown"}});
  command.options.push_back(
      {.name = "--quiet", .into = &options->quiet, .description = "Print no text and no progress"});
  command.footer =
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
      "  pipesim validate --published --ablate";
  return command;
}

}  // namespace pipesim::cli
