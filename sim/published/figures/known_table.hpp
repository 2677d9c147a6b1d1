#pragma once

#include <string_view>
#include <vector>

#include "sim/published/figures/data_files.hpp"
#include "sim/published/figures/figures.hpp"
#include "sim/published/figures/measured_steps.hpp"

namespace pipesim::published {

/// A table of published figures that can be predicted.
struct KnownTable {
  std::string_view id{};
  Comparison (*compare)(const DataFiles& data) = nullptr;
  /// Of a table of times: the steps behind its rows, for ablations; absent: it has none.
  std::vector<MeasuredStep> (*steps)(const DataFiles& data) = nullptr;
};

}  // namespace pipesim::published
