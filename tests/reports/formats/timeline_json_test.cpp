#include "reports/formats/timeline_json.hpp"

#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "sim/step/run.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

nlohmann::json timeline(const Experiment& experiment, const Run& run) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write_timeline_json(out, experiment, run);
  out.flush();
  return nlohmann::json::parse(text);
}

std::string shown(const nlohmann::json& span) {
  return span["kind"].get<std::string>() + std::to_string(span["stage"].get<int>()) + "." +
         std::to_string(span["micro_batch"].get<int>()) + " " +
         std::to_string(span["start"].get<std::int64_t>()) + "-" +
         std::to_string(span["finish"].get<std::int64_t>());
}

std::string shown(const Op& op, const Interval& when) {
  return std::string(token(op.kind)) + std::to_string(op.stage) + "." +
         std::to_string(op.micro_batch) + " " + std::to_string(when.start.ps) + "-" +
         std::to_string(when.finish.ps);
}

// Messages of 100 bytes take a link for 1 ns and travel 5 ns; ops take 2 ns and 3 ns.
constexpr std::string_view linked = R"({
  "name": "linked",
  "model": {"kind": "stage_costs", "forward": "2 ns", "backward": "3 ns", "boundary_bytes": 100},
  "cluster": {"interconnect": {"bandwidth": "100 GB/s", "latency": "5 ns"}},
  "pipeline": {"stages": 2, "micro_batches": 2}})";

}  // namespace

TEST_SUITE("reports/formats/timeline_json") {
  TEST_CASE("the head says what was simulated, and in which unit") {
    const Experiment experiment = test::example("unit.json");
    const auto json = timeline(experiment, simulate(experiment));
    CHECK(json["format"] == "pipesim-timeline");
    CHECK(json["version"] == 1);
    CHECK(json["clock"] == "modeled");
    CHECK(json["time_unit"] == "ps");
    CHECK(json["name"] == "unit-k3-m4");
    CHECK(json["schedule"] == "gpipe");
    CHECK(json["stages"] == 3);
    CHECK(json["virtual_stages"] == 1);
    CHECK(json["micro_batches"] == 4);
    CHECK(json["devices"] == 3);
  }

  TEST_CASE("every example's spans are the run's intervals, and do not overlap on a device") {
    for (const std::string& file : test::short_example_names()) {
      for (const char* setting : {"pipeline.recompute=none", "pipeline.recompute=full"}) {
        CAPTURE(file);
        const Experiment experiment = test::example(file, {setting});
        const Run run = simulate(experiment);
        const auto json = timeline(experiment, run);
        std::size_t next = 0;
        std::map<int, std::int64_t> free_at;
        for_each_span(experiment.schedule, run.outcome.timeline,
                      [&](int device, const Op& op, const Interval& when) {
                        const auto& span = json["spans"].at(next++);
                        CHECK(span["device"] == device);
                        CHECK(shown(span) == shown(op, when));
                        CHECK(when.start.ps >= free_at[device]);
                        CHECK(when.finish >= when.start);
                        free_at[device] = when.finish.ps;
                      });
        CHECK(json["spans"].size() == next);
        CHECK(experiment.schedule.devices() == static_cast<int>(free_at.size()));
      }
    }
  }

  TEST_CASE("the update at the end of the step is a span of the whole mini-batch") {
    const Experiment experiment = test::example("gpipe.json");
    const auto json = timeline(experiment, simulate(experiment));
    int updates = 0;
    for (const auto& span : json["spans"]) {
      if (span["kind"] != "O") continue;
      ++updates;
      CHECK(span["micro_batch"] == -1);
      CHECK(span["stage"] == span["device"]);
    }
    CHECK(updates == 4);
  }

  TEST_CASE("a deferred W is the last span of its device, of the whole mini-batch") {
    const Experiment experiment = test::example(
        "gpipe.json", {"training.weight_gradient=deferred", "training.optimizer=adam"});
    const auto json = timeline(experiment, simulate(experiment));
    CHECK(json["spans"].size() == 4 * (2 * 8 + 1));
    CHECK(json["transfers"].size() == 2 * 3 * 8);
    int at = 0;
    for (int device = 0; device < 4; ++device) {
      at += 2 * 8 + 1;
      const auto& span = json["spans"][static_cast<std::size_t>(at - 1)];
      CHECK(span["kind"] == "W");
      CHECK(span["micro_batch"] == -1);
      CHECK(span["stage"] == device);
      CHECK(span["device"] == device);
    }
  }

  TEST_CASE("a transfer takes the link once its op is done and the link is free, by hand") {
    const Experiment experiment = test::experiment_from(linked);
    const auto json = timeline(experiment, simulate(experiment));
    std::string transfers;
    for (const auto& t : json["transfers"]) {
      transfers += t["kind"].get<std::string>() + " " + std::to_string(t["from"].get<int>()) + ">" +
                   std::to_string(t["to"].get<int>()) + " stage " +
                   std::to_string(t["stage"].get<int>()) + " m " +
                   std::to_string(t["micro_batch"].get<int>()) + ": " +
                   std::to_string(t["start"].get<int>()) + "-" +
                   std::to_string(t["finish"].get<int>()) + "\n";
    }
    // F0 F1 on device 0 end at 2 and 4 ns; on device 1 at 10 and 12, B1 and B0 at 15 and 18.
    CHECK(transfers ==
          "activation 0>1 stage 0 m 0: 2000-8000\n"
          "activation 0>1 stage 0 m 1: 4000-10000\n"
          "gradient 1>0 stage 1 m 1: 15000-21000\n"
          "gradient 1>0 stage 1 m 0: 18000-24000\n");
  }

  TEST_CASE("messages queue for a link that is busier than the ops") {
    const Experiment experiment =
        test::experiment_from(linked, {"cluster.interconnect.bandwidth=10 GB/s"});
    const auto json = timeline(experiment, simulate(experiment));
    // 10 ns on the link each: the second waits until 12 ns and arrives at 27 ns.
    REQUIRE(json["transfers"].size() == 4);
    CHECK(json["transfers"][0]["start"] == 2000);
    CHECK(json["transfers"][0]["finish"] == 17000);
    CHECK(json["transfers"][1]["start"] == 12000);
    CHECK(json["transfers"][1]["finish"] == 27000);
  }

  TEST_CASE("an overlapped pair is two spans that share its time, in proportion") {
    const Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": "10 ns", "backward_input": "10 ns",
                "backward_weight": "10 ns", "overlapped": "24 ns"},
      "pipeline": {"schedule": "dualpipe", "stages": 2, "micro_batches": 4}})");
    const auto json = timeline(experiment, simulate(experiment));
    std::vector<nlohmann::json> pair;
    for (const auto& span : json["spans"]) {
      if (span["device"] == 0 && span.contains("overlapped")) pair.push_back(span);
    }
    REQUIRE(pair.size() == 2);
    CHECK(pair[0]["kind"] == "F");
    CHECK(pair[1]["kind"] == "B");
    CHECK(pair[1]["start"] == pair[0]["finish"]);
    CHECK(pair[0]["finish"].get<int>() - pair[0]["start"].get<int>() == 8000);
    CHECK(pair[1]["finish"].get<int>() - pair[1]["start"].get<int>() == 16000);
  }

  TEST_CASE(
      "sends and receives stand in the timeline where devices run them, with what they wait") {
    const Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": "10 ns", "backward": "20 ns", "transfer": "3 ns"},
      "pipeline": {"stages": 2, "micro_batches": 1, "communication": "blocking"}})");
    const auto json = timeline(experiment, simulate(experiment));
    std::string text;
    for (const auto& span : json["spans"]) text += shown(span) + "\n";
    CHECK(text ==
          "F0.0 0-10000\nSEND_F0.0 10000-10000\nRECV_B0.0 10000-46000\nB0.0 46000-66000\n"
          "RECV_F1.0 0-13000\nF1.0 13000-23000\nB1.0 23000-43000\nSEND_B1.0 43000-43000\n");
  }

  TEST_CASE("every example's transfers leave after their sender and arrive before their receiver") {
    for (const std::string& file : test::short_example_names()) {
      for (const char* setting : {"pipeline.schedule=gpipe", "pipeline.schedule=1f1b"}) {
        CAPTURE(file);
        const Experiment experiment = test::example(file, {setting, "pipeline.virtual_stages=1"});
        const auto json = timeline(experiment, simulate(experiment));
        std::map<std::tuple<std::string, int, int>, nlohmann::json> spans;
        for (const auto& span : json["spans"])
          spans[{span["kind"], span["stage"], span["micro_batch"]}] = span;
        std::map<std::tuple<int, int>, std::int64_t> link_free_at;
        for (const auto& transfer : json["transfers"]) {
          const bool gradient = transfer["kind"] == "gradient";
          const int stage = transfer["stage"];
          const int to = gradient ? stage - 1 : stage + 1;
          const int m = transfer["micro_batch"];
          const auto& sender = spans.at({gradient ? "B" : "F", stage, m});
          const auto& receiver = spans.at({gradient ? "B" : "F", to, m});
          CHECK(transfer["from"] == sender["device"]);
          CHECK(transfer["to"] == receiver["device"]);
          CHECK(transfer["start"] >= sender["finish"]);
          CHECK(receiver["start"] >= transfer["finish"]);
          const TransferCost& hop =
              experiment.costs.hops[static_cast<std::size_t>(std::min(stage, to))];
          const auto start = transfer["start"].get<std::int64_t>();
          CHECK(transfer["finish"] == start + hop.total().ps);
          auto& free_at = link_free_at[{transfer["from"], transfer["to"]}];
          const std::int64_t ready = std::max(free_at, sender["finish"].get<std::int64_t>());
          CHECK(start >= ready);
          if (experiment.costs.links.names.empty()) CHECK(start == ready);
          free_at = start + hop.occupancy.ps;
        }
        const int hops = experiment.schedule.stages() - 1;
        CHECK(json["transfers"].size() ==
              static_cast<std::size_t>(2 * hops * experiment.schedule.micro_batches));
      }
    }
  }

  TEST_CASE("a name is escaped as JSON asks") {
    const Experiment experiment = test::example("unit.json", {R"(name="a \"b\" \\ \u001b é")"});
    CHECK(timeline(experiment, simulate(experiment))["name"] == "a \"b\" \\ \x1b é");
  }
}

}  // namespace pipesim
