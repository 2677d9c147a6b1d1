#include "sim/execute/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <deque>
#include <fstream>
#include <span>
#include <string>
#include <thread>

#include "models/input_error.hpp"
#include "sim/execute/block.hpp"
#include "sim/execute/device_threads.hpp"
#include "sim/execute/mailbox.hpp"
#include "sim/kernels/activation.hpp"
#include "sim/kernels/linear.hpp"
#include "sim/kernels/optimizer.hpp"
#include "sim/machine_memory.hpp"

namespace pipesim {

namespace {

using Steady = std::chrono::steady_clock;

constexpr int rows_measured[] = {1, 2, 4, 8, 16, 32, 40, 64, 128, 256};
constexpr int widths_measured[] = {32, 64, 128, 256, 512, 1024, 2048};  // Square layers.
constexpr Bytes working_sets[] = {Bytes{1} << 17, Bytes{1} << 20, Bytes{1} << 22, Bytes{1} << 24,
                                  Bytes{1} << 26};

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Memory with numbers in it that neither vanish nor grow.
template <class T>
Block filled(std::size_t count) {
  Block block(static_cast<Bytes>(count * sizeof(T)));
  for (std::size_t i = 0; i < count; ++i) {
    block.as<T>()[i] = static_cast<T>(static_cast<int>(i % 17) - 8) / 64;
  }
  return block;
}

// How long each product takes, in seconds.
using ProductTimes = std::array<double, product_kernels>;

// Layers of one shape that are worked through in turn, as a stage does it: forward through all of
// them, backward through all of them. By the time that a layer is met again, the others have been
// through the caches.
template <class T>
class LayersInTurn {
 public:
  LayersInTurn(int width, Bytes working_set)
      : width_(width),
        size_(static_cast<std::size_t>(width) * static_cast<std::size_t>(width)),
        count_(
            std::max<std::size_t>(1, static_cast<std::size_t>(working_set) / (size_ * sizeof(T)))),
        weights_(filled<T>(count_ * size_)),
        gradients_(filled<T>(count_ * size_)),
        bias_(filled<T>(static_cast<std::size_t>(width))) {}

  ProductTimes measure(int rows) {
    const auto values = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width_);
    const Block x = filled<T>(values), y = filled<T>(values);
    const Matrix<const T> in{x.as<const T>(), rows, width_};
    const Matrix<T> out{y.as<T>(), rows, width_};
    std::vector<double> forward, input, weight;
    repeat([&](std::size_t l) {
      const auto start = Steady::now();
      linear_forward<T>(in, layer(weights_, l), out);
      forward.push_back(seconds_since(start));
    });
    repeat([&](std::size_t l) {
      auto start = Steady::now();
      linear_backward_input<T>(in, layer(weights_, l).weight, out);
      input.push_back(seconds_since(start));
      start = Steady::now();
      linear_backward_weight<T>(in, in, T{1} / 1024, 1, layer(gradients_, l));
      weight.push_back(seconds_since(start));
    });
    return {median(forward), median(input), median(weight)};
  }

 private:
  int width_;
  std::size_t size_;
  std::size_t count_;
  Block weights_;
  Block gradients_;
  Block bias_;

  LinearParameters<T> layer(const Block& block, std::size_t index) const {
    return {.weight = {block.as<T>() + index * size_, width_, width_},
            .bias = {bias_.as<T>(), static_cast<std::size_t>(width_)}};
  }

  // Layer after layer, round and round, from where nothing is known of the caches to where enough
  // was measured.
  template <class Run>
  void repeat(Run&& run) const {
    constexpr double enough_seconds = 0.004;
    constexpr std::size_t enough_runs = 5;
    const auto start = Steady::now();
    for (std::size_t i = 0; i < enough_runs || seconds_since(start) < enough_seconds; ++i) {
      run(i % count_);
    }
  }
};

template <class T>
double update_bandwidth() {
  constexpr std::size_t count = (std::size_t{1} << 26) / sizeof(T);
  const Block weights = filled<T>(count), gradient = filled<T>(count);
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    const auto start = Steady::now();
    update<T>({}, 1, {.weights = {weights.as<T>(), count}, .gradient = {gradient.as<T>(), count}});
    times.push_back(seconds_since(start));
  }
  constexpr double passes = 3;  // As the cost model counts them: weight read and written, gradient.
  return passes * static_cast<double>(count * sizeof(T)) / median(times);
}

double cache_bandwidth() {
  constexpr std::size_t count = std::size_t{1} << 13;
  const Block y = filled<float>(count), dy = filled<float>(count);
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) {
    const auto start = Steady::now();
    const Matrix<float> gradient{dy.as<float>(), 1, static_cast<int>(count)};
    activation_backward<float>(Activation::relu, {y.as<const float>(), 1, static_cast<int>(count)},
                               gradient, gradient);
    times.push_back(seconds_since(start));
  }
  constexpr double tensors = 3;  // As the cost model counts them.
  return tensors * static_cast<double>(count * sizeof(float)) / median(times);
}

// From one thread to another and back, over and over: half of a round trip.
double hand_off_seconds() {
  constexpr int rounds = 2000;
  constexpr std::chrono::milliseconds spin{1};
  std::deque<Mailbox> there(rounds), back(rounds);
  std::vector<double> times;
  DeviceThreads(2).run([&](int thread) {
    for (int i = 0; i < rounds; ++i) {
      Mailbox& out =
          thread == 0 ? there[static_cast<std::size_t>(i)] : back[static_cast<std::size_t>(i)];
      Mailbox& in =
          thread == 0 ? back[static_cast<std::size_t>(i)] : there[static_cast<std::size_t>(i)];
      const auto start = Steady::now();
      if (thread == 0) out.put({});
      in.wait(spin);
      if (thread == 1) out.put({});
      if (thread == 0) times.push_back(seconds_since(start) / 2);
    }
  });
  return median(times);
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "this machine";
}

class Calibration {
 public:
  Calibration(const CalibrateOptions& options, const std::function<void(double)>& progress)
      : options_(options), progress_(progress), threads_(options.busy) {}

  // The better of two sweeps that are seconds apart: what else the machine does comes and goes.
  template <class T>
  KernelRates products() {
    KernelRates best = sweep<T>();
    const KernelRates again = sweep<T>();
    for (std::size_t kernel = 0; kernel < product_kernels; ++kernel) {
      std::ranges::transform(best.rates[kernel], again.rates[kernel], best.rates[kernel].begin(),
                             [](double a, double b) { return std::max(a, b); });
    }
    return best;
  }

  double average_over_threads(const std::function<double()>& measure) {
    std::vector<double> values(static_cast<std::size_t>(options_.busy));
    threads_.run([&](int thread) { values[static_cast<std::size_t>(thread)] = measure(); });
    double total = 0;
    for (const double value : values) total += value;
    return total / options_.busy;
  }

 private:
  const CalibrateOptions& options_;
  const std::function<void(double)>& progress_;
  DeviceThreads threads_;
  std::size_t lines_done_ = 0;

  template <class T>
  KernelRates sweep() {
    KernelRates result;
    for (const int rows : rows_measured) result.rows.push_back(rows);
    for (const int width : widths_measured) {
      result.weights.push_back(static_cast<double>(width) * width);
    }
    for (const Bytes bytes : working_sets) result.working_set.push_back(static_cast<double>(bytes));
    for (const Bytes working_set : working_sets) {
      for (const int width : widths_measured) {
        add_line<T>(width, working_set, result);
        ++lines_done_;
        progress_(static_cast<double>(lines_done_) /
                  static_cast<double>(2 * std::size(working_sets) * std::size(widths_measured) *
                                      options_.precisions.size()));
      }
    }
    return result;
  }

  // All rows of one layer size and working set, all threads at once.
  template <class T>
  void add_line(int width, Bytes working_set, KernelRates& result) {
    std::vector<std::vector<ProductTimes>> times(static_cast<std::size_t>(options_.busy));
    std::barrier together(options_.busy);
    threads_.run([&](int thread) {
      LayersInTurn<T> layers(width, working_set);
      for (const int rows : rows_measured) {
        together.arrive_and_wait();
        times[static_cast<std::size_t>(thread)].push_back(layers.measure(rows));
      }
    });
    const double weights = static_cast<double>(width) * width;
    for (std::size_t r = 0; r < std::size(rows_measured); ++r) {
      for (std::size_t kernel = 0; kernel < product_kernels; ++kernel) {
        double total = 0;
        for (const auto& of_thread : times) total += of_thread[r][kernel];
        result.rates[kernel].push_back(2 * rows_measured[r] * weights * options_.busy / total);
      }
    }
  }
};

// Weights and gradients of the largest working set, for each thread.
void check_memory(int busy) {
  const double needed = 2.0 * static_cast<double>(std::end(working_sets)[-1]) * busy;
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return;
  throw InputError(
      fmt::format("--busy: /: needs {:.1f} GB of this machine's memory, got {}", needed / 1e9,
                  busy),
      fmt::format("{:.1f} GB are available: measure with fewer cores busy", available / 1e9));
}

}  // namespace

Device calibrate(const CalibrateOptions& options, const std::function<void(double)>& progress) {
  check_memory(options.busy);
  use_one_thread_per_product();
  Calibration calibration(options, progress);
  Device device{.name = fmt::format("calibrated, {} busy", options.busy)};
  for (const Precision precision : options.precisions) {
    const auto p = static_cast<std::size_t>(precision);
    device.kernel_rates[p] = precision == Precision::fp64 ? calibration.products<double>()
                                                          : calibration.products<float>();
    double peak = 0;
    for (const auto& rates : device.kernel_rates[p].rates) {
      peak = std::max(peak, *std::ranges::max_element(rates));
    }
    device.flops[p] = peak;
  }
  device.memory_bandwidth = calibration.average_over_threads(update_bandwidth<float>);
  device.cache_bandwidth = calibration.average_over_threads(cache_bandwidth);
  device.interconnect = Interconnect{.name = "threads", .latency = hand_off_seconds()};
  device.source = fmt::format("measured by pipesim calibrate on {}, {} of {} cores busy",
                              processor_name(), options.busy, std::thread::hardware_concurrency());
  return device;
}

}  // namespace pipesim
