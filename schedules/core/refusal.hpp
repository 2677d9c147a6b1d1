#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Why a schedule can't be made for a shape.
struct Refusal {
  std::string_view key{};  ///< What has to change, of the config's `pipeline`: "micro_batches", …
  std::string problem{};   ///< "must be even", without the value.
  std::string hint{};      ///< What would be right.

  bool operator==(const Refusal&) const = default;
};

/// For schedules that hold a fixed number of stages on each device.
std::optional<Refusal> virtual_stages_refusal(const PipelineShape& shape, int needed);

/// For schedules whose two directions meet in the middle.
std::optional<Refusal> odd_stages_refusal(const PipelineShape& shape);

}  // namespace pipesim
