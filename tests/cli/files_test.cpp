#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/commands/process.hpp"
#include "support/commands/report_page.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

constexpr const char* gpipe_config = "examples/gpipe.json";

// The names of all that is in a folder and below, in order: "a a/b c".
std::string names_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    names.push_back(entry.path().lexically_relative(folder.path()).string());
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

ProcessResult simulate(const std::vector<std::string>& options, const char* config = gpipe_config) {
  std::vector<std::string> arguments = {"simulate", config};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_pipesim(arguments);
}

// Runs in examples/, so that configs have short names.
ProcessResult shell(const std::string& command) {
  return run_shell("cd '" PIPESIM_SOURCE_DIR "/examples' && " + command);
}

void check_refused(const ProcessResult& result, const std::string& text) {
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK(result.err == text);
}

constexpr const char* elsewhere =
    "\n  hint: choose a file in a folder that exists and can be written\n";
constexpr const char* no_room = "\n  hint: send the output somewhere that has room for it\n";
constexpr const char* no_room_on_stdout =
    "<stdout>: /: cannot be written, got No space left on device\n"
    "  hint: send the output somewhere that has room for it\n";

// What --out writes beside the summary, and the option for each alone.
constexpr std::pair<const char*, const char*> reports[] = {{"--timeline", "timeline.json"},
                                                           {"--html", "report.html"},
                                                           {"--chrome-trace", "trace.json"},
                                                           {"--memory-trace", "memory.csv"}};

}  // namespace

TEST_SUITE("cli/files") {
  TEST_CASE("--out writes the five reports, in a folder that it creates") {
    const TemporaryFolder folder;
    const ProcessResult result = simulate({"--out", folder / "new", "--json"});
    CHECK(result.exit_code == 0);
    CHECK(names_in(folder) ==
          "new new/memory.csv new/report.html new/summary.json new/timeline.json new/trace.json");
    CHECK(read_text(folder / "new/summary.json") == result.out);
    CHECK(nlohmann::json::parse(read_text(folder / "new/timeline.json"))["spans"].size() ==
          4 * (8 + 8 + 1));
    CHECK(nlohmann::json::accept(read_text(folder / "new/trace.json")));
    CHECK(read_page(read_text(folder / "new/report.html")).head["summary"] ==
          nlohmann::json::parse(result.out));
    CHECK(read_text(folder / "new/memory.csv").substr(0, 65) ==
          "time_ps,device,tag,delta_bytes,total_bytes,device_total_bytes\n0,0");
  }

  TEST_CASE("a run that fits nowhere still writes its reports") {
    const TemporaryFolder folder;
    const ProcessResult result =
        simulate({"--out", folder.path(), "--json"}, "examples/does_not_fit.json");
    CHECK(result.exit_code == 3);
    CHECK(names_in(folder) == "memory.csv report.html summary.json timeline.json trace.json");
    CHECK(read_text(folder / "summary.json") == result.out);
  }

  TEST_CASE("each report alone is the one that --out writes, in a file and on standard output") {
    const TemporaryFolder folder;
    REQUIRE(simulate({"--out", folder.path(), "--quiet"}).exit_code == 0);
    for (const auto& [option, name] : reports) {
      CAPTURE(option);
      CHECK(simulate({option, folder / "alone", "--quiet"}).exit_code == 0);
      CHECK(read_text(folder / "alone") == read_text(folder / name));
      const ProcessResult streamed = simulate({option, "-"});
      CHECK(streamed.exit_code == 0);
      CHECK(streamed.out == read_text(folder / name));
    }
  }

  TEST_CASE("a report whose name ends in .gz is the same report, compressed") {
    const TemporaryFolder folder;
    REQUIRE(simulate({"--out", folder.path(), "--quiet"}).exit_code == 0);
    for (const auto& [option, name] : reports) {
      CAPTURE(option);
      const std::string packed = folder / name + ".gz";
      CHECK(simulate({option, packed, "--quiet"}).exit_code == 0);
      CHECK(shell("gunzip -c '" + packed + "'").out == read_text(folder / name));
    }
  }

  TEST_CASE("a compressed report without room is an error, and leaves nothing behind") {
    const TemporaryFolder folder;
    const std::string file = folder / "timeline.json.gz";
    check_refused(
        shell("ulimit -f 1; $PIPESIM simulate gpt3_175b.json --quiet --timeline '" + file + "'"),
        file + ": /: cannot be written, got File too large" + no_room);
    CHECK(names_in(folder).empty());
  }

  TEST_CASE("the same config gives the same bytes in every file") {
    for (const char* config : {"unit", "gpipe", "imbalanced", "giant", "does_not_fit"}) {
      CAPTURE(config);
      const std::string file = std::string("examples/") + config + ".json";
      const TemporaryFolder first;
      const TemporaryFolder second;
      const ProcessResult once = simulate({"--out", first.path()}, file.c_str());
      CHECK(once.out == simulate({"--out", second.path()}, file.c_str()).out);
      for (const char* name : {"summary.json", "timeline.json", "trace.json", "memory.csv"}) {
        CAPTURE(name);
        const std::string text = read_text(first / name);
        REQUIRE(text.size() > 60);
        CHECK(text == read_text(second / name));
      }
    }
  }

  TEST_CASE("a report in a missing folder is refused before any other is written") {
    const TemporaryFolder folder;
    const std::string missing = folder / "missing/trace.json";
    check_refused(simulate({"--timeline", folder / "timeline.json", "--chrome-trace", missing}),
                  missing + ": /: cannot be created, got No such file or directory" + elsewhere);
    CHECK(names_in(folder).empty());
    check_refused(simulate({"--memory-trace", missing, "--out", folder / "new"}),
                  missing + ": /: cannot be created, got No such file or directory" + elsewhere);
    CHECK(names_in(folder).empty());
  }

  TEST_CASE("--out creates one folder, not those above it") {
    const TemporaryFolder folder;
    check_refused(simulate({"--out", folder / "a/b"}),
                  folder / "a/b" +
                      ": /: cannot be created, got No such file or directory\n"
                      "  hint: choose a folder inside one that exists and can be written\n");
    CHECK(names_in(folder).empty());
  }

  TEST_CASE("a report cannot take the place of a folder") {
    const TemporaryFolder folder;
    check_refused(simulate({"--timeline", folder.path()}),
                  folder.path() + ": /: cannot be written, got Is a directory" + elsewhere);
    std::filesystem::create_directory(folder / "summary.json");
    check_refused(
        simulate({"--out", folder.path()}),
        folder / "summary.json" + ": /: cannot be written, got Is a directory" + elsewhere);
    CHECK(names_in(folder) == "summary.json");
  }

  TEST_CASE("--out does not take a file for a folder") {
    const TemporaryFolder folder;
    write_text(folder / "file", "kept");
    check_refused(simulate({"--out", folder / "file"}),
                  folder / "file" +
                      ": /: must be a folder, got a file\n  hint: choose a folder inside one that "
                      "exists and can be written\n");
    CHECK(read_text(folder / "file") == "kept");
  }

  TEST_CASE("a file that is there stays as it is when the run fails") {
    const TemporaryFolder folder;
    write_text(folder / "timeline.json", "kept");
    CHECK(simulate({"--timeline", folder / "timeline.json", "--set", "pipeline.stages=0"})
              .exit_code == 2);
    CHECK(simulate({"--timeline", folder / "timeline.json", "--chrome-trace", folder / "no/trace"})
              .exit_code == 2);
    CHECK(names_in(folder) == "timeline.json");
    CHECK(read_text(folder / "timeline.json") == "kept");
  }

  TEST_CASE("a report replaces the file that is there, behind a link too, and keeps its mode") {
    const TemporaryFolder folder;
    write_text(folder / "real", "old");
    std::filesystem::permissions(
        folder / "real", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::create_symlink("real", folder / "link");
    REQUIRE(simulate({"--timeline", folder / "link", "--quiet"}).exit_code == 0);
    CHECK(std::filesystem::is_symlink(folder / "link"));
    CHECK(read_text(folder / "real") == simulate({"--timeline", "-"}).out);
    CHECK(std::filesystem::status(folder / "real").permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(names_in(folder) == "link real");
  }

  TEST_CASE("a new report has the mode that the shell's mask leaves") {
    const TemporaryFolder folder;
    const std::string file = folder / "timeline.json";
    REQUIRE(shell("umask 027 && $PIPESIM simulate unit.json --quiet --timeline '" + file + "'")
                .exit_code == 0);
    using std::filesystem::perms;
    CHECK(std::filesystem::status(file).permissions() ==
          (perms::owner_read | perms::owner_write | perms::group_read));
  }

  TEST_CASE("a standard output without room is an error for every command") {
    for (const char* command :
         {"simulate gpipe.json", "simulate gpipe.json --json", "simulate gpipe.json --timeline -",
          "compare gpipe.json", "compare gpipe.json --json", "validate", "validate --json",
          "schedule gpipe.json", "schedule gpipe.json --format json", "list", "list --json",
          "train gpipe.json", "train gpipe.json --json", "execute gpipe.json --steps 1",
          "execute gpipe.json --steps 1 --json", "--help", "--version", "simulate --help"}) {
      CAPTURE(command);
      const ProcessResult result = shell(std::string("$PIPESIM ") + command + " >/dev/full");
      CHECK(result.exit_code == 2);
      CHECK(result.err == no_room_on_stdout);
    }
  }

  TEST_CASE("a disk without room is named, and no other report is left behind") {
    const TemporaryFolder folder;
    check_refused(
        simulate({"--timeline", "/dev/full", "--out", folder.path(), "--quiet"}),
        std::string("/dev/full: /: cannot be written, got No space left on device") + no_room);
    CHECK(names_in(folder).empty());
  }

  TEST_CASE("a file that may not grow further is an error, and leaves nothing behind") {
    const TemporaryFolder folder;
    const std::string file = folder / "timeline.json";
    check_refused(
        shell("ulimit -f 1; $PIPESIM simulate giant.json --quiet --timeline '" + file + "'"),
        file + ": /: cannot be written, got File too large" + no_room);
    CHECK(names_in(folder).empty());
  }

  TEST_CASE("a reader that leaves ends the run quietly") {
    const std::string large =
        "$PIPESIM simulate unit.json --set pipeline.stages=64 --set pipeline.micro_batches=256 "
        "--timeline - | head -c 10";
    const ProcessResult timeline = shell(large);
    CHECK(timeline.out == "{ \"format\"");
    CHECK(timeline.err.empty());
    const ProcessResult json = shell("$PIPESIM simulate unit.json --json | head -c 10");
    CHECK(json.out == "{\n  \"name\"");
    CHECK(json.err.empty());
    for (const char* command : {"validate", "list", "schedule gpipe.json", "compare gpipe.json"}) {
      CAPTURE(command);
      CHECK(shell(std::string("$PIPESIM ") + command + " | :").err.empty());
    }
  }

  TEST_CASE("--json has the standard output to itself") {
    for (const char* option : {"--timeline", "--chrome-trace", "--memory-trace"}) {
      CAPTURE(option);
      check_refused(simulate({"--json", option, "-"}),
                    "--json: /: must have the standard output to itself, got another report for -\n"
                    "  hint: write the other report to a file\n");
    }
  }

  TEST_CASE("no report goes where anything is that the command reads, whatever it is called") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "out");
    const auto copy = [&](const char* from, const std::string& name) {
      std::filesystem::copy(PIPESIM_SOURCE_DIR "/examples/" + std::string(from), folder / name);
      return folder / name;
    };
    const std::string config = copy("four_stages.json", "config.json");
    const std::string schedule = copy("schedules/lazy_1f1b.csv", "schedule.csv");
    const std::string profile = copy("profiles/resnet_block.txt", "graph.txt");
    const std::string device = folder / "device.json";
    write_text(device, R"({"flops": 1e12, "memory_bandwidth": 1e11})");
    const std::string of_profile = folder / "profile.json";
    write_text(of_profile, R"({"model": {"kind": "profile", "profile": "graph.txt",
      "batch_size": 8}, "pipeline": {"stages": 2, "micro_batches": 4},
      "cluster": {"device": "device.json"}})");

    const auto refuses = [&](std::vector<std::string> command, const std::string& option,
                             const std::string& place, const std::string& named) {
      command.insert(command.end(), {option, place});
      check_refused(run_pipesim(command), option + ": /: must not be what the command reads, got " +
                                              named +
                                              "\n  hint: give the report a file of its own\n");
    };
    const std::vector<std::string> simulate_file = {"simulate", config, "--schedule-file",
                                                    schedule};
    const std::vector<std::string> simulate_profile = {"simulate", of_profile};
    const std::pair<std::vector<std::string>, std::string> inputs[] = {
        {simulate_file, config},        {simulate_file, schedule},   {{"compare", config}, config},
        {simulate_profile, of_profile}, {simulate_profile, profile}, {simulate_profile, device},
    };
    for (const auto& [command, input] : inputs) {
      CAPTURE(input);
      const std::string text = read_text(input);
      const std::string link = folder / "link";
      const std::string other_name = folder / "other_name";
      std::filesystem::create_symlink(input, link);
      std::filesystem::create_hard_link(input, other_name);
      for (const std::string& place : {input, link, other_name}) {
        refuses(command, "--svg", place, place);
      }
      if (command.front() == "simulate") {
        std::filesystem::create_hard_link(input, folder / "out/trace.json");
        refuses(command, "--out", folder / "out", folder / "out/trace.json");
        std::filesystem::remove(folder / "out/trace.json");
      }
      std::filesystem::remove(link);
      std::filesystem::remove(other_name);
      CHECK(read_text(input) == text);
    }
  }

  TEST_CASE("a config on the standard input is not replaced, either") {
    const TemporaryFolder folder;
    const std::string config = folder / "config.json";
    std::filesystem::copy(PIPESIM_SOURCE_DIR "/examples/unit.json", config);
    check_refused(shell("$PIPESIM simulate - --timeline '" + config + "' <'" + config + "'"),
                  "--timeline: /: must not be what the command reads, got " + config +
                      "\n  hint: give the report a file of its own\n");
  }

  TEST_CASE("a name as long as a name can be is a possible target") {
    const TemporaryFolder folder;
    for (const std::string& name : {std::string(250, 'n'), std::string(255, 'n')}) {
      CHECK(simulate({"--timeline", folder / name, "--quiet"}).exit_code == 0);
      CHECK(read_text(folder / name).starts_with("{ \"format\""));
    }
    std::string letters;
    for (int i = 0; i < 127; ++i) letters += "é";
    CHECK(simulate({"--timeline", folder / letters, "--quiet"}).exit_code == 0);
    CHECK(std::filesystem::exists(folder / letters));
  }

  TEST_CASE("--out makes its folder before another report goes into it") {
    const TemporaryFolder folder;
    CHECK(simulate({"--svg", folder / "new/x.svg", "--out", folder / "new", "--quiet"}).exit_code ==
          0);
    CHECK(names_in(folder) ==
          "new new/memory.csv new/report.html new/summary.json new/timeline.json new/trace.json "
          "new/x.svg");
  }

  TEST_CASE("a path that can't be looked at is refused with its place, wherever it stands") {
    const TemporaryFolder folder;
    std::filesystem::create_symlink("loop", folder / "loop");
    write_text(folder / "file", "x");
    const std::string paths[] = {folder / std::string(300, 'n'), folder / "loop",
                                 folder / "file/below", folder.path(), folder / "none/below"};
    const auto in_json = [](const std::string& path) { return nlohmann::json(path).dump(); };
    for (const std::string& path : paths) {
      CAPTURE(path);
      const std::vector<std::vector<std::string>> uses = {
          {"simulate", path},
          {"simulate", gpipe_config, "--schedule-file", path},
          {"simulate", "examples/profile.json", "--set", "model.profile=" + in_json(path)},
          {"simulate", gpipe_config, "--set", "cluster.device=" + in_json(path)},
          {"simulate", gpipe_config, "--timeline", path},
          {"compare", gpipe_config, "--html", path},
          {"train", gpipe_config, "--svg", path},
          {"calibrate", "--out", path},
          {"validate", "--svg", path},
          {"validate", "--published", "--published-data", path},
      };
      for (const std::vector<std::string>& use : uses) {
        CAPTURE(use.back());
        const ProcessResult result = run_pipesim(use);
        CHECK(result.exit_code == 2);
        CHECK(result.err.find(": /") != std::string::npos);
        CHECK(result.err.find(", got ") != std::string::npos);
        CHECK(result.err.find("\n  hint: ") != std::string::npos);
      }
      if (path == folder.path()) continue;
      CHECK(simulate({"--out", path}).exit_code == 2);
    }
    CHECK(names_in(folder) == "file loop");
  }

  TEST_CASE("a name with a NUL character names no file") {
    for (const char* key : {"cluster.device", "model.profile"}) {
      const char* config =
          std::string_view(key) == "model.profile" ? "examples/profile.json" : gpipe_config;
      const ProcessResult result =
          simulate({"--set", std::string(key) + R"(="/dev/null\u0000.json")"}, config);
      CHECK(result.exit_code == 2);
      CHECK(result.err.find("cannot be opened, got a name with a NUL character") !=
            std::string::npos);
    }
  }

  TEST_CASE("a report goes where a link leads, though there is no file yet") {
    const TemporaryFolder folder;
    std::filesystem::create_symlink("target.json", folder / "link.json");
    CHECK(simulate({"--timeline", folder / "link.json"}).exit_code == 0);
    CHECK(std::filesystem::is_symlink(folder / "link.json"));
    CHECK(!read_text(folder / "target.json").empty());
  }

  TEST_CASE("two reports cannot go to the same place") {
    const TemporaryFolder folder;
    const std::string hint = "\n  hint: give each report a file of its own\n";
    check_refused(simulate({"--timeline", "-", "--chrome-trace", "-"}),
                  "--chrome-trace: /: must not be where another report goes, got -" + hint);
    const std::string file = folder / "same";
    check_refused(simulate({"--timeline", file, "--chrome-trace", file}),
                  "--chrome-trace: /: must not be where another report goes, got " + file + hint);
    std::filesystem::create_symlink(file, folder / "link");
    const std::string link = folder / "link";
    check_refused(simulate({"--timeline", file, "--chrome-trace", link}),
                  "--chrome-trace: /: must not be where another report goes, got " + link + hint);
    std::filesystem::remove(link);
    CHECK(names_in(folder).empty());
  }

  TEST_CASE("a standard output that was closed is an error, and does not end up in a file") {
    const TemporaryFolder folder;
    const std::string file = folder / "timeline.json";
    const ProcessResult good =
        shell("$PIPESIM simulate unit.json --quiet --timeline '" + file + "'");
    CHECK(good.exit_code == 0);
    const std::string timeline = read_text(file);
    const ProcessResult closed = shell("$PIPESIM simulate unit.json --timeline '" + file + "' >&-");
    CHECK(closed.exit_code == 2);
    CHECK(closed.err ==
          "<stdout>: /: cannot be written, got Bad file descriptor\n"
          "  hint: send the output somewhere that has room for it\n");
    CHECK(read_text(file) == timeline);
  }

  TEST_CASE("an interrupt ends with its number and leaves no temporary files") {
    struct Signal {
      const char* name;
      int exit_code;
    };
    for (const Signal& signal : {Signal{"INT", 130}, {"TERM", 143}, {"HUP", 129}}) {
      CAPTURE(signal.name);
      const TemporaryFolder folder;
      const ProcessResult result =
          shell(std::string("env --default-signal=") + signal.name +
                " $PIPESIM simulate unit.json --set model.forward=0.001 --set model.backward=0.001 "
                "--set pipeline.stages=512 --set pipeline.micro_batches=4096 --quiet --out '" +
                folder.path() + "' & until [ -n \"$(ls '" + folder.path() +
                "')\" ]; do sleep 0.02; done; sleep 0.1; kill -" + signal.name + " $!; wait $!");
      CHECK(result.exit_code == signal.exit_code);
      CHECK(result.out.empty());
      CHECK(result.err.empty());
      CHECK(names_in(folder).empty());
    }
  }

  TEST_CASE("a run under nohup outlives its terminal") {
    const ProcessResult result = shell(
        "trap '' HUP; $PIPESIM simulate unit.json --set model.forward=0.001 --set "
        "model.backward=0.001 --set pipeline.stages=256 --set pipeline.micro_batches=2048 "
        "--quiet & sleep 0.1; kill -HUP $!; wait $!");
    CHECK(result.exit_code == 0);
  }
}

}  // namespace pipesim::test
