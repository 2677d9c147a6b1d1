#include "sim/execute/calibrate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "models/cost/cost_model.hpp"
#include "reports/formats/device_json.hpp"
#include "support/experiments.hpp"
#include "support/written.hpp"

namespace pipesim {

namespace {

const CalibrateOptions small{.busy = 2,
                             .precisions = {Precision::fp32, Precision::fp64},
                             .rows = {1, 8},
                             .widths = {16, 48},
                             .working_sets = {1 << 12, 1 << 15}};

Device calibrate_quietly() {
  return calibrate(small, [](double) {});
}

}  // namespace

TEST_SUITE("sim/execute/calibrate") {
  TEST_CASE("a calibrated device has a rate for every point of the axes, in each precision") {
    std::vector<double> progress;
    const Device device = calibrate(small, [&](double done) { progress.push_back(done); });
    for (const Precision precision : small.precisions) {
      const KernelRates& rates = device.kernel_rates[static_cast<std::size_t>(precision)];
      CHECK(rates.rows == std::vector<double>{1, 8});
      CHECK(rates.weights == std::vector<double>{256, 2304});
      CHECK(rates.working_set == std::vector<double>{4096, 32768});
      double fastest = 0;
      for (const std::vector<double>& of_kernel : rates.rates) {
        REQUIRE(of_kernel.size() == 8);
        for (const double rate : of_kernel) {
          CHECK(std::isfinite(rate));
          CHECK(rate > 1e5);   // A multiplication in 20 µs would be no computer's;
          CHECK(rate < 1e13);  // nor is a core a GPU.
          fastest = std::max(fastest, rate);
        }
      }
      CHECK(device.peak(precision) == fastest);
    }
    CHECK(progress.size() == 16);  // Two precisions, two sweeps, two working sets, two widths.
    CHECK(std::ranges::is_sorted(progress));
    CHECK(progress.back() == 1);
  }

  TEST_CASE("what calibrate writes is a device that a config accepts, to four digits") {
    const Device device = calibrate_quietly();
    const std::string text = test::written([&](Output& out) { write_device_json(out, device); });
    const Device read = read_device(Field(parse_document(text, "device.json")));
    const auto close = [](double a, double b) { return std::abs(a - b) <= 5.1e-4 * b; };
    CHECK(read.name == device.name);
    CHECK(read.source == device.source);
    CHECK(close(*read.memory_bandwidth, *device.memory_bandwidth));
    CHECK(close(*read.cache_bandwidth, *device.cache_bandwidth));
    CHECK(close(read.interconnect->latency, device.interconnect->latency));
    for (std::size_t p = 0; p < device.kernel_rates.size(); ++p) {
      CHECK(read.kernel_rates[p].rows == device.kernel_rates[p].rows);
      for (std::size_t k = 0; k < product_kernels; ++k) {
        REQUIRE(read.kernel_rates[p].rates[k].size() == device.kernel_rates[p].rates[k].size());
        for (std::size_t i = 0; i < device.kernel_rates[p].rates[k].size(); ++i) {
          CHECK(close(read.kernel_rates[p].rates[k][i], device.kernel_rates[p].rates[k][i]));
        }
      }
    }
  }

  TEST_CASE("more threads than memory has room for are refused before any is started") {
    CalibrateOptions huge = small;
    huge.busy = 1;
    huge.working_sets = {Bytes{1} << 60};
    try {
      calibrate(huge, [](double) {});
      FAIL("accepted");
    } catch (const InputError& error) {
      const std::string text = error.what();
      CHECK(text.starts_with(
          "--busy: /: needs 2305843009.2 GB of this machine's memory, got 1\n  hint: "));
      CHECK(text.ends_with(" GB are available: measure with fewer cores busy"));
    }
  }

  TEST_CASE("a product takes its operations over the measured rate, at its stage's working set") {
    Device device{.name = "d"};
    // Twice as fast when the weights in turn are 8 kB instead of 4 kB: absurd, and easy to see.
    device.kernel_rates[static_cast<std::size_t>(Precision::fp32)] = {
        .rows = {1},
        .weights = {1},
        .working_set = {4000, 8000},
        .rates = {{{1e9, 2e9}, {4e9, 8e9}, {5e9, 10e9}}}};
    const Operator forward{.flops = 1000, .kernel = Kernel::forward, .weights = 500};
    const Operator weights{.flops = 1000, .kernel = Kernel::weight_gradient, .weights = 500};
    const Training two_samples{.micro_batch_size = 2};
    const Source source{};
    const auto time_of = [&](const Operator& op, double working_set) {
      const LayerSite site{
          .device = device, .training = two_samples, .source = source, .working_set = working_set};
      return to_time(operator_seconds(op, site, 2));
    };
    CHECK(time_of(forward, 4000) == 2_us);
    CHECK(time_of(forward, 8000) == 1_us);
    CHECK(time_of(weights, 4000) == 400_ns);
  }
}

}  // namespace pipesim
