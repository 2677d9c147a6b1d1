#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedules/core/bubble_formula.hpp"

namespace pipesim::cli {

/// The bubble of a schedule in one size: by its formula, as simulated, and perhaps as executed.
struct BubbleRow {
  std::string schedule{};
  PipelineShape shape{};
  Ratio formula{};
  Ratio simulated{};
  std::optional<double> executed{};

  /// simulated - formula as a fraction: 0 exactly when they agree.
  Int128 difference_numerator() const {
    return simulated.numerator * formula.denominator - formula.numerator * simulated.denominator;
  }
  double difference() const {
    return Ratio{difference_numerator(), simulated.denominator * formula.denominator}.value();
  }
  /// In fractions, as the formula; what stands in percentage points is 100 times that.
  double executed_difference() const { return executed.value() - formula.value(); }
  bool agrees() const { return difference_numerator() == 0; }
};

/// Simulates equal stages, F of one unit and B of two, with free transfers. Nothing where the
/// schedule can't have that shape, or no closed form covers it.
std::optional<BubbleRow> bubble_row(const std::string& schedule, PipelineShape shape);

/// What the closed form alone says about such stages; nothing in the same cases.
std::optional<Ratio> bubble_by_formula(const std::string& schedule, PipelineShape shape);

/// As a table shows it: schedule, stages, micro-batches, formula, simulated, difference; where it
/// was executed, that and its difference, too.
std::vector<std::string> cells_of(const BubbleRow& row);

}  // namespace pipesim::cli
