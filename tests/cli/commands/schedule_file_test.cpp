#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

// Four stages of 10 ms and 20 ms, 1 ms apart, for these files.
const std::string four_stages = "examples/four_stages.json";
std::string file(const std::string& name) {
  return "examples/schedules/" + name + ".csv";
}

ProcessResult simulate(const std::string& name, const std::string& communication,
                       const std::string& form = "--json") {
  return run_pipesim({"simulate", four_stages, "--schedule-file", file(name), "--set",
                      "pipeline.communication=" + communication, form});
}

double seconds(const std::string& name, const std::string& communication) {
  const ProcessResult result = simulate(name, communication);
  REQUIRE(result.exit_code == 0);
  return json::parse(result.out)["step_time_s"];
}

std::string deadlock_of(const std::string& name, const std::string& communication) {
  const ProcessResult result = simulate(name, communication);
  CHECK(result.exit_code == 3);
  return json::parse(result.out)["deadlock"];
}

// A schedule in a file of its own.
class Written {
 public:
  explicit Written(const std::string& text) { write_text(path(), text); }
  std::string path() const { return folder_ / "mine.csv"; }

  std::string refusal(const std::vector<std::string>& settings) const {
    std::vector<std::string> arguments = {"simulate", four_stages, "--schedule-file", path()};
    for (const std::string& setting : settings) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    const ProcessResult result = run_pipesim(arguments);
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    return result.err;
  }

 private:
  TemporaryFolder folder_{};
};

// What a case says in JSON, with settings.
json case_of(const std::string& config, const std::vector<std::string>& settings) {
  std::vector<std::string> arguments = {"simulate", "tests/cases/" + config, "--json"};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return json::parse(run_pipesim(arguments).out);
}

}  // namespace

TEST_SUITE("cli/commands/schedule_file") {
  TEST_CASE("a schedule that was printed as CSV takes the same time as a file") {
    const std::string config =
        "examples/four_stages.json --set 'model.backward_input=\"10 ms\"' "
        "--set 'model.backward_weight=\"10 ms\"' --set pipeline.micro_batches=8";
    for (const std::string schedule :
         {"gpipe", "1f1b", "interleaved_1f1b", "looped_bfs", "zb_h1", "zb_h2", "v_half", "v_min",
          "dualpipe", "dualpipe_v", "chimera"}) {
      CAPTURE(schedule);
      const std::string named = config + " --set pipeline.schedule=" + schedule;
      const ProcessResult result =
          run_shell("cd '" PIPESIM_SOURCE_DIR "' && $PIPESIM simulate " + named +
                    " --json && $PIPESIM schedule " + named + " --format csv | $PIPESIM simulate " +
                    config + " --schedule-file - --json");
      CHECK(result.err == "");
      REQUIRE(result.exit_code == 0);
      const auto between = result.out.find("\n}\n") + 3;
      json direct = json::parse(result.out.substr(0, between));
      json from_file = json::parse(result.out.substr(between));
      CHECK(from_file["schedule"] == "stdin");
      CHECK(from_file["step_time_s"] == direct["step_time_s"]);
      CHECK(from_file["devices"] == direct["devices"]);
    }
  }

  TEST_CASE("a file is printed as it is written, sends and receives too") {
    for (const char* name : {"early_receives", "lazy_1f1b", "cross_wired", "bidirectional"}) {
      CAPTURE(name);
      const ProcessResult printed =
          run_pipesim({"schedule", four_stages, "--schedule-file", file(name), "--format", "csv"});
      CHECK(printed.exit_code == 0);
      CHECK(printed.out == read_text(PIPESIM_SOURCE_DIR "/" + file(name)));
    }
  }

  TEST_CASE("a receive that stands too early holds its device when communication is blocking") {
    CHECK(seconds("early_receives", "overlapped") == 0.282);
    CHECK(seconds("early_receives", "blocking") == 0.364);
    CHECK(seconds("early_receives", "rendezvous") == 0.369);
  }

  TEST_CASE("receives directly before their ops cost nothing, but deadlock at a rendezvous") {
    CHECK(seconds("lazy_1f1b", "overlapped") == 0.282);
    CHECK(seconds("lazy_1f1b", "blocking") == 0.282);
    CHECK(deadlock_of("lazy_1f1b", "rendezvous") ==
          "deadlock after 63 ms: SEND_F2.1 on device 2 waits for RECV_F3.1 on device 3, "
          "which stands behind SEND_B3.0, which waits for RECV_B2.0 on device 2, which stands "
          "behind SEND_F2.1");
  }

  TEST_CASE("neighbours that each wait for the other's message first deadlock") {
    CHECK(seconds("cross_wired", "overlapped") == 0.282);
    const ProcessResult result = simulate("cross_wired", "blocking", "--quiet");
    CHECK(result.exit_code == 3);
    CHECK(result.out == "");
    const std::string cycle =
        "deadlock after 41 ms: RECV_B2.0 on device 2 waits for SEND_B3.0 on device 3, "
        "which stands behind RECV_F3.0, which waits for SEND_F2.0 on device 2, which stands "
        "behind RECV_B2.0";
    CHECK(result.err == cycle + "\n");
    CHECK(deadlock_of("cross_wired", "blocking") == cycle);
  }

  TEST_CASE("a deadlock's reports say how far it came, and no rate: execute's, too") {
    const TemporaryFolder folder;
    for (const std::string command : {"simulate", "execute"}) {
      const std::string config = command == "simulate" ? four_stages : "examples/gpipe.json";
      const ProcessResult result =
          run_pipesim({command, config, "--schedule-file", file("cross_wired"), "--set",
                       "pipeline.communication=blocking", "--set", "pipeline.micro_batches=6",
                       "--set", "training.batch_size=6", "--out", folder / command, "--json"});
      CHECK(result.exit_code == 3);
      const json summary = json::parse(result.out);
      CHECK(summary["command"] == command);
      CHECK(summary["deadlock"].get<std::string>().starts_with("deadlock after "));
      CHECK(summary["samples_per_s"].is_null());
      CHECK(summary["model_flops_per_s"].is_null());
      CHECK(summary["bubble_breakdown"]["fill_drain"].is_null());
      CHECK(summary["pipeline_time_s"] > 0);
      for (const char* name :
           {"summary.json", "timeline.json", "trace.json", "memory.csv", "report.html"}) {
        CHECK(!read_text(folder / (command + "/" + name)).empty());
      }
    }
  }

  TEST_CASE("a file may hold two copies of every stage") {
    CHECK(seconds("bidirectional", "overlapped") == 0.261);
    CHECK(seconds("bidirectional", "blocking") == 0.261);
    CHECK(seconds("bidirectional", "rendezvous") == 0.359);
  }

  TEST_CASE("ops that wait for each other across devices end in the cycle they form") {
    const Written crossed("0F0,0B0,0F1,0B1\n1F1,1B1,1F0,1B0\n");
    const ProcessResult result =
        run_pipesim({"simulate", four_stages, "--schedule-file", crossed.path(), "--set",
                     "pipeline.stages=2", "--set", "pipeline.micro_batches=2"});
    CHECK(result.exit_code == 3);
    CHECK(result.err == "");
    CHECK(result.out ==
          "four-stages: mine, 2 stages, 2 micro-batches\n\n"
          "deadlock after 10 ms: B0.0 on device 0 waits for B1.0 on device 1, which stands "
          "behind F1.1, which waits for F0.1 on device 0, which stands behind B0.0\n");
  }

  TEST_CASE("a config of another shape than its file is refused") {
    const Written two("0F0,0B0,0F1,0B1\n1F0,1B0,1F1,1B1\n");
    CHECK(two.refusal({}) ==
          "examples/four_stages.json: /pipeline/stages: must be 2, the number of rows in " +
              two.path() + ", got 4\n  hint: --set pipeline.stages=2\n");
    CHECK(two.refusal({"pipeline.stages=2"}) ==
          "examples/four_stages.json: /pipeline/micro_batches: must be 2, the number of "
          "micro-batches in " +
              two.path() + ", got 6\n  hint: --set pipeline.micro_batches=2\n");
    CHECK(two.refusal(
              {"pipeline.stages=2", "pipeline.micro_batches=2", "pipeline.virtual_stages=2"}) ==
          "--set: /pipeline/virtual_stages: must be 1, the number of stages on a row in " +
              two.path() + ", got 2\n  hint: --set pipeline.virtual_stages=1\n");
  }

  TEST_CASE("a file whose stages cannot be divided evenly among its rows is refused") {
    const Written uneven("0F0,2F0,2B0,0B0\n1F0,1B0\n");
    CHECK(uneven.refusal({"pipeline.stages=2", "pipeline.micro_batches=1"}) ==
          uneven.path() +
              ": must hold a multiple of its 2 rows in stages, got 3\n"
              "  hint: a config states one number of stages for all devices, "
              "pipeline.virtual_stages\n");
  }

  TEST_CASE("a file that re-computes needs a config that does") {
    const Written again("0F0,0R0,0B0\n1F0,1B0\n");
    CHECK(again.refusal({"pipeline.stages=2", "pipeline.micro_batches=1"}) ==
          "examples/four_stages.json: /pipeline/recompute: must be set: " + again.path() +
              " re-computes, got \"none\"\n  hint: --set pipeline.recompute=full\n");
  }

  TEST_CASE("a file that re-computes does so for every micro-batch that is not kept") {
    const std::string hint = "; a file without any R gets them by itself\n";
    const auto refusal = [&](const Written& file, const std::string& recompute) {
      return file.refusal(
          {"pipeline.stages=2", "pipeline.micro_batches=2", "pipeline.recompute=" + recompute});
    };
    const Written first("0F0,0F1,0R0,0B0,0B1\n1F0,1R0,1B0,1F1,1B1\n");
    CHECK(refusal(first, "full") == first.path() +
                                        ": row 1, column 5: needs an R before it, as others have, "
                                        "got \"0B1\"\n  hint: pipeline.recompute is \"full\"" +
                                        hint);
    const Written both("0F0,0F1,0R0,0B0,0R1,0B1\n1F0,1R0,1B0,1F1,1R1,1B1\n");
    CHECK(refusal(both, "except_last") ==
          both.path() +
              ": row 1, column 6: needs no R: all activations of the last micro-batch are kept, "
              "got \"0B1\"\n  hint: pipeline.recompute is \"except_last\"" +
              hint);
    CHECK(run_pipesim({"simulate", four_stages, "--schedule-file", first.path(), "--set",
                       "pipeline.stages=2", "--set", "pipeline.micro_batches=2", "--set",
                       "pipeline.recompute=except_last"})
              .exit_code == 0);
  }

  TEST_CASE(
      "a file with weight gradients of the whole mini-batch needs a config that defers them") {
    const Written deferred("0F0,0F1,0I0,0I1,0W\n1F0,1I0,1F1,1I1,1W\n");
    CHECK(deferred.refusal({"pipeline.stages=2", "pipeline.micro_batches=2"}) ==
          "examples/four_stages.json: /training/weight_gradient: must be \"deferred\": " +
              deferred.path() +
              " has a W of the whole mini-batch, got \"accumulated\"\n"
              "  hint: --set training.weight_gradient=deferred\n");
  }

  TEST_CASE("a file that cannot be read is refused") {
    const auto refusal = [](const std::string& path) {
      const ProcessResult result = run_pipesim({"simulate", four_stages, "--schedule-file", path});
      CHECK(result.exit_code == 2);
      CHECK(result.out.empty());
      return result.err;
    };
    const std::string hint = "\n  hint: give the path of a schedule in PyTorch's CSV format\n";
    CHECK(refusal("none.csv") ==
          "examples/none.csv: /: cannot be opened, got No such file or directory" + hint);
    CHECK(refusal("examples") == "examples: /: must be a file, got a directory" + hint);
    CHECK(refusal(four_stages) ==
          "examples/four_stages.json: row 1, column 1: is no op of a schedule, got 88 bytes\n"
          "  hint: write stage, kind and micro-batch, such as 0F0, 2SEND_F1 or 1UNSHARD\n");
    const ProcessResult piped = run_shell("echo 0F0,0B | $PIPESIM simulate " PIPESIM_SOURCE_DIR
                                          "/examples/four_stages.json --schedule-file -");
    CHECK(piped.exit_code == 2);
    CHECK(piped.err ==
          "<stdin>: row 1, column 2: lacks its micro-batch, got \"0B\"\n"
          "  hint: write the micro-batch behind the kind: 0F3\n");
  }

  TEST_CASE("a file gathers at its UNSHARD and reduces at its REDUCE_GRAD, and nothing else does") {
    // The pipeline's own 1.0554 s, a gather of 11.8 ms before it, a reduction of 11.8 ms
    // and an update of 7.5 ms behind.
    const auto step = [](int zero_stage) {
      return case_of("lowered_file_with_zero3.json",
                     {"training.zero_stage=" + std::to_string(zero_stage)})["step_time_s"]
          .get<double>();
    };
    for (const int zero_stage : {1, 2, 3}) {
      CAPTURE(zero_stage);
      CHECK(step(zero_stage) == doctest::Approx(1.0864).epsilon(0.0005));
    }
  }

  TEST_CASE("weights that a file gathers are held from UNSHARD to RESHARD") {
    const json with = case_of("lowered_file_with_zero3.json", {})["devices"];
    std::ifstream file(PIPESIM_SOURCE_DIR "/tests/cases/lowered_file_with_zero3.json");
    json config = json::parse(file);
    config["pipeline"].erase("schedule_file");
    config["pipeline"]["schedule"] = "1f1b";
    const TemporaryFolder folder;
    const std::string path = folder / "without.json";
    write_text(path, config.dump());
    const json without = json::parse(run_pipesim({"simulate", path, "--json"}).out)["devices"];
    constexpr double gib = 1 << 30;
    const double more =
        with[0]["peak_memory_bytes"].get<double>() - without[0]["peak_memory_bytes"].get<double>();
    CHECK(more / gib > 3.70);
  }

  TEST_CASE(
      "ZeRO 3 holds the layer that it has gathered, and its gradient before it is scattered") {
    // A layer of Llama 405B in bf16 is 5.94 GiB; 21.91 GiB without the two.
    const json device = case_of("zero3_largest_layer.json", {})["devices"][0];
    constexpr double gib = 1 << 30;
    CHECK(device["peak_memory_bytes"].get<double>() / gib ==
          doctest::Approx(21.91 + 2 * 5.94).epsilon(0.001));
  }
}

}  // namespace pipesim::test
