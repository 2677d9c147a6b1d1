#include "schedules/search/policy_search.hpp"

#include <algorithm>
#include <utility>

#include "schedules/search/random_changes.hpp"
#include "schedules/search/schedule_bounds.hpp"

namespace pipesim {

namespace {

class Search {
 public:
  explicit Search(const ScheduleRequest& request)
      : request_(request),
        least_cost_(least_cost(request)),
        changes_(request.shape),
        steps_of_draft_(3 * std::int64_t{request.shape.all_stages()} *
                        request.shape.micro_batches) {}

  void start(DispatchPolicy policy);
  void improve_policy();
  void improve_lanes();
  const Draft& best() const { return best_; }
  const Draft& soonest() const { return soonest_; }

 private:
  bool has_ended() const {
    if (best_.cost == Time::limit()) return false;
    return best_.cost <= least_cost_ || steps_ + steps_of_draft_ > request_.effort.steps ||
           failures_ >= request_.effort.failures;
  }

  /// Whether the search goes on from the draft: from equals too, to get across plateaus.
  bool take(Draft draft);
  void attempt(DispatchPolicy policy);

  const ScheduleRequest& request_;
  Time least_cost_;
  RandomChanges changes_;
  std::int64_t steps_of_draft_ = 0;
  std::int64_t steps_ = 0;
  int failures_ = 0;
  Draft best_{};             ///< The first of the best.
  Draft soonest_{};          ///< The first of those that end soonest.
  Draft current_{};          ///< As good.
  DispatchPolicy policy_{};  ///< What gave the current one, before lanes were changed.
};

bool Search::take(Draft draft) {
  for (const Lane& lane : draft.lanes) steps_ += static_cast<std::int64_t>(lane.size());
  ++failures_;
  if (draft.cost < Time::limit() && draft.makespan < soonest_.makespan) soonest_ = draft;
  if (better(best_, draft)) return false;
  if (better(draft, best_)) {
    failures_ = 0;
    best_ = draft;
  }
  current_ = std::move(draft);
  return true;
}

void Search::attempt(DispatchPolicy policy) {
  if (take(dispatch(request_, policy))) policy_ = std::move(policy);
}

void Search::start(DispatchPolicy policy) {
  for (const int lag : {request_.shape.micro_batches, 0}) {
    for (const Time span : {Time::limit(), least_cost_}) {
      if (has_ended()) return;
      policy.devices.assign(static_cast<std::size_t>(request_.shape.stages), {.lag = lag});
      policy.span = span;
      attempt(policy);
    }
  }
}

void Search::improve_policy() {
  for (failures_ = 0; !has_ended();) {
    attempt(changes_.changed(policy_, least_cost_, best_.cost));
  }
}

void Search::improve_lanes() {
  for (failures_ = 0; !has_ended();) {
    take(replay(request_, changes_.changed(current_.lanes)));
  }
}

}  // namespace

DispatchPolicy round_trip_policy(const ScheduleRequest& request, int sixteenths) {
  return {.depth = round_trip_depths(request, sixteenths)};
}

DispatchPolicy order_policy(const Schedule& schedule) {
  DispatchPolicy policy;
  for (const std::vector<Op>& lane : schedule.lanes) {
    Lane& order = policy.order.emplace_back();
    for (const Op& op : lane) {
      const bool comes_back = op.stage >= schedule.devices();
      if (op.kind == OpKind::backward_weight) continue;
      order.push_back({.kind = op.kind, .chunk = static_cast<std::uint8_t>(comes_back ? 1 : 0)});
    }
  }
  return policy;
}

std::vector<Draft> best_drafts(const ScheduleRequest& request,
                               const std::vector<DispatchPolicy>& starts) {
  Search search(request);
  for (const DispatchPolicy& policy : starts) search.start(policy);
  search.improve_policy();
  const Draft dispatched = search.best();
  const Draft dispatched_soonest = search.soonest();
  search.improve_lanes();
  // Lanes that were changed at random are harder to follow: they must be worth it.
  std::vector<Draft> drafts{search.best().cost < dispatched.cost ? search.best() : dispatched};
  const Draft& soonest = search.soonest().makespan < dispatched_soonest.makespan
                             ? search.soonest()
                             : dispatched_soonest;
  if (soonest.makespan < drafts.front().makespan) drafts.push_back(soonest);
  return drafts;
}

}  // namespace pipesim
