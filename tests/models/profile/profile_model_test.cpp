#include "models/profile/profile_model.hpp"

#include <doctest/doctest.h>

#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/models/graphs.hpp"

namespace pipesim::test {

TEST_SUITE("models/profile/profile_model") {
  TEST_CASE("a sample has the batch's times and activations by its size, and all of the weights") {
    const ProfileGraph graph = read_profile_graph(
        node_line("node1", {.description = "Input", .forward = 9_us, .activation_bytes = 64}) +
            node_line("node2", {.forward = 4'000_us,
                                .backward = 6'000_us,
                                .activation_bytes = 18,
                                .parameter_bytes = 1001}) +
            node_line("node3", {.backward = 2'000_us, .activation_bytes = 17}) +
            "\tnode1 -- node2\n\tnode2 -- node3\n",
        "g.txt");
    const Network network = profile_network(graph, 4);
    CHECK(network.input_bytes == 16);
    CHECK(!network.stash_holds_input);
    REQUIRE(network.layers.size() == 2);
    CHECK(network.layers[0].name == "node2");
    CHECK(network.layers[0].forward.at(0).seconds == 1e-3);
    CHECK(network.layers[0].backward_input.at(0).seconds == 1.5e-3);
    CHECK(network.layers[0].backward_weight.empty());
    CHECK(network.layers[0].parameter_bytes == 1001);
    CHECK(network.layers[0].output_bytes == 5);  // 4.5, rounded.
    CHECK(network.layers[0].stash_bytes == 5);
    CHECK(network.layers[1].forward.at(0).seconds == 0);
    CHECK(network.layers[1].output_bytes == 4);  // 4.25
  }

  TEST_CASE("a layer's output is all that crosses the cut behind it, its stash its own") {
    const Network network = profile_network(graph_of({100, 20, 50}, {{0, 1}, {1, 2}, {0, 2}}), 10);
    REQUIRE(network.layers.size() == 3);
    CHECK(network.layers[1].output_bytes == 12);
    CHECK(network.layers[1].stash_bytes == 2);
    CHECK(network.layers[2].output_bytes == 5);
  }

  TEST_CASE("the example's skip connection is sent along between its stages") {
    const Experiment experiment = example("profile.json", {"pipeline.partition=[4,2,4]"});
    const std::vector<StageCost>& stages = experiment.costs.stages;
    REQUIRE(stages.size() == 3);
    // Behind the first convolution of the block: its output and the block's input, 8 samples each.
    CHECK(stages[1].boundary == 2 * 8 * 64 * 56 * 56 * 4);
    CHECK(stages[0].forward == Time{(1'934 + 291 + 342 + 1'148) * std::int64_t{250'000}});
    CHECK(stages[2].backward == Time{(112 + 69 + 38) * std::int64_t{250'000}});
    CHECK(stages[0].weights == 37'888 + 147'712);
  }

  TEST_CASE("a profile model needs a file that is there and the batch it was measured with") {
    const auto refused = [](std::string_view model, const char* error) {
      CHECK_THROWS_WITH_AS(read_profile(Field(parse_document(model, "c.json"))), error, InputError);
    };
    refused("{}",
            "c.json: /profile: is required, got nothing\n"
            "  hint: the path of PipeDream's graph.txt");
    refused(R"({"profile": "none.txt"})",
            "c.json: /batch_size: is required, got nothing\n"
            "  hint: the number of samples that the times were measured with");
    refused(R"({"profile": "none.txt", "batch_size": 0})",
            "c.json: /batch_size: must be a whole number from 1, got 0\n"
            "  hint: the smallest that makes sense is 1");
    refused(R"({"profile": "none.txt", "batch_size": 8})",
            "none.txt: /: cannot be opened, got No such file or directory\n"
            "  hint: give the path of PipeDream's graph.txt, relative to the config's folder");
    refused(R"({"profile": "/", "batch_size": 8})",
            "/: /: must be a file, got a directory\n"
            "  hint: give the path of PipeDream's graph.txt, relative to the config's folder");
  }
}

}  // namespace pipesim::test
