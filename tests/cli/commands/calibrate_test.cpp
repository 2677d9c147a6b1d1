#include <doctest/doctest.h>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

std::string calibrate_refusal(const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"calibrate"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ProcessResult result = run_pipesim(arguments);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  return result.err;
}

}  // namespace

TEST_SUITE("cli/commands/calibrate") {
  TEST_CASE("what can't be measured or written is refused before any measurement") {
    CHECK(calibrate_refusal({"--out", ""}) ==
          "--out: /: must name a place, got nothing\n  hint: give a path behind the option\n");
    CHECK(calibrate_refusal({"--out", "/proc/device.json"}) ==
          "/proc/device.json: /: cannot be created, got No such file or directory\n"
          "  hint: choose a file in a folder that exists and can be written\n");
    CHECK(
        calibrate_refusal({"--busy", "0"}) ==
        "--busy: /: must be a whole number from 1 to 256, got 0\n"
        "  hint: --busy N: Cores that compute at once while measuring: as many as devices will on "
        "the wall clock, 1 for the measured clock\n");
  }

  TEST_CASE("a device file given with --set is found from where the command is typed") {
    const TemporaryFolder folder;
    write_text(folder / "device.json",
               R"({"name": "mine", "flops": "1 TFLOP/s", "memory_bandwidth": "1 TB/s"})");
    const std::string config = PIPESIM_SOURCE_DIR "/examples/gpipe.json";
    const ProcessResult result = run_shell("cd '" + folder.path() + "' && $PIPESIM simulate '" +
                                           config + "' --set cluster.device=device.json");
    CHECK(result.err.empty());
    CHECK(result.out.find("4 × mine over nvlink2") != std::string::npos);
  }
}

}  // namespace pipesim::test
