#include "sim/execute/workers/virtual_device.hpp"

#include <fmt/format.h>

#include <array>
#include <new>
#include <utility>

namespace pipesim {

template <class T>
VirtualDevice<T>::VirtualDevice(const Pipeline& pipeline, int number,
                                const std::vector<StageCopy>& stages)
    : schedule_(pipeline.schedule),
      messages_(pipeline.messages),
      clock_(pipeline.clock),
      number_(number) {
  for (const StageCopy& held : stages) {
    StagePlan plan = pipeline.plans[static_cast<std::size_t>(held.stage)];
    plan.received_input = receives_in_lane(schedule_, held, held.stage - 1);
    plan.received_gradient = receives_in_lane(schedule_, held, held.stage + 1);
    stages_.try_emplace(held, plan, memory_);
  }
}

template <class T>
void VirtualDevice<T>::begin_step(const MiniBatch<T>& batch, Update update) {
  batch_ = batch;
  memory_.forget_ops();
  for (auto& [held, stage] : stages_) stage.begin_step(update);
}

// Runs something on behalf of an op, which is named where that fails.
template <class T>
template <class Run>
auto VirtualDevice<T>::blaming(const Op& op, Run&& run) {
  try {
    return run();
  } catch (const std::bad_alloc&) {  // No fault of the op's.
    throw;
  } catch (const std::exception& error) {
    throw DeviceFailure(fmt::format("device {}, {}: {}", number_, describe(op), error.what()));
  }
}

template <class T>
void VirtualDevice<T>::run(std::span<const Op> ops, Interval* times) {
  std::array<Block, 2> made;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    made[i] = blaming(ops[i], [&] { return run_op(ops[i], times[&ops[i] - lane().data()]); });
  }
  for (std::size_t i = 0; i < ops.size(); ++i) {
    blaming(ops[i], [&] { messages_.hand_on(ops[i], std::move(made[i])); });
  }
}

template <class T>
Block VirtualDevice<T>::run_op(const Op& op, Interval& time) {
  memory_.begin_op(static_cast<int>(&op - lane().data()));
  if (communicates(op.kind) || is_sharding(op.kind)) {
    count_received(op);
    time.start = time.finish = clock_.now();
    return {};
  }
  Block received = messages_.take(op);
  StageWorker<T>& stage = stages_.at({op.stage, op.copy});
  time.start = clock_.now();
  Block made = stage.run(op, std::move(received), batch_);
  time.finish = clock_.now();
  return made;
}

// From here on the message is the device's.
template <class T>
void VirtualDevice<T>::count_received(const Op& op) {
  const StagePlan& plan = stages_.at({op.stage, op.copy}).plan();
  const auto bytes = [&](int columns) {
    return Bytes{plan.rows} * columns * static_cast<Bytes>(sizeof(T));
  };
  if (op.kind == OpKind::receive_forward) {
    memory_.count(MemoryTag::stash, bytes(plan.inputs()));
  } else if (op.kind == OpKind::receive_backward) {
    memory_.count(MemoryTag::activation_gradient, bytes(plan.outputs()));
  }
}

template <class T>
std::vector<Time> VirtualDevice<T>::send_weight_gradients() {
  std::vector<Time> took;
  if (!schedule_.bidirectional()) return took;
  for (auto& [held, stage] : stages_) {
    const Time start = clock_.now();
    Block gradient = stage.copy_of_gradient();
    took.push_back(clock_.now() - start);
    messages_.weight_gradient_for({held.stage, 1 - held.copy}).put(std::move(gradient));
  }
  return took;
}

template <class T>
std::vector<TailSpan> VirtualDevice<T>::finish_step(std::chrono::nanoseconds spin) {
  memory_.begin_op(static_cast<int>(lane().size()));
  std::vector<TailSpan> spans;
  for (const auto& [held, stage] : stages_) {
    if (!schedule_.bidirectional()) break;
    Mailbox& mailbox = messages_.weight_gradient_for(held);
    mailbox.wait(spin);
    spans.push_back(run_tail_op(OpKind::all_reduce, held, mailbox.take()));
  }
  for (const auto& [held, stage] : stages_) {
    if (stage.plan().deferred_weight_gradient) continue;  // Its W was the update.
    spans.push_back(run_tail_op(OpKind::optimizer, held, {}));
  }
  return spans;
}

template <class T>
TailSpan VirtualDevice<T>::run_tail_op(OpKind kind, const StageCopy& held, Block received) {
  TailSpan span{.device = number_,
                .op = {.kind = kind,
                       .copy = static_cast<std::uint8_t>(held.copy),
                       .stage = held.stage,
                       .micro_batch = -1}};
  StageWorker<T>& stage = stages_.at(held);
  span.when.start = clock_.now();
  blaming(span.op, [&] { stage.run(span.op, std::move(received), batch_); });
  span.when.finish = clock_.now();
  return span;
}

template class VirtualDevice<float>;
template class VirtualDevice<double>;

}  // namespace pipesim
