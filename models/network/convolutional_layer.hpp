#pragma once

#include <string>

#include "models/network/network.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

/// One sample's feature maps: channels × side × side.
struct FeatureMaps {
  int channels = 0;
  int side = 0;

  double elements() const { return static_cast<double>(channels) * side * side; }
};

/// A layer of a convolutional network, put together operation by operation as PyTorch runs it, one
/// kernel after the other. Each call adds what that operation computes and moves in the forward and
/// in the two backwards, and what autograd keeps for them; it returns what comes out.
///
/// A convolution counts two FLOPs a multiply-add, in each of its three products, and moves both
/// maps and the weights; the weight gradient is added to the one accumulated so far. What is no
/// product counts its bytes alone: every tensor it reads or writes, as often as it does.
class ConvolutionalLayer {
 public:
  /// `computes_input_gradient`: not so where the layer's input is the sample itself.
  explicit ConvolutionalLayer(Precision precision, bool computes_input_gradient = true)
      : element_(static_cast<double>(bytes_per_element(precision))),
        computes_input_gradient_(computes_input_gradient) {}

  /// Keeps its output, which is also what a convolution behind it would keep.
  FeatureMaps relu(FeatureMaps in);
  /// Without a bias. `kernel_area`: the weights from one channel to another, 7 of a 1×7 kernel.
  /// Its input is a relu's and kept there.
  FeatureMaps convolution(FeatureMaps in, int channels, int kernel_area, int stride = 1);
  /// With scale and shift. Keeps its input.
  FeatureMaps batch_norm(FeatureMaps in);
  /// 3×3, padded. Its input is to be kept, once however often it is pooled.
  FeatureMaps average_pool(FeatureMaps in, int stride);
  /// 2×2. Keeps an 8-byte index for each output; and its input as above.
  FeatureMaps max_pool(FeatureMaps in, int stride);
  /// Pads on one side what is one column and one row short, and keeps that.
  FeatureMaps pad(FeatureMaps in);
  /// Sum of two maps alike.
  FeatureMaps add(FeatureMaps in);
  /// Copies what its inputs hold into one tensor, and the gradient back.
  FeatureMaps concatenate(FeatureMaps out);
  /// A matrix product with a bias. Keeps its input.
  void linear(int inputs, int outputs);
  /// Global average: one number a channel. Its input is to be kept.
  void average_all(FeatureMaps in);

  /// A tensor stays for the backward.
  void keep(FeatureMaps maps) { kept_ += maps.elements() * element_; }
  /// A tensor with that many uses gets as many gradients, which are summed up one by one.
  void sum_gradients(FeatureMaps maps, int uses);

  /// The layer, and how many elements of a sample it hands on.
  Layer finish(std::string name, double output_elements);

 private:
  double element_;  ///< Bytes.
  bool computes_input_gradient_;
  Layer layer_{};
  double parameters_ = 0;
  double kept_ = 0;              ///< Bytes.
  double kept_for_weights_ = 0;  ///< Bytes that W reads.

  void move(std::vector<Operator>& operators, double elements);
  void product(double multiply_adds, double elements, double weights);
};

}  // namespace pipesim
