#include "models/network/convolutional_layer.hpp"

#include <utility>

namespace pipesim {

void ConvolutionalLayer::move(std::vector<Operator>& operators, double elements) {
  operators.push_back({.bytes = elements * element_});
}

void ConvolutionalLayer::product(double multiply_adds, double elements, double weights) {
  Operator op{.flops = 2 * multiply_adds,
              .bytes = elements * element_,
              .fixed_bytes = weights * element_,
              .kernel = Kernel::forward,
              .weights = weights};
  layer_.forward.push_back(op);
  op.kernel = Kernel::input_gradient;
  if (computes_input_gradient_) layer_.backward_input.push_back(op);
  kept_for_weights_ += elements * element_;
  op.kernel = Kernel::weight_gradient;
  op.fixed_bytes = 2 * weights * element_;  // the gradient so far, read and written
  layer_.backward_weight.push_back(op);
  parameters_ += weights;
}

// Backward reads the gradient and the output, and writes a gradient.
FeatureMaps ConvolutionalLayer::relu(FeatureMaps in) {
  move(layer_.forward, 2 * in.elements());
  if (computes_input_gradient_) move(layer_.backward_input, 3 * in.elements());
  keep(in);
  return in;
}

FeatureMaps ConvolutionalLayer::convolution(FeatureMaps in, int channels, int kernel_area,
                                            int stride) {
  const FeatureMaps out{.channels = channels, .side = in.side / stride};
  const double weights = static_cast<double>(in.channels) * channels * kernel_area;
  product(weights * out.side * out.side, in.elements() + out.elements(), weights);
  return out;
}

// Forward reads its input for the statistics, then once more to write the output. Backward reads
// input and gradient for two sums, and both once more to write a gradient.
FeatureMaps ConvolutionalLayer::batch_norm(FeatureMaps in) {
  move(layer_.forward, 3 * in.elements());
  move(layer_.backward_input, 5 * in.elements());
  parameters_ += 2.0 * in.channels;
  keep(in);
  return in;
}

FeatureMaps ConvolutionalLayer::average_pool(FeatureMaps in, int stride) {
  const FeatureMaps out{.channels = in.channels, .side = in.side / stride};
  move(layer_.forward, in.elements() + out.elements());
  move(layer_.backward_input, in.elements() + out.elements());
  return out;
}

FeatureMaps ConvolutionalLayer::max_pool(FeatureMaps in, int stride) {
  const FeatureMaps out{.channels = in.channels, .side = in.side / stride};
  const double index_bytes = 8 * out.elements();
  const double bytes = (in.elements() + out.elements()) * element_ + index_bytes;
  layer_.forward.push_back({.bytes = bytes});
  layer_.backward_input.push_back({.bytes = bytes});
  kept_ += index_bytes;
  return out;
}

FeatureMaps ConvolutionalLayer::pad(FeatureMaps in) {
  move(layer_.forward, 2 * in.elements());
  move(layer_.backward_input, 2 * in.elements());
  keep(in);
  return in;
}

FeatureMaps ConvolutionalLayer::add(FeatureMaps in) {
  move(layer_.forward, 3 * in.elements());  // both get the gradient as it is
  return in;
}

FeatureMaps ConvolutionalLayer::concatenate(FeatureMaps out) {
  move(layer_.forward, 2 * out.elements());
  move(layer_.backward_input, 2 * out.elements());
  return out;
}

void ConvolutionalLayer::linear(int inputs, int outputs) {
  const double weights = static_cast<double>(inputs) * outputs;
  product(weights, static_cast<double>(inputs) + outputs, weights);
  parameters_ += outputs;
  keep({.channels = inputs, .side = 1});
}

void ConvolutionalLayer::average_all(FeatureMaps in) {
  move(layer_.forward, in.elements() + in.channels);
  move(layer_.backward_input, in.elements() + in.channels);
}

void ConvolutionalLayer::sum_gradients(FeatureMaps maps, int uses) {
  for (int use = 1; use < uses; ++use) move(layer_.backward_input, 3 * maps.elements());
}

Layer ConvolutionalLayer::finish(std::string name, double output_elements) {
  layer_.name = std::move(name);
  layer_.parameters = parameters_;
  layer_.parameter_bytes = static_cast<Bytes>(parameters_ * element_);
  layer_.stash_bytes = static_cast<Bytes>(kept_);
  layer_.weight_stash_bytes = static_cast<Bytes>(kept_for_weights_);
  layer_.output_bytes = static_cast<Bytes>(output_elements * element_);
  return std::move(layer_);
}

}  // namespace pipesim
