#include "support/schedules/exact_cost.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "support/schedules/order_clock.hpp"

namespace pipesim::test {

namespace {

constexpr std::array<OpKind, 3> kinds{OpKind::forward, OpKind::backward_input,
                                      OpKind::backward_weight};

/// What has been run so far.
struct Partial {
  std::vector<std::array<int, 3>> done{};  ///< [stage][kind]
  std::vector<Time> free{};                ///< [device]
  std::vector<Bytes> held{};
  std::vector<Time> ends{};  ///< [(2·stage + kind)·micro-batches + micro-batch] of F and I.
};

class ExactSearch {
 public:
  ExactSearch(const ScheduleRequest& request, Time known, int most_nodes)
      : request_(request),
        placement_(v_placement(request.shape)),
        best_(known),
        nodes_left_(most_nodes) {}
  Time run();

 private:
  struct Next {
    int stage = 0;
    std::size_t kind = 0;
    Time start{};
    Time end{};
  };
  std::vector<Next> next(const Partial& partial) const;
  std::optional<Time> arrival(const Partial& partial, int stage, std::size_t kind) const;
  Time least(const Partial& partial) const;
  void branch(const Partial& partial);
  bool is_complete(const Partial& partial) const {
    return std::all_of(partial.done.begin(), partial.done.end(),
                       [&](const auto& done) { return done[2] == request_.shape.micro_batches; });
  }
  const StageLoad& load_of(int stage) const {
    return request_.loads[static_cast<std::size_t>(stage)];
  }
  std::size_t device(int stage) const {
    return static_cast<std::size_t>(placement_[static_cast<std::size_t>(stage)]);
  }
  std::size_t index(int stage, std::size_t kind, int micro_batch) const {
    return (2 * static_cast<std::size_t>(stage) + kind) *
               static_cast<std::size_t>(request_.shape.micro_batches) +
           static_cast<std::size_t>(micro_batch);
  }
  int done(const Partial& partial, int stage, std::size_t kind) const {
    return partial.done[static_cast<std::size_t>(stage)][kind];
  }
  Time left(const Partial& partial, int stage, std::size_t kind) const {
    return (request_.shape.micro_batches - done(partial, stage, kind)) *
           duration(load_of(stage), kinds[kind]);
  }

  const ScheduleRequest& request_;
  std::vector<int> placement_;
  std::vector<Time> starts_{};  ///< [device] Of its first op: the first micro-batch's first F.
  Time best_;
  int nodes_left_;
};

std::optional<Time> ExactSearch::arrival(const Partial& partial, int stage,
                                         std::size_t kind) const {
  const int m = done(partial, stage, kind);
  if (m == request_.shape.micro_batches) return std::nullopt;
  if (kind > 0 && done(partial, stage, kind - 1) <= m) return std::nullopt;
  if (kind == 2) return Time{};
  const int sender = kind == 0 ? stage - 1 : stage + 1;
  if (sender < 0) return Time{};
  if (sender == request_.shape.all_stages()) return Time{};
  if (done(partial, sender, kind) <= m) return std::nullopt;
  return partial.ends[index(sender, kind, m)] +
         request_.hops[static_cast<std::size_t>(std::min(sender, stage))];
}

std::vector<ExactSearch::Next> ExactSearch::next(const Partial& partial) const {
  std::vector<Next> all;
  for (int stage = 0; stage < request_.shape.all_stages(); ++stage) {
    const std::size_t d = device(stage);
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      const auto arrived = arrival(partial, stage, kind);
      if (!arrived) continue;
      const StageLoad& load = load_of(stage);
      const Bytes held = partial.held[d] + added(load, kinds[kind]);
      if (!request_.memory.empty() && held > request_.memory[d]) continue;
      const Time start = std::max(partial.free[d], *arrived);
      all.push_back({stage, kind, start, start + duration(load, kinds[kind])});
    }
  }
  return all;
}

// No completion takes less: a device's own work; the rest of a stage's F and I, then the last I's
// way back to stage 0, and its W there.
Time ExactSearch::least(const Partial& partial) const {
  std::vector<Time> ends = partial.free;
  Time back = load_of(0).backward_weight;
  for (int stage = 0; stage < request_.shape.all_stages(); ++stage) {
    const Time forward_and_input = left(partial, stage, 0) + left(partial, stage, 1);
    if (left(partial, stage, 1) > Time{}) {
      ends[0] = std::max(ends[0], partial.free[device(stage)] + forward_and_input + back);
    }
    back += load_of(stage).backward_input;
    if (stage + 1 < request_.shape.all_stages()) {
      back += request_.hops[static_cast<std::size_t>(stage)];
    }
  }
  std::vector<Time> work = partial.free;
  for (int stage = 0; stage < request_.shape.all_stages(); ++stage) {
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      work[device(stage)] += left(partial, stage, kind);
    }
  }
  Time most{};
  for (std::size_t d = 0; d < ends.size(); ++d) {
    most = std::max(most, std::max(ends[d], work[d]) - starts_[d]);
  }
  return most;
}

void ExactSearch::branch(const Partial& partial) {
  const Time least_of_all = least(partial);
  if (least_of_all >= best_ || --nodes_left_ < 0) return;
  const std::vector<Next> all = next(partial);
  if (all.empty()) {
    if (is_complete(partial)) best_ = least_of_all;
    return;
  }
  const Next first =
      *std::min_element(all.begin(), all.end(), [](auto& a, auto& b) { return a.end < b.end; });
  for (const Next& op : all) {
    if (device(op.stage) != device(first.stage) || op.start >= first.end) continue;
    Partial after = partial;
    const std::size_t d = device(op.stage);
    const int m = after.done[static_cast<std::size_t>(op.stage)][op.kind]++;
    if (op.kind < 2) after.ends[index(op.stage, op.kind, m)] = op.end;
    after.free[d] = op.end;
    after.held[d] += added(load_of(op.stage), kinds[op.kind]);
    branch(after);
  }
}

Time ExactSearch::run() {
  Time start{};
  for (int device = 0; device < request_.shape.stages; ++device) {
    starts_.push_back(start);
    start += load_of(device).forward;
    if (static_cast<std::size_t>(device) < request_.hops.size()) {
      start += request_.hops[static_cast<std::size_t>(device)];
    }
  }
  const auto devices = static_cast<std::size_t>(request_.shape.stages);
  const auto stages = request_.loads.size();
  branch({.done = std::vector<std::array<int, 3>>(stages),
          .free = std::vector<Time>(devices),
          .held = std::vector<Bytes>(devices),
          .ends = std::vector<Time>(2 * stages *
                                    static_cast<std::size_t>(request_.shape.micro_batches))});
  return best_;
}

}  // namespace

Time exact_cost(const ScheduleRequest& request, Time known, int most_nodes) {
  return ExactSearch(request, known, most_nodes).run();
}

}  // namespace pipesim::test
