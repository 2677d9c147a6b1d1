#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/commands/process.hpp"

using namespace pipesim::test;

TEST_SUITE("cli/commands/model") {
  TEST_CASE("the layers of the README's network, part by part") {
    const ProcessResult result = run_pipesim({"model", "examples/gpipe.json"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    CHECK(
        result.out.starts_with("gpipe-k4-m8: mlp, 627.7 k parameters\n"
                               "one micro-batch of 4 on a v100-16gb, fp32\n\n"
                               "linear0: forward "));
    CHECK(result.out.find("\nlinear1 to linear9, 9 alike: forward ") != std::string::npos);
  }

  TEST_CASE("--json has the same layers, and parameters that add up") {
    const auto json =
        nlohmann::json::parse(run_pipesim({"model", "examples/gpipe.json", "--json"}).out);
    CHECK(json["command"] == "model");
    double parameters = 0;
    int layers = 0;
    for (const auto& layer : json["layers"]) {
      parameters += layer["count"].get<double>() * layer["parameters"].get<double>();
      layers += layer["count"].get<int>();
    }
    CHECK(parameters == json["parameters"]);
    CHECK(layers == 11);
  }

  TEST_CASE("a model without layers is refused") {
    const ProcessResult result = run_pipesim({"model", "examples/unit.json"});
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
  }
}
