#include "schedules/policy_search.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace pipesim {

namespace {

constexpr std::int64_t most_steps = 12'000'000;
constexpr int most_failures = 1500;

struct Search {
  const ScheduleRequest& request;
  Time bound;
  std::int64_t steps_of_draft;
  std::int64_t steps = 0;
  std::mt19937 random{};
  Draft best{};
  DispatchPolicy policy{};
  int failures = 0;

  int below(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

  bool ended() const {
    return best.cost <= bound || steps + steps_of_draft > most_steps || failures >= most_failures;
  }

  void attempt(const DispatchPolicy& p) {
    Draft draft = dispatch(request, p);
    steps += steps_of_draft;
    if (better(draft, best)) failures = 0;
    else ++failures;
    if (!better(best, draft)) {
      best = std::move(draft);
      policy = p;
    }
  }

  DispatchPolicy neighbour() {
    DispatchPolicy p = policy;
    const int K = request.shape.stages;
    for (int changes = 1 + below(3); changes > 0; --changes) {
      int first = below(K), last = below(K);
      if (below(2)) last = first;
      if (first > last) std::swap(first, last);
      const int what = below(p.order.empty() ? 6 : 3);
      const int v = below(5);
      if (what == 0) {
        p.span = v == 0 ? Time::limit() : best.cost - Time{(best.cost - bound).ps / 4 * (v - 1)};
        continue;
      }
      for (int d = first; d <= last; ++d) {
        DevicePolicy& device = p.devices[static_cast<std::size_t>(d)];
        if (what == 1) device.lag = v == 4 ? request.shape.micro_batches : v;
        if (what == 2) device.lag = std::max(0, device.lag + (v % 2 ? 1 : -1));
        if (what == 3) device.forward_first = v % 2;
        if (what == 4) device.patience = v * 2;
        if (what == 5) {
          const int s = stage_of(d, below(request.shape.virtual_stages), request.shape);
          int& depth = p.depth[static_cast<std::size_t>(s)];
          depth = std::max(1, depth + (v % 2 ? 1 : -1));
        }
      }
    }
    return p;
  }
};

}  // namespace

Time cost_bound(const ScheduleRequest& request) {
  Time bound{};
  for (int d = 0; d < request.shape.stages; ++d) {
    bound = std::max(bound, request.shape.micro_batches * work_of(request, d));
  }
  return bound;
}

Draft best_draft(const ScheduleRequest& request, const std::vector<DispatchPolicy>& starts) {
  Search search{.request = request, .bound = cost_bound(request), .steps_of_draft = 3 * std::int64_t{request.shape.micro_batches} * request.shape.all_stages()};
  for (const auto& start : starts) {
    search.attempt(start);
    if (search.ended()) break;
  }
  search.failures = 0;
  while (!search.ended()) search.attempt(search.neighbour());
  return std::move(search.best);
}

}  // namespace pipesim
