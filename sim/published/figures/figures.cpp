#include "sim/published/figures/figures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pipesim::published {

namespace {

// Ascending, of the rows that count.
std::vector<double> error_sizes(const std::vector<Row>& rows) {
  std::vector<double> sizes;
  for (const Row& row : rows) {
    if (row.counts) sizes.push_back(std::abs(relative_error(row)));
  }
  std::ranges::sort(sizes);
  return sizes;
}

Verdict verdict_on(const Tolerance& tolerance, const std::vector<Row>& rows) {
  const auto outside = [&](const auto& is_inside) {
    return static_cast<double>(
        std::ranges::count_if(rows, [&](const Row& row) { return row.counts && !is_inside(row); }));
  };
  const auto below_limit = [&](double found) {
    return Verdict{.tolerance = tolerance, .found = found, .holds = found <= tolerance.limit};
  };
  switch (tolerance.kind) {
    case Tolerance::Kind::worst:
      return below_limit(worst_error(rows));
    case Tolerance::Kind::mean:
      return below_limit(mean_error(rows));
    case Tolerance::Kind::median:
      return below_limit(median_error(rows));
    case Tolerance::Kind::most_rows: {
      const double found =
          outside([&](const Row& row) { return std::abs(relative_error(row)) <= tolerance.limit; });
      return {.tolerance = tolerance, .found = found, .holds = found <= tolerance.outliers};
    }
    case Tolerance::Kind::exact:
      break;
  }
  const double found = outside(agrees);
  return {.tolerance = tolerance, .found = found, .holds = found == 0};
}

}  // namespace

double relative_error(const Row& row) {
  if (row.is_text()) return row.published_text == row.predicted_text ? 0 : 1;
  if (!std::isfinite(row.predicted)) return std::numeric_limits<double>::infinity();
  return row.predicted / row.published - 1;
}

bool agrees(const Row& row) {
  if (row.is_text()) return row.published_text == row.predicted_text;
  return std::abs(row.predicted - row.published) <= row.rounding;  // Not so of a NaN.
}

double mean_error(const std::vector<Row>& rows) {
  const std::vector<double> sizes = error_sizes(rows);
  if (sizes.empty()) return 0;
  return std::accumulate(sizes.begin(), sizes.end(), 0.0) / static_cast<double>(sizes.size());
}

double median_error(const std::vector<Row>& rows) {
  const std::vector<double> sizes = error_sizes(rows);
  if (sizes.empty()) return 0;
  return (sizes[(sizes.size() - 1) / 2] + sizes[sizes.size() / 2]) / 2;
}

double worst_error(const std::vector<Row>& rows) {
  const std::vector<double> sizes = error_sizes(rows);
  return sizes.empty() ? 0 : sizes.back();
}

std::vector<Verdict> verdicts(const Comparison& comparison) {
  std::vector<Verdict> all;
  if (std::ranges::none_of(comparison.rows, &Row::counts)) return all;
  for (const Tolerance& tolerance : comparison.tolerances) {
    all.push_back(verdict_on(tolerance, comparison.rows));
  }
  return all;
}

bool holds(const Comparison& comparison) {
  return std::ranges::all_of(verdicts(comparison), &Verdict::holds);
}

std::string_view name_of(Tolerance::Kind kind) {
  switch (kind) {
    case Tolerance::Kind::exact:
      return "exact";
    case Tolerance::Kind::worst:
      return "worst";
    case Tolerance::Kind::mean:
      return "mean";
    case Tolerance::Kind::median:
      return "median";
    case Tolerance::Kind::most_rows:
      break;
  }
  return "most rows";
}

}  // namespace pipesim::published
