#include "schedules/core/dependencies.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/engine/engine.hpp"
#include "support/draws.hpp"
#include "support/schedules/random_schedules.hpp"

namespace pipesim::test {

namespace {

// Calls visit(device, slot, op) for every op.
template <class Visit>
void for_each_op(const Schedule& schedule, Visit&& visit) {
  for (int device = 0; device < schedule.devices(); ++device) {
    const std::vector<Op>& lane = schedule.lanes[static_cast<std::size_t>(device)];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) visit(device, slot, lane[slot]);
  }
}

// The ops that meet a dependency of an op, over all lanes.
int answers(const Schedule& schedule, const Op& op, const Dependency& dependency) {
  int found = 0;
  for_each_op(schedule, [&](int, std::size_t, const Op& other) {
    found +=
        dependency.is_met_by(other) && other.micro_batch == op.micro_batch && other.copy == op.copy
            ? 1
            : 0;
  });
  return found;
}

// When a message arrived.
Time arrival(const Timeline& timeline, const MessageId& message) {
  const Arrivals& arrivals =
      message.is_gradient ? timeline.gradient_arrival : timeline.activation_arrival;
  return arrivals.at(message.stage, message.micro_batch);
}

}  // namespace

TEST_SUITE("schedules/core/dependencies") {
  TEST_CASE("a message's two ends name each other, and each has exactly one op") {
    std::mt19937 random(14);
    for (int draw = 0; draw < draws(300); ++draw) {
      const auto communication = static_cast<Communication>(draw % 3);
      const Schedule schedule = random_schedule(random, communication);
      for_each_op(schedule, [&](int, std::size_t, const Op& op) {
        const std::optional<Dependency> other = other_end(op, schedule);
        if (!other) return;
        CAPTURE(describe(op));
        REQUIRE(answers(schedule, op, *other) == 1);
        const Op there{.kind = other->kind,
                       .copy = op.copy,
                       .stage = other->stage,
                       .micro_batch = op.micro_batch};
        CHECK(is_send(op.kind) == is_receive(there.kind));
        if (is_send(op.kind)) {
          CHECK(message_from(op, schedule) == message_to(there, schedule));
        } else {
          CHECK(message_to(op, schedule) == message_from(there, schedule));
        }
      });
    }
  }

  TEST_CASE("the engine's quick loop starts an op when its device and its message are there") {
    std::mt19937 random(15);
    for (int draw = 0; draw < draws(300); ++draw) {
      const int stages = 1 + static_cast<int>(random() % 6);
      const Schedule schedule =
          random_schedule(random, {.placement = random_placement(random, stages),
                                   .micro_batches = 1 + static_cast<int>(random() % 6),
                                   .split = draw % 2 == 0});
      const Outcome outcome = Engine(schedule).run(random_costs(stages, random), {}, true);
      REQUIRE(!outcome.deadlock);
      for_each_op(schedule, [&](int device, std::size_t slot, const Op& op) {
        const auto lane = outcome.timeline.lanes[static_cast<std::size_t>(device)];
        Time start = slot == 0 ? Time{} : lane[slot - 1].finish;
        if (const auto message = message_to(op, schedule)) {
          start = std::max(start, arrival(outcome.timeline, *message));
        }
        CAPTURE(describe(op));
        CHECK(lane[slot].start == start);
      });
    }
  }
}

}  // namespace pipesim::test
