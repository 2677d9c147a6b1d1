#include "schedules/zb_v.hpp"

#include <algorithm>

#include "schedules/policy_search.hpp"

namespace pipesim {

namespace {

Lane unit_order(const PipelineShape& shape, int d) {
  const int K = shape.stages, M = shape.micro_batches;
  Lane lane;
  int count[2][2] = {};
  auto add = [&](OpKind kind, int chunk) {
    int& n = count[kind == OpKind::forward][chunk];
    if (n < M) { ++n; lane.push_back({kind, std::uint8_t(chunk)}); }
  };
  const auto F = OpKind::forward, I = OpKind::backward_input;
  for (int k = 0; k < 2 * (K - d) - 1; ++k) add(F, 0);
  for (int k = 0; k < d; ++k) add(F, 1), add(F, 0);
  for (int k = 0; k < K - d; ++k) add(F, 1), add(I, 1);
  while (count[1][0] < M || count[1][1] < M) add(F, 0), add(I, 0), add(F, 1), add(I, 1);
  while (count[0][0] < M || count[0][1] < M) add(I, 0), add(I, 1);
  return lane;
}

}  // namespace

Schedule zb_v(const ScheduleRequest& original) {
  ScheduleRequest request = original;
  const int M = request.shape.micro_batches, K = request.shape.stages;
  if (request.memory.empty()) {
    for (int d = 0; d < K; ++d) {
      Bytes s = 0;
      for (int c : {0, 1}) s += request.loads[std::size_t(stage_of(d, c, request.shape))].stash;
      request.memory.push_back(std::max(K * s, least_memory(request, d)));
    }
  }
  std::vector<DispatchPolicy> starts;
  Time bound = cost_bound(request);
  std::vector<Lane> order;
  for (int d = 0; d < K; ++d) order.push_back(unit_order(request.shape, d));
  for (int lag : {0, M})
    for (Time span : {Time::limit(), bound})
      starts.push_back({.devices = std::vector<DevicePolicy>(std::size_t(K), {.lag = lag}), .span = span, .order = order});
  for (int more : {0, -1})
  for (int lag : {M, 0})
    for (Time span : {Time::limit(), bound}) {
      std::vector<int> depth;
      for (int s = 0; s < 2 * K; ++s) depth.push_back(std::max(1, s < K ? 2 * K - s + more : 2 * K - s));
      starts.push_back({.depth = depth, .devices = std::vector<DevicePolicy>(std::size_t(K), {.lag = lag}), .span = span});
    }
  return schedule_of(best_draft(request, starts), "zb-v", request.shape);
}

}  // namespace pipesim
