#include "sim/explain/critical_path.hpp"

#include <algorithm>

namespace pipesim {

namespace {

class WalkBack {
 public:
  WalkBack(const RecordedOps& ops, Time begin)
      : ops_(ops),
        begin_(begin),
        path_{.by_device = std::vector<Time>(ops.schedule().lanes.size())} {}

  CriticalPath from(OpPlace last) && {
    now_ = ops_.when(last).finish;
    std::optional<OpPlace> at = last;
    while (at && now_ > begin_) {
      at = communicates(ops_.op(*at).kind) ? through_message(*at) : through_unit(*at);
    }
    std::reverse(path_.steps.begin(), path_.steps.end());
    return std::move(path_);
  }

 private:
  const RecordedOps& ops_;
  Time begin_;
  Time now_{};  // How far back the path has come.
  CriticalPath path_;

  std::optional<OpPlace> before(const OpUnit& unit) const {
    if (unit.first == 0) return std::nullopt;
    return OpPlace{unit.device, unit.first - 1};
  }

  void add_op(OpPlace at) {
    const Op& op = ops_.op(at);
    const Interval when = ops_.when(at);
    const Time start = std::max(when.start, begin_);
    path_.steps.push_back(
        {.device = at.device, .op = op, .when = {.start = start, .finish = when.finish}});
    path_.by_kind[static_cast<std::size_t>(op.kind)] += when.finish - start;
    path_.by_device[static_cast<std::size_t>(at.device)] += when.finish - start;
  }

  void add_moment(OpPlace at, Time when) {
    path_.steps.push_back(
        {.device = at.device, .op = ops_.op(at), .when = {.start = when, .finish = when}});
  }

  // The step that was added last waited for the message of `sender`. The path goes on from `sent`,
  // when that one was sent, or the first of those before it that it had to wait for.
  void add_transfer(Time sent, OpPlace sender, int to) {
    PathStep& step = path_.steps.back();
    if (const LinkWait* wait = ops_.link_wait(sender); wait != nullptr && wait->link >= 0) {
      step.link = wait->link;
      step.waited = wait->waited;
    }
    step.transfer = now_ - sent;
    step.sent_from = sender.device;
    step.sent_to = to;
    path_.transfers += step.transfer;
    now_ = sent;
  }

  std::optional<OpPlace> through_unit(OpPlace at) {
    const OpUnit unit = ops_.unit_of(at);
    if (unit.last != unit.first) add_op({unit.device, unit.last});
    add_op({unit.device, unit.first});
    const Time start = ops_.when(unit).start;
    now_ = std::max(start, begin_);
    if (start == ops_.free_before(unit)) return before(unit);
    const std::optional<OpPlace> maker = ops_.other_end(ops_.limiting_op(unit));
    if (!maker) return std::nullopt;
    const OpPlace first = ops_.first_in_queue(*maker);
    add_transfer(ops_.when(ops_.unit_of(first)).finish, *maker, unit.device);
    return first;
  }

  // A receive goes on when the message has arrived. At a rendezvous a send goes on when it has
  // left, and it leaves when the later of the two is there; otherwise a send never waits.
  std::optional<OpPlace> through_message(OpPlace here) {
    const OpPlace there = *ops_.other_end(here);
    const Interval wait = ops_.when(here);
    if (!meets() && wait.start == wait.finish) return before(ops_.unit_of(here));
    const bool sends = is_send(ops_.op(here).kind);
    const OpPlace sender = sends ? here : there;
    const OpPlace first = ops_.first_in_queue(sender);
    const OpPlace released_by = meets() ? later_end(first == sender ? here : first) : first;
    const Time sent = ops_.when(released_by).start;
    if (released_by != here || sent < wait.finish) {
      add_moment(here, wait.finish);
      add_transfer(sent, sender, (sends ? there : here).device);
    }
    if (released_by != here) add_moment(released_by, sent);
    return before(ops_.unit_of(released_by));
  }

  bool meets() const { return ops_.schedule().communication == Communication::rendezvous; }

  // The end of a message that came later; the given one where both came at once.
  OpPlace later_end(OpPlace end) const {
    const OpPlace other = *ops_.other_end(end);
    return ops_.when(end).start >= ops_.when(other).start ? end : other;
  }
};

}  // namespace

Time sharding_time(const CriticalPath& path) {
  Time total;
  for (int kind = 0; kind < op_kinds; ++kind) {
    const bool counts = is_sharding(static_cast<OpKind>(kind));
    if (counts) total += path.by_kind[static_cast<std::size_t>(kind)];
  }
  return total;
}

CriticalPath find_critical_path(const RecordedOps& ops, OpPlace last, Time begin) {
  return WalkBack(ops, begin).from(last);
}

}  // namespace pipesim
