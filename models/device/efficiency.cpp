#include "models/device/efficiency.hpp"

#include <utility>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

constexpr std::pair<std::string_view, KernelEfficiency DeviceEfficiency::*> kinds[] = {
    {"product", &DeviceEfficiency::product},
    {"grouped_product", &DeviceEfficiency::grouped_product},
    {"attention", &DeviceEfficiency::attention},
    {"fused_attention", &DeviceEfficiency::fused_attention},
    {"fused_attention_gradient", &DeviceEfficiency::fused_attention_gradient},
    {"elementwise", &DeviceEfficiency::elementwise},
};

KernelEfficiency read_kernel_efficiency(const Field& field) {
  constexpr double least = 1e-6;
  constexpr double most = 1e3;
  field.allow_keys(keys_of(Section::kernel_efficiency));
  KernelEfficiency efficiency;
  if (const auto compute = field.find("compute")) efficiency.compute = compute->number(least, most);
  if (const auto memory = field.find("memory")) efficiency.memory = memory->number(least, most);
  if (const auto time = field.find("overhead")) efficiency.overhead = seconds(time->time());
  return efficiency;
}

}  // namespace

const KernelEfficiency& DeviceEfficiency::of(Kernel kernel) const {
  switch (kernel) {
    case Kernel::forward:
    case Kernel::input_gradient:
    case Kernel::weight_gradient:
      return product;
    case Kernel::grouped_product:
      return grouped_product;
    case Kernel::attention:
      return attention;
    case Kernel::fused_attention:
      return fused_attention;
    case Kernel::fused_attention_gradient:
      return fused_attention_gradient;
    case Kernel::latent_attention:
      return latent_attention ? *latent_attention : fused_attention;
    case Kernel::latent_attention_gradient:
      return latent_attention_gradient ? *latent_attention_gradient : fused_attention_gradient;
    case Kernel::other:
    case Kernel::collective:
      break;
  }
  return elementwise;
}

DeviceEfficiency read_efficiency(const Field& field) {
  field.allow_keys(keys_of(Section::efficiency));
  DeviceEfficiency efficiency;
  for (const auto& [name, kind] : kinds) {
    if (const auto given = field.find(name)) efficiency.*kind = read_kernel_efficiency(*given);
  }
  if (const auto given = field.find("latent_attention")) {
    efficiency.latent_attention = read_kernel_efficiency(*given);
  }
  if (const auto given = field.find("latent_attention_gradient")) {
    efficiency.latent_attention_gradient = read_kernel_efficiency(*given);
  }
  if (const auto hidden = field.find("hidden_communication")) {
    efficiency.hidden_communication = hidden->number(0, 1);
  }
  return efficiency;
}

}  // namespace pipesim
