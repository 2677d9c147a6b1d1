#include "schedules/check/sharding.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "schedules/check/check_schedule.hpp"
#include "schedules/csv/schedule_csv.hpp"
#include "schedules/orders/interleaved_1f1b.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;
using test::csv;

namespace {

Schedule one_device(std::string_view row) {
  return schedule_from(read_schedule_cells(row, "test.csv"), "test.csv");
}

// PyTorch's test_unshard_reshard and test_reduce_grad, test_schedule.py.
const std::string one_stage = "0F0,0F1,,0B0,0B1";
const std::string sharded_stages = "0F0,0F1,1F0,1F1,1B0,1B1,0B0,0B1";

long unshards(const std::vector<Op>& lane, int stage) {
  return std::ranges::count_if(
      lane, [&](const Op& op) { return op.kind == OpKind::unshard && op.stage == stage; });
}

}  // namespace

TEST_SUITE_BEGIN("schedules/check/sharding");

TEST_CASE("weights are gathered before their first op and dropped behind their last") {
  CHECK(csv(add_unshard_reshard(one_device(one_stage))) == "0UNSHARD,0F0,0F1,0B0,0B1,0RESHARD\n");
  CHECK(csv(add_unshard_reshard(one_device(sharded_stages))) ==
        "0UNSHARD,1UNSHARD,0F0,0F1,1F0,1F1,1B0,1B1,1RESHARD,0B0,0B1,0RESHARD\n");
}

TEST_CASE("weights are dropped to make room for those of the next stage") {
  CHECK(csv(add_unshard_reshard(one_device(sharded_stages), 1)) ==
        "0UNSHARD,0F0,0F1,0RESHARD,1UNSHARD,1F0,1F1,1B0,1B1,1RESHARD,0UNSHARD,0B0,0B1,0RESHARD\n");
}

TEST_CASE("both stages of an overlapped pair have their weights, even where one is the most") {
  CHECK(csv(add_unshard_reshard(one_device("0F0,1F0,(0F1;1B0)OVERLAP_F_B,0B0,1F1,1B1,0B1"), 1)) ==
        "0UNSHARD,0F0,0RESHARD,1UNSHARD,1F0,0UNSHARD,(0F1;1B0)OVERLAP_F_B,1RESHARD,0B0,0RESHARD,"
        "1UNSHARD,1F1,1B1,1RESHARD,0UNSHARD,0B1,0RESHARD\n");
}

TEST_CASE("with as many active stages as a device holds, each is gathered once") {
  const Schedule schedule =
      interleaved_1f1b({.stages = 4, .micro_batches = 16, .virtual_stages = 4});
  CHECK(unshards(add_unshard_reshard(schedule).lanes[3], 15) == 4);
  CHECK(unshards(add_unshard_reshard(schedule, 4).lanes[3], 15) == 1);
}

TEST_CASE("gradients are reduced behind the last backward of their stage") {
  CHECK(csv(add_reduce_grad(one_device(one_stage))) == "0F0,0F1,0B0,0B1,0REDUCE_GRAD\n");
  CHECK(csv(add_reduce_grad(one_device(sharded_stages))) ==
        "0F0,0F1,1F0,1F1,1B0,1B1,1REDUCE_GRAD,0B0,0B1,0REDUCE_GRAD\n");
  CHECK(csv(add_reduce_grad(one_device("0F0,0I0,0F1,0I1,0W1,0W0"))) ==
        "0F0,0I0,0F1,0I1,0W1,0W0,0REDUCE_GRAD\n");
}

TEST_CASE("sharding that a file leaves open is filled in, and what changes nothing is left out") {
  const auto complete = [](std::string_view row) {
    return csv(with_complete_sharding(one_device(row)));
  };
  SUBCASE("nothing said, nothing added") {
    CHECK(complete("0F0,0B0") == "0F0,0B0\n");
  }
  SUBCASE("weights are held to the end where none drops them") {
    CHECK(complete("0UNSHARD,0F0,0B0") == "0UNSHARD,0F0,0B0,0RESHARD\n");
  }
  SUBCASE("a pass before the first UNSHARD gets one") {
    CHECK(complete("0F0,0UNSHARD,0B0,0RESHARD") == "0UNSHARD,0F0,0B0,0RESHARD\n");
  }
  SUBCASE("what is there is not gathered again, what is not there is not dropped") {
    CHECK(complete("0RESHARD,0UNSHARD,0UNSHARD,0F0,0RESHARD,0RESHARD,0UNSHARD,0B0,0RESHARD") ==
          "0UNSHARD,0F0,0RESHARD,0UNSHARD,0B0,0RESHARD\n");
  }
  SUBCASE("gradients behind the last REDUCE_GRAD are reduced at the end") {
    CHECK(complete("0F0,0F1,0B0,0REDUCE_GRAD,0B1") ==
          "0F0,0F1,0B0,0REDUCE_GRAD,0B1,0REDUCE_GRAD\n");
  }
  SUBCASE("each stage by itself") {
    CHECK(complete("0F0,1UNSHARD,1F0,1B0,0B0,0REDUCE_GRAD") ==
          "0F0,1UNSHARD,1F0,1B0,0B0,0REDUCE_GRAD,1RESHARD\n");
  }
  SUBCASE("a pair has both of its stages' weights before it") {
    CHECK(complete("0F0,1F0,(0F1;1B0)OVERLAP_F_B,0UNSHARD,1UNSHARD,0B0,1F1,1B1,0B1") ==
          "0UNSHARD,0F0,1UNSHARD,1F0,(0F1;1B0)OVERLAP_F_B,0B0,1F1,1B1,0B1,0RESHARD,1RESHARD\n");
  }
}

TEST_CASE("every schedule of the catalog keeps its order and stays sound with sharded weights") {
  for (const KnownSchedule& known : known_schedules()) {
    const auto schedule = test::made(known, {.stages = 4, .micro_batches = 8});
    REQUIRE(schedule);
    CAPTURE(known.name);
    for (const int most_active : {1, 2, 3}) {
      Schedule sharded = add_reduce_grad(add_unshard_reshard(*schedule, most_active));
      CHECK_NOTHROW(check_schedule(sharded));
      for (std::vector<Op>& lane : sharded.lanes) {
        std::erase_if(lane, [](const Op& op) { return is_sharding(op.kind); });
      }
      CHECK(sharded.lanes == schedule->lanes);
    }
  }
}

TEST_SUITE_END();
