#include "sim/execute/workers/executor.hpp"

#include <utility>

#include "sim/kernels/blas.hpp"

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

}  // namespace

template <class T>
Executor<T>::Executor(const Experiment& experiment)
    : schedule_(experiment.schedule),
      messages_(experiment.schedule),
      spin_(spin_for(experiment.schedule.devices())) {
  const std::vector<StagePlan> plans = stage_plans(experiment);
  const Pipeline pipeline{schedule_, plans, messages_, clock_};
  for (const std::vector<StageCopy>& stages : stages_by_device(schedule_)) {
    const int number = static_cast<int>(devices_.size());
    devices_.push_back(std::make_unique<VirtualDevice<T>>(pipeline, number, stages));
  }
}

template <class T>
void Executor<T>::begin_step(const MiniBatch<T>& batch, Update update) {
  messages_.clear();
  for (const auto& device : devices_) device->begin_step(batch, update);
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
  std::vector<std::vector<TailSpan>> tails(devices_.size());
  if (!threads_) {
    prepare_products(schedule_.devices());
    threads_.emplace(schedule_.devices());
  }
  threads_->run(
      [&](int device) { run_device(device, timeline, tails[static_cast<std::size_t>(device)]); });
  if (failure_) std::rethrow_exception(failure_);
  for (const auto& tail : tails) {
    timeline.tail.insert(timeline.tail.end(), tail.begin(), tail.end());
  }
  start_at_zero(schedule_, timeline);
  return timeline;
}

template <class T>
void Executor<T>::run_device(int device, Timeline& timeline, std::vector<TailSpan>& tail) {
  const auto d = static_cast<std::size_t>(device);
  const std::vector<Op>& lane = schedule_.lanes[d];
  try {
    for (std::size_t slot = 0; slot < lane.size();) {
      const std::span<const Op> ops = ops_from(lane, slot);
      for (const Op& op : ops) await(op, timeline);
      devices_[d]->run(ops, timeline.lanes.first_of(d));
      slot += ops.size();
    }
    devices_[d]->send_weight_gradients();
    tail = devices_[d]->finish_step(spin_);
  } catch (const Stopped&) {
  } catch (...) {
    fail(std::current_exception());
  }
}

// Whatever goes wrong on a device stops all of them; the first to fail is the one to report.
template <class T>
void Executor<T>::fail(std::exception_ptr failure) {
  const std::lock_guard lock(failure_lock_);
  if (!failure_) failure_ = std::move(failure);
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

template <class T>
Measured Executor<T>::measure(const MiniBatch<T>& batch, Update update) {
  prepare_products(1);
  begin_step(batch, update);
  const LaneIntervals times = measure_lanes();
  Measured measured;
  for (std::size_t d = 0; d < devices_.size(); ++d) {
    std::vector<Time>& of_device = measured.ops.emplace_back();
    for (const Interval& time : times[d]) of_device.push_back(time.finish - time.start);
  }
  measured.tail = measure_tail();
  return measured;
}

// Lane after lane, over and over, each as far as its messages let it.
template <class T>
LaneIntervals Executor<T>::measure_lanes() {
  LaneIntervals times(schedule_);
  std::vector<std::size_t> done(devices_.size());
  for (std::vector<std::size_t> before; before != done;) {
    before = done;
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      done[d] = measure_lane(d, done[d], times.first_of(d));
    }
  }
  for (std::size_t d = 0; d < devices_.size(); ++d) {
    if (done[d] < schedule_.lanes[d].size()) {
      throw std::logic_error("a schedule that deadlocks was executed");
    }
  }
  return times;
}

// Runs a lane on until a message is missing. Returns the slot that it has come to.
template <class T>
std::size_t Executor<T>::measure_lane(std::size_t device, std::size_t first, Interval* times) {
  const std::vector<Op>& lane = schedule_.lanes[device];
  for (std::size_t slot = first; slot < lane.size();) {
    const std::span<const Op> ops = ops_from(lane, slot);
    for (const Op& op : ops) {
      messages_.announce(op);
      const Mailbox* const mailbox = messages_.awaited_by(op);
      if (mailbox != nullptr && !mailbox->ready()) return slot;
    }
    devices_[device]->run(ops, times);
    slot += ops.size();
  }
  return lane.size();
}

template <class T>
std::vector<TailSpan> Executor<T>::measure_tail() {
  std::vector<std::vector<Time>> copying;
  for (const auto& device : devices_) copying.push_back(device->send_weight_gradients());
  std::vector<TailSpan> tail;
  for (std::size_t d = 0; d < devices_.size(); ++d) {
    std::vector<TailSpan> spans = devices_[d]->finish_step(spin_);
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const Time copied = i < copying[d].size() ? copying[d][i] : Time{};  // Sums come first.
      spans[i].when = {.finish = copied + (spans[i].when.finish - spans[i].when.start)};
    }
    tail.insert(tail.end(), spans.begin(), spans.end());
  }
  return tail;
}

template <class T>
double Executor<T>::loss() const {
  double total = 0;
  for (int m = 0; m < schedule_.micro_batches; ++m) {
    total += stage(schedule_.stages() - 1).squared_error(m);
    // The copy that a micro-batch did not go through has 0 for it.
    if (schedule_.bidirectional()) total += stage(schedule_.stages() - 1, 1).squared_error(m);
  }
  return total / static_cast<double>(elements_);
}

template class Executor<float>;
template class Executor<double>;

}  // namespace pipesim
