#include "sim/execute/workers/stage_worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "sim/execute/data/initial_weights.hpp"
#include "sim/kernels/activation.hpp"
#include "sim/kernels/loss.hpp"

namespace pipesim {

namespace {

template <class T>
void copy(Matrix<const T> from, Matrix<T> to) {
  std::copy_n(from.data, from.size(), to.data);
}

template <class T>
Bytes bytes_of(std::int64_t values) {
  return values * static_cast<Bytes>(sizeof(T));
}

// The tensors that alternate between the layers of a pass that keeps none of them: as many as there
// are places between layers, at most two, each as wide as the widest.
struct Alternating {
  int count = 0;
  std::int64_t width = 0;

  explicit Alternating(const StagePlan& plan) : count(std::min(2, plan.layer_count() - 1)) {
    for (int l = 0; l + 1 < plan.layer_count(); ++l) {
      width = std::max<std::int64_t>(width, plan.layers[static_cast<std::size_t>(l)].outputs);
    }
  }
  template <class T>
  Bytes bytes(int rows) const {
    return bytes_of<T>(count * width * rows);
  }
  /// The one for layer l; neighbours get different ones.
  template <class T>
  Matrix<T> at(const Block& block, int layer, int rows, int columns) const {
    return {.data = block.as<T>() + (layer % std::max(count, 1)) * width * rows,
            .rows = rows,
            .columns = columns};
  }
};

}  // namespace

template <class T>
StageWorker<T>::StageWorker(const StagePlan& plan, DeviceAllocator& memory)
    : plan_(plan), memory_(memory), stash_(plan, memory) {
  const Bytes size = bytes_of<T>(plan.parameters());
  const auto hold = [&](MemoryTag tag, Bytes bytes) {
    return StageParameters<T>(plan_, memory_.allocate(tag, bytes));
  };
  parameters_ = hold(MemoryTag::weights, size);
  for (int l = 0; l < plan.layer_count(); ++l) {
    draw_weights(plan.seed, plan.first_layer + l, parameters_.layer(l));
  }
  if (!plan.deferred_weight_gradient) {
    gradients_ = hold(MemoryTag::gradients, size);
    std::ranges::fill(gradients_.all(), T{});
  }
  const int states = states_per_parameter(plan.optimizer.kind);
  memory_.count(MemoryTag::optimizer, states * size);
  for (int s = 0; s < states; ++s) {
    states_.emplace_back(plan_, memory_.take(size));
    std::ranges::fill(states_.back().all(), T{});
  }
  squared_errors_.resize(static_cast<std::size_t>(plan.micro_batches));
}

template <class T>
void StageWorker<T>::begin_step(Update update) {
  if (gradients_ && update_ == Update::collect) std::ranges::fill(gradients_.all(), T{});
  update_ = update;
  if (update == Update::apply) ++step_;
  if (update == Update::collect && !gradients_) {  // Beside what the step itself holds.
    gradients_ = StageParameters<T>(plan_, Block(bytes_of<T>(plan_.parameters())));
  }
}

template <class T>
double StageWorker<T>::squared_error(int micro_batch) const {
  return squared_errors_.at(static_cast<std::size_t>(micro_batch));
}

template <class T>
Block StageWorker<T>::run(const Op& op, Block received, const MiniBatch<T>& batch) {
  const bool adds = makes_weight_gradient(op.kind);
  if (adds && is_deferred(op) != plan_.deferred_weight_gradient) {
    throw std::logic_error(fmt::format(
        "weight gradients are {}", plan_.deferred_weight_gradient ? "deferred" : "accumulated"));
  }
  switch (op.kind) {
    case OpKind::forward:
      return forward(op.micro_batch, std::move(received), batch);
    case OpKind::recompute:
      return recompute(op.micro_batch), Block{};
    case OpKind::backward:
      return backward(op.micro_batch, std::move(received), batch);
    case OpKind::backward_input:
      return backward_input(op.micro_batch, std::move(received), batch);
    case OpKind::backward_weight:
      if (op.micro_batch < 0) return backward_weight_of_mini_batch(), Block{};
      return backward_weight(op.micro_batch), Block{};
    case OpKind::all_reduce:
      return add_gradient(std::move(received)), Block{};
    case OpKind::optimizer:
      return update_weights(), Block{};
    default:
      throw std::logic_error(fmt::format("{} can't be executed", noun(op.kind)));
  }
}

template <class T>
Block StageWorker<T>::forward(int m, Block received, const MiniBatch<T>& batch) {
  const bool keeps = plan_.keeps_insides(m);
  if (keeps) {
    stash_.keep_all(m);
  } else {
    stash_.keep_input(m);
  }
  const Matrix<T> input = stash_.input(0, m);
  if (plan_.is_first) {
    copy(micro_batch(batch.inputs, m, plan_.micro_batches), input);
  } else {
    std::copy_n(received.as<const T>(), input.size(), input.data);
    memory_.give_back(std::move(received));
  }
  if (!keeps) return forward_without_keeping(m);

  if (plan_.is_last) return keep_insides(m), Block{};
  Block sent = memory_.take(bytes_of<T>(std::int64_t{plan_.rows} * plan_.outputs()));
  memory_.count(MemoryTag::workspace, sent.bytes());
  keep_insides(m);
  const Matrix<T> output = stash_.output(plan_.layer_count() - 1, m);
  std::copy_n(output.data, output.size(), sent.as<T>());
  memory_.count(MemoryTag::workspace, -sent.bytes());
  return sent;
}

// All layers, each output into the stash.
template <class T>
void StageWorker<T>::keep_insides(int m) {
  for (int l = 0; l < plan_.layer_count(); ++l) {
    const Matrix<T> y = stash_.output(l, m);
    linear_forward<T>(stash_.input(l, m), parameters_.layer(l), y);
    activate(plan_.layers[static_cast<std::size_t>(l)].activation, y);
  }
}

template <class T>
Block StageWorker<T>::forward_without_keeping(int m) {
  const Alternating between(plan_);
  Block scratch = memory_.take(between.bytes<T>(plan_.rows));
  Block output = memory_.take(bytes_of<T>(std::int64_t{plan_.rows} * plan_.outputs()));
  const Bytes held = scratch.bytes() + output.bytes();
  memory_.count(MemoryTag::workspace, held);
  Matrix<T> x = stash_.input(0, m);
  for (int l = 0; l < plan_.layer_count(); ++l) {
    const LayerShape& layer = plan_.layers[static_cast<std::size_t>(l)];
    const bool is_last = l + 1 == plan_.layer_count();
    const Matrix<T> y = is_last ? Matrix<T>{output.as<T>(), plan_.rows, layer.outputs}
                                : between.at<T>(scratch, l, plan_.rows, layer.outputs);
    linear_forward<T>(x, parameters_.layer(l), y);
    activate(layer.activation, y);
    x = y;
  }
  memory_.count(MemoryTag::workspace, -held);
  memory_.give_back(std::move(scratch));
  if (!plan_.is_last) return output;
  memory_.give_back(std::move(output));  // The loss waits for the re-computation.
  return {};
}

template <class T>
void StageWorker<T>::recompute(int m) {
  stash_.add_insides(m);
  keep_insides(m);
}

// The gradient of the stage's output: received, or the loss's.
template <class T>
Block StageWorker<T>::output_gradient(int m, Block received, const MiniBatch<T>& batch) {
  const Matrix<T> y = stash_.output(plan_.layer_count() - 1, m);
  if (!plan_.is_last) {
    if (!plan_.received_gradient) {
      memory_.count(MemoryTag::activation_gradient, received.bytes());
    }
    return received;
  }
  Block gradient =
      memory_.allocate(MemoryTag::activation_gradient, bytes_of<T>(static_cast<Bytes>(y.size())));
  const Matrix<const T> target = micro_batch(batch.targets, m, plan_.micro_batches);
  const double elements = static_cast<double>(batch.targets.size());
  squared_errors_[static_cast<std::size_t>(m)] = pipesim::squared_error<T>(y, target);
  squared_error_backward<T>(y, target, elements, {gradient.as<T>(), y.rows, y.columns});
  return gradient;
}

template <class T>
Block StageWorker<T>::backward(int m, Block received, const MiniBatch<T>& batch) {
  const int last = plan_.layer_count() - 1;
  Block gradient = output_gradient(m, std::move(received), batch);
  const std::int64_t inputs = plan_.is_first ? 0 : std::int64_t{plan_.rows} * plan_.inputs();
  Block sent = memory_.allocate(MemoryTag::activation_gradient, bytes_of<T>(inputs));
  const Alternating between(plan_);
  Block scratch = memory_.allocate(MemoryTag::workspace, between.bytes<T>(plan_.rows));

  Matrix<T> dy{gradient.as<T>(), plan_.rows, plan_.outputs()};
  for (int l = last; l >= 0; --l) {
    const LayerShape& layer = plan_.layers[static_cast<std::size_t>(l)];
    activation_backward<T>(layer.activation, stash_.output(l, m), dy, dy);
    if (l > 0 || !plan_.is_first) {
      const Matrix<T> dx = l > 0 ? between.at<T>(scratch, l, plan_.rows, layer.inputs)
                                 : Matrix<T>{sent.as<T>(), plan_.rows, layer.inputs};
      linear_backward_input<T>(dy, parameters_.layer(l).weight, dx);
      linear_backward_weight<T>(stash_.input(l, m), dy, 1, 1, gradients_.layer(l));
      dy = dx;
    } else {
      linear_backward_weight<T>(stash_.input(l, m), dy, 1, 1, gradients_.layer(l));
    }
  }
  memory_.release(MemoryTag::activation_gradient, std::move(gradient));
  memory_.count(MemoryTag::activation_gradient, -sent.bytes());
  memory_.release(MemoryTag::workspace, std::move(scratch));
  stash_.release(m);
  return sent;
}

// Like backward, but the gradients of the layers' outputs stay in the stash, for W.
template <class T>
Block StageWorker<T>::backward_input(int m, Block received, const MiniBatch<T>& batch) {
  const int last = plan_.layer_count() - 1;
  Block gradient = output_gradient(m, std::move(received), batch);
  const std::int64_t inputs = plan_.is_first ? 0 : std::int64_t{plan_.rows} * plan_.inputs();
  Block sent = memory_.allocate(MemoryTag::activation_gradient, bytes_of<T>(inputs));
  stash_.add_gradients(m);

  Matrix<T> dy{gradient.as<T>(), plan_.rows, plan_.outputs()};
  for (int l = last; l >= 0; --l) {
    const LayerShape& layer = plan_.layers[static_cast<std::size_t>(l)];
    const Matrix<T> dz = stash_.gradient(l, m);
    activation_backward<T>(layer.activation, stash_.output(l, m), dy, dz);
    if (l == 0 && plan_.is_first) break;
    dy = l > 0 ? stash_.gradient(l - 1, m) : Matrix<T>{sent.as<T>(), plan_.rows, layer.inputs};
    linear_backward_input<T>(dz, parameters_.layer(l).weight, dy);
  }
  memory_.release(MemoryTag::activation_gradient, std::move(gradient));
  memory_.count(MemoryTag::activation_gradient, -sent.bytes());
  return sent;
}

template <class T>
void StageWorker<T>::backward_weight(int m) {
  for (int l = plan_.layer_count() - 1; l >= 0; --l) {
    linear_backward_weight<T>(stash_.input(l, m), stash_.gradient(l, m), 1, 1, gradients_.layer(l));
  }
  stash_.release(m);
}

// One product a layer, over all samples. Plain descent goes straight into the weights, momentum
// into its velocity; the others need the gradient by itself, a layer at a time.
template <class T>
void StageWorker<T>::backward_weight_of_mini_batch() {
  stash_.require_mini_batch();
  const Optimizer kind = plan_.optimizer.kind;
  const bool needs_gradient = kind == Optimizer::adam || kind == Optimizer::rmsprop;
  std::int64_t widest = 0;
  for (const LayerShape& layer : plan_.layers) widest = std::max(widest, layer.parameters());
  Block scratch = memory_.allocate(MemoryTag::workspace, needs_gradient ? bytes_of<T>(widest) : 0);

  for (int l = plan_.layer_count() - 1; l >= 0; --l) {
    const Matrix<T> x = stash_.input_of_mini_batch(l);
    const Matrix<T> dy = stash_.gradient_of_mini_batch(l);
    if (update_ == Update::collect) {
      linear_backward_weight<T>(x, dy, 1, 0, gradients_.layer(l));
    } else if (kind == Optimizer::sgd) {
      const T rate = static_cast<T>(-plan_.optimizer.learning_rate);
      linear_backward_weight<T>(x, dy, rate, 1, parameters_.layer(l));
    } else if (kind == Optimizer::momentum) {
      const T momentum = static_cast<T>(plan_.optimizer.momentum);
      linear_backward_weight<T>(x, dy, 1, momentum, states_[0].layer(l));
      descend<T>(plan_.optimizer.learning_rate, parameters_.run(l), states_[0].run(l));
    } else {
      const LayerShape& layer = plan_.layers[static_cast<std::size_t>(l)];
      const Matrix<T> weight{scratch.as<T>(), layer.inputs, layer.outputs};
      const std::span<T> bias{weight.data + weight.size(), static_cast<std::size_t>(layer.outputs)};
      linear_backward_weight<T>(x, dy, 1, 0, {weight, bias});
      update<T>(plan_.optimizer, step_,
                {.weights = parameters_.run(l),
                 .gradient = {scratch.as<T>(), parameters_.run(l).size()},
                 .first = states_[0].run(l),
                 .second = states_.size() > 1 ? states_[1].run(l) : std::span<T>{}});
    }
  }
  memory_.release(MemoryTag::workspace, std::move(scratch));
  stash_.release_mini_batch();
}

template <class T>
Block StageWorker<T>::copy_of_gradient() {
  const std::span<const T> gradient = gradients_.all();
  Block copied = memory_.take(static_cast<Bytes>(gradient.size_bytes()));
  std::ranges::copy(gradient, copied.as<T>());
  return copied;
}

// Both copies of the stage add one to the other: their sums have the same bits.
template <class T>
void StageWorker<T>::add_gradient(Block received) {
  const std::span<T> gradient = gradients_.all();
  if (received.bytes() != static_cast<Bytes>(gradient.size_bytes())) {
    throw std::logic_error("the other copy's gradient is not held");
  }
  const T* const other = received.as<T>();
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += other[i];
  memory_.give_back(std::move(received));
}

template <class T>
void StageWorker<T>::update_weights() {
  if (update_ == Update::collect || plan_.deferred_weight_gradient) return;
  update<T>(plan_.optimizer, step_,
            {.weights = parameters_.all(),
             .gradient = gradients_.all(),
             .first = states_.empty() ? std::span<T>{} : states_[0].all(),
             .second = states_.size() > 1 ? states_[1].all() : std::span<T>{}});
}

template class StageWorker<float>;
template class StageWorker<double>;

}  // namespace pipesim
