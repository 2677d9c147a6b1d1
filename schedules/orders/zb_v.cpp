#include "schedules/orders/zb_v.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "schedules/orders/controllable_memory.hpp"
#include "schedules/search/policy_search.hpp"
#include "schedules/search/schedule_bounds.hpp"

namespace pipesim {

namespace {

/// A device's lane of F's and I's as it grows; what exceeds the micro-batches is left out.
struct LaneWriter {
  int micro_batches = 0;
  Lane lane{};
  std::array<std::array<int, 2>, op_kinds> done{};

  void add(OpKind kind, std::uint8_t chunk) {
    int& n = done[static_cast<std::size_t>(kind)][chunk];
    if (n == micro_batches) return;
    ++n;
    lane.push_back({kind, chunk});
  }
  void forward(std::uint8_t chunk) { add(OpKind::forward, chunk); }
  void input(std::uint8_t chunk) { add(OpKind::backward_input, chunk); }
  int left(OpKind kind) const {
    const auto& [there, back] = done[static_cast<std::size_t>(kind)];
    return 2 * micro_batches - there - back;
  }
};

// The first stage runs ahead until the first micro-batch is back at the device's second stage; the
// two take turns until its gradient comes; then memory is full, and until the first gradient
// reaches the first stage only the second one runs; then both in turn, F and I.
Lane equal_times_lane(const PipelineShape& shape, int device) {
  LaneWriter writer{.micro_batches = shape.micro_batches};
  const int behind = shape.stages - device;
  for (int n = 0; n < 2 * behind - 1; ++n) writer.forward(0);
  for (int n = 0; n < device; ++n) {
    writer.forward(1);
    writer.forward(0);
  }
  for (int n = 0; n < behind; ++n) {
    writer.forward(1);
    writer.input(1);
  }
  while (writer.left(OpKind::forward) > 0) {
    writer.forward(0);
    writer.input(0);
    writer.forward(1);
    writer.input(1);
  }
  while (writer.left(OpKind::backward_input) > 0) {
    writer.input(0);
    writer.input(1);
  }
  return std::move(writer.lane);
}

// K micro-batches in both of a device's stages.
std::vector<Bytes> memory_of_1f1b(const ScheduleRequest& request) {
  std::vector<Bytes> memory;
  for (int device = 0; device < request.shape.stages; ++device) {
    const Bytes pair =
        capped_sum(load_of(request, device, 0).stash, load_of(request, device, 1).stash);
    memory.push_back(
        std::max(capped_product(pair, request.shape.stages), least_memory(request, device)));
  }
  return memory;
}

}  // namespace

std::vector<Schedule> zb_v_orders(const ScheduleRequest& request) {
  ScheduleRequest limited = request;
  if (limited.memory.empty()) limited.memory = memory_of_1f1b(request);

  std::vector<DispatchPolicy> starts(1);
  for (int device = 0; device < request.shape.stages; ++device) {
    starts[0].order.push_back(equal_times_lane(request.shape, device));
  }
  // Half of the round trip is about the depth of that order; less is for less memory.
  starts.push_back(round_trip_policy(request, 8));
  starts.push_back(order_policy(v_half(request.shape)));
  starts.push_back(order_policy(v_min(request.shape)));
  for (const int sixteenths : {4, 3, 5, 6, 16, 7}) {
    starts.push_back(round_trip_policy(request, sixteenths));
  }
  return schedules_of(best_drafts(limited, starts), "zb_v", request.shape);
}

Schedule zb_v(const ScheduleRequest& request) {
  return std::move(zb_v_orders(request).front());
}

}  // namespace pipesim
