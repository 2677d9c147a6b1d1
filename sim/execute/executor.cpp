#include "sim/execute/executor.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "sim/kernels/linear.hpp"

namespace pipesim {

namespace {

// Longer than a hand-off takes and than parking and waking cost; shorter than most ops.
constexpr std::chrono::microseconds spin_before_parking{100};

// Devices that share a core would spin in each other's way.
std::chrono::nanoseconds spin_for(int devices) {
  const bool a_core_each = static_cast<unsigned>(devices) <= std::thread::hardware_concurrency();
  return a_core_each ? spin_before_parking : std::chrono::nanoseconds{0};
}

// What starts together with the op in that slot: the op alone, or an overlapped pair.
std::span<const Op> ops_from(const std::vector<Op>& lane, std::size_t slot) {
  const std::size_t count = lane[slot].with_next && slot + 1 < lane.size() ? 2 : 1;
  return {lane.data() + slot, count};
}

Op tail_op(OpKind kind, const StageCopy& held) {
  return {.kind = kind,
          .copy = static_cast<std::uint8_t>(held.copy),
          .stage = held.stage,
          .micro_batch = -1};
}

// Runs something on behalf of an op, which is named where that fails.
template <class Run>
auto blaming(int device, const Op& op, Run&& run) {
  try {
    return run();
  } catch (const std::exception& error) {
    throw DeviceFailure(fmt::format("device {}, {}: {}", device, describe(op), error.what()));
  }
}

}  // namespace

template <class T>
Executor<T>::Executor(const Experiment& experiment)
    : experiment_(experiment),
      schedule_(experiment.schedule),
      memories_(experiment.schedule.lanes.size()),
      stages_of_(stages_by_device(experiment.schedule)),
      messages_(experiment.schedule),
      spin_(spin_for(schedule_.devices())) {
  use_one_thread_per_product();
  stages_.resize(schedule_.placement.size() + schedule_.second_placement.size());
  const std::vector<StagePlan> plans = stage_plans(experiment);
  for (std::size_t device = 0; device < stages_of_.size(); ++device) {
    for (const StageCopy& held : stages_of_[device]) {
      stages_[index_of(held)] = std::make_unique<StageWorker<T>>(
          plans[static_cast<std::size_t>(held.stage)], memories_[device]);
    }
  }
}

template <class T>
void Executor<T>::begin_step(const MiniBatch<T>& batch, Update update) {
  messages_.clear();
  for (DeviceAllocator& memory : memories_) memory.forget_ops();
  for (const auto& stage : stages_) stage->begin_step(update);
  elements_ = static_cast<std::int64_t>(batch.targets.size());
  clock_.start();
}

template <class T>
Timeline Executor<T>::run(const MiniBatch<T>& batch, Update update) {
  begin_step(batch, update);
  Timeline timeline{.clock = Clock::wall, .lanes = LaneIntervals(schedule_)};
  for (Arrivals* arrivals : {&timeline.activation_arrival, &timeline.gradient_arrival}) {
    *arrivals = Arrivals(schedule_.stages(), schedule_.micro_batches, Arrivals::not_yet);
  }
  std::vector<std::vector<TailSpan>> tails(memories_.size());
  if (!threads_) threads_.emplace(schedule_.devices());
  threads_->run([&](int device) {
    run_device(device, batch, timeline, tails[static_cast<std::size_t>(device)]);
  });
  if (!failure_.empty()) throw DeviceFailure(failure_);
  for (const auto& tail : tails) {
    timeline.tail.insert(timeline.tail.end(), tail.begin(), tail.end());
  }
  start_at_zero(schedule_, timeline);
  return timeline;
}

template <class T>
void Executor<T>::run_device(int device, const MiniBatch<T>& batch, Timeline& timeline,
                             std::vector<TailSpan>& tail) {
  const auto d = static_cast<std::size_t>(device);
  const std::vector<Op>& lane = schedule_.lanes[d];
  try {
    for (std::size_t slot = 0; slot < lane.size();) {
      const std::span<const Op> ops = ops_from(lane, slot);
      for (const Op& op : ops) await(op, timeline);
      run_together(device, ops, batch, timeline.lanes.first_of(d));
      slot += ops.size();
    }
    send_weight_gradients(device);
    run_tail(device, batch, tail);
  } catch (const Stopped&) {
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// Whatever goes wrong on a device stops all of them; the first to fail is the one to report.
template <class T>
void Executor<T>::fail(const char* what) {
  const std::lock_guard lock(failure_lock_);
  if (failure_.empty()) failure_ = what;
  messages_.stop();
}

template <class T>
void Executor<T>::await(const Op& op, Timeline& timeline) {
  messages_.announce(op);
  Mailbox* const mailbox = messages_.awaited_by(op);
  if (mailbox == nullptr) return;
  const bool waits = !mailbox->ready();
  mailbox->wait(spin_);
  const auto message = message_to(op, schedule_);
  if (!message) return;
  Arrivals& arrivals =
      message->is_gradient ? timeline.gradient_arrival : timeline.activation_arrival;
  Time& arrival = arrivals.row(message->stage)[message->micro_batch];
  if (arrival == Arrivals::not_yet) arrival = waits ? clock_.now() : clock_.at(mailbox->put_at());
}

// `times`: the device's, from its first slot on.
template <class T>
void Executor<T>::run_together(int device, std::span<const Op> ops, const MiniBatch<T>& batch,
                               Interval* times) {
  const Op* const first = schedule_.lanes[static_cast<std::size_t>(device)].data();
  std::array<Block, 2> made;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    made[i] = blaming(device, ops[i],
                      [&] { return run_op(device, ops[i], batch, times[&ops[i] - first]); });
  }
  for (std::size_t i = 0; i < ops.size(); ++i) {
    blaming(device, ops[i], [&] { messages_.hand_on(ops[i], std::move(made[i])); });
  }
}

template <class T>
Block Executor<T>::run_op(int device, const Op& op, const MiniBatch<T>& batch, Interval& time) {
  const auto d = static_cast<std::size_t>(device);
  memories_[d].begin_op(static_cast<int>(&op - schedule_.lanes[d].data()));
  Block made;
  if (communicates(op.kind) || is_sharding(op.kind)) {  // One replica has nothing to gather.
    time.start = time.finish = clock_.now();
    return made;
  }
  Block received = messages_.take(op);
  time.start = clock_.now();
  made = worker(op).run(op, std::move(received), batch);
  time.finish = clock_.now();
  return made;
}

// Each stage's gradient goes to its other copy, if it has one. Returns how long copying them took.
template <class T>
std::vector<Time> Executor<T>::send_weight_gradients(int device) {
  std::vector<Time> took;
  if (!schedule_.bidirectional()) return took;
  for (const auto& [stage, copy] : stages_of_[static_cast<std::size_t>(device)]) {
    const Time start = clock_.now();
    Block gradient = stages_[index_of({stage, copy})]->copy_of_gradient();
    took.push_back(clock_.now() - start);
    messages_.weight_gradient_for({stage, 1 - copy}).put(std::move(gradient));
  }
  return took;
}

// All that a device receives has been sent before any device waits for it.
template <class T>
void Executor<T>::run_tail(int device, const MiniBatch<T>& batch, std::vector<TailSpan>& tail) {
  const auto d = static_cast<std::size_t>(device);
  if (experiment_.config.training.deferred_weight_gradient) return;
  memories_[d].begin_op(static_cast<int>(schedule_.lanes[d].size()));
  for (const StageCopy& held : stages_of_[d]) {
    if (!schedule_.bidirectional()) break;
    Mailbox& mailbox = messages_.weight_gradient_for(held);
    mailbox.wait(spin_);
    run_tail_op(device, tail_op(OpKind::all_reduce, held), mailbox.take(), batch, tail);
  }
  for (const StageCopy& held : stages_of_[d]) {
    run_tail_op(device, tail_op(OpKind::optimizer, held), {}, batch, tail);
  }
}

template <class T>
void Executor<T>::run_tail_op(int device, const Op& op, Block received, const MiniBatch<T>& batch,
                              std::vector<TailSpan>& tail) {
  TailSpan& span = tail.emplace_back(TailSpan{.device = device, .op = op});
  span.when.start = clock_.now();
  blaming(device, op, [&] { worker(op).run(op, std::move(received), batch); });
  span.when.finish = clock_.now();
}

template <class T>
Measured Executor<T>::measure(const MiniBatch<T>& batch, Update update) {
  begin_step(batch, update);
  LaneIntervals times(schedule_);
  std::vector<std::size_t> slots(memories_.size());
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t d = 0; d < slots.size(); ++d) {
      progress = measure_lane(static_cast<int>(d), batch, slots[d], times.first_of(d)) || progress;
    }
  }
  Measured measured;
  std::vector<std::vector<Time>> copying;
  for (std::size_t d = 0; d < slots.size(); ++d) {
    if (slots[d] < schedule_.lanes[d].size()) {
      throw std::logic_error("a schedule that deadlocks was executed");
    }
    std::vector<Time>& of_device = measured.ops.emplace_back();
    for (const Interval& time : times[d]) of_device.push_back(time.finish - time.start);
    copying.push_back(send_weight_gradients(static_cast<int>(d)));
  }
  for (std::size_t d = 0; d < slots.size(); ++d) {
    std::vector<TailSpan> tail;
    run_tail(static_cast<int>(d), batch, tail);
    for (std::size_t i = 0; i < tail.size(); ++i) {
      const Time before = i < copying[d].size() ? copying[d][i] : Time{};
      tail[i].when = {.finish = before + (tail[i].when.finish - tail[i].when.start)};
    }
    measured.tail.insert(measured.tail.end(), tail.begin(), tail.end());
  }
  return measured;
}

// Runs a lane on, from `slot`, until a message is missing. Returns whether it ran anything.
template <class T>
bool Executor<T>::measure_lane(int device, const MiniBatch<T>& batch, std::size_t& slot,
                               Interval* times) {
  const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device)];
  const std::size_t before = slot;
  while (slot < lane.size()) {
    const std::span<const Op> ops = ops_from(lane, slot);
    for (const Op& op : ops) {
      messages_.announce(op);
      const Mailbox* const mailbox = messages_.awaited_by(op);
      if (mailbox != nullptr && !mailbox->ready()) return slot > before;
    }
    run_together(device, ops, batch, times);
    slot += ops.size();
  }
  return slot > before;
}

template <class T>
double Executor<T>::loss() const {
  double total = 0;
  for (int m = 0; m < schedule_.micro_batches; ++m) {
    // The copy that a micro-batch did not go through has 0 for it.
    for (int copy = 0; copy < copies(); ++copy) {
      total += stage(schedule_.stages() - 1, copy).squared_error(m);
    }
  }
  return total / static_cast<double>(elements_);
}

template <class T>
const std::vector<AllocationEvent>& Executor<T>::allocations(int device) const {
  return memories_[static_cast<std::size_t>(device)].events();
}

template class Executor<float>;
template class Executor<double>;

}  // namespace pipesim
