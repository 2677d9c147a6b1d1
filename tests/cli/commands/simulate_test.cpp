#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/commands/process.hpp"
#include "support/commands/terminal.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

json summary(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"simulate"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.emplace_back("--json");
  const ProcessResult result = run_pipesim(command);
  CAPTURE(result.err);
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  return json::parse(result.out);
}

std::set<std::string> keys_in(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

void check_device(const json& device, int number) {
  CHECK(device["device"] == number);
  CHECK(device["stages"] == json::array({number}));
  for (const char* key : {"busy_s", "idle_s", "bubble_fraction", "peak_at_s"}) {
    CAPTURE(key);
    CHECK(device[key].is_number_float());
  }
  for (const char* key : {"peak_memory_bytes", "static_bytes", "peak_in_flight"}) {
    CAPTURE(key);
    CHECK(device[key].is_number_integer());
  }
  CHECK((device["capacity_bytes"].is_null() || device["capacity_bytes"].is_number_integer()));
}

void check_summary(const json& all) {
  for (const char* key :
       {"pipeline_time_s", "step_time_s", "ideal_time_s", "recompute_s", "all_reduce_s",
        "optimizer_s", "samples_per_s", "bubble_fraction", "bubble_over_ideal", "bubble_formula"}) {
    CAPTURE(key);
    CHECK(all[key].is_number_float());
  }
  CHECK(all["command"] == "simulate");
  CHECK(all["clock"] == "modeled");
  CHECK(all["schedule"] == "gpipe");
  CHECK(all["virtual_stages"] == 1);
  CHECK(all["micro_batches"].is_number_integer());
  CHECK(keys_in(all["bubble_breakdown"]) ==
        std::set<std::string>{"fill_drain", "imbalance", "communication", "other"});
  CHECK(all["bubble_breakdown"]["other"] == 0.0);
  REQUIRE(all["devices"].size() == all["stages"]);
  for (int device = 0; device < all["stages"]; ++device) {
    check_device(all["devices"][static_cast<std::size_t>(device)], device);
  }
}

constexpr const char* unit = "examples/unit.json";
constexpr const char* gpipe = "examples/gpipe.json";

}  // namespace

TEST_SUITE("cli/commands/simulate") {
  TEST_CASE("every example runs, and says in its exit code whether it fits") {
    struct Example {
      const char* file;
      const char* name;
      int exit_code;
    };
    for (const Example& example :
         {Example{"unit", "unit-k3-m4", 0}, Example{"gpipe", "gpipe-k4-m8", 0},
          Example{"imbalanced", "imbalanced-k4-m8", 0}, Example{"giant", "giant-k4-m4", 0},
          Example{"does_not_fit", "does-not-fit-k4-m8", 3}}) {
      CAPTURE(example.name);
      const std::string file = std::string("examples/") + example.file + ".json";
      const ProcessResult text = run_pipesim({"simulate", file});
      CHECK(text.exit_code == example.exit_code);
      CHECK(text.err.empty());
      CHECK(text.out.substr(0, text.out.find(':')) == example.name);

      const ProcessResult structured = run_pipesim({"simulate", file, "--json"});
      CHECK(structured.exit_code == example.exit_code);
      CHECK(structured.err.empty());
      const json all = json::parse(structured.out);
      CHECK(all["name"] == example.name);
      CHECK(all["fits_memory"] == (example.exit_code == 0));
      check_summary(all);
    }
  }

  TEST_CASE("three stages, four micro-batches and equal ops give the twelve steps of the picture") {
    const ProcessResult result = run_pipesim({"simulate", unit});
    CHECK(result.exit_code == 0);
    const std::string picture =
        "unit-k3-m4: gpipe, 3 stages, 4 micro-batches\n"
        "\n"
        "time      0   1   2   3   4   5   6   7   8   9   10  11\n"
        "device 0  F0  F1  F2  F3  .   .   .   .   B3  B2  B1  B0\n"
        "device 1  .   F0  F1  F2  F3  .   .   B3  B2  B1  B0  .\n"
        "device 2  .   .   F0  F1  F2  F3  B3  B2  B1  B0  .   .\n";
    CHECK(result.out.substr(0, picture.size()) == picture);

    const json all = summary({unit});
    CHECK(all["step_time_s"] == 12.0);
    CHECK(all["ideal_time_s"] == 8.0);
    CHECK(all["bubble_fraction"] == 1.0 / 3);
    CHECK(all["bubble_over_ideal"] == 0.5);
    CHECK(all["bubble_formula"] == 1.0 / 3);
    CHECK(all["bubble_breakdown"]["fill_drain"] == 1.0 / 3);
    CHECK(all["samples_per_s"] == 4.0 / 12);
  }

  TEST_CASE("--explain shows the critical path and what each device waited for") {
    const ProcessResult plain = run_pipesim({"simulate", unit});
    const ProcessResult explained = run_pipesim({"simulate", unit, "--explain"});
    CHECK(explained.exit_code == 0);
    CHECK(explained.err.empty());
    CHECK(explained.out == plain.out + R"(
critical path  12 s: F 50.00 %, B 50.00 %, messages 0.00 %
      0 ps  device 0  F0           1 op         1 s
       1 s  device 1  F0           1 op         1 s
       2 s  device 2  F0 … B3     5 ops         5 s
       7 s  device 1  B3           1 op         1 s
       8 s  device 0  B3 … B0     4 ops         4 s
longest wait   4 s: B3 on device 0, from 4 s on, for B3 on device 1

device     on path     share        idle      waited   times  for
     0         5 s   41.67 %         4 s         4 s       1  gradients from device 1
     1         2 s   16.67 %         4 s         1 s       1  its first op (fill)
                                                 2 s       1  gradients from device 2
                                                 1 s       1  the others' last ops (drain)
     2         5 s   41.67 %         4 s         2 s       1  its first op (fill)
                                                 2 s       1  the others' last ops (drain)
)");
  }

  TEST_CASE("--explain adds one key to the summary, also to the one in a folder") {
    const TemporaryFolder folder;
    json all = summary({unit, "--explain"});
    CHECK(run_pipesim({"simulate", unit, "--explain", "--quiet", "--out", folder.path()})
              .out.empty());
    CHECK(json::parse(read_text(folder / "summary.json")) == all);
    CHECK(keys_in(all["explanation"]) ==
          std::set<std::string>{"critical_path", "devices", "longest_wait"});
    CHECK(all["explanation"]["critical_path"]["ops"].size() == 12);
    all.erase("explanation");
    CHECK(all == summary({unit}));
  }

  TEST_CASE("what does not fit is explained all the same") {
    const ProcessResult result =
        run_pipesim({"simulate", "examples/does_not_fit.json", "--explain", "--json"});
    CHECK(result.exit_code == 3);
    const json all = json::parse(result.out);
    const json& path = all["explanation"]["critical_path"];
    CHECK(path["ops"].front()["start_s"] == 0.0);
    CHECK(path["ops"].back()["finish_s"] == all["pipeline_time_s"]);
  }

  TEST_CASE("with a backward of twice the forward, the step takes (M + K - 1) * 3") {
    for (const char* schedule : {"gpipe", "1f1b"}) {
      for (const int stages : {1, 2, 5, 16}) {
        for (const int micro_batches : {1, 3, 8, 64}) {
          CAPTURE(schedule);
          CAPTURE(stages);
          CAPTURE(micro_batches);
          const json all = summary({unit, "--set", "model.backward=2", "--set",
                                    std::string("pipeline.schedule=") + schedule, "--set",
                                    "pipeline.stages=" + std::to_string(stages), "--set",
                                    "pipeline.micro_batches=" + std::to_string(micro_batches)});
          CHECK(all["step_time_s"] == (micro_batches + stages - 1) * 3.0);
          CHECK(all["pipeline_time_s"] == all["step_time_s"]);
          CHECK(all["bubble_fraction"] == all["bubble_formula"]);
        }
      }
    }
  }

  TEST_CASE("--set reaches an entry of a list") {
    // Device 0 holds 128-300, 300-256 and 256-256: weights and gradients of 4 bytes each.
    const json all = summary({gpipe, "--set", "model.layer_sizes.1=300"});
    const int parameters = (128 * 300 + 300) + (300 * 256 + 256) + (256 * 256 + 256);
    CHECK(all["devices"][0]["static_bytes"] == 8 * parameters);
    CHECK(summary({gpipe})["devices"][1]["static_bytes"] == all["devices"][1]["static_bytes"]);
  }

  TEST_CASE("of two settings of one key the later one counts") {
    const json all = summary({unit, "--set", "pipeline.micro_batches=8", "--set=model.forward=2",
                              "--set", "pipeline.micro_batches=2"});
    CHECK(all["micro_batches"] == 2);
    CHECK(all["step_time_s"] == (2 + 3 - 1) * 3.0);
  }

  TEST_CASE("--set creates a section that the config lacks") {
    const json all = summary({unit, "--set", "training.data_parallel=3"});
    CHECK(all["samples_per_s"] == 3 * 4.0 / 12);
  }

  TEST_CASE("a value of --set is JSON where it can be, else a text with its unit") {
    CHECK(summary({unit, "--set", "model.forward=[1, 2, \"3 s\"]"})["step_time_s"] ==
          summary({unit, "--set", "model.forward=[\"1000 ms\", 2.0, 3e0]"})["step_time_s"]);
    CHECK(summary({unit, "--set", "model.forward=500 ms"})["step_time_s"] == 6 * 1.5);
    CHECK(summary({unit, "--set", "name=a=b"})["name"] == "a=b");
  }

  TEST_CASE("- reads the config from standard input, with the same result") {
    const std::string text = read_text(PIPESIM_SOURCE_DIR "/examples/gpipe.json");
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"--json"}, {"--timeline", "-"}, {"--chrome-trace", "-"}}) {
      std::vector<std::string> from_file = {"simulate", gpipe};
      std::vector<std::string> from_input = {"simulate", "-"};
      from_file.insert(from_file.end(), options.begin(), options.end());
      from_input.insert(from_input.end(), options.begin(), options.end());
      const ProcessResult result = run_pipesim(from_input, text);
      CHECK(result.exit_code == 0);
      CHECK(result.out == run_pipesim(from_file).out);
    }
  }

  TEST_CASE("a device file is looked for beside the config") {
    const TemporaryFolder folder;
    write_text(folder / "tiny.json", R"({"name": "tiny", "memory": "1 MiB"})");
    write_text(folder / "config.json", R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward": 1, "parameter_bytes": 100},
      "cluster": {"device": "tiny.json"},
      "pipeline": {"stages": 2, "micro_batches": 2}})");
    const json all = summary({folder / "config.json"});
    CHECK(all["name"] == "config");
    CHECK(all["devices"][0]["capacity_bytes"] == 1 << 20);
    CHECK(all["devices"][1]["capacity_bytes"] == 1 << 20);
  }

  TEST_CASE("what does not fit is reported with device, time, excess and what would help") {
    const ProcessResult result = run_pipesim({"simulate", "-"}, R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward": 2,
                "stash_bytes": 20, "boundary_bytes": 10},
      "cluster": {"device": {"memory": "70 B"}},
      "pipeline": {"stages": 2, "micro_batches": 4}})");
    CHECK(result.exit_code == 3);
    CHECK(result.err.empty());
    const auto start = result.out.find("memory  ");
    REQUIRE(start != std::string::npos);
    // F of the fourth micro-batch starts at 3 s with three stashes there, and needs its own 20
    // bytes and the 10 that it sends.
    CHECK(result.out.substr(start, result.out.find("\n\n", start) - start) ==
          "memory       DOES NOT FIT: device 0 runs out of its 70 B at 3 s, 20 B short in F3 of "
          "stage 0; "
          "at its peak it needs 90 B, 20 B too much; 2 of 2 devices run out\n"
          "  would fit  --set pipeline.schedule=1f1b: at most 50 B on a device, 15 s a step\n"
          "  would fit  --set pipeline.recompute=full: at most 60 B on a device, 19 s a step\n"
          "  would fit  --set pipeline.schedule=1f1b --set pipeline.recompute=full: at most 40 B "
          "on a device, 19 s a step");
  }

  TEST_CASE("--quiet prints nothing and keeps the exit code") {
    for (const auto& [file, exit_code] : {std::pair{unit, 0}, {"examples/does_not_fit.json", 3}}) {
      const ProcessResult result = run_pipesim({"simulate", file, "--quiet"});
      CHECK(result.exit_code == exit_code);
      CHECK(result.out.empty());
      CHECK(result.err.empty());
    }
  }

  TEST_CASE("a name cannot break the terminal") {
    const ProcessResult result =
        run_pipesim({"simulate", unit, "--set", R"(name="a\u001b[2Jb\n")"});
    CHECK(result.exit_code == 0);
    CHECK(result.out.substr(0, result.out.find(':')) == R"(a\u001b[2Jb\u000a)");
  }

  TEST_CASE("JSON shows what a terminal would obey as escapes, and means the same name") {
    const ProcessResult result = run_pipesim(
        {"simulate", unit, "--json", "--set", R"(name="a\u001b\u007f\u009b31m\u202eb\u00e9")"});
    CHECK(result.out.starts_with("{\n  \"name\": \"a\\u001b\\u007f\\u009b31m\\u202eb\u00e9\",\n"));
    CHECK(json::parse(result.out)["name"] == "a\x1b\x7f\u009b31m\u202eb\u00e9");
  }

  TEST_CASE("a name of a megabyte is cut in the text, and whole in JSON") {
    const std::string name(1 << 20, 'x');
    const std::string config =
        R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1}, "name": ")" + name +
        R"(", "pipeline": {"stages": 1, "micro_batches": 1}})";
    const std::string text = run_pipesim({"simulate", "-"}, config).out;
    CHECK(text.starts_with(std::string(59, 'x') + "…: gpipe, 1 stages, 1 micro-batches\n"));
    CHECK(text.size() < 2000);
    CHECK(json::parse(run_pipesim({"simulate", "-", "--json"}, config).out)["name"] == name);
  }

  TEST_CASE("a config's file name may be any bytes") {
    const TemporaryFolder folder;
    const std::string path = folder / "\xff.json";
    write_text(path, R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1},
                         "pipeline": {"stages": 2, "micro_batches": 2}})");
    CHECK(summary({path})["step_time_s"] == 6.0);
  }

  TEST_CASE("what is set stands instead of its alternative in the file") {
    const ProcessResult by_count = run_pipesim(
        {"simulate", "examples/llama7b.json", "--set", "pipeline.micro_batches=8", "--json"});
    CHECK(json::parse(by_count.out)["micro_batches"] == 8);
    const json by_size = summary({"examples/gpipe.json", "--set", "pipeline.micro_batch_size=2"});
    CHECK(by_size["micro_batches"] == 16);
    const TemporaryFolder folder;
    write_text(folder / "config.json",
               R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1}, "pipeline":
                   {"stages": 4, "micro_batches": 6, "schedule_file": ")" PIPESIM_SOURCE_DIR
               R"(/examples/schedules/lazy_1f1b.csv"}})");
    CHECK(summary({folder / "config.json"})["schedule"] == "lazy_1f1b");
    CHECK(summary({folder / "config.json", "--set", "pipeline.schedule=gpipe"})["schedule"] ==
          "gpipe");
  }

  TEST_CASE("all durations together may come up to the limit of 2^62 ps") {
    const auto run = [](const std::string& forward) {
      return run_pipesim({"simulate", "-", "--json"},
                         R"({"model": {"kind": "stage_costs", "backward": "1 ps", "forward": )" +
                             forward + R"(}, "pipeline": {"stages": 1, "micro_batches": 1}})");
    };
    const ProcessResult below = run("4611686.0184273");
    CAPTURE(below.err);
    REQUIRE(below.exit_code == 0);
    CHECK(json::parse(below.out)["step_time_s"] == 4611686.0184273);
    CHECK(run("4611686.0184274").exit_code == 2);
  }

  TEST_CASE("colour is for terminals, unless variables or --color say otherwise") {
    const std::string run = "$PIPESIM simulate examples/unit.json";
    const auto escapes_in = [](const std::string& text) {
      int found = 0;
      for (auto at = text.find("\x1b["); at != text.npos; at = text.find("\x1b[", at + 1)) ++found;
      return found;
    };
    const auto in_terminal = [&](const std::string& environment) {
      return escapes_in(run_on_terminal(run, {.environment = environment}).shown);
    };
    const auto piped = [&](const std::string& environment, const std::string& options = "") {
      return escapes_in(run_shell("cd '" PIPESIM_SOURCE_DIR "' && " + environment + " " + run +
                                  options + " | cat")
                            .out);
    };
    constexpr int all = 2 * (2 * 3 + 2);  // Two runs on each device, and the legend.
    CHECK(in_terminal("") == all);
    CHECK(in_terminal("NO_COLOR=1") == 0);
    CHECK(in_terminal("CLICOLOR=0") == 0);
    CHECK(piped("") == 0);
    CHECK(piped("CLICOLOR_FORCE=1") == all);
    CHECK(piped("CLICOLOR_FORCE=0") == 0);
    CHECK(piped("NO_COLOR=1 CLICOLOR_FORCE=1") == 0);
    CHECK(piped("NO_COLOR=1", " --color always") == all);
    CHECK(piped("CLICOLOR_FORCE=1", " --color never") == 0);
  }

  TEST_CASE("colours are as fine as the terminal says") {
    const auto forward = [](const std::string& environment) {
      const std::string text = run_shell("cd '" PIPESIM_SOURCE_DIR "' && " + environment +
                                         " $PIPESIM simulate examples/unit.json --color always")
                                   .out;
      const auto begin = text.find('\x1b') + 2;
      return text.substr(begin, text.find('m', begin) - begin);
    };
    CHECK(forward("TERM=xterm COLORTERM=") == "44;97");
    CHECK(forward("TERM=xterm-256color COLORTERM=") == "48;5;25;38;5;231");
    CHECK(forward("TERM=xterm-256color COLORTERM=truecolor") == "48;2;0;114;178;38;2;255;255;255");
    CHECK(forward("TERM=xterm COLORTERM=24bit") == "48;2;0;114;178;38;2;255;255;255");
    CHECK(forward("TERM= COLORTERM=1") == "44;97");
  }
}

}  // namespace pipesim::test
