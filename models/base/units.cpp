#include "models/base/units.hpp"

#include "models/base/trimmed.hpp"

#include <charconv>
#include <cmath>
#include <span>

namespace pipesim {

namespace {

struct Unit {
  std::string_view name;
  double scale;  ///< Base units in one of these.
};

constexpr Unit time_units[] = {{"s", 1},      {"ms", 1e-3}, {"us", 1e-6},
                               {"µs", 1e-6},  {"μs", 1e-6}, {"ns", 1e-9},
                               {"ps", 1e-12}, {"min", 60},  {"h", 3600}};

constexpr double kib = 1024;
constexpr Unit byte_units[] = {{"B", 1},
                               {"bytes", 1},
                               {"byte", 1},
                               {"kB", 1e3},
                               {"KB", 1e3},
                               {"MB", 1e6},
                               {"GB", 1e9},
                               {"TB", 1e12},
                               {"PB", 1e15},
                               {"KiB", kib},
                               {"MiB", kib* kib},
                               {"GiB", kib* kib* kib},
                               {"TiB", kib* kib* kib* kib}};

constexpr Unit bandwidth_units[] = {{"B/s", 1},
                                    {"bytes/s", 1},
                                    {"kB/s", 1e3},
                                    {"KB/s", 1e3},
                                    {"MB/s", 1e6},
                                    {"GB/s", 1e9},
                                    {"TB/s", 1e12},
                                    {"KiB/s", kib},
                                    {"MiB/s", kib* kib},
                                    {"GiB/s", kib* kib* kib},
                                    {"TiB/s", kib* kib* kib* kib},
                                    {"bit/s", 1.0 / 8},
                                    {"kbit/s", 1e3 / 8},
                                    {"Mbit/s", 1e6 / 8},
                                    {"Gbit/s", 1e9 / 8},
                                    {"Tbit/s", 1e12 / 8},
                                    {"Mb/s", 1e6 / 8},
                                    {"Gb/s", 1e9 / 8},
                                    {"Tb/s", 1e12 / 8},
                                    {"Gbps", 1e9 / 8}};

constexpr Unit compute_units[] = {{"FLOP/s", 1},     {"kFLOP/s", 1e3},  {"MFLOP/s", 1e6},
                                  {"GFLOP/s", 1e9},  {"TFLOP/s", 1e12}, {"PFLOP/s", 1e15},
                                  {"EFLOP/s", 1e18}, {"MFLOPS", 1e6},   {"GFLOPS", 1e9},
                                  {"TFLOPS", 1e12},  {"PFLOPS", 1e15}};

std::span<const Unit> units_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::time:
      return time_units;
    case Dimension::bytes:
      return byte_units;
    case Dimension::bandwidth:
      return bandwidth_units;
    case Dimension::compute:
      return compute_units;
  }
  return {};
}

}  // namespace

Time to_time(double seconds) {
  const double ps = seconds * 1e12;
  if (!(ps < static_cast<double>(Time::limit().ps))) return Time::limit();
  return {std::llround(ps)};
}

std::string_view noun(Dimension dimension) {
  switch (dimension) {
    case Dimension::time:
      return "a time";
    case Dimension::bytes:
      return "a size in bytes";
    case Dimension::bandwidth:
      return "a bandwidth";
    case Dimension::compute:
      return "a compute rate";
  }
  return "";
}

std::string_view how_to_write(Dimension dimension) {
  switch (dimension) {
    case Dimension::time:
      return "a number of seconds, or a text such as \"1.5 ms\" (s, ms, us, ns, ps, min, h)";
    case Dimension::bytes:
      return "a number of bytes, or a text such as \"16 GiB\" (B, kB, MB, GB, TB, KiB, MiB, GiB, "
             "TiB)";
    case Dimension::bandwidth:
      return "a number of bytes/s, or a text such as \"25 GB/s\" (B/s to TB/s, KiB/s to TiB/s, "
             "Mbit/s to Tbit/s)";
    case Dimension::compute:
      return "a number of FLOP/s, or a text such as \"312 TFLOP/s\" (MFLOP/s to EFLOP/s)";
  }
  return "";
}

std::vector<std::string_view> unit_names(Dimension dimension) {
  std::vector<std::string_view> names;
  for (const Unit& unit : units_of(dimension)) names.push_back(unit.name);
  return names;
}

std::optional<double> parse_quantity(std::string_view text, Dimension dimension) {
  text = trimmed(text);
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;

  const std::string_view unit = trimmed(text.substr(static_cast<std::size_t>(rest - text.data())));
  for (const Unit& known : units_of(dimension)) {
    if (unit == known.name) return number * known.scale;
  }
  return std::nullopt;
}

}  // namespace pipesim
