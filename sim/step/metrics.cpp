#include "sim/step/metrics.hpp"

#include <algorithm>

namespace pipesim {

namespace {

Ratio ratio(Int128 numerator, Int128 denominator) {
  return denominator == 0 ? Ratio{} : Ratio{numerator, denominator};
}

bool all_equal(const std::vector<StageCost>& stages) {
  constexpr auto same_times = [](const StageCost& a, const StageCost& b) {
    return a.forward == b.forward && a.backward == b.backward &&
           a.backward_input == b.backward_input && a.backward_weight == b.backward_weight &&
           a.recompute == b.recompute && a.overlapped == b.overlapped;
  };
  return std::all_of(stages.begin(), stages.end(),
                     [&](const StageCost& stage) { return same_times(stage, stages.front()); });
}

bool all_free(const std::vector<TransferCost>& hops) {
  return std::all_of(hops.begin(), hops.end(),
                     [](const TransferCost& hop) { return hop == TransferCost{}; });
}

bool never_gathers(const std::vector<StageCost>& stages) {
  return std::all_of(stages.begin(), stages.end(), [](const StageCost& stage) {
    return stage.gather == Time{} && stage.reduce == Time{};
  });
}

bool has_free_messages(const Experiment& experiment) {
  return all_free(experiment.costs.hops) && never_gathers(experiment.costs.stages);
}

// The first of those for which it is most; nothing where there are none, or it is 0.
std::optional<std::size_t> link_with_most(Time LinkUse::*what, const std::vector<LinkUse>& links) {
  const auto most = std::ranges::max_element(links, {}, what);
  if (most == links.end() || (*most).*what == Time{}) return std::nullopt;
  return static_cast<std::size_t>(most - links.begin());
}

}  // namespace

int breakdown_runs(const Experiment& experiment) {
  return (has_free_messages(experiment) ? 0 : 1) + (all_equal(experiment.costs.stages) ? 0 : 1);
}

BubbleBreakdown break_down_bubble(Engine& engine, const Experiment& experiment,
                                  const Outcome& outcome) {
  const Time t0 = outcome.pipeline_time;
  StepCosts costs = with_free_transfers(experiment.costs);
  const Time t1 = has_free_messages(experiment) ? t0 : engine.makespan(costs);
  Time t2 = t1;
  std::int64_t scale = 1;
  if (!all_equal(costs.stages)) {
    EvenedCosts even = with_equal_stages(std::move(costs), experiment.schedule);
    scale = even.scale;
    t2 = engine.makespan(even.costs);
  }
  Int128 busy = 0;
  for (const DeviceUse& device : outcome.devices) busy += device.busy().ps;
  const Int128 devices = static_cast<Int128>(outcome.devices.size());
  return {.fill_drain = ratio(devices * t2.ps - busy * scale, devices * t0.ps * scale),
          .imbalance = ratio(Int128{t1.ps} * scale - t2.ps, Int128{t0.ps} * scale),
          .communication = ratio(t0.ps - t1.ps, t0.ps),
          .communication_time = t0 - t1};
}

Metrics measure(const Outcome& outcome) {
  Metrics metrics{.pipeline_time = outcome.pipeline_time};
  for (const DeviceUse& device : outcome.devices) {
    metrics.busy += device.busy();
    metrics.longest_span = std::max(metrics.longest_span, device.span.finish - device.span.start);
    for (std::size_t kind = 0; kind < op_kinds; ++kind) {
      metrics.busy_by_kind[kind] += device.busy_by_kind[kind];
    }
    metrics.fits_memory = metrics.fits_memory && !device.overflow;
  }
  const Int128 total =
      Int128{outcome.pipeline_time.ps} * static_cast<Int128>(outcome.devices.size());
  const Int128 idle = total - metrics.busy.ps;
  metrics.bubble_fraction = ratio(idle, total);
  metrics.bubble_over_ideal = ratio(idle, metrics.busy.ps);
  const Int128 spans =
      Int128{metrics.longest_span.ps} * static_cast<Int128>(outcome.devices.size());
  metrics.span_bubble = ratio(spans - metrics.busy.ps, spans);

  // A device reduces and updates as soon as its own last backward is done. What it gathers before
  // the first op that computes, or reduces behind the last, counts with the all-reduce.
  Time begin = Time::limit();
  Time end;
  Time reduced;
  for (const DeviceUse& device : outcome.devices) {
    begin = std::min(begin, device.span.start);
    end = std::max(end, device.span.finish);
    reduced = std::max(reduced, device.finish);
  }
  metrics.step_time = reduced;
  for (const TailSpan& span : outcome.timeline.tail) {
    if (span.op.kind == OpKind::all_reduce) reduced = std::max(reduced, span.when.finish);
    metrics.step_time = std::max(metrics.step_time, span.when.finish);
  }
  metrics.all_reduce = reduced - end + begin;
  metrics.optimizer = metrics.step_time - reduced;
  metrics.busiest_link = link_with_most(&LinkUse::busy, outcome.links);
  metrics.bottleneck_link = link_with_most(&LinkUse::waited, outcome.links);
  return metrics;
}

}  // namespace pipesim
