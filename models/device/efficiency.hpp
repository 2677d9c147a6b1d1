#pragma once

#include "models/base/json_field.hpp"
#include "models/device/kernel_rates.hpp"

namespace pipesim {

/// How near a kind of kernel gets to the data sheet: it takes
///   flops / (peak · compute) + bytes / (bandwidth · memory) + overhead
/// seconds. A sum, not the larger of the two as in a roofline: measured products of matrices lie
/// on the sum, since tiles at the edges, the first loads and the last stores overlap with nothing.
struct KernelEfficiency {
  double compute = 1;  ///< Of the peak rate.
  double memory = 1;   ///< Of the memory bandwidth; above 1 where a cache serves some of the bytes.
  double overhead = 0;  ///< Seconds.

  bool operator==(const KernelEfficiency&) const = default;
};

/// One set of curves for all sizes of all models on a device. Each is fitted on a table that is
/// named where it stands.
struct DeviceEfficiency {
  KernelEfficiency product{};          ///< Of a linear layer: forward and both gradients.
  KernelEfficiency grouped_product{};  ///< Of many experts, in one kernel.
  KernelEfficiency attention{};        ///< Batched products of queries, keys and values.
  KernelEfficiency fused_attention{};
  KernelEfficiency fused_attention_gradient{};
  /// Of queries and keys wider than the values; absent: as other fused attention.
  std::optional<KernelEfficiency> latent_attention{};
  std::optional<KernelEfficiency> latent_attention_gradient{};
  KernelEfficiency elementwise{};  ///< Everything that is bound by memory: only bytes count.
  /// What of a collective is hidden by the product of weights that runs beside it.
  double hidden_communication = 0;

  const KernelEfficiency& of(Kernel kernel) const;
  bool operator==(const DeviceEfficiency&) const = default;
};

/// An object with any of product, grouped_product, attention, fused_attention,
/// fused_attention_gradient, elementwise, each {compute, memory, overhead}; hidden_communication.
DeviceEfficiency read_efficiency(const Field& field);

}  // namespace pipesim
