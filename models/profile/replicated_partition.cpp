#include "models/profile/replicated_partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/dynamic_bitset.hpp>
#include <limits>
#include <stdexcept>

namespace pipesim {

namespace {

constexpr Time never{std::numeric_limits<std::int64_t>::max()};

std::size_t index(int number) {
  return static_cast<std::size_t>(number);
}

// inside[state]: all states that lie inside it, in order.
std::vector<boost::dynamic_bitset<>> states_inside(const std::vector<LinearState>& states) {
  std::vector<boost::dynamic_bitset<>> inside;
  for (const LinearState& state : states) {
    boost::dynamic_bitset<> here(states.size());
    for (const LinearState::Step& step : state.steps) {
      if (step.state < 0) continue;
      here |= inside[index(step.state)];
      here.set(index(step.state));
    }
    inside.push_back(std::move(here));
  }
  return inside;
}

// The stage between two states; `from` is -1 at the network's start.
Time stage_time(const std::vector<LinearState>& states, const ReplicationRequest& request, int from,
                int to, int replication) {
  const LinearState nothing;
  const LinearState& before = from < 0 ? nothing : states[index(from)];
  const LinearState& there = states[index(to)];
  const double r = replication;
  const double link = request.bandwidth * r;
  const auto weights = static_cast<double>(there.parameter_bytes - before.parameter_bytes);
  const double compute = seconds(there.compute - before.compute);
  double time = (compute + 4 * (r - 1) * weights / link) / r;
  if (request.transfer_time_considered && from >= 0) {
    time = std::max(time, 2 * static_cast<double>(before.crossing_bytes) / link);
    const bool sends = to + 1 < static_cast<int>(states.size());
    if (sends) time = std::max(time, 2 * static_cast<double>(there.crossing_bytes) / link);
  }
  return to_time(time);
}

// The best bottleneck for every state on every number of machines, by dynamic programming over the
// last stage.
class Bottlenecks {
 public:
  Bottlenecks(const std::vector<LinearState>& states, const ReplicationRequest& request)
      : states_(states),
        request_(request),
        most_replicas_(request.straight_pipeline ? 1 : request.machines),
        inside_(states_inside(states)),
        best_(states.size() * index(request.machines), never) {
    for (int to = 0; to < static_cast<int>(states.size()); ++to) {
      for (int r = 1; r <= most_replicas_; ++r)
        best(to, r) = stage_time(states, request, -1, to, r);
      each_inside(to, [&](int from) { add_last_stage(from, to); });
    }
  }

  std::vector<ReplicatedStage> stages() const {
    std::vector<ReplicatedStage> stages;
    int machines = request_.machines;
    for (int to = static_cast<int>(states_.size()) - 1; to >= 0;) {
      const ReplicatedStage& stage = stages.emplace_back(last_stage(to, machines));
      to = stage.first - 1;
      machines -= stage.replication;
    }
    std::ranges::reverse(stages);
    return stages;
  }

 private:
  const std::vector<LinearState>& states_;
  const ReplicationRequest& request_;
  int most_replicas_;
  std::vector<boost::dynamic_bitset<>> inside_;
  std::vector<Time> best_;  // A row for each state, an entry for each number of machines from 1.

  Time& best(int state, int machines) {
    return best_[index(state) * index(request_.machines) + index(machines) - 1];
  }
  Time best(int state, int machines) const {
    return best_[index(state) * index(request_.machines) + index(machines) - 1];
  }

  template <class Visit>
  void each_inside(int to, Visit&& visit) const {
    const auto& inside = inside_[index(to)];
    for (auto from = inside.find_first(); from != inside.npos; from = inside.find_next(from)) {
      visit(static_cast<int>(from));
    }
  }

  void add_last_stage(int from, int to) {
    for (int r = 1; r <= std::min(most_replicas_, request_.machines - 1); ++r) {
      const Time time = stage_time(states_, request_, from, to, r);
      const Time* before = &best(from, 1);
      Time* there = &best(to, 1) + r;
      for (int others = 0; others < request_.machines - r; ++others) {
        there[others] = std::min(there[others], std::max(before[others], time));
      }
    }
  }

  ReplicatedStage last_stage(int to, int machines) const {
    const Time wanted = best(to, machines);
    if (machines <= most_replicas_) {
      const Time whole = stage_time(states_, request_, -1, to, machines);
      if (whole == wanted) return {.last = to + 1, .replication = machines, .time = whole};
    }
    for (int r = 1; r <= std::min(most_replicas_, machines - 1); ++r) {
      ReplicatedStage found{.last = 0};
      each_inside(to, [&](int from) {
        if (found.last > 0 || best(from, machines - r) > wanted) return;
        const Time time = stage_time(states_, request_, from, to, r);
        if (time > wanted) return;
        found = {.first = from + 1, .last = to + 1, .replication = r, .time = time};
      });
      if (found.last > 0) return found;
    }
    throw std::logic_error("no last stage has the time that was found for it");
  }
};

}  // namespace

std::vector<ReplicatedStage> replicate(const std::vector<LinearState>& states,
                                       const ReplicationRequest& request) {
  if (states.empty() || request.machines < 1 || !(request.bandwidth > 0)) {
    throw std::logic_error("replication needs a state, a machine and a bandwidth");
  }
  ReplicationRequest possible = request;
  if (request.straight_pipeline) {
    possible.machines = std::min(request.machines, states.back().layers);
  }
  const auto product = capped_product(static_cast<std::int64_t>(states.size()), possible.machines);
  if (product > most_replicated) {
    throw InputError(fmt::format("machines times ways to cut the graph must be at most 2^16, got "
                                 "{} times {}",
                                 possible.machines, states.size()),
                     "ask for fewer machines, or merge layers");
  }
  return Bottlenecks(states, possible).stages();
}

Time bottleneck(const std::vector<ReplicatedStage>& stages) {
  Time slowest;
  for (const ReplicatedStage& stage : stages) slowest = std::max(slowest, stage.time);
  return slowest;
}

}  // namespace pipesim
