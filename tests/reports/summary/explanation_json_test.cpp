#include "reports/summary/explanation_json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "schedules/orders/gpipe.hpp"
#include "sim/engine/engine.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

Json explained(const Schedule& schedule, const StepCosts& costs) {
  const Outcome outcome = Engine(schedule).run(costs, {}, true);
  return explanation_json(explain(schedule, costs, outcome.timeline));
}

StepCosts seconds_each(int stages) {
  return test::equal_costs(stages, {.forward = 1'000'000_us, .backward = 2'000'000_us});
}

}  // namespace

TEST_SUITE("reports/summary/explanation_json") {
  TEST_CASE("the path lists every op, with the message before it") {
    StepCosts costs = seconds_each(2);
    costs.hops = {{.occupancy = 250'000_us, .latency = 250'000_us}};
    const Json json = explained(gpipe({.stages = 2, .micro_batches = 1}), costs);
    CHECK(json["critical_path"].dump() ==
          R"({"compute_s":{"F":2.0,"B":4.0},"transfer_s":1.0,"other_s":0.0,"ops":[)"
          R"({"device":0,"kind":"F","stage":0,"micro_batch":0,)"
          R"("start_s":0.0,"finish_s":1.0,"transfer_s":0.0},)"
          R"({"device":1,"kind":"F","stage":1,"micro_batch":0,)"
          R"("start_s":1.5,"finish_s":2.5,"transfer_s":0.5},)"
          R"({"device":1,"kind":"B","stage":1,"micro_batch":0,)"
          R"("start_s":2.5,"finish_s":4.5,"transfer_s":0.0},)"
          R"({"device":0,"kind":"B","stage":0,"micro_batch":0,)"
          R"("start_s":5.0,"finish_s":7.0,"transfer_s":0.5}]})");
  }

  TEST_CASE("over shared links the path says what a message waited, and for which") {
    StepCosts costs = seconds_each(2);
    costs.hops = {{.occupancy = 2'000'000_us}};
    costs.links = test::one_bridge(2);
    const Json ops =
        explained(gpipe({.stages = 2, .micro_batches = 2}), costs)["critical_path"]["ops"];
    CHECK(ops[0].dump() ==
          R"({"device":0,"kind":"F","stage":0,"micro_batch":0,"start_s":0.0,"finish_s":1.0,)"
          R"("transfer_s":0.0,"waited_s":0.0,"link":null})");
    CHECK(ops[1].dump() ==
          R"({"device":1,"kind":"F","stage":1,"micro_batch":1,"start_s":5.0,"finish_s":6.0,)"
          R"("transfer_s":4.0,"waited_s":1.0,"link":"bridge"})");
  }

  TEST_CASE("a device's waits have a cause, the device at the other end, a total and a count") {
    const Json json = explained(gpipe({.stages = 2, .micro_batches = 2}), seconds_each(2));
    CHECK(json["devices"].dump() ==
          R"([{"device":0,"on_path_s":5.0,"idle_s":3.0,"waits":[)"
          R"({"cause":"gradient","other_device":1,"total_s":3.0,"count":1}]},)"
          R"({"device":1,"on_path_s":4.0,"idle_s":3.0,"waits":[)"
          R"({"cause":"filling","other_device":null,"total_s":1.0,"count":1},)"
          R"({"cause":"draining","other_device":null,"total_s":2.0,"count":1}]}])");
  }

  TEST_CASE("the longest wait names both ops: without any it is null") {
    CHECK(
        explained(gpipe({.stages = 2, .micro_batches = 2}), seconds_each(2))["longest_wait"]
            .dump() ==
        R"({"device":0,"op":"B0.1","for_device":1,"for_op":"B1.1","start_s":2.0,"finish_s":5.0})");
    CHECK(explained(gpipe({.stages = 1, .micro_batches = 2}), seconds_each(1))["longest_wait"]
              .is_null());
  }
}

}  // namespace pipesim
