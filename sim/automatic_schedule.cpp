#include "sim/automatic_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/config_schedule.hpp"

namespace pipesim {

namespace {

// Entry by entry, the stages' figures put together on their devices.
template <class Figure, class Join>
std::vector<Bytes> on_devices(const Schedule& schedule, Figure figure_of, Join join) {
  std::vector<Bytes> joined(schedule.lanes.size());
  for (std::size_t s = 0; s < schedule.placement.size(); ++s) {
    Bytes& bytes = joined[static_cast<std::size_t>(schedule.placement[s])];
    bytes = join(bytes, figure_of(s));
  }
  return joined;
}

// What an op holds only while it runs: beside the stashes, the limit has to leave room for it.
Bytes transient_of(const StageCost& cost, bool again) {
  const Bytes messages = capped_sum(cost.output, cost.boundary);
  return capped_sum(capped_sum(messages, cost.workspace), again ? cost.stash - cost.boundary : 0);
}

class AutomaticRequest {
 public:
  AutomaticRequest(const Config& config, const KnownSchedule& known, const Schedule& schedule,
                   const StepCosts& costs)
      : config_(config), known_(known), schedule_(schedule), costs_(costs) {
    request_.shape = shape_of(config);
    const bool again = costs.recompute != Recompute::none;
    for (const StageCost& cost : costs.stages) {
      request_.loads.push_back(
          {.forward = cost.forward,
           .backward_input =
               again ? capped_sum(cost.backward_input, cost.recompute) : cost.backward_input,
           .backward_weight = cost.backward_weight,
           .stash = again ? cost.boundary : cost.stash,
           .weight_stash = cost.weight_stash});
    }
    counts_micro_batches_ =
        std::ranges::all_of(request_.loads, [](const StageLoad& load) { return load.stash == 0; });
    if (counts_micro_batches_) {
      for (StageLoad& load : request_.loads) load.stash = 1;
    }
    for (std::size_t s = 0; s < costs.hops.size(); ++s) {
      const bool apart = schedule.placement[s] != schedule.placement[s + 1];
      request_.hops.push_back(apart ? costs.hops[s].total() : Time{});
    }
  }

  ScheduleRequest limited_by(const MemoryLimit& limit) {
    const std::vector<Bytes> stashes = on_devices(
        schedule_, [&](std::size_t s) { return request_.loads[s].stash; },
        [](Bytes a, Bytes b) { return capped_sum(a, b); });
    for (int device = 0; device < schedule_.devices(); ++device) {
      const auto each = static_cast<double>(stashes[static_cast<std::size_t>(device)]);
      const double count = limit.bytes ? static_cast<double>(*limit.bytes) : limit.micro_batches;
      const double wanted = limit.bytes && !counts_micro_batches_ ? count : count * each;
      const auto most = static_cast<double>(bytes_limit);
      const Bytes bytes = wanted < most ? static_cast<Bytes>(std::floor(wanted)) : bytes_limit;
      check(device, limit, bytes);
      request_.memory.push_back(bytes);
    }
    return request_;
  }

  // A device that can't hold the least is reported as not fitting, with a schedule that shows it.
  ScheduleRequest within(const std::vector<std::optional<Bytes>>& room) {
    const auto usual = known_.automatic->usual_memory;
    std::vector<Bytes> memory = usual == nullptr ? std::vector<Bytes>{} : usual(request_);
    const bool limited =
        std::ranges::any_of(room, [](const auto& bytes) { return bytes.has_value(); });
    if (limited && !counts_micro_batches_) {
      memory.resize(room.size(), bytes_limit);
    }
    const bool again = costs_.recompute != Recompute::none;
    if (again && !memory.empty()) add_insides(memory);
    const std::vector<Bytes> transient = on_devices(
        schedule_, [&](std::size_t s) { return transient_of(costs_.stages[s], again); },
        [](Bytes a, Bytes b) { return std::max(a, b); });
    for (std::size_t d = 0; d < memory.size(); ++d) {
      const Bytes left =
          counts_micro_batches_ ? bytes_limit : room[d].value_or(bytes_limit) - transient[d];
      memory[d] = std::max(std::min(memory[d], left), least(static_cast<int>(d)));
    }
    request_.memory = std::move(memory);
    return request_;
  }

 private:
  const Config& config_;
  const KnownSchedule& known_;
  const Schedule& schedule_;
  const StepCosts& costs_;
  ScheduleRequest request_{};
  bool counts_micro_batches_ = false;  // The model states no bytes: each micro-batch is one.

  // With re-computation the schedule that the usual memory is named after holds, beside its
  // stashes, what R adds for one micro-batch: here that is held from I to W, where W may be put
  // off.
  void add_insides(std::vector<Bytes>& memory) const {
    const std::vector<Bytes> insides = on_devices(
        schedule_,
        [&](std::size_t s) { return costs_.stages[s].stash - costs_.stages[s].boundary; },
        [](Bytes a, Bytes b) { return capped_sum(a, b); });
    for (std::size_t d = 0; d < memory.size(); ++d) memory[d] = capped_sum(memory[d], insides[d]);
  }

  Bytes least(int device) const { return known_.automatic->least_memory(request_, device); }

  void check(int device, const MemoryLimit& limit, Bytes bytes) const {
    const Bytes needed = least(device);
    if (bytes >= needed) return;
    throw config_.source->error(
        "/pipeline/memory_limit",
        fmt::format("is less than device {} holds of one micro-batch, {} bytes", device, needed),
        limit.bytes ? std::to_string(*limit.bytes)
                    : fmt::format("\"{} micro-batches\"", limit.micro_batches),
        "allow at least that, or leave it out");
  }
};

}  // namespace

Schedule automatic_schedule(const Config& config, const KnownSchedule& known,
                            const Schedule& placement, const StepCosts& costs,
                            const std::vector<std::optional<Bytes>>& room) {
  AutomaticRequest request(config, known, placement, costs);
  const std::optional<MemoryLimit>& limit = config.pipeline.memory_limit;
  return known.automatic->generate(limit ? request.limited_by(*limit) : request.within(room));
}

Schedule automatic_for_equal_stages(const KnownSchedule& known, const PipelineShape& shape) {
  const auto stages = static_cast<std::size_t>(shape.all_stages());
  const StageLoad load{
      .forward = 1_ns, .backward_input = 1_ns, .backward_weight = 1_ns, .stash = 1};
  return known.automatic->generate({.shape = shape,
                                    .loads = std::vector<StageLoad>(stages, load),
                                    .hops = std::vector<Time>(stages - 1)});
}

}  // namespace pipesim
