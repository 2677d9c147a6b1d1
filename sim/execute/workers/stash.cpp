#include "sim/execute/workers/stash.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace pipesim {

template <class T>
Stash<T>::Stash(const StagePlan& plan, DeviceAllocator& memory)
    : plan_(plan), memory_(memory), kept_(static_cast<std::size_t>(plan.micro_batches)) {
  outputs_before_.push_back(0);
  for (const LayerShape& layer : plan.layers) {
    outputs_before_.push_back(outputs_before_.back() + layer.outputs);
  }
  if (plan.deferred_weight_gradient) {
    const std::int64_t values = plan.inputs() + all_outputs() + plan.interior();
    mini_batch_ = memory_.take(bytes(values) * plan.micro_batches);
  }
}

template <class T>
Bytes Stash<T>::bytes(std::int64_t values_a_sample) const {
  return values_a_sample * plan_.rows * static_cast<Bytes>(sizeof(T));
}

// The bytes of a stage's input that its receive has counted already.
template <class T>
Bytes Stash<T>::counted_input() const {
  return plan_.received_input ? bytes(plan_.inputs()) : 0;
}

template <class T>
typename Stash<T>::Kept& Stash<T>::at(int m) {
  return kept_.at(static_cast<std::size_t>(m));
}

template <class T>
typename Stash<T>::Kept& Stash<T>::with_insides(int m) {
  Kept& kept = at(m);
  if (kept.interior) return kept;
  throw std::logic_error(fmt::format("the activations of micro-batch {} are not held", m));
}

template <class T>
typename Stash<T>::Kept& Stash<T>::with_gradients(int m) {
  Kept& kept = with_insides(m);
  if (kept.gradients) return kept;
  throw std::logic_error(fmt::format("the gradients of micro-batch {} are not held", m));
}

template <class T>
void Stash<T>::keep_input(int m) {
  Kept& kept = at(m);
  if (kept.input) throw std::logic_error(fmt::format("micro-batch {} is held already", m));
  const Bytes size = bytes(plan_.inputs());
  if (!mini_batch_) kept.with_input = memory_.take(size);
  memory_.count(MemoryTag::stash, size - counted_input());
  kept.input = true;
}

template <class T>
void Stash<T>::keep_all(int m) {
  Kept& kept = at(m);
  if (kept.input) throw std::logic_error(fmt::format("micro-batch {} is held already", m));
  const Bytes size = bytes(plan_.inputs() + all_outputs());
  if (!mini_batch_) kept.with_input = memory_.take(size);
  memory_.count(MemoryTag::stash, size - counted_input());
  kept.input = kept.interior = true;
}

template <class T>
void Stash<T>::add_insides(int m) {
  Kept& kept = at(m);
  if (!kept.input)
    throw std::logic_error(fmt::format("the input of micro-batch {} is not held", m));
  if (kept.interior) throw std::logic_error(fmt::format("micro-batch {} is held already", m));
  kept.again = memory_.allocate(MemoryTag::stash, bytes(all_outputs()));
  kept.interior = true;
}

template <class T>
void Stash<T>::add_gradients(int m) {
  Kept& kept = with_insides(m);
  if (kept.gradients) {
    throw std::logic_error(fmt::format("the gradients of micro-batch {} are held already", m));
  }
  const Bytes size = bytes(plan_.interior());
  if (!mini_batch_) kept.between = memory_.take(size);
  memory_.count(MemoryTag::stash, size);
  kept.gradients = true;
}

template <class T>
void Stash<T>::release(int m) {
  Kept& kept = with_insides(m);
  memory_.count(MemoryTag::stash,
                -(kept.with_input.bytes() + kept.again.bytes() + kept.between.bytes()));
  release(kept);
}

template <class T>
void Stash<T>::require_mini_batch() {
  for (int m = 0; m < plan_.micro_batches; ++m) with_gradients(m);
}

template <class T>
void Stash<T>::release_mini_batch() {
  for (int m = 0; m < plan_.micro_batches; ++m) release(with_gradients(m));
  const std::int64_t values = plan_.inputs() + all_outputs() + plan_.interior();
  memory_.count(MemoryTag::stash, -bytes(values) * plan_.micro_batches);
}

template <class T>
void Stash<T>::release(Kept& kept) {
  for (Block* block : {&kept.with_input, &kept.again, &kept.between}) {
    memory_.give_back(std::move(*block));
  }
  kept = {};
}

template <class T>
Matrix<T> Stash<T>::part(const Block& block, std::int64_t values_before, int columns) const {
  return {
      .data = block.as<T>() + values_before * plan_.rows, .rows = plan_.rows, .columns = columns};
}

template <class T>
Matrix<T> Stash<T>::part_of_mini_batch(std::int64_t values_before, int columns) const {
  const int samples = plan_.rows * plan_.micro_batches;
  return {
      .data = mini_batch_.as<T>() + values_before * samples, .rows = samples, .columns = columns};
}

template <class T>
Matrix<T> Stash<T>::input(int layer, int m) {
  if (layer > 0) return output(layer - 1, m);
  if (!at(m).input) {
    throw std::logic_error(fmt::format("the input of micro-batch {} is not held", m));
  }
  if (mini_batch_) return micro_batch(input_of_mini_batch(0), m, plan_.micro_batches);
  return part(at(m).with_input, 0, plan_.inputs());
}

template <class T>
Matrix<T> Stash<T>::output(int layer, int m) {
  const Kept& kept = with_insides(m);
  const std::int64_t before = outputs_before_[static_cast<std::size_t>(layer)];
  const int columns = plan_.layers[static_cast<std::size_t>(layer)].outputs;
  if (mini_batch_) {
    return micro_batch(part_of_mini_batch(plan_.inputs() + before, columns), m,
                       plan_.micro_batches);
  }
  return kept.again ? part(kept.again, before, columns)
                    : part(kept.with_input, plan_.inputs() + before, columns);
}

template <class T>
Matrix<T> Stash<T>::gradient(int layer, int m) {
  const Kept& kept = with_gradients(m);
  if (layer + 1 == plan_.layer_count()) return output(layer, m);
  if (mini_batch_) return micro_batch(gradient_of_mini_batch(layer), m, plan_.micro_batches);
  return part(kept.between, outputs_before_[static_cast<std::size_t>(layer)],
              plan_.layers[static_cast<std::size_t>(layer)].outputs);
}

template <class T>
Matrix<T> Stash<T>::input_of_mini_batch(int layer) {
  if (layer == 0) return part_of_mini_batch(0, plan_.inputs());
  const auto l = static_cast<std::size_t>(layer - 1);
  return part_of_mini_batch(plan_.inputs() + outputs_before_[l], plan_.layers[l].outputs);
}

template <class T>
Matrix<T> Stash<T>::gradient_of_mini_batch(int layer) {
  const auto l = static_cast<std::size_t>(layer);
  const std::int64_t outputs = plan_.inputs() + outputs_before_[l];
  const bool is_last = layer + 1 == plan_.layer_count();
  const std::int64_t before =
      is_last ? outputs : plan_.inputs() + all_outputs() + outputs_before_[l];
  return part_of_mini_batch(before, plan_.layers[l].outputs);
}

template class Stash<float>;
template class Stash<double>;

}  // namespace pipesim
