#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

std::string printed(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"schedule", "examples/unit.json"});
  const ProcessResult result = run_pipesim(arguments);
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  return result.out;
}

}  // namespace

TEST_SUITE("cli/commands/schedule") {
  TEST_CASE("GPipe runs all forwards, then the backwards in reverse") {
    CHECK(printed({}) ==
          "device 0: F0 F1 F2 F3 B3 B2 B1 B0\n"
          "device 1: F0 F1 F2 F3 B3 B2 B1 B0\n"
          "device 2: F0 F1 F2 F3 B3 B2 B1 B0\n");
  }

  TEST_CASE("1F1B warms up with one forward for each stage below, then alternates") {
    CHECK(printed({"--set", "pipeline.schedule=1f1b", "--format", "text"}) ==
          "device 0: F0 F1 F2 B0 F3 B1 B2 B3\n"
          "device 1: F0 F1 B0 F2 B1 F3 B2 B3\n"
          "device 2: F0 B0 F1 B1 F2 B2 F3 B3\n");
  }

  TEST_CASE("re-computation stands directly before its backward") {
    CHECK(printed({"--set", "pipeline.recompute=full", "--set", "pipeline.stages=1"}) ==
          "device 0: F0 F1 F2 F3 R3 B3 R2 B2 R1 B1 R0 B0\n");
    CHECK(printed({"--set", "pipeline.recompute=except_last", "--set", "pipeline.stages=1"}) ==
          "device 0: F0 F1 F2 F3 B3 R2 B2 R1 B1 R0 B0\n");
  }

  TEST_CASE("as JSON, a lane is a list of ops") {
    using nlohmann::json;
    const json all = json::parse(printed(
        {"--format", "json", "--set", "pipeline.stages=2", "--set", "pipeline.micro_batches=2"}));
    const auto op = [](const char* kind, int stage, int micro_batch) {
      return json{{"kind", kind}, {"stage", stage}, {"micro_batch", micro_batch}};
    };
    CHECK(all == json{{"format", "pipesim-schedule"},
                      {"version", 1},
                      {"schedule", "gpipe"},
                      {"stages", 2},
                      {"micro_batches", 2},
                      {"placement", {0, 1}},
                      {"lanes",
                       {{op("F", 0, 0), op("F", 0, 1), op("B", 0, 1), op("B", 0, 0)},
                        {op("F", 1, 0), op("F", 1, 1), op("B", 1, 1), op("B", 1, 0)}}}});
  }

  TEST_CASE("an unknown format is refused, with those that are known") {
    const ProcessResult result =
        run_pipesim({"schedule", "examples/unit.json", "--format", "yaml"});
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(result.err ==
          "--format: /: is not known, got yaml\n"
          "  hint: --format takes: text, csv, json\n");
  }
}

}  // namespace pipesim::test
