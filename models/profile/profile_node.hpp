#pragma once

#include <string>
#include <string_view>

#include "models/base/input_error.hpp"
#include "models/base/units.hpp"

namespace pipesim {

/// A node of a profiled graph, a layer in most cases. Its figures are of the whole batch that was
/// measured.
struct ProfileNode {
  std::string name{};         ///< "node12"
  std::string description{};  ///< "Conv2d(64, 128, kernel_size=(3, 3))"
  Time forward{};
  Time backward{};
  Bytes activation_bytes = 0;  ///< What it hands on.
  Bytes parameter_bytes = 0;

  bool operator==(const ProfileNode&) const = default;
};

/// A line of a file, and where it stands.
struct ProfileLine {
  const std::string& file;
  int number = 1;
  std::string_view text{};
};

/// "FILE:LINE: problem, got TEXT", the text cut short.
InputError error_in(const ProfileLine& line, std::string_view problem, std::string_view got,
                    std::string_view hint);

/// Reads "node12 -- Linear(…) -- forward_compute_time=1.5, backward_compute_time=3.0,
/// activation_size=2048.0, parameter_size=4096.0", milliseconds and bytes; a list of activations
/// "[512.0; 512.0]" counts as their sum. " -- stage_id=2", which PipeDream's optimizer adds, must
/// be well-formed and is dropped. Throws InputError: anything else.
ProfileNode read_profile_node(const ProfileLine& line);

}  // namespace pipesim
