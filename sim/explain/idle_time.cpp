#include "sim/explain/idle_time.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace pipesim {

namespace {

IdleCause cause_of_wait(OpKind kind) {
  switch (kind) {
    case OpKind::forward:
    case OpKind::receive_forward:
      return IdleCause::activation;
    case OpKind::send_forward:
    case OpKind::send_backward:
      return IdleCause::sending;
    default:
      return IdleCause::gradient;
  }
}

class DeviceIdleTime {
 public:
  DeviceIdleTime(const RecordedOps& ops, int device, std::optional<TimedWait>& longest)
      : ops_(ops), device_(device), longest_(longest) {}

  std::vector<Idle> within(const Interval& pipeline) && {
    const std::vector<Op>& lane = ops_.lane(device_);
    constexpr auto is_compute = [](const Op& op) { return computes(op.kind); };
    const auto first = std::find_if(lane.begin(), lane.end(), is_compute);
    if (first == lane.end()) {
      add(IdleCause::filling, -1, pipeline.finish - pipeline.start);
      return list();
    }
    const auto last = std::find_if(lane.rbegin(), lane.rend(), is_compute).base() - 1;
    const auto slot_of = [&](auto op) { return static_cast<std::size_t>(op - lane.begin()); };
    add(IdleCause::filling, -1, when(slot_of(first)).start - pipeline.start);
    add(IdleCause::draining, -1, pipeline.finish - when(slot_of(last)).finish);
    for (std::size_t slot = slot_of(first); ++slot <= slot_of(last);) visit(slot);
    return list();
  }

 private:
  const RecordedOps& ops_;
  int device_;
  std::optional<TimedWait>& longest_;
  std::map<std::pair<IdleCause, int>, Idle> causes_{};

  Interval when(std::size_t slot) const { return ops_.when(OpPlace{device_, slot}); }

  void add(IdleCause cause, int other, Time time) {
    if (time == Time{}) return;
    Idle& idle =
        causes_.try_emplace({cause, other}, Idle{.cause = cause, .other = other}).first->second;
    idle.total += time;
    ++idle.count;
  }

  std::vector<Idle> list() const {
    std::vector<Idle> all;
    for (const auto& [key, idle] : causes_) all.push_back(idle);
    return all;
  }

  // What the device did since its last op: it waited for this one's input, or this one itself is
  // no computing.
  void visit(std::size_t slot) {
    const OpKind kind = ops_.lane(device_)[slot].kind;
    const Interval span = when(slot);
    const Time free = when(slot - 1).finish;
    if (free < span.start) {
      add_wait(ops_.limiting_op(ops_.unit_of({device_, slot})),
               {.start = free, .finish = span.start});
    }
    if (communicates(kind)) add_wait({device_, slot}, span);
    if (is_sharding(kind)) add(IdleCause::sharding, -1, span.finish - span.start);
  }

  void add_wait(OpPlace waiting, const Interval& span) {
    const std::optional<OpPlace> needed = ops_.other_end(waiting);
    const Time time = span.finish - span.start;
    add(cause_of_wait(ops_.op(waiting).kind), needed ? needed->device : -1, time);
    const Time most = longest_ ? longest_->when.finish - longest_->when.start : Time{};
    if (!needed || time <= most) return;
    longest_ = {.wait = {.waiting = ops_.op(waiting),
                         .device = device_,
                         .needed = ops_.op(*needed),
                         .needed_on = needed->device},
                .when = span};
  }
};

}  // namespace

std::string_view name_of(IdleCause cause) {
  switch (cause) {
    case IdleCause::filling:
      return "filling";
    case IdleCause::activation:
      return "activation";
    case IdleCause::gradient:
      return "gradient";
    case IdleCause::sending:
      return "sending";
    case IdleCause::sharding:
      return "sharding";
    case IdleCause::draining:
      return "draining";
  }
  return "";
}

Time total(const std::vector<Idle>& causes) {
  Time sum;
  for (const Idle& idle : causes) sum += idle.total;
  return sum;
}

IdleTime split_idle_time(const RecordedOps& ops, const Interval& pipeline) {
  IdleTime idle;
  for (int device = 0; device < ops.schedule().devices(); ++device) {
    idle.devices.push_back(DeviceIdleTime(ops, device, idle.longest).within(pipeline));
  }
  return idle;
}

}  // namespace pipesim
