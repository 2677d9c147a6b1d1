#include "support/schedules/shared_link_clock.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <tuple>

namespace pipesim::test {

namespace {

struct Message {
  OpPlace from{};
  Time made{};
  TransferCost hop{};
  std::vector<std::pair<int, int>> links{};  // {-1, number} or the two devices of a link.
  bool queued = false;
  std::optional<Time> left{};  // When it took its links.

  Time arrival() const { return *left + hop.total(); }
};

// A message by the stage that receives it.
using MessageKey = std::tuple<int, int, bool>;

struct Device {
  std::size_t next = 0;
  Time free_at{};
};

struct Link {
  std::deque<Message*> queue{};
  Time free_at{};
  LinkUse use{};
};

class MomentByMoment {
 public:
  MomentByMoment(const Schedule& schedule, const StepCosts& costs)
      : schedule_(schedule), costs_(costs), devices_(schedule.lanes.size()) {
    result_.lanes.resize(devices_.size());
  }

  LinkedStep run() && {
    for (std::optional<Time> next = Time{}; next; next = next_moment()) {
      now_ = *next;
      do {
        while (some_leave() || some_begin()) {
        }
      } while (one_joins());
    }
    for (int link = 0; link < static_cast<int>(costs_.links.names.size()); ++link) {
      result_.links.push_back(links_[{-1, link}].use);
    }
    return std::move(result_);
  }

 private:
  const Schedule& schedule_;
  const StepCosts& costs_;
  Time now_{};
  std::vector<Device> devices_;
  std::map<MessageKey, Message> messages_{};
  std::map<std::pair<int, int>, Link> links_{};
  LinkedStep result_{};

  std::optional<Time> next_moment() const {
    std::optional<Time> next;
    const auto consider = [&](Time at) {
      if (at > now_ && (!next || at < *next)) next = at;
    };
    for (const Device& device : devices_) consider(device.free_at);
    for (const auto& [numbers, link] : links_) consider(link.free_at);
    for (const auto& [key, message] : messages_) {
      consider(message.made);
      if (message.left) consider(message.arrival());
    }
    return next;
  }

  bool some_leave() {
    bool any = false;
    for (auto& [key, message] : messages_) {
      if (!message.queued || message.left) continue;
      const bool may_leave = std::ranges::all_of(message.links, [&](const auto& numbers) {
        const Link& link = links_[numbers];
        return link.queue.front() == &message && link.free_at <= now_;
      });
      if (may_leave) leave(message);
      any |= may_leave;
    }
    return any;
  }

  void leave(Message& message) {
    message.left = now_;
    std::pair<int, int> last = message.links.front();
    for (const auto& numbers : message.links) {
      if (links_[numbers].free_at > links_[last].free_at) last = numbers;
    }
    links_[last].use.waited += now_ - message.made;
    for (const auto& numbers : message.links) {
      Link& link = links_[numbers];
      link.queue.pop_front();
      link.free_at = now_ + message.hop.occupancy;
      link.use.busy += message.hop.occupancy;
      ++link.use.messages;
    }
  }

  bool one_joins() {
    Message* first = nullptr;
    for (auto& [key, message] : messages_) {
      if (message.queued || message.made > now_) continue;
      if (first == nullptr || message.from < first->from) first = &message;
    }
    if (first == nullptr) return false;
    first->queued = true;
    for (const auto& numbers : first->links) links_[numbers].queue.push_back(first);
    return true;
  }

  bool some_begin() {
    bool any = false;
    for (std::size_t device = 0; device < devices_.size(); ++device) {
      const std::vector<Op>& lane = schedule_.lanes[device];
      if (devices_[device].free_at > now_ || devices_[device].next == lane.size()) continue;
      const Op& op = lane[devices_[device].next];
      any |= communicates(op.kind) ? communicate(device, op) : compute(device, op);
    }
    return any;
  }

  bool elsewhere(const Op& op, int stage) const {
    return schedule_.device_of(stage, op.copy) != schedule_.device_of(op.stage, op.copy);
  }

  bool has_input(const Op& op) const {
    const bool needs_gradient =
        sends_gradient(op.kind) || (op.kind == OpKind::recompute && schedule_.lazy_recompute);
    if (op.kind != OpKind::forward && !needs_gradient) return true;
    const int source = needs_gradient ? op.stage + 1 : op.stage - 1;
    if (source < 0 || source == schedule_.stages()) return true;
    if (schedule_.communication != Communication::overlapped && elsewhere(op, source)) return true;
    return is_there({op.stage, op.micro_batch, needs_gradient});
  }

  bool is_there(const MessageKey& key) const {
    const auto found = messages_.find(key);
    return found != messages_.end() && found->second.left && found->second.arrival() <= now_;
  }

  Time alone(const Op& op) const {
    return duration_of(op.kind, costs_.stages[static_cast<std::size_t>(op.stage)]);
  }

  bool compute(std::size_t device, const Op& op) {
    const Op* other = op.with_next ? &op + 1 : nullptr;
    if (!has_input(op) || (other != nullptr && !has_input(*other))) return false;
    Time whole = alone(op);
    Time first = whole;
    if (other != nullptr) {
      const Time both = alone(op) + alone(*other);
      whole = costs_.stages[static_cast<std::size_t>(op.stage)].overlapped.value_or(both);
      first = both == Time{} ? Time{} : Time{whole.ps * alone(op).ps / both.ps};
    }
    end(device, {now_, now_ + first});
    if (other != nullptr) end(device, {now_ + first, now_ + whole});
    const std::size_t slot = devices_[device].next - (other == nullptr ? 1 : 2);
    hand_on({static_cast<int>(device), slot}, op);
    if (other != nullptr) hand_on({static_cast<int>(device), slot + 1}, *other);
    return true;
  }

  void end(std::size_t device, const Interval& when) {
    result_.lanes[device].push_back(when);
    devices_[device].free_at = when.finish;
    ++devices_[device].next;
  }

  void hand_on(OpPlace from, const Op& op) {
    const bool gradient = sends_gradient(op.kind);
    const int target = gradient ? op.stage - 1 : op.stage + 1;
    if (op.kind != OpKind::forward && !gradient) return;
    if (target < 0 || target == schedule_.stages()) return;
    const Time made = devices_[static_cast<std::size_t>(from.device)].free_at;
    if (!elsewhere(op, target)) {
      messages_[{target, op.micro_batch, gradient}] = {
          .from = from, .made = made, .queued = true, .left = made};
    } else if (schedule_.communication == Communication::overlapped) {
      make(from, op, gradient, made);
    }
  }

  void make(OpPlace from, const Op& op, bool gradient, Time at) {
    const int target = gradient ? op.stage - 1 : op.stage + 1;
    const auto hop = static_cast<std::size_t>(std::min(op.stage, target));
    Message message{.from = from, .made = at, .hop = costs_.hops[hop]};
    const LinkRoutes& routes = op.copy == 0 ? costs_.links.routes : costs_.links.second_routes;
    for (const int link : gradient ? routes.gradient[hop] : routes.activation[hop]) {
      message.links.push_back({-1, link});
    }
    if (message.links.empty()) {
      message.links.push_back({from.device, schedule_.device_of(target, op.copy)});
    }
    messages_[{target, op.micro_batch, gradient}] = message;
  }

  // A device stays at a send or a receive until that is over; its interval begins when it got
  // there.
  bool communicate(std::size_t device, const Op& op) {
    const bool gradient = op.kind == OpKind::send_backward || op.kind == OpKind::receive_backward;
    const int other = op.stage + (is_send(op.kind) == gradient ? -1 : 1);
    const MessageKey key{is_send(op.kind) ? other : op.stage, op.micro_batch, gradient};
    const Time since = devices_[device].free_at;
    if (schedule_.communication == Communication::blocking) {
      if (is_send(op.kind)) {
        make({static_cast<int>(device), devices_[device].next}, op, gradient, now_);
        end(device, {now_, now_});
        return true;
      }
      if (!is_there(key)) return false;
      end(device, {since, now_});
      return true;
    }
    const auto found = messages_.find(key);
    if (found == messages_.end()) return meet(op, other, gradient);
    const Message& message = found->second;
    if (!message.left) return false;
    const Time over = is_send(op.kind) ? *message.left + message.hop.occupancy : message.arrival();
    if (over > now_) return false;
    end(device, {since, over});
    return true;
  }

  bool meet(const Op& op, int other, bool gradient) {
    const auto partner = static_cast<std::size_t>(schedule_.device_of(other, op.copy));
    const Device& there = devices_[partner];
    const std::vector<Op>& lane = schedule_.lanes[partner];
    if (there.next == lane.size() || there.free_at > now_) return false;
    const Op& with = lane[there.next];
    const bool answers = communicates(with.kind) && is_send(with.kind) != is_send(op.kind) &&
                         with.stage == other && with.micro_batch == op.micro_batch &&
                         with.copy == op.copy;
    const bool with_gradient =
        with.kind == OpKind::send_backward || with.kind == OpKind::receive_backward;
    if (!answers || with_gradient != gradient) return false;
    const Op& sender = is_send(op.kind) ? op : with;
    const int from = schedule_.device_of(sender.stage, sender.copy);
    make({from, devices_[static_cast<std::size_t>(from)].next}, sender, gradient, now_);
    return true;
  }
};

}  // namespace

LinkedStep run_with_queues(const Schedule& schedule, const StepCosts& costs) {
  return MomentByMoment(schedule, costs).run();
}

}  // namespace pipesim::test
