#pragma once

#include <array>
#include <string_view>

#include "models/base/units.hpp"

namespace pipesim {

/// The number format of weights, activations and gradients.
enum class Precision { fp64, fp32, fp16, bf16 };

inline constexpr std::array<std::string_view, 4> precision_names = {"fp64", "fp32", "fp16", "bf16"};

constexpr Bytes bytes_per_element(Precision precision) {
  return precision == Precision::fp64 ? 8 : precision == Precision::fp32 ? 4 : 2;
}

}  // namespace pipesim
