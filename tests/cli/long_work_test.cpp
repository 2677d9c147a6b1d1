#include <doctest/doctest.h>

#include <string>

#include "support/commands/process.hpp"

namespace pipesim::test {

TEST_SUITE("cli/long_work") {
  TEST_CASE("what takes over a minute says so before it starts, unless it is to be quiet") {
    const std::string command =
        "timeout --preserve-status -s INT 0.5 $PIPESIM execute - --steps "
        "100000 --clock measured ";
    const std::string config =
        R"(echo '{"model": {"kind": "mlp", "layer_sizes": [2048, 2048, 2048]},)"
        R"( "pipeline": {"stages": 2, "micro_batches": 4}, "training": {"batch_size": 1024}}' | )";
    const ProcessResult told = run_shell(config + command);
    CHECK(told.exit_code == 130);
    CHECK(told.err.starts_with("pipesim: executing takes about "));
    CHECK(told.err.ends_with(" on this machine; Ctrl-C ends it\n"));
    const ProcessResult quiet = run_shell(config + command + "--quiet");
    CHECK(quiet.exit_code == 130);
    CHECK(quiet.err.empty());
  }

  TEST_CASE("what takes seconds says nothing") {
    const ProcessResult result =
        run_shell(R"(echo '{"model": {"kind": "mlp", "layer_sizes": [4, 4, 4]},)"
                  R"( "pipeline": {"stages": 2, "micro_batches": 2}}' | )"
                  "$PIPESIM execute - --steps 1 --json 2>&1 >/dev/null");
    CHECK(result.out.empty());
  }
}

}  // namespace pipesim::test
