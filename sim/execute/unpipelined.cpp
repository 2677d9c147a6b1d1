#include "sim/execute/unpipelined.hpp"

#include <algorithm>

#include "sim/kernels/activation.hpp"
#include "sim/kernels/loss.hpp"

namespace pipesim {

namespace {

// A tensor for every sample of the mini-batch.
template <class T>
struct Tensor {
  Block block{};
  Matrix<T> all{};

  Tensor(int rows, int columns)
      : block(Bytes{rows} * columns * static_cast<Bytes>(sizeof(T))),
        all{block.as<T>(), rows, columns} {}
};

template <class T>
class Pass {
 public:
  Pass(const std::vector<LayerShape>& layers, const std::vector<LinearParameters<T>>& parameters,
       const MiniBatch<T>& batch, const Passes& passes)
      : layers_(layers),
        parameters_(parameters),
        batch_(batch),
        count_(passes.count),
        rows_at_a_time_(passes.rows_at_a_time) {
    for (const LayerShape& layer : layers) {
      outputs_.emplace_back(batch.inputs.rows, layer.outputs);
      gradients_.emplace_back(batch.inputs.rows, layer.outputs);
    }
  }

  void run(int pass) {
    const std::size_t last = layers_.size() - 1;
    for (std::size_t l = 0; l <= last; ++l) {
      const Matrix<T> y = part(outputs_[l].all, pass);
      const Matrix<const T> x = part(input(l), pass);
      in_blocks(y.rows, [&](int first, int rows) {
        linear_forward<T>(x.slice(first, rows), parameters_[l], y.slice(first, rows));
      });
      activate(layers_[l].activation, y);
    }
    squared_error_backward<T>(part(outputs_[last].all, pass), part(batch_.targets, pass),
                              static_cast<double>(batch_.targets.size()),
                              part(gradients_[last].all, pass));
    for (std::size_t l = last;; --l) {
      const Matrix<T> dz = part(gradients_[l].all, pass);
      activation_backward<T>(layers_[l].activation, part(outputs_[l].all, pass), dz, dz);
      if (l == 0) break;
      const Matrix<T> dx = part(gradients_[l - 1].all, pass);
      in_blocks(dz.rows, [&](int first, int rows) {
        linear_backward_input<T>(dz.slice(first, rows), parameters_[l].weight,
                                 dx.slice(first, rows));
      });
    }
  }

  void add_weight_gradient(std::size_t l, int pass, const LinearParameters<T>& target) const {
    linear_backward_weight<T>(part(input(l), pass), part(gradients_[l].all, pass), 1, 1, target);
  }
  void set_weight_gradient(std::size_t l, const LinearParameters<T>& target) const {
    linear_backward_weight<T>(input(l), gradients_[l].all, 1, 0, target);
  }

 private:
  const std::vector<LayerShape>& layers_;
  const std::vector<LinearParameters<T>>& parameters_;
  const MiniBatch<T>& batch_;
  int count_;
  int rows_at_a_time_;
  std::vector<Tensor<T>> outputs_{};
  std::vector<Tensor<T>> gradients_{};

  template <class Run>
  void in_blocks(int rows, Run&& run) const {
    const int block = rows_at_a_time_ > 0 ? rows_at_a_time_ : rows;
    for (int first = 0; first < rows; first += block) run(first, std::min(block, rows - first));
  }

  template <class U>
  Matrix<U> part(Matrix<U> whole, int pass) const {
    return micro_batch(whole, pass, count_);
  }
  Matrix<const T> input(std::size_t l) const {
    return l == 0 ? batch_.inputs : Matrix<const T>(outputs_[l - 1].all);
  }
};

template <class T>
StageParameters<T> zeros_for(const std::vector<LayerShape>& layers) {
  const StagePlan plan{.layers = layers};
  StageParameters<T> zeros(plan, Block(plan.parameters() * static_cast<Bytes>(sizeof(T))));
  std::ranges::fill(zeros.all(), T{});
  return zeros;
}

template <class T>
void add(std::span<const T> values, std::span<T> total) {
  for (std::size_t i = 0; i < total.size(); ++i) total[i] += values[i];
}

}  // namespace

template <class T>
StageParameters<T> gradient_without_pipeline(const std::vector<LayerShape>& layers,
                                             const std::vector<LinearParameters<T>>& parameters,
                                             const MiniBatch<T>& batch, const Passes& passes) {
  StageParameters<T> gradient = zeros_for<T>(layers);
  Pass<T> pass(layers, parameters, batch, passes);
  for (int p = 0; p < passes.count; ++p) pass.run(p);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LinearParameters<T> target = gradient.layer(static_cast<int>(l));
    if (passes.order.empty()) {
      pass.set_weight_gradient(l, target);
      continue;
    }
    const std::vector<std::vector<int>>& groups = passes.order[l];
    for (const int p : groups.front()) pass.add_weight_gradient(l, p, target);
    for (std::size_t g = 1; g < groups.size(); ++g) {
      const StageParameters<T> sum = zeros_for<T>({layers[l]});
      for (const int p : groups[g]) pass.add_weight_gradient(l, p, sum.layer(0));
      add<T>(sum.all(), gradient.run(static_cast<int>(l)));
    }
  }
  return gradient;
}

template StageParameters<float> gradient_without_pipeline(
    const std::vector<LayerShape>&, const std::vector<LinearParameters<float>>&,
    const MiniBatch<float>&, const Passes&);
template StageParameters<double> gradient_without_pipeline(
    const std::vector<LayerShape>&, const std::vector<LinearParameters<double>>&,
    const MiniBatch<double>&, const Passes&);

}  // namespace pipesim
