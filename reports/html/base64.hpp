#pragma once

#include <string>

#include "reports/text/output.hpp"

namespace pipesim {

/// Bytes as text (RFC 4648, 4): without line breaks, padded with `=`.
class Base64 {
 public:
  explicit Base64(Output& out) : out_(out) {}

  void add(std::string_view bytes);
  void finish();

 private:
  Output& out_;
  std::string rest_{};  ///< Up to two bytes that wait for a third.
};

}  // namespace pipesim
