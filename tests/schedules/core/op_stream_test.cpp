#include "schedules/core/op_stream.hpp"

#include <doctest/doctest.h>

#include "support/schedules/orders.hpp"

using namespace pipesim;

TEST_SUITE_BEGIN("schedules/core/op_stream");

TEST_CASE("streams of ops merge in order of their times") {
  const OpStream forwards{.start = 0, .period = 2};
  const OpStream backwards{.first = {.kind = OpKind::backward}, .start = 3, .period = 2};
  CHECK(test::staged_text(in_order_of_time({forwards, backwards}, 3)) == "0F0 0F1 0B0 0F2 0B1 0B2");
}

TEST_CASE("a stream may come in bursts, and begin with any micro-batch") {
  const OpStream bursts{
      .first = {.micro_batch = 4}, .start = 1, .period = 8, .burst = 2, .spacing = 2};
  CHECK(bursts.time_of(0) == 1);
  CHECK(bursts.time_of(1) == 3);
  CHECK(bursts.time_of(2) == 9);
  CHECK(bursts.time_of(3) == 11);
  CHECK(test::staged_text(in_order_of_time({bursts}, 3)) == "0F4 0F5 0F6");
}

TEST_SUITE_END();
