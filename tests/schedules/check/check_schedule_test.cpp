#include "schedules/check/check_schedule.hpp"

#include <doctest/doctest.h>

#include <string>

#include "models/base/input_error.hpp"
#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "support/experiments.hpp"
#include "support/refusal.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;
using test::lane;

namespace {

Schedule schedule_of_two(std::string_view first, std::string_view second) {
  return {.name = "test",
          .micro_batches = 2,
          .placement = {0, 1},
          .lanes = {lane(first), lane(second)}};
}

std::string refusal(const Schedule& schedule) {
  return test::refusal_of([&] { check_schedule(schedule); });
}

const std::string good = "F1.0 B1.0 F1.1 B1.1";

}  // namespace

TEST_SUITE_BEGIN("schedules/check/check_schedule");

TEST_CASE("every generated schedule is accepted, with and without re-computation") {
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (const int stages : {1, 2, 5}) {
      for (const int micro_batches : {1, 3, 8}) {
        for (const auto recompute : {Recompute::none, Recompute::full, Recompute::except_last}) {
          CAPTURE(known.name);
          CAPTURE(stages);
          CAPTURE(micro_batches);
          const PipelineShape shape{.stages = stages, .micro_batches = micro_batches};
          CHECK(refusal(with_recompute(known.generate(shape), recompute, false)) == "accepted");
          CHECK(refusal(with_deferred_weight_gradient(known.generate(shape))) == "accepted");
        }
      }
    }
  }
}

TEST_CASE("a split backward is accepted when both parts are there") {
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W0.1 W0.0", good)) == "accepted");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W0.1", good)) ==
        "schedule test: device 0: must run every op once, got no W0.0\n"
        "  hint: every stage runs F and B, or F, I and W, for every micro-batch");
}

TEST_CASE("one W of the whole mini-batch stands for a W of every micro-batch") {
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W0.-1", good)) == "accepted");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 W0.-1 I0.1", good)) ==
        "schedule test: device 0, op 3: stands before I0.1, which it needs, got W0\n"
        "  hint: a device runs its ops in the order given: move it behind");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 B0.0 I0.1 W0.-1", good)) ==
        "schedule test: device 0, op 4: stands before I0.0, which it needs, got W0\n"
        "  hint: a device runs its ops in the order given: move it behind");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W0.-1 W0.-1", good)) ==
        "schedule test: device 0, op 5: stands twice, got W0\n"
        "  hint: remove one of the two");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W0.1 W0.-1", good)) ==
        "schedule test: device 0, op 5: stands twice, got W0\n"
        "  hint: remove one of the two");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W0.-1 W0.1", good)) ==
        "schedule test: device 0, op 5: stands twice, got W0.1\n"
        "  hint: remove one of the two");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.0 I0.1 W1.-1", good)) ==
        "schedule test: device 0, op 4: stands on a device that does not hold its stage, got W1\n"
        "  hint: stage 1 is on device 1");
}

TEST_CASE("only W does without a micro-batch") {
  CHECK(refusal(schedule_of_two("F0.0 F0.1 I0.-1 W0.-1", good)) ==
        "schedule test: device 0, op 2: names a micro-batch that the step has not, got I0\n"
        "  hint: micro-batches are 0 to 1");
}

TEST_CASE("an op that stands twice is refused") {
  CHECK(refusal(schedule_of_two("F0.0 F0.1 B0.0 B0.1 F0.1", good)) ==
        "schedule test: device 0, op 4: stands twice, got F0.1\n"
        "  hint: remove one of the two");
  CHECK(refusal(schedule_of_two("F0.0 F0.1 B0.0 I0.0 B0.1", good)) ==
        "schedule test: device 0, op 3: stands twice, got I0.0\n"
        "  hint: remove one of the two");
}

TEST_CASE("an op that is missing is refused") {
  CHECK(refusal(schedule_of_two("F0.0 F0.1 B0.0", good)) ==
        "schedule test: device 0: must run every op once, got no B0.1\n"
        "  hint: every stage runs F and B, or F, I and W, for every micro-batch");
  CHECK(refusal(schedule_of_two("F0.0 B0.0", good)) ==
        "schedule test: device 0: must run every op once, got no F0.1\n"
        "  hint: every stage runs F and B, or F, I and W, for every micro-batch");
}

TEST_CASE("an op on the wrong device is refused") {
  CHECK(refusal(schedule_of_two("F0.0 F1.1 B0.0 B0.1", good)) ==
        "schedule test: device 0, op 1: stands on a device that does not hold its stage, got F1.1\n"
        "  hint: stage 1 is on device 1");
}

TEST_CASE("an op that stands before what it needs on the same device is refused") {
  CHECK(refusal(schedule_of_two("B0.0 F0.0 F0.1 B0.1", good)) ==
        "schedule test: device 0, op 0: stands before F0.0, which it needs, got B0.0\n"
        "  hint: a device runs its ops in the order given: move it behind");
  CHECK(refusal(schedule_of_two("F0.0 W0.0 I0.0 F0.1 B0.1", good)) ==
        "schedule test: device 0, op 1: stands before I0.0, which it needs, got W0.0\n"
        "  hint: a device runs its ops in the order given: move it behind");
  CHECK(refusal(schedule_of_two("F0.0 B0.0 R0.0 F0.1 B0.1", good)) ==
        "schedule test: device 0, op 2: stands behind the backward that it is for, got R0.0\n"
        "  hint: move it before the backward");
}

TEST_CASE("what one device hands to itself must be in order too") {
  const Schedule folded{.name = "folded",
                        .micro_batches = 1,
                        .placement = {0, 0},
                        .lanes = {lane("F1.0 F0.0 B1.0 B0.0")}};
  CHECK(refusal(folded) ==
        "schedule folded: device 0, op 0: stands before F0.0, which it needs, got F1.0\n"
        "  hint: a device runs its ops in the order given: move it behind");
}

TEST_CASE("stages and micro-batches that do not exist are refused") {
  CHECK(refusal(schedule_of_two("F2.0", good)) ==
        "schedule test: device 0, op 0: names a stage that the pipeline has not, got F2.0\n"
        "  hint: stages are 0 to 1");
  CHECK(refusal(schedule_of_two("F0.7", good)) ==
        "schedule test: device 0, op 0: names a micro-batch that the step has not, got F0.7\n"
        "  hint: micro-batches are 0 to 1");
}

TEST_SUITE_END();
