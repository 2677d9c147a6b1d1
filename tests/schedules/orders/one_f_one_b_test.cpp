#include "schedules/orders/one_f_one_b.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"

using namespace pipesim;

namespace {

template <class Check>
void for_shapes(Check check) {
  for (const int stages : {1, 2, 3, 4, 7}) {
    for (const int micro_batches : {1, 2, 3, 4, 8, 10}) {
      CAPTURE(stages);
      CAPTURE(micro_batches);
      check(PipelineShape{.stages = stages, .micro_batches = micro_batches});
    }
  }
}

// Steps of half a pass, as DeepSpeed's TrainSchedule counts them: even ones are for the forwards of
// even stages, odd ones for those of odd stages, and the other way round for backwards.
std::vector<Op> by_steps(const PipelineShape& shape, int stage) {
  std::map<int, Op> at;
  for (int m = 0; m < shape.micro_batches; ++m) {
    at[stage + 2 * m] = {.kind = OpKind::forward, .stage = stage, .micro_batch = m};
    at[2 * shape.stages - 1 - stage + 2 * m] = {
        .kind = OpKind::backward, .stage = stage, .micro_batch = m};
  }
  std::vector<Op> lane;
  for (const auto& [step, op] : at) lane.push_back(op);
  return lane;
}

// PyTorch's Schedule1F1B: K - s forwards, then a backward and a forward in turn.
std::vector<Op> by_turns(const PipelineShape& shape, int stage) {
  std::vector<Op> lane;
  const int warm_up = std::min(shape.micro_batches, shape.stages - stage);
  for (int m = 0; m < warm_up; ++m) lane.push_back({.stage = stage, .micro_batch = m});
  for (int m = 0; m < shape.micro_batches; ++m) {
    lane.push_back({.kind = OpKind::backward, .stage = stage, .micro_batch = m});
    if (warm_up + m < shape.micro_batches) {
      lane.push_back({.stage = stage, .micro_batch = warm_up + m});
    }
  }
  return lane;
}

}  // namespace

TEST_SUITE_BEGIN("schedules/orders/one_f_one_b");

TEST_CASE("1f1b is the order of DeepSpeed's TrainSchedule") {
  for_shapes([](const PipelineShape& shape) {
    const Schedule schedule = one_f_one_b(shape);
    for (int stage = 0; stage < shape.stages; ++stage) {
      CHECK(schedule.lanes[static_cast<std::size_t>(stage)] == by_steps(shape, stage));
    }
  });
}

TEST_CASE("1f1b is the order of PyTorch's Schedule1F1B") {
  for_shapes([](const PipelineShape& shape) {
    const Schedule schedule = one_f_one_b(shape);
    for (int stage = 0; stage < shape.stages; ++stage) {
      CHECK(schedule.lanes[static_cast<std::size_t>(stage)] == by_turns(shape, stage));
    }
  });
}

TEST_CASE("1f1b takes 2(m + k - 1) steps and min(k - s, m) buffers, as in DeepSpeed") {
  for_shapes([](const PipelineShape& shape) {
    const Schedule schedule = one_f_one_b(shape);
    const auto step = test::equal_costs(shape.stages, {.forward = 1_ps, .backward = 1_ps});
    CHECK(test::longest_path(schedule, step) ==
          2 * (shape.micro_batches + shape.stages - 1) * 1_ps);
    const std::vector<int> peaks = test::peak_in_flight(schedule);
    for (int stage = 0; stage < shape.stages; ++stage) {
      CHECK(peaks[static_cast<std::size_t>(stage)] ==
            std::min(shape.stages - stage, shape.micro_batches));
    }
  });
}

TEST_SUITE_END();
