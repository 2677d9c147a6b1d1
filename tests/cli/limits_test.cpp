#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

// Every command, those that multiply matrices among them; `$D` is an empty folder.
constexpr const char* limited_commands[] = {
    "simulate gpipe.json",
    "simulate gpipe.json --json",
    "simulate gpipe.json --explain --quiet --out $D/out",
    "simulate no_such_config.json",
    "simulate does_not_fit.json",
    "simulate profile.json",
    "execute gpipe.json --steps 1",
    "execute gpipe.json --steps 1 --clock measured --json --timeline $D/timeline.json",
    "train gpipe.json --set training.epochs=1 --svg $D/losses.svg",
    "compare gpipe.json --html $D/compared.html",
    "validate --stages 2,4 --micro-batches 8",
    "validate --execute --stages 2 --micro-batches 4 --schedule gpipe --repeats 1",
    "validate --published --quiet",
    "schedule gpipe.json --format csv",
    "model gpipe.json",
    "list",
    "schema",
    "completion bash",
    "manual",
    "--version",
    "--help",
    "simulate --help",
    "no_such_command",
};

// `before` the command, in its shell; `after` it, on its line.
struct Limit {
  const char* name;
  std::string before{};
  std::string after{};
};

std::vector<Limit> limits() {
  std::vector<Limit> all = {
      {.name = "none"},
      {.name = "stdout full", .after = ">/dev/full"},
      {.name = "stderr full", .after = "2>/dev/full"},
      {.name = "both full", .after = ">/dev/full 2>/dev/full"},
      {.name = "no stdout", .after = ">&-"},
      {.name = "no stderr", .after = "2>&-"},
      {.name = "no stream", .after = "<&- >&- 2>&-"},
      {.name = "stdout unread", .after = ">$D/unread"},
      {.name = "stderr unread", .after = "2>$D/unread"},
      {.name = "-f 0", .before = "ulimit -f 0;", .after = ">$D/stdout 2>$D/stderr"},
      {.name = "-f 1", .before = "ulimit -f 1;", .after = ">$D/stdout"},
  };
  // A sanitizer needs files, stack and address space of its own, and ends the process without them.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  for (const int files : {4, 6, 8}) {
    all.push_back({.name = "-n", .before = fmt::format("ulimit -n {};", files)});
  }
  for (const int kibibytes : {128, 256, 1024}) {
    all.push_back({.name = "-s", .before = fmt::format("ulimit -s {};", kibibytes)});
  }
  for (const int mebibytes : {9, 10, 11, 12, 20, 32, 64, 176, 256, 400, 600, 1000}) {
    all.push_back({.name = "-v", .before = fmt::format("ulimit -v {};", mebibytes * 1024)});
  }
#endif
  return all;
}

constexpr int not_loaded = 127;  // By the system, before anything of ours runs.

struct Ending {
  int exit_code = 0;
  double seconds = 0;
};

Ending run_under(const Limit& limit, const std::string& command) {
  const TemporaryFolder folder;
  const bool unread = limit.after.find("unread") != limit.after.npos;
  // A reader that leaves at once, and is gone before the command begins.
  const std::string pipe =
      unread ? "mkfifo $D/unread; exec 5<>$D/unread 6>$D/unread; exec 5<&-; " : "";
  const std::string after = unread ? (limit.after.starts_with('2') ? "2>&6" : ">&6") : limit.after;
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = run_shell(
      fmt::format("cd '{}/examples' && D='{}'; {} {} timeout -s KILL 60 \"$PIPESIM\" {} {}",
                  PIPESIM_SOURCE_DIR, folder.path(), pipe, limit.before, command, after));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return {.exit_code = result.exit_code, .seconds = elapsed.count()};
}

bool is_of_the_contract(int exit_code) {
  return exit_code == 0 || exit_code == 2 || exit_code == 3;
}

}  // namespace

TEST_SUITE("cli/limits") {
  TEST_CASE("every command ends under every limit, with an exit code of the contract") {
    const bool prints = std::getenv("PIPESIM_TABLE") != nullptr;
    for (const Limit& limit : limits()) {
      for (const char* command : limited_commands) {
        const std::string shown = limit.before + limit.name + limit.after;
        CAPTURE(shown);
        CAPTURE(std::string(command));
        const Ending ending = run_under(limit, command);
        if (prints) {
          fmt::print("{:32} {:50.50} {:3} {:6.3f} s\n", shown, command, ending.exit_code,
                     ending.seconds);
        }
        const bool may_not_load = limit.before.find("-v") != std::string::npos ||
                                  limit.before.find("-n") != std::string::npos;
        const bool loads = !may_not_load || ending.exit_code != not_loaded;
        CAPTURE(ending.exit_code);
        CAPTURE(ending.seconds);
        if (loads) CHECK(is_of_the_contract(ending.exit_code));
      }
    }
  }

  TEST_CASE("what can't be said on the standard error changes no exit code") {
    for (const char* command : limited_commands) {
      CAPTURE(command);
      const int expected = run_under({.name = "none"}, command).exit_code;
      for (const char* after : {"2>/dev/full", "2>&-"}) {
        CAPTURE(after);
        CHECK(run_under({.name = "stderr", .after = after}, command).exit_code == expected);
      }
    }
  }

  TEST_CASE("a standard error that was closed does not end up in a report") {
    const TemporaryFolder folder;
    const std::string file = folder / "timeline.json";
    const std::string command = "cd '" PIPESIM_SOURCE_DIR
                                "/examples'; $PIPESIM schedule gpipe.json --bad 2>&- <&- >&-; "
                                "$PIPESIM simulate unit.json --quiet --timeline '" +
                                file + "' <&- 2>&-";
    CHECK(run_shell(command).exit_code == 0);
    CHECK(read_text(file).starts_with("{ \"format\": \"pipesim-timeline\""));
    CHECK(read_text(file).ends_with("}\n"));
  }

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  TEST_CASE("without address space for OpenBLAS's buffers, execute says so and simulate works") {
    const std::string in_examples = "cd '" PIPESIM_SOURCE_DIR "/examples'; ulimit -v 180000; ";
    CHECK(run_shell(in_examples + "$PIPESIM simulate gpipe.json").exit_code == 0);
    const ProcessResult executed = run_shell(in_examples + "$PIPESIM execute gpipe.json");
    CHECK(executed.exit_code == 2);
    CHECK(executed.out.empty());
    CHECK(executed.err ==
          "pipesim: /: needs 192 MiB of address space for OpenBLAS and one of its buffers, got "
          "less\n  hint: lift the limit (ulimit -v), or execute fewer devices at once; "
          "simulate needs no buffers\n");
  }

  TEST_CASE("only what runs kernels loads OpenBLAS") {
    const std::string libraries = "cd '" PIPESIM_SOURCE_DIR
                                  "/examples'; LD_DEBUG=files $PIPESIM {} 2>&1 >/dev/null | grep "
                                  "-c 'calling init.*openblas'";
    const auto loads = [&](const std::string& command) {
      return run_shell(fmt::format(fmt::runtime(libraries), command)).out == "1\n";
    };
    for (const char* command : {"simulate gpipe.json", "compare gpipe.json", "list", "--version",
                                "validate --stages 2 --micro-batches 4"}) {
      CAPTURE(command);
      CHECK(!loads(command));
    }
    CHECK(loads("execute gpipe.json --steps 1"));
  }
#endif
}

}  // namespace pipesim::test
