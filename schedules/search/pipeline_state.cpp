#include "schedules/search/pipeline_state.hpp"

#include <utility>

namespace pipesim {

PipelineState::PipelineState(const ScheduleRequest& request)
    : devices(static_cast<std::size_t>(request.shape.stages)),
      turns(request.shape.stages),
      micro_batches_(request.shape.micro_batches),
      stages_(request.loads.size()) {
  // Rows a cache line longer than needed: with a power of two all would fall into the same sets.
  const std::size_t row = static_cast<std::size_t>(micro_batches_) + 8;
  ends_.resize(2 * row * stages_.size());
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    StageState& stage = stages_[s];
    stage.load = request.loads[s];
    if (s > 0) stage.hop_before = request.hops[s - 1];
    if (s + 1 < stages_.size()) stage.hop_behind = request.hops[s];
    stage.device = device_of(static_cast<int>(s), request.shape);
    stage.forward_ends = &ends_[2 * row * s];
    stage.input_ends = stage.forward_ends + row;

    DeviceState& device = devices[static_cast<std::size_t>(stage.device)];
    device.stages[static_cast<std::size_t>(device.chunks++)] = &stage;
    device.forwards_left += micro_batches_;
    device.growth = std::max(device.growth, stage.load.growth());
  }
  for (std::size_t d = 0; d < devices.size(); ++d) {
    if (!request.memory.empty()) devices[d].limit = request.memory[d];
    lanes_.emplace_back().reserve(3 * static_cast<std::size_t>(devices[d].forwards_left));
  }
  turns.set(0, {});
}

void PipelineState::wake(const StageState& stage, Time arrival) {
  const Time turn = std::max(arrival, devices[static_cast<std::size_t>(stage.device)].free);
  if (turn < turns.time_of(stage.device)) turns.set(stage.device, turn);
}

void PipelineState::run(int d, Step step, Time now) {
  DeviceState& device = devices[static_cast<std::size_t>(d)];
  StageState& stage = device.stage(step.chunk);
  lanes_[static_cast<std::size_t>(d)].push_back(step);
  device.start = std::min(device.start, now);
  if (step.kind == OpKind::forward) {
    device.free = now + stage.load.forward;
    device.in_flight += stage.load.stash;
    --device.forwards_left;
    stage.forward_ends[stage.forwards++] = device.free;
    if (!is_last(stage)) wake(*(&stage + 1), device.free + stage.hop_behind);
  } else if (step.kind == OpKind::backward_input) {
    device.free = now + stage.load.backward_input;
    device.peak = std::max(device.peak, device.in_flight + device.put_off + stage.load.again);
    device.in_flight -= stage.load.stash;
    device.put_off += stage.load.weight_stash;
    stage.input_ends[stage.inputs++] = device.free;
    if (!is_first(stage)) wake(*(&stage - 1), device.free + stage.hop_before);
  } else {
    device.free = now + stage.load.backward_weight;
    device.put_off -= stage.load.weight_stash;
    ++stage.weights;
  }
  device.busy += device.free - now;
  device.peak = std::max(device.peak, device.in_flight + device.put_off);
  turns.set(d, device.free);
}

Draft PipelineState::finish() {
  Draft draft{.lanes = std::move(lanes_), .cost = {}, .makespan = {}, .peak = 0};
  for (const DeviceState& device : devices) {
    draft.cost = std::max(draft.cost, device.free - std::min(device.start, device.free));
    draft.makespan = std::max(draft.makespan, device.free);
    draft.peak = capped_sum(draft.peak, device.peak);
  }
  for (const StageState& stage : stages_) {
    if (stage.weights < micro_batches_) draft.cost = Time::limit();
  }
  return draft;
}

}  // namespace pipesim
