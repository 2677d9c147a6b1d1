#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

nlohmann::json summary(const std::string& example, int exit_code,
                       const std::vector<std::string>& settings = {}) {
  std::vector<std::string> arguments = {"simulate", "examples/" + example, "--json"};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  const ProcessResult result = run_pipesim(arguments);
  CHECK(result.exit_code == exit_code);
  CHECK(result.err.empty());
  return nlohmann::json::parse(result.out);
}

}  // namespace

TEST_SUITE("cli/examples") {
  TEST_CASE("every example runs, and two of them do not fit") {
    for (const std::string& example : example_names()) {
      CAPTURE(example);
      const bool fits = example != "does_not_fit.json" && example != "llama7b.json";
      CHECK(summary(example, fits ? 0 : 3)["fits_memory"] == fits);
    }
  }

  TEST_CASE("eight cards of 24 GB train a 7B model, with what the comments say to try") {
    const auto fits = [](const std::vector<std::string>& settings, bool expected) {
      CHECK(summary("llama7b.json", expected ? 0 : 3, settings)["devices_in_all"] == 8);
    };
    CHECK(summary("llama7b.json", 3)["parameters"] == 6'738'415'616);  // As Hugging Face counts.
    fits({"pipeline.recompute=layers"}, true);
    fits({"pipeline.schedule=gpipe"}, false);
    fits({"training.optimizer_precision=bf16"}, true);
    fits({"training.tensor_parallel=8", "pipeline.stages=1"}, true);
  }

  TEST_CASE("what does not fit is told what would on the same cards, and that can be followed") {
    const nlohmann::json advice = summary("llama7b.json", 3)["advice"];
    REQUIRE(advice.size() == 3);
    for (const nlohmann::json& tried : advice) {
      const std::string setting = tried["setting"];
      CAPTURE(setting);
      CHECK(setting.find("cluster.devices") == setting.npos);
      const ProcessResult followed =
          run_shell("cd '" PIPESIM_SOURCE_DIR "' && $PIPESIM simulate examples/llama7b.json " +
                    setting + " --json");
      CHECK(followed.exit_code == 0);
      CHECK(nlohmann::json::parse(followed.out)["step_time_s"] == tried["step_time_s"]);
    }
  }

  TEST_CASE("GPT-3's step is within 3 % of the two that were measured, and so is its MFU") {
    CHECK(summary("gpt3_175b.json", 0)["step_time_s"].get<double>() ==
          doctest::Approx(18.13).epsilon(0.03));
    const nlohmann::json selective = summary(
        "gpt3_175b.json", 0, {"pipeline.recompute=selective", "training.sequence_parallel=true"});
    CHECK(selective["step_time_s"].get<double>() == doctest::Approx(13.75).epsilon(0.03));
    CHECK(selective["model_flops_utilization"].get<double>() ==
          doctest::Approx(0.514).epsilon(0.03));
  }

  TEST_CASE("a host's shared link is the bottleneck, and fewer messages over it are quicker") {
    const nlohmann::json crossing = summary("pcie_host.json", 0);
    CHECK(crossing["bottleneck_link"] == "left-host");
    const nlohmann::json sorted = summary(
        "pcie_host.json", 0, {R"(cluster.topology.devices=["gpu0", "gpu2", "gpu1", "gpu3"])"});
    CHECK(sorted["step_time_s"] < crossing["step_time_s"]);
    const nlohmann::json duplex =
        summary("pcie_host.json", 0,
                {"cluster.topology.links.4.duplex=full", "cluster.topology.links.5.duplex=full"});
    CHECK(duplex["step_time_s"] < crossing["step_time_s"]);
  }

  TEST_CASE("the mixture has DeepSeek-V2-Lite's 15.7 billion parameters") {
    const nlohmann::json json = summary("mixture.json", 0);
    CHECK(json["parameters"] == 15'706'484'224);
    CHECK(json["expert_parallel"] == 8);
    CHECK(json["zero_stage"] == 1);
  }
}

}  // namespace pipesim::test
