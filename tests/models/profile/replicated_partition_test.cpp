#include "models/profile/replicated_partition.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "models/profile/profile_graph.hpp"
#include "support/commands/process.hpp"
#include "support/models/graphs.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

// Layers one behind the other, of whole milliseconds.
std::vector<LinearState> chain(const std::vector<int>& milliseconds, Bytes parameter_bytes,
                               Bytes activation_bytes) {
  ProfileGraph graph = chain_of(std::vector<Bytes>(milliseconds.size(), activation_bytes));
  for (std::size_t i = 0; i < milliseconds.size(); ++i) {
    graph.nodes[i].backward = milliseconds[i] * 1'000_us;
    graph.nodes[i].parameter_bytes = parameter_bytes;
  }
  return linear_states(graph);
}

// "0-3 x2, 3-4 x1"
std::string text_of(const std::vector<ReplicatedStage>& stages) {
  std::string text;
  for (const ReplicatedStage& stage : stages) {
    text += fmt::format("{}{}-{} x{}", text.empty() ? "" : ", ", stage.first, stage.last,
                        stage.replication);
  }
  return text;
}

// The time of a stage between two states, by the formula.
double stage_seconds(const std::vector<LinearState>& states, const ReplicationRequest& request,
                     int from, int to, double r) {
  const LinearState before = from < 0 ? LinearState{} : states[static_cast<std::size_t>(from)];
  const LinearState& there = states[static_cast<std::size_t>(to)];
  const auto weights = static_cast<double>(there.parameter_bytes - before.parameter_bytes);
  const double link = request.bandwidth * r;
  double time = seconds(there.compute - before.compute) / r + 4 * (r - 1) * weights / (link * r);
  if (request.transfer_time_considered && from >= 0) {
    time = std::max(time, 2 * static_cast<double>(before.crossing_bytes) / link);
    if (to + 1 < static_cast<int>(states.size())) {
      time = std::max(time, 2 * static_cast<double>(there.crossing_bytes) / link);
    }
  }
  return time;
}

// All states inside another, by walking down.
std::set<int> inside(const std::vector<LinearState>& states, int to) {
  std::set<int> found;
  for (const LinearState::Step& step : states[static_cast<std::size_t>(to)].steps) {
    if (step.state < 0 || !found.insert(step.state).second) continue;
    found.merge(inside(states, step.state));
  }
  return found;
}

// Every way to divide the layers up to a state among so many machines.
double least_bottleneck(const std::vector<LinearState>& states, const ReplicationRequest& request,
                        int to, int machines) {
  double least = std::numeric_limits<double>::infinity();
  const int most = request.straight_pipeline ? 1 : machines;
  if (machines <= most) least = stage_seconds(states, request, -1, to, machines);
  for (const int from : inside(states, to)) {
    for (int r = 1; r <= std::min(most, machines - 1); ++r) {
      least = std::min(least, std::max(stage_seconds(states, request, from, to, r),
                                       least_bottleneck(states, request, from, machines - r)));
    }
  }
  return least;
}

void check_is_a_pipeline(const std::vector<LinearState>& states,
                         const std::vector<ReplicatedStage>& stages, int machines) {
  int used = 0;
  int at = 0;
  for (const ReplicatedStage& stage : stages) {
    CHECK(stage.first == at);
    const auto within = inside(states, stage.last - 1);
    CHECK((stage.first == 0 || within.contains(stage.first - 1)));
    at = stage.last;
    used += stage.replication;
  }
  CHECK(at == static_cast<int>(states.size()));
  CHECK(used == machines);
}

}  // namespace

TEST_SUITE("models/profile/replicated_partition") {
  TEST_CASE("one machine runs all of the network in one stage") {
    const std::vector<ReplicatedStage> stages =
        replicate(chain({3, 4}, 1000, 1000), {.machines = 1, .bandwidth = 1});
    CHECK(stages == std::vector<ReplicatedStage>{
                        {.first = 0, .last = 2, .replication = 1, .time = 7'000_us}});
    CHECK(bottleneck(stages) == 7'000_us);
  }

  TEST_CASE("layers without weights are replicated, since that costs nothing") {
    const auto states = chain({3, 4, 5}, 0, 1'000'000);
    const auto stages = replicate(states, {.machines = 4, .bandwidth = 1e6});
    CHECK(text_of(stages) == "0-3 x4");
    CHECK(bottleneck(stages) == 3'000_us);
  }

  TEST_CASE("replicas add 4(r - 1)w / (Br) to a mini-batch's compute time, and share the two") {
    const auto stages = replicate(chain({8}, 1'000'000, 0), {.machines = 4, .bandwidth = 1e9});
    CHECK(text_of(stages) == "0-1 x4");
    CHECK(bottleneck(stages) == 2'750_us);  // (8 ms + 4·3·1 MB / (1 GB/s · 4)) / 4
  }

  TEST_CASE("heavy weights make a pipeline, heavy compute without them replicas before it") {
    // 9 ms without weights, then 3 ms with 3 GB: as in a convolutional network.
    ProfileGraph graph = chain_of({0, 0});
    graph.nodes[0].forward = 9'000_us;
    graph.nodes[1].forward = 3'000_us;
    graph.nodes[1].parameter_bytes = 3'000'000'000;
    const auto stages = replicate(linear_states(graph), {.machines = 4, .bandwidth = 1e9});
    CHECK(text_of(stages) == "0-1 x3, 1-2 x1");
    CHECK(bottleneck(stages) == 3'000_us);
  }

  TEST_CASE("a straight pipeline has a stage for each machine, as far as there are layers") {
    const auto states = chain({2, 2, 5, 1}, 0, 0);
    const auto straight = [&](int machines) {
      return text_of(
          replicate(states, {.machines = machines, .bandwidth = 1, .straight_pipeline = true}));
    };
    CHECK(straight(1) == "0-4 x1");
    CHECK(straight(2) == "0-2 x1, 2-4 x1");
    CHECK(straight(4) == "0-1 x1, 1-2 x1, 2-3 x1, 3-4 x1");
    CHECK(straight(1000) == straight(4));
  }

  TEST_CASE("transfers of activation and gradient bound a stage on both of its sides") {
    const auto states = chain({4, 4}, 0, 3'000'000);
    const ReplicationRequest request{.machines = 2,
                                     .bandwidth = 1e9,
                                     .straight_pipeline = true,
                                     .transfer_time_considered = true};
    const auto stages = replicate(states, request);
    CHECK(text_of(stages) == "0-1 x1, 1-2 x1");
    CHECK(stages[0].time == 4'000_us);
    CHECK(stages[1].time == 6'000_us);
  }

  TEST_CASE("among equals a stage is not cut, or else the last one has the fewest replicas") {
    CHECK(text_of(replicate(chain({4, 4}, 0, 0), {.machines = 2, .bandwidth = 1})) == "0-2 x2");
    // The first layer, too heavy to be replicated, takes longer than the others, however they run.
    ProfileGraph graph = chain_of({0, 0, 0});
    graph.nodes[0].parameter_bytes = 1'000'000'000;
    for (const std::size_t layer : {0, 1, 2})
      graph.nodes[layer].forward = static_cast<std::int64_t>(3 - layer) * 2'000_us;
    CHECK(text_of(replicate(linear_states(graph), {.machines = 3, .bandwidth = 1e6})) ==
          "0-1 x1, 1-2 x1, 2-3 x1");
  }

  TEST_CASE("a stage of a graph lies between two cuts, one inside the other") {
    // Two branches of 6 ms each, side by side, with a free layer before and behind.
    ProfileGraph graph = graph_of({0, 0, 0, 0}, {{0, 1}, {0, 2}, {1, 3}, {2, 3}});
    for (const std::size_t branch : {1, 2}) {
      graph.nodes[branch].forward = 6'000_us;
      graph.nodes[branch].parameter_bytes = 1'000'000'000;
    }
    const auto states = linear_states(graph);
    const auto stages = replicate(states, {.machines = 2, .bandwidth = 1e9});
    REQUIRE(stages.size() == 2);
    CHECK(bottleneck(stages) == 6'000_us);
    check_is_a_pipeline(states, stages, 2);
  }

  TEST_CASE("no way to divide a random chain or graph among machines is faster") {
    std::mt19937 random(5);
    for (int trial = 0; trial < 300; ++trial) {
      std::vector<LinearState> states;
      if (trial % 2 == 0) {
        std::vector<int> times(1 + random() % 6);
        for (int& time : times) time = static_cast<int>(random() % 9);
        states = chain(times, 1000 * (random() % 5), 1000 * (random() % 5));
      } else {
        states = linear_states(random_graph(random, 4));
      }
      const ReplicationRequest request{.machines = 1 + static_cast<int>(random() % 5),
                                       .bandwidth = trial % 2 == 0 ? 1e6 : 5,
                                       .straight_pipeline = random() % 3 == 0,
                                       .transfer_time_considered = random() % 2 == 0};
      CAPTURE(trial);
      const int machines = request.straight_pipeline
                               ? std::min(request.machines, states.back().layers)
                               : request.machines;
      const auto stages = replicate(states, request);
      check_is_a_pipeline(states, stages, machines);
      const double least =
          least_bottleneck(states, request, static_cast<int>(states.size()) - 1, machines);
      CHECK(std::abs(seconds(bottleneck(stages)) - least) <= 1e-12);
      for (const ReplicatedStage& stage : stages) {
        const double time =
            stage_seconds(states, request, stage.first - 1, stage.last - 1, stage.replication);
        CHECK(std::abs(seconds(stage.time) - time) <= 1e-12);
      }
    }
  }

  TEST_CASE("tables that would be too large are refused before they are made") {
    const auto states = chain(std::vector<int>(1000, 1), 0, 0);
    CHECK_THROWS_WITH_AS(replicate(states, {.machines = 66, .bandwidth = 1}),
                         "machines times ways to cut the graph must be at most 2^16, got 66 times "
                         "1000\n  hint: ask for fewer machines, or merge layers",
                         InputError);
    CHECK_THROWS_AS(replicate(states, {.machines = 2'147'483'647, .bandwidth = 1}), InputError);
  }

  TEST_CASE("VGG-16 is divided as PipeDream's own optimizer divides it") {
    const std::string folder = PIPESIM_SOURCE_DIR "/../shared/data/pipedream";
    if (!std::filesystem::exists(folder)) {
      MESSAGE("left out: there is no " << folder);
      return;
    }
    const ProfileGraph graph = read_profile_graph(read_text(folder + "/vgg16.txt"), "vgg16.txt");
    const std::vector<LinearState> states = linear_states(layer_graph(graph));
    const auto runs = nlohmann::json::parse(read_text(folder + "/vgg16_partitions.json"))["runs"];
    CHECK(runs.size() == 32);
    for (const auto& run : runs) {
      CAPTURE(run.dump());
      CHECK(states.size() == run["num_states"]);
      const std::vector<ReplicatedStage> stages =
          replicate(states, {.machines = run["machines"],
                             .bandwidth = run["bandwidth_B_per_s"],
                             .straight_pipeline = run["straight_pipeline"],
                             .transfer_time_considered = run["transfer_time_considered"]});
      const double expected = run["bottleneck_stage_time_s"];
      CHECK(std::abs(seconds(bottleneck(stages)) - expected) <= 1e-9);
      std::vector<int> replication;
      std::vector<int> expected_replication;
      for (const auto& stage : stages) replication.push_back(stage.replication);
      for (const auto& stage : run["stages"]) expected_replication.push_back(stage["replication"]);
      CHECK(replication == expected_replication);
    }
  }
}

}  // namespace pipesim::test
