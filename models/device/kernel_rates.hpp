#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"

namespace pipesim {

/// What a layer's operators are, as far as their times differ: the three products of a linear layer
/// first.
enum class Kernel {
  forward,
  input_gradient,
  weight_gradient,
  other,            ///< Bound by memory: element by element, normalisation, softmax, pooling.
  grouped_product,  ///< Products of many experts in one kernel.
  attention,        ///< Batched products of queries, keys and values.
  fused_attention,  ///< All of a forward's attention in one kernel.
  fused_attention_gradient,
  latent_attention,  ///< The same, of queries and keys wider than the values.
  latent_attention_gradient,
  collective,  ///< Among the devices that share a layer.
};
inline constexpr int product_kernels = 3;
inline constexpr std::array<std::string_view, product_kernels> product_kernel_names = {
    "forward", "input_gradient", "weight_gradient"};

/// How fast a device really computes a linear layer's products, in FLOP/s: measured over the number
/// of rows (samples), the layer's weights, and the bytes of weights that are in use in turn with
/// it, which decide what a cache still holds. Axes ascend.
struct KernelRates {
  std::vector<double> rows{};
  std::vector<double> weights{};      ///< inputs × outputs
  std::vector<double> working_set{};  ///< Bytes.
  /// Of each product: the rate at [working set][weights][rows], row-major.
  std::array<std::vector<double>, product_kernels> rates{};

  bool operator==(const KernelRates&) const = default;
  bool empty() const { return rows.empty(); }
  /// Linear between neighbouring points in the logarithms of everything, constant beyond the ends.
  double rate(Kernel kernel, double rows, double weights, double working_set) const;
};

/// An object with the axes and the three kernels, each a list of lists of lists.
KernelRates read_kernel_rates(const Field& field);

}  // namespace pipesim
