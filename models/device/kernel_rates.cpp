#include "models/device/kernel_rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

// Between which two points of an axis a value lies, and how far along.
struct Place {
  std::size_t below = 0;
  std::size_t above = 0;
  double fraction = 0;
};

Place place_on(const std::vector<double>& axis, double value) {
  if (value <= axis.front()) return {};
  if (value >= axis.back()) return {.below = axis.size() - 1, .above = axis.size() - 1};
  const auto above =
      static_cast<std::size_t>(std::upper_bound(axis.begin(), axis.end(), value) - axis.begin());
  const double low = std::log(axis[above - 1]);
  const double high = std::log(axis[above]);
  return {.below = above - 1, .above = above, .fraction = (std::log(value) - low) / (high - low)};
}

std::vector<double> read_axis(const Field& field) {
  std::vector<double> axis;
  for (const Field& item : field.items()) {
    axis.push_back(item.number(1, 1e18));
    if (axis.size() > 1 && axis.back() <= axis[axis.size() - 2]) {
      throw item.error("must be above the entry before it", "an axis ascends");
    }
  }
  if (axis.empty()) throw field.error("must not be empty", "an axis has at least one point");
  return axis;
}

std::vector<Field> items_for(const Field& field, std::size_t count, std::string_view axis) {
  std::vector<Field> items = field.items();
  if (items.size() == count) return items;
  throw field.error(fmt::format("must have an entry for each of the {} points of {}", count, axis),
                    "a kernel's rates stand in lists by working_set, weights and rows");
}

std::vector<double> read_rates(const Field& field, const KernelRates& axes) {
  std::vector<double> rates;
  for (const Field& plane : items_for(field, axes.working_set.size(), "working_set")) {
    for (const Field& line : items_for(plane, axes.weights.size(), "weights")) {
      for (const Field& item : items_for(line, axes.rows.size(), "rows")) {
        rates.push_back(item.rate(Dimension::compute));
      }
    }
  }
  return rates;
}

}  // namespace

double KernelRates::rate(Kernel kernel, double at_rows, double at_weights,
                         double at_working_set) const {
  const std::vector<double>& table = rates[static_cast<std::size_t>(kernel)];
  const Place s = place_on(working_set, at_working_set);
  const Place w = place_on(weights, at_weights);
  const Place r = place_on(rows, at_rows);
  const auto value = [&](std::size_t i, std::size_t j, std::size_t k) {
    return std::log(table[(i * weights.size() + j) * rows.size() + k]);
  };
  const auto along_rows = [&](std::size_t i, std::size_t j) {
    return std::lerp(value(i, j, r.below), value(i, j, r.above), r.fraction);
  };
  const auto along_weights = [&](std::size_t i) {
    return std::lerp(along_rows(i, w.below), along_rows(i, w.above), w.fraction);
  };
  return std::exp(std::lerp(along_weights(s.below), along_weights(s.above), s.fraction));
}

KernelRates read_kernel_rates(const Field& field) {
  field.allow_keys(keys_of(Section::kernel_rates));
  constexpr const char* hint = "pipesim calibrate writes such an object";
  KernelRates rates{.rows = read_axis(field.at("rows", hint)),
                    .weights = read_axis(field.at("weights", hint)),
                    .working_set = read_axis(field.at("working_set", hint))};
  for (std::size_t k = 0; k < product_kernel_names.size(); ++k) {
    rates.rates[k] = read_rates(field.at(product_kernel_names[k], hint), rates);
  }
  return rates;
}

}  // namespace pipesim
