#include "sim/execute/executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kernels/linear.hpp"

namespace pipesim {

namespace {

using Steady = Mailbox::Steady;

// Longer than a hand-off takes and than parking and waking cost; shorter than most ops.
constexpr std::chrono::microseconds spin_before_parking{100};

Time time_between(Steady::time_point start, Steady::time_point finish) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(finish - start);
  return {elapsed.count() * 1000};
}

// Devices that share a core would spin in each other's way.
std::chrono::nanoseconds spin_for(int devices) {
  const bool a_core_each = static_cast<unsigned>(devices) <= std::thread::hardware_concurrency();
  return a_core_each ? spin_before_parking : std::chrono::nanoseconds{0};
}

void shift(Interval& interval, Time origin) {
  interval.start -= origin;
  interval.finish -= origin;
}

// From readings of the clock to times since the first op's start.
void start_at_zero(const Schedule& schedule, Timeline& timeline) {
  Time origin = Time::limit();
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    const std::span<const Interval> lane = timeline.lanes[d];
    if (!lane.empty()) origin = std::min(origin, lane.front().start);
  }
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    Interval* first = timeline.lanes.first_of(d);
    for (Interval* it = first; it != first + timeline.lanes[d].size(); ++it) shift(*it, origin);
  }
  for (TailSpan& span : timeline.tail) shift(span.when, origin);
  for (Arrivals* arrivals : {&timeline.activation_arrival, &timeline.gradient_arrival}) {
    for (int s = 0; s < schedule.stages(); ++s) {
      for (int m = 0; m < schedule.micro_batches; ++m) arrivals->row(s)[m] -= origin;
    }
  }
}

}  // namespace

template <class T>
Executor<T>::Executor(const Experiment& experiment)
    : experiment_(experiment),
      schedule_(experiment.schedule),
      memories_(experiment.schedule.lanes.size()),
      stages_of_(stages_by_device(experiment.schedule)),
      activations_(schedule_.placement.size() * static_cast<std::size_t>(schedule_.micro_batches)),
      gradients_(activations_.size()),
      spin_(spin_for(schedule_.devices())) {
  use_one_thread_per_product();
  stages_.resize(schedule_.placement.size());
  const std::vector<StagePlan> plans = stage_plans(experiment);
  for (std::size_t device = 0; device < stages_of_.size(); ++device) {
    for (const StageCopy& held : stages_of_[device]) {
      const auto stage = static_cast<std::size_t>(held.stage);
      stages_[stage] = std::make_unique<StageWorker<T>>(plans[stage], memories_[device]);
    }
  }
}

template <class T>
Mailbox& Executor<T>::activation(int stage, int m) {
  return activations_[static_cast<std::size_t>(stage) *
                          static_cast<std::size_t>(schedule_.micro_batches) +
                      static_cast<std::size_t>(m)];
}

template <class T>
Mailbox& Executor<T>::gradient(int stage, int m) {
  return gradients_[static_cast<std::size_t>(stage) *
                        static_cast<std::size_t>(schedule_.micro_batches) +
                    static_cast<std::size_t>(m)];
}

// The message that an op waits for; a lazy R waits for the one that its backward consumes.
template <class T>
Mailbox* Executor<T>::consumed_by(const Op& op) {
  if (op.kind == OpKind::forward) {
    return op.stage > 0 ? &activation(op.stage, op.micro_batch) : nullptr;
  }
  const bool waits =
      sends_gradient(op.kind) || (op.kind == OpKind::recompute && schedule_.lazy_recompute);
  if (!waits || op.stage + 1 == schedule_.stages()) return nullptr;
  return &gradient(op.stage, op.micro_batch);
}

template <class T>
Mailbox* Executor<T>::filled_by(const Op& op) {
  if (op.kind == OpKind::forward && op.stage + 1 < schedule_.stages()) {
    return &activation(op.stage + 1, op.micro_batch);
  }
  if (sends_gradient(op.kind) && op.stage > 0) return &gradient(op.stage - 1, op.micro_batch);
  return nullptr;
}

template <class T>
void Executor<T>::begin_step(const MiniBatch<T>& batch, Update update) {
  for (Mailbox& mailbox : activations_) mailbox.clear();
  for (Mailbox& mailbox : gradients_) mailbox.clear();
  for (DeviceAllocator& memory : memories_) memory.forget_ops();
  for (const auto& stage : stages_) stage->begin_step(update);
  elements_ = static_cast<std::int64_t>(batch.targets.size());
  epoch_ = Steady::now();
}

template <class T>
Timeline Executor<T>::run(const MiniBatch<T>& batch, Update update) {
  begin_step(batch, update);
  Timeline timeline{.clock = Clock::wall, .lanes = LaneIntervals(schedule_)};
  for (Arrivals* arrivals : {&timeline.activation_arrival, &timeline.gradient_arrival}) {
    *arrivals = Arrivals(schedule_.stages(), schedule_.micro_batches, Time{});
  }
  std::vector<std::vector<TailSpan>> tails(memories_.size());
  if (!threads_) threads_.emplace(schedule_.devices());
  threads_->run([&](int device) {
    run_device(device, batch, timeline, tails[static_cast<std::size_t>(device)]);
  });
  if (!failure_.empty()) throw DeviceFailure(failure_);
  for (const auto& tail : tails)
    timeline.tail.insert(timeline.tail.end(), tail.begin(), tail.end());
  start_at_zero(schedule_, timeline);
  return timeline;
}

// Whatever goes wrong on a device stops all of them; the first to fail is the one to report.
template <class T>
void Executor<T>::run_device(int device, const MiniBatch<T>& batch, Timeline& timeline,
                             std::vector<TailSpan>& tail) {
  const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device)];
  const Op* current = lane.data();
  try {
    for (; current != lane.data() + lane.size(); ++current) {
      run_op(device, *current, batch, timeline);
    }
    run_tail(device, batch, tail);
  } catch (const Stopped&) {
  } catch (const std::exception& error) {
    const bool in_lane = current != lane.data() + lane.size();
    fail(device, in_lane ? *current : Op{.kind = OpKind::optimizer, .micro_batch = -1},
         error.what());
  }
}

template <class T>
void Executor<T>::run_op(int device, const Op& op, const MiniBatch<T>& batch, Timeline& timeline) {
  const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device)];
  const auto slot = &op - lane.data();
  memories_[static_cast<std::size_t>(device)].begin_op(static_cast<int>(slot));
  Block message;
  if (Mailbox* mailbox = consumed_by(op)) {
    const bool waits = !mailbox->ready();
    mailbox->wait(spin_);
    Arrivals& arrivals =
        op.kind == OpKind::forward ? timeline.activation_arrival : timeline.gradient_arrival;
    const Time seen = time_between(epoch_, waits ? Steady::now() : mailbox->put_at());
    if (op.kind != OpKind::recompute) message = mailbox->take();
    Time& arrival = arrivals.row(op.stage)[op.micro_batch];
    if (arrival == Time{}) arrival = seen;
  }
  const Steady::time_point start = Steady::now();
  Block sent = stages_[static_cast<std::size_t>(op.stage)]->run(op, std::move(message), batch);
  const Steady::time_point finish = Steady::now();
  if (Mailbox* mailbox = filled_by(op)) mailbox->put(std::move(sent));
  timeline.lanes.first_of(static_cast<std::size_t>(device))[slot] = {
      .start = time_between(epoch_, start), .finish = time_between(epoch_, finish)};
}

template <class T>
void Executor<T>::run_tail(int device, const MiniBatch<T>& batch, std::vector<TailSpan>& tail) {
  const auto d = static_cast<std::size_t>(device);
  if (experiment_.config.training.deferred_weight_gradient) return;
  memories_[d].begin_op(static_cast<int>(schedule_.lanes[d].size()));
  for (const auto& [stage, copy] : stages_of_[d]) {
    const Op op{.kind = OpKind::optimizer, .stage = stage, .micro_batch = -1};
    const Steady::time_point start = Steady::now();
    stages_[static_cast<std::size_t>(stage)]->run(op, {}, batch);
    const Steady::time_point finish = Steady::now();
    tail.push_back(
        {.device = device,
         .op = op,
         .when = {.start = time_between(epoch_, start), .finish = time_between(epoch_, finish)}});
  }
}

template <class T>
void Executor<T>::fail(int device, const Op& op, const char* what) {
  const std::lock_guard lock(failure_lock_);
  if (failure_.empty()) failure_ = fmt::format("device {}, {}: {}", device, describe(op), what);
  for (Mailbox& mailbox : activations_) mailbox.stop();
  for (Mailbox& mailbox : gradients_) mailbox.stop();
}

template <class T>
Measured Executor<T>::measure(const MiniBatch<T>& batch, Update update) {
  begin_step(batch, update);
  Measured measured;
  for (const auto& lane : schedule_.lanes) measured.ops.emplace_back().reserve(lane.size());
  for (bool progress = true; progress;) {
    progress = false;
    for (int device = 0; device < schedule_.devices(); ++device) {
      progress =
          measure_lane(device, batch, measured.ops[static_cast<std::size_t>(device)]) || progress;
    }
  }
  for (int device = 0; device < schedule_.devices(); ++device) {
    const auto d = static_cast<std::size_t>(device);
    if (measured.ops[d].size() < schedule_.lanes[d].size()) {
      throw std::logic_error("a schedule that deadlocks was executed");
    }
    run_tail(device, batch, measured.tail);
  }
  for (TailSpan& span : measured.tail) shift(span.when, span.when.start);
  return measured;
}

// Runs a lane on, op by op, until a message is missing. Returns whether it ran any.
template <class T>
bool Executor<T>::measure_lane(int device, const MiniBatch<T>& batch, std::vector<Time>& times) {
  const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device)];
  const std::size_t before = times.size();
  while (times.size() < lane.size()) {
    const Op& op = lane[times.size()];
    Mailbox* const consumed = consumed_by(op);
    if (consumed != nullptr && !consumed->ready()) break;
    memories_[static_cast<std::size_t>(device)].begin_op(static_cast<int>(times.size()));
    Block message;
    if (consumed != nullptr && op.kind != OpKind::recompute) message = consumed->take();
    try {
      const Steady::time_point start = Steady::now();
      Block sent = stages_[static_cast<std::size_t>(op.stage)]->run(op, std::move(message), batch);
      times.push_back(time_between(start, Steady::now()));
      if (Mailbox* const filled = filled_by(op)) filled->put(std::move(sent));
    } catch (const std::exception& error) {
      throw DeviceFailure(fmt::format("device {}, {}: {}", device, describe(op), error.what()));
    }
  }
  return times.size() > before;
}

template <class T>
double Executor<T>::loss() const {
  double total = 0;
  for (int m = 0; m < schedule_.micro_batches; ++m) total += stages_.back()->squared_error(m);
  return total / static_cast<double>(elements_);
}

template <class T>
const std::vector<AllocationEvent>& Executor<T>::allocations(int device) const {
  return memories_[static_cast<std::size_t>(device)].events();
}

template class Executor<float>;
template class Executor<double>;

}  // namespace pipesim
