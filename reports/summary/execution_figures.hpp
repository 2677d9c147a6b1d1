#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/execute/execute.hpp"

namespace pipesim {

/// A figure of a step, executed and predicted.
struct Compared {
  const char* key;        ///< In the JSON summary.
  std::string_view name;  ///< For people.
  double executed = 0;
  double predicted = 0;
  std::string executed_text{};
  std::string predicted_text{};

  /// (predicted - executed) / executed in percent; nothing where 0 was executed.
  std::optional<double> error_percent() const;
};

/// The peak of the device that holds most.
Bytes largest_peak(const Run& run);

/// Step time, pipeline time, bubble and peak memory of the fullest device: of the run beside those
/// of a prediction.
std::vector<Compared> compared_figures(const Run& executed, const Run& predicted);

}  // namespace pipesim
