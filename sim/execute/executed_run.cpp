#include "sim/execute/executed_run.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "models/base/median.hpp"
#include "sim/engine/memory_trace.hpp"

namespace pipesim {

namespace {

constexpr auto kind_of = [](const Op& op) { return static_cast<std::size_t>(op.kind); };

Ratio ratio(Time numerator, Time denominator) {
  return denominator == Time{} ? Ratio{} : Ratio{numerator.ps, denominator.ps};
}

// When the op in that slot ran; what was there before has always been.
Interval interval_of(const Timeline& timeline, std::size_t device, int slot) {
  const std::span<const Interval> lane = timeline.lanes[device];
  if (slot < 0) return {};
  if (static_cast<std::size_t>(slot) < lane.size()) return lane[static_cast<std::size_t>(slot)];
  return lane.empty() ? Interval{} : Interval{lane.back().finish, lane.back().finish};
}

// An op allocates at its start and releases at its finish.
std::vector<MemoryEvent> events_of(const std::vector<AllocationEvent>& allocations,
                                   const Timeline& timeline, std::size_t device) {
  std::vector<MemoryEvent> events;
  std::array<Bytes, memory_tags> totals{};
  Bytes total = 0;
  for (const AllocationEvent& event : allocations) {
    const Interval when = interval_of(timeline, device, event.slot);
    Bytes& tag_total = totals[static_cast<std::size_t>(event.tag)];
    tag_total += event.delta;
    total += event.delta;
    events.push_back({.at = event.delta > 0 ? when.start : when.finish,
                      .device = static_cast<int>(device),
                      .tag = event.tag,
                      .delta = event.delta,
                      .tag_total = tag_total,
                      .device_total = total});
  }
  return events;
}

void account_for_memory(const Experiment& experiment, const std::vector<AllocationEvent>& recorded,
                        const std::vector<MemoryEvent>& events, std::size_t device,
                        DeviceUse& use) {
  const std::vector<Op>& lane = experiment.schedule.lanes[device];
  int overflowed = 0;  // The slot of the op that found too little.
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Bytes held = events[i].device_total;
    if (recorded[i].slot < 0) use.static_bytes = held;
    if (held > use.peak) {
      use.peak = held;
      use.peak_at = events[i].at;
    }
    const std::optional<Bytes>& capacity = experiment.capacity[device];
    if (!use.overflow && capacity && held > *capacity) {
      const auto slot = static_cast<std::size_t>(std::max(recorded[i].slot, 0));
      use.overflow = {.op = slot < lane.size() ? lane[slot] : Op{}, .at = events[i].at};
      overflowed = recorded[i].slot;
    }
    if (use.overflow && recorded[i].slot == overflowed) {  // All that it asks for, not the first.
      use.overflow->needed = std::max(use.overflow->needed, held);
    }
  }
}

DeviceUse use_of(const Experiment& experiment, const Timeline& timeline, std::size_t device,
                 const std::vector<AllocationEvent>& recorded) {
  DeviceUse use;
  const std::vector<Op>& lane = experiment.schedule.lanes[device];
  const std::span<const Interval> intervals = timeline.lanes[device];
  int in_flight = 0;
  bool computed = false;
  for (std::size_t slot = 0; slot < intervals.size(); ++slot) {
    if (!computes(lane[slot].kind)) continue;
    if (!computed) use.span.start = intervals[slot].start;
    computed = true;
    use.span.finish = intervals[slot].finish;
    use.busy_by_kind[kind_of(lane[slot])] += intervals[slot].finish - intervals[slot].start;
    if (lane[slot].kind == OpKind::forward) ++in_flight;
    use.peak_in_flight = std::max(use.peak_in_flight, in_flight);
    if (sends_gradient(lane[slot].kind)) --in_flight;
  }
  if (!intervals.empty()) use.finish = intervals.back().finish;
  account_for_memory(experiment, recorded, timeline.memory[device], device, use);
  return use;
}

// Every kind of op at its mean over all that ran, the stages alike.
StepCosts mean_costs(const Experiment& experiment, const Timeline& timeline) {
  std::array<Time, op_kinds> total{};
  std::array<std::int64_t, op_kinds> count{};
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    const std::vector<Op>& lane = experiment.schedule.lanes[d];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Interval when = timeline.lanes[d][slot];
      total[kind_of(lane[slot])] += when.finish - when.start;
      ++count[kind_of(lane[slot])];
    }
  }
  const auto mean = [&](OpKind kind) {
    const auto k = static_cast<std::size_t>(kind);
    return Time{count[k] == 0 ? 0 : total[k].ps / count[k]};
  };
  StepCosts costs = with_free_transfers(experiment.costs);
  for (StageCost& stage : costs.stages) {
    stage.forward = mean(OpKind::forward);
    stage.backward = mean(OpKind::backward);
    stage.backward_input = mean(OpKind::backward_input);
    stage.backward_weight = mean(OpKind::backward_weight);
    stage.recompute = mean(OpKind::recompute);
    stage.overlapped = std::nullopt;  // One after the other is how a core runs a pair.
  }
  return costs;
}

OpTimes durations_of(const Timeline& timeline) {
  OpTimes times(timeline.lanes.size());
  for (std::size_t d = 0; d < times.size(); ++d) {
    for (const Interval& when : timeline.lanes[d]) times[d].push_back(when.finish - when.start);
  }
  return times;
}

BubbleBreakdown break_down(const Experiment& experiment, const StepCosts& costs,
                           const Outcome& outcome) {
  Engine engine(experiment.schedule);
  const OpTimes times = durations_of(outcome.timeline);
  const Time t0 = outcome.pipeline_time;
  const Time replayed = engine.makespan(costs, &times);
  const Time t1 = engine.makespan(with_free_transfers(costs), &times);
  const Time t2 = engine.makespan(mean_costs(experiment, outcome.timeline));
  Time busy;
  for (const DeviceUse& device : outcome.devices) busy += device.busy();
  const auto devices = static_cast<std::int64_t>(outcome.devices.size());
  return {.fill_drain = ratio(devices * t2 - busy, devices * t0),
          .imbalance = ratio(t1 - t2, t0),
          .communication = ratio(replayed - t1, t0),
          .other = ratio(t0 - replayed, t0),
          .communication_time = replayed - t1};
}

// The time from the first op to the last. A device that computes nothing adds nothing to it.
Time pipeline_time(const std::vector<DeviceUse>& devices) {
  Time first = Time::limit();
  Time last;
  for (const DeviceUse& use : devices) {
    if (use.span.finish == Time{}) continue;
    first = std::min(first, use.span.start);
    last = std::max(last, use.span.finish);
  }
  return last == Time{} ? last : last - first;
}

Run finish(const Experiment& experiment, const StepCosts& costs, Timeline timeline,
           std::vector<LinkUse> links, const Allocations& allocations) {
  Run run;
  Outcome& outcome = run.outcome;
  outcome.links = std::move(links);
  outcome.timeline = std::move(timeline);
  for (std::size_t d = 0; d < allocations.size(); ++d) {
    outcome.timeline.memory.push_back(events_of(allocations[d], outcome.timeline, d));
    outcome.devices.push_back(use_of(experiment, outcome.timeline, d, allocations[d]));
  }
  outcome.pipeline_time = pipeline_time(outcome.devices);
  run.metrics = measure(outcome);
  run.metrics.breakdown = break_down(experiment, costs, outcome);
  return run;
}

/// What the messages over a hop took: activations, gradients.
using HandOffs = std::array<std::vector<Time>, 2>;

Time median_of_both(HandOffs times) {
  times[0].insert(times[0].end(), times[1].begin(), times[1].end());
  return times[0].empty() ? Time{} : median(std::move(times[0]));
}

// The mean of hand-offs, each weighted by itself. What reaches a busy receiver takes next to
// nothing, and nobody waits for it; a step is as long as the few make it that somebody waits for.
// The mean of the two directions of a hop. The critical path crosses it in both, so that their sum
// stays what it was.
Time mean_waited_for(const HandOffs& times) {
  double both = 0;
  for (const std::vector<Time>& direction : times) {
    double sum = 0;
    double squares = 0;
    for (const Time time : direction) {
      sum += seconds(time);
      squares += seconds(time) * seconds(time);
    }
    if (sum > 0) both += squares / sum;
  }
  return to_time(both / 2);
}

// Each hop at one time that stands for its messages' hand-offs, in both directions: from the finish
// of the op that lets a message go to another device, to its arrival there. What messages took from
// each other is in that.
template <class Typical>
StepCosts observed_hops(const Experiment& experiment, const Timeline& timeline, Typical typical) {
  const Schedule& schedule = experiment.schedule;
  const bool sent_by_lanes = schedule.communication != Communication::overlapped;
  std::vector<HandOffs> delays(experiment.costs.hops.size());
  for_each_span(schedule, timeline, [&](int device, const Op& op, const Interval& when) {
    const auto message = message_from(op, schedule);
    if (!message || communicates(op.kind) != sent_by_lanes) return;
    if (schedule.device_of(message->stage, op.copy) == device) return;
    const Arrivals& arrivals =
        message->is_gradient ? timeline.gradient_arrival : timeline.activation_arrival;
    HandOffs& hop = delays[static_cast<std::size_t>(std::min(op.stage, message->stage))];
    hop[message->is_gradient ? 1 : 0].push_back(arrivals.at(message->stage, message->micro_batch) -
                                                when.finish);
  });
  StepCosts costs = experiment.costs;
  costs.links = {};
  for (std::size_t hop = 0; hop < delays.size(); ++hop) {
    costs.hops[hop] = {.latency = typical(std::move(delays[hop]))};
  }
  return costs;
}

// The engine's sends and receives last as long as they hold their device; on an executed clock
// waiting is never inside a span.
void leave_waiting_out(const Schedule& schedule, Timeline& timeline) {
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    const std::vector<Op>& lane = schedule.lanes[d];
    Interval* const times = timeline.lanes.first_of(d);
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      if (communicates(lane[slot].kind)) times[slot].start = times[slot].finish;
    }
  }
}

// Puts what follows the pipeline on the devices' clocks: the two copies of a stage add up their
// gradients as soon as both are done, stage by stage; then each device updates.
std::vector<TailSpan> tail_after(const Outcome& pipeline, std::vector<TailSpan> tail) {
  std::vector<Time> now;
  for (const DeviceUse& device : pipeline.devices) now.push_back(device.finish);
  const auto free_at = [&](const TailSpan* span) -> Time& {
    return now[static_cast<std::size_t>(span->device)];
  };
  const auto place = [&](TailSpan* span, Time earliest) {
    const Time start = std::max(earliest, free_at(span));
    free_at(span) = start + span->when.finish;
    span->when = {.start = start, .finish = free_at(span)};
  };
  std::vector<TailSpan*> sums;
  for (TailSpan& span : tail) {
    if (span.op.kind == OpKind::all_reduce) sums.push_back(&span);
  }
  std::ranges::stable_sort(sums, {}, [](const TailSpan* span) { return span->op.stage; });
  for (std::size_t i = 0; i + 1 < sums.size(); i += 2) {
    const Time both_done = std::max(free_at(sums[i]), free_at(sums[i + 1]));
    place(sums[i], both_done);
    place(sums[i + 1], both_done);
  }
  for (TailSpan& span : tail) {
    if (span.op.kind != OpKind::all_reduce) place(&span, {});
  }
  return tail;
}

// Puts durations on the clocks of virtual devices.
Run replay(const Experiment& experiment, const StepCosts& costs, const Measured& measured,
           const Allocations& allocations) {
  Engine engine(experiment.schedule);
  Outcome outcome = engine.run(costs, {}, true, &measured.ops);
  Timeline timeline = std::move(outcome.timeline);
  timeline.clock = Clock::measured;
  leave_waiting_out(experiment.schedule, timeline);
  timeline.tail = tail_after(outcome, measured.tail);
  return finish(experiment, costs, std::move(timeline), std::move(outcome.links), allocations);
}

}  // namespace

Run wall_run(const Experiment& experiment, Timeline timeline, const Allocations& allocations) {
  const StepCosts costs = observed_hops(experiment, timeline, median_of_both);
  return finish(experiment, costs, std::move(timeline), {}, allocations);
}

Run measured_run(const Experiment& experiment, const Measured& measured,
                 const Allocations& allocations) {
  return replay(experiment, experiment.costs, measured, allocations);
}

Run replayed_run(const Experiment& experiment, const Timeline& executed,
                 const Allocations& allocations) {
  const bool wall = executed.clock == Clock::wall;
  Measured measured{.ops = durations_of(executed), .tail = executed.tail};
  for (TailSpan& span : measured.tail) span.when = {{}, span.when.finish - span.when.start};
  return replay(experiment,
                wall ? observed_hops(experiment, executed, mean_waited_for) : experiment.costs,
                measured, allocations);
}

Measured median_of(const std::vector<Measured>& steps) {
  Measured result = steps.front();
  std::vector<Time> times(steps.size());
  const auto median_over_steps = [&](auto&& time_in) {
    std::ranges::transform(steps, times.begin(), time_in);
    return median(times);
  };
  for (std::size_t d = 0; d < result.ops.size(); ++d) {
    for (std::size_t slot = 0; slot < result.ops[d].size(); ++slot) {
      result.ops[d][slot] =
          median_over_steps([&](const Measured& step) { return step.ops[d][slot]; });
    }
  }
  for (std::size_t i = 0; i < result.tail.size(); ++i) {
    result.tail[i].when.finish =
        median_over_steps([&](const Measured& step) { return step.tail[i].when.finish; });
  }
  return result;
}

}  // namespace pipesim
