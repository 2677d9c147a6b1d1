#include "sim/step/link_routes.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "support/experiments.hpp"

namespace pipesim {

namespace {

// Devices gpu0, gpu1, … around a hub; each stage runs a layer.
SharedLinks star(const std::string& schedule, int devices, int chunks, const std::string& duplex) {
  std::string links;
  for (int gpu = 0; gpu < devices; ++gpu) {
    links +=
        fmt::format(R"({}{{"between": ["gpu{}", "hub"], "interconnect": "ideal", "duplex": "{}"}})",
                    gpu == 0 ? "" : ", ", gpu, duplex);
  }
  return test::experiment_from(
             fmt::format(
                 R"({{
    "model": {{"kind": "mlp", "layer_sizes": {}}},
    "cluster": {{"topology": {{"devices": {}, "switches": ["hub"], "links": [{}]}}}},
    "pipeline": {{"schedule": "{}", "stages": {}, "virtual_stages": {}, "micro_batches": {}}},
    "training": {{"batch_size": {}}}}})",
                 nlohmann::json(std::vector(static_cast<std::size_t>(devices * chunks) + 1, 2))
                     .dump(),
                 devices, links, schedule, devices, chunks, devices, devices))
      .costs.links;
}

// The way of each message from stage to stage: "gpu0>hub hub>gpu1, …".
std::string text_of(const SharedLinks& links, const std::vector<std::vector<int>>& routes) {
  std::string text;
  for (const std::vector<int>& route : routes) {
    if (!text.empty()) text += ", ";
    for (std::size_t i = 0; i < route.size(); ++i) {
      text += (i == 0 ? "" : " ") + links.names[static_cast<std::size_t>(route[i])];
    }
    if (route.empty()) text += "-";
  }
  return text;
}

}  // namespace

TEST_SUITE("sim/step/link_routes") {
  TEST_CASE("messages share nothing where each link serves one pair of devices in one direction") {
    const SharedLinks links = star("gpipe", 2, 1, "full");
    CHECK(links.names.empty());
    CHECK(links.routes.activation.empty());
  }

  TEST_CASE("two directions over one half-duplex link share it") {
    const SharedLinks links = star("gpipe", 2, 1, "half");
    CHECK(links.names == std::vector<std::string>{"gpu0-hub", "gpu1-hub"});
    CHECK(text_of(links, links.routes.activation) == "gpu0-hub gpu1-hub");
    CHECK(text_of(links, links.routes.gradient) == "gpu1-hub gpu0-hub");
  }

  TEST_CASE("a device between two others sends both its messages over its one link") {
    const SharedLinks links = star("1f1b", 3, 1, "full");
    CHECK(links.names == std::vector<std::string>{"gpu0>hub", "hub>gpu1", "gpu1>hub", "hub>gpu0",
                                                  "hub>gpu2", "gpu2>hub"});
    CHECK(text_of(links, links.routes.activation) == "gpu0>hub hub>gpu1, gpu1>hub hub>gpu2");
    CHECK(text_of(links, links.routes.gradient) == "gpu1>hub hub>gpu0, gpu2>hub hub>gpu1");
    CHECK(links.second_routes.activation.empty());
  }

  TEST_CASE("the second copy of a bidirectional schedule goes the other way") {
    const SharedLinks links = star("chimera", 4, 1, "full");
    CHECK(text_of(links, links.routes.activation) ==
          "gpu0>hub hub>gpu1, gpu1>hub hub>gpu2, gpu2>hub hub>gpu3");
    CHECK(text_of(links, links.second_routes.activation) ==
          "gpu3>hub hub>gpu2, gpu2>hub hub>gpu1, gpu1>hub hub>gpu0");
    CHECK(text_of(links, links.second_routes.gradient) ==
          "gpu2>hub hub>gpu3, gpu1>hub hub>gpu2, gpu0>hub hub>gpu1");
  }

  TEST_CASE("the last device of a looped placement hands on to the first") {
    const SharedLinks links = star("interleaved_1f1b", 3, 2, "full");
    CHECK(text_of(links, links.routes.activation) ==
          "gpu0>hub hub>gpu1, gpu1>hub hub>gpu2, gpu2>hub hub>gpu0, "
          "gpu0>hub hub>gpu1, gpu1>hub hub>gpu2");
  }

  TEST_CASE("stages on one device exchange nothing: a V turns without a message") {
    const SharedLinks links = star("zb_v", 3, 2, "full");
    CHECK(text_of(links, links.routes.activation) ==
          "gpu0>hub hub>gpu1, gpu1>hub hub>gpu2, -, gpu2>hub hub>gpu1, gpu1>hub hub>gpu0");
  }
}

}  // namespace pipesim
