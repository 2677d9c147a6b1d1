#include "schedules/check/lowering.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "schedules/check/check_schedule.hpp"
#include "schedules/csv/schedule_csv.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "sim/engine/engine.hpp"
#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"
#include "support/schedules/schedules.hpp"
#include "support/step_simulation.hpp"

using namespace pipesim;
using test::csv;

namespace {

// One row of a file, or several.
ScheduleCells cells(std::string_view text) {
  return read_schedule_cells(text, "test.csv");
}

// The cells' lanes on those devices; they need not be complete.
Schedule on(const std::vector<int>& placement, const ScheduleCells& cells) {
  return {.name = "test", .micro_batches = 2, .placement = placement, .lanes = cells.lanes};
}

// What defer_receives makes of one device's row.
std::string deferred(const std::vector<int>& placement, std::size_t device, std::string_view row) {
  Schedule schedule{.name = "test", .micro_batches = 2, .placement = placement};
  schedule.lanes.resize(2);
  schedule.lanes[device] = cells(row).lanes.front();
  schedule.lanes = {defer_receives(schedule).lanes[device]};
  return csv(schedule);
}

Schedule with(Communication communication, Schedule schedule) {
  schedule.communication = communication;
  return schedule;
}

StepCosts costs_of(const Schedule& schedule) {
  StepCosts costs = test::equal_costs(schedule.stages(), {.forward = 10_ns,
                                                          .backward = 20_ns,
                                                          .backward_input = 10_ns,
                                                          .backward_weight = 10_ns,
                                                          .recompute = 10_ns});
  for (TransferCost& hop : costs.hops) hop.latency = 3_ns;
  return costs;
}

// Of a schedule that check_schedule accepts and that does not deadlock.
Time pipeline_time(Schedule schedule, Communication communication) {
  schedule.communication = communication;
  CHECK_NOTHROW(check_schedule(schedule));
  const Outcome outcome = Engine(schedule).run(costs_of(schedule), {}, false);
  CHECK(!outcome.deadlock);
  return outcome.pipeline_time;
}

// PyTorch's test_send_recv, test_schedule.py.
const std::string two_stages =
    "0F0,0F1,,0B0,,0B1\n"
    ",1F0,1B0,1F1,1B1,\n";
const std::string two_stages_with_messages =
    "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
    "1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n";
const std::string folded =
    "0F0,0F1,,3F0,3I0,3F1,3I1,0I0,3W0,0I1,3W1,0W0,0W1\n"
    ",1F0,2F0,1F1,2F1,2I0,1I0,2I1,1I1,2W0,2W1,1W0,1W1\n";
const std::string folded_with_messages =
    "0F0,0SEND_F0,0F1,0SEND_F1,3RECV_F0,3F0,3I0,3SEND_B0,3RECV_F1,3F1,3I1,3SEND_B1,0RECV_B0,0I0,"
    "3W0,0RECV_B1,0I1,3W1,0W0,0W1\n"
    "1RECV_F0,1RECV_F1,1F0,2F0,2SEND_F0,1F1,2RECV_B0,2F1,2SEND_F1,2I0,2RECV_B1,1I0,1SEND_B0,2I1,"
    "1I1,1SEND_B1,2W0,2W1,1W0,1W1\n";
const std::vector<int> there_and_back{0, 1, 1, 0};

// PyTorch's TEST_CASES: stages on a device, micro-batches, group size; with 4 devices.
constexpr int pytorch_shapes[][3] = {{2, 2, 2},  {2, 4, 4},   {2, 8, 2},   {2, 8, 4},    {2, 8, 8},
                                     {4, 4, 4},  {4, 8, 4},   {4, 8, 8},   {4, 16, 4},   {4, 32, 4},
                                     {4, 64, 4}, {4, 16, 16}, {4, 32, 32}, {4, 128, 64}, {3, 2, 2},
                                     {3, 8, 2},  {3, 12, 4},  {4, 6, 3},   {4, 10, 5},   {2, 3, 4},
                                     {2, 10, 4}, {2, 15, 4}};

}  // namespace

TEST_SUITE_BEGIN("schedules/check/lowering");

TEST_CASE("sends and receives stand where PyTorch places them") {
  const ScheduleCells plain = cells(two_stages);
  const auto lowered = add_sends_and_receives(on({0, 1}, plain), plain.columns);
  REQUIRE(lowered);
  CHECK(csv(*lowered) == two_stages_with_messages);

  const ScheduleCells fold = cells(folded);
  const auto lowered_fold = add_sends_and_receives(on(there_and_back, fold), fold.columns);
  REQUIRE(lowered_fold);
  CHECK(csv(*lowered_fold) == folded_with_messages);
}

TEST_CASE("PyTorch's step simulation takes its 11 and 24 steps over them") {
  CHECK(test::steps_of(on({0, 1}, cells(two_stages_with_messages))) == 11);
  CHECK(test::steps_of(on(there_and_back, cells(folded_with_messages))) == 24);
}

TEST_CASE("an order that waits for itself cannot be given sends and receives") {
  CHECK(!add_sends_and_receives(on({0, 1}, cells("0F0,0B0,0F1,0B1\n1F1,1B1,1F0,1B0"))));
}

TEST_CASE("PyTorch's zero-bubble files: merged and lowered, one makes the other, in 113 steps") {
  const std::string folder = PIPESIM_SOURCE_DIR "/../shared/data/pytorch/";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("left out: there is no " << folder);
    return;
  }
  const Schedule compute =
      schedule_from(cells(test::read_text(folder + "zb1p_2rank_2stagep_compute.csv")), "compute");
  const ScheduleCells messages = cells(test::read_text(folder + "zb1p_2rank_2stagep_comms.csv"));
  CHECK(compute.placement == std::vector<int>{0, 1, 0, 1});
  const auto lowered = add_sends_and_receives(merge_backward(compute));
  REQUIRE(lowered);
  CHECK(lowered->lanes == messages.lanes);
  CHECK(test::steps_of(*lowered) == 113);
}

TEST_CASE("receives move to the op that needs them") {
  CHECK(deferred({0, 1}, 0, "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1") ==
        "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n");
  CHECK(deferred({0, 1}, 1, "1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1") ==
        "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1\n");
}

TEST_CASE("receives move past sends to the same device when that has the lower number") {
  CHECK(deferred(there_and_back, 1,
                 folded_with_messages.substr(folded_with_messages.find('\n') + 1)) ==
        "1RECV_F0,1F0,2F0,2SEND_F0,1RECV_F1,1F1,2F1,2SEND_F1,2RECV_B0,2I0,1I0,1SEND_B0,2RECV_B1,"
        "2I1,1I1,1SEND_B1,2W0,2W1,1W0,1W1\n");
  const std::string first = folded_with_messages.substr(0, folded_with_messages.find('\n') + 1);
  CHECK(deferred(there_and_back, 0, first) == first);
}

TEST_CASE("receives stay before a send to the same device when that has the higher number") {
  CHECK(deferred({0, 1}, 0, "0RECV_B0,0F0,0SEND_F0,0F1,0SEND_F1,0I0,0W0,0RECV_B1,0I1,0W1") ==
        "0F0,0RECV_B0,0SEND_F0,0F1,0SEND_F1,0I0,0W0,0RECV_B1,0I1,0W1\n");
  CHECK(deferred({0, 1}, 1, "1RECV_F0,1RECV_F1,1F0,1I0,1SEND_B0,1W0,1F1,1I1,1SEND_B1,1W1") ==
        "1RECV_F0,1F0,1I0,1SEND_B0,1W0,1RECV_F1,1F1,1I1,1SEND_B1,1W1\n");
}

TEST_CASE("an overlapped pair takes the receives of both its ops") {
  CHECK(deferred(there_and_back, 1,
                 "1RECV_F0,1RECV_F1,2RECV_B0,1F0,2F0,2SEND_F0,(1F1;2I0)OVERLAP_F_B,2W0,1I0,"
                 "1SEND_B0,1W0") ==
        "1RECV_F0,1F0,2F0,2SEND_F0,1RECV_F1,2RECV_B0,(1F1;2I0)OVERLAP_F_B,2W0,1I0,1SEND_B0,1W0\n");
}

TEST_CASE("an I with its W directly behind it is a B") {
  CHECK(csv(merge_backward(on({0}, cells("0F0,0F1,0F2,0I0,0I1,0W0,0I2,0W2,0W1")))) ==
        "0F0,0F1,0F2,0I0,0I1,0W0,0B2,0W1\n");
}

TEST_CASE("without its messages a lowered schedule is what it was") {
  const Schedule schedule = one_f_one_b({.stages = 3, .micro_batches = 5});
  CHECK(without_communication(with(Communication::blocking, receives_before_use(schedule))).lanes ==
        schedule.lanes);
  CHECK(without_communication(*add_sends_and_receives(schedule)).lanes == schedule.lanes);
}

TEST_CASE(
    "in PyTorch's shapes no schedule deadlocks, and a receive costs less the later it stands") {
  int lowered = 0;
  for (const auto& [local, micro_batches, group] : pytorch_shapes) {
    for (const KnownSchedule& known : known_schedules()) {
      const std::optional<Schedule> schedule = test::made(known, {.stages = 4,
                                                                  .micro_batches = micro_batches,
                                                                  .virtual_stages = local,
                                                                  .group_size = group});
      if (!schedule) continue;
      ++lowered;
      CAPTURE(known.name);
      CAPTURE(local);
      CAPTURE(micro_batches);
      CAPTURE(group);
      const std::optional<Schedule> matched = add_sends_and_receives(*schedule);
      REQUIRE(matched);
      const Time met = pipeline_time(*matched, Communication::rendezvous);
      const Time early = pipeline_time(*matched, Communication::blocking);
      const Time deferred = pipeline_time(defer_receives(*matched), Communication::blocking);
      const Time lazy = pipeline_time(receives_before_use(*schedule), Communication::blocking);
      CHECK(met >= early);
      CHECK(early >= deferred);
      CHECK(deferred >= lazy);
      CHECK(lazy == pipeline_time(*schedule, Communication::overlapped));
    }
  }
  CHECK(lowered >= 200);  // The refusals leave most.
}

TEST_CASE("a lazily lowered 1F1B deadlocks, but only at a rendezvous") {
  const Schedule overlapped = one_f_one_b({.stages = 2, .micro_batches = 4});
  Schedule lazy = receives_before_use(overlapped);
  CHECK(csv(lazy) ==
        "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0F2,0SEND_F2,0RECV_B1,0B1,0F3,0SEND_F3,0RECV_B2,"
        "0B2,0RECV_B3,0B3\n"
        "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,1RECV_F2,1F2,1B2,1SEND_B2,1RECV_F3,"
        "1F3,1B3,1SEND_B3\n");
  CHECK(pipeline_time(lazy, Communication::blocking) ==
        pipeline_time(overlapped, Communication::overlapped));

  lazy.communication = Communication::rendezvous;
  const Outcome met = Engine(lazy).run(costs_of(lazy), {}, false);
  REQUIRE(met.deadlock);
  CHECK(describe(*met.deadlock) ==
        "deadlock after 43 ns: SEND_F0.1 on device 0 waits for RECV_F1.1 on device 1, which stands "
        "behind SEND_B1.0, which waits for RECV_B0.0 on device 0, which stands behind SEND_F0.1");
}

TEST_CASE("a lazy re-computation receives the gradient in its backward's stead, in pairs too") {
  const auto lowered = [](std::string_view text, bool lazy) {
    const ScheduleCells read = cells(text);
    Schedule schedule = schedule_from(read, "test.csv");
    schedule.lazy_recompute = lazy;
    schedule = receives_before_use(schedule);
    pipeline_time(schedule, Communication::blocking);
    return csv(schedule);
  };
  const std::string apart = "0F0,0F1,0R1,0R0,0B0,0B1\n1F0,1R0,1B0,1F1,1R1,1B1\n";
  const std::string second = "1RECV_F0,1F0,1R0,1B0,1SEND_B0,1RECV_F1,1F1,1R1,1B1,1SEND_B1\n";
  CHECK(lowered(apart, true) ==
        "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B1,0R1,0RECV_B0,0R0,0B0,0B1\n" + second);
  CHECK(lowered(apart, false) ==
        "0F0,0SEND_F0,0F1,0SEND_F1,0R1,0R0,0RECV_B0,0B0,0RECV_B1,0B1\n" + second);
  const std::string pair = "0F0,0R0,(0F1;0B0)OVERLAP_F_B,0R1,0B1\n1F0,1R0,1B0,1F1,1R1,1B1\n";
  CHECK(lowered(pair, true) ==
        "0F0,0SEND_F0,0RECV_B0,0R0,(0F1;0B0)OVERLAP_F_B,0SEND_F1,0RECV_B1,0R1,0B1\n" + second);
}

TEST_SUITE_END();
