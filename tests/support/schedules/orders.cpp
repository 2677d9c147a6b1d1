#include "support/schedules/orders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace pipesim::test {

namespace {

// The peak of a count that goes up with one kind of op and down with others.
template <class Change>
std::vector<int> peaks(const Schedule& schedule, Change change) {
  std::vector<int> most;
  for (const auto& lane : schedule.lanes) {
    int now = 0;
    int& peak = most.emplace_back(0);
    for (const Op& op : lane) peak = std::max(peak, now += change(op.kind));
  }
  return most;
}

bool sound_pair(const Op& forward, const Op& backward) {
  return forward.kind == OpKind::forward && sends_gradient(backward.kind) && !backward.with_next;
}

}  // namespace

std::string staged_text(const std::vector<Op>& lane) {
  std::string text;
  bool second = false;  // Of a pair.
  for (const Op& op : lane) {
    text += fmt::format("{}{}{}{}{}{}", text.empty() || second ? "" : " ", op.with_next ? "(" : "",
                        op.stage, label(op), op.with_next ? ";" : "", second ? ")" : "");
    second = op.with_next;
  }
  return text;
}

std::vector<int> peak_in_flight(const Schedule& schedule) {
  return peaks(schedule, [](OpKind kind) {
    return kind == OpKind::forward ? 1 : sends_gradient(kind) ? -1 : 0;
  });
}

std::vector<int> peak_weight_stashes(const Schedule& schedule) {
  return peaks(schedule, [](OpKind kind) {
    return kind == OpKind::backward_input ? 1 : kind == OpKind::backward_weight ? -1 : 0;
  });
}

bool every_op_once(const Schedule& schedule) {
  std::map<std::pair<int, int>, std::string> run;  // "FB" or "FIW" by stage and micro-batch
  std::vector<int> copy_of(static_cast<std::size_t>(schedule.micro_batches), -1);
  for (int device = 0; device < schedule.devices(); ++device) {
    const auto& lane = schedule.lanes[static_cast<std::size_t>(device)];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Op& op = lane[slot];
      if (op.micro_batch < 0 || op.micro_batch >= schedule.micro_batches) return false;
      if (schedule.device_of(op.stage, op.copy) != device) return false;
      if (op.with_next && (slot + 1 == lane.size() || !sound_pair(op, lane[slot + 1]))) {
        return false;
      }
      int& copy = copy_of[static_cast<std::size_t>(op.micro_batch)];
      if (copy >= 0 && copy != op.copy) return false;
      copy = op.copy;
      run[{op.stage, op.micro_batch}] += token(op.kind);
    }
  }
  return static_cast<int>(run.size()) == schedule.stages() * schedule.micro_batches &&
         std::all_of(run.begin(), run.end(),
                     [](const auto& ops) { return ops.second == "FB" || ops.second == "FIW"; });
}

bool same(const Ratio& a, const Ratio& b) {
  return a.numerator * b.denominator == b.numerator * a.denominator;
}

}  // namespace pipesim::test
