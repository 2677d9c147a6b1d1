#include "sim/execute/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <deque>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <thread>

#include "models/base/input_error.hpp"
#include "models/base/machine_memory.hpp"
#include "models/base/median.hpp"
#include "sim/execute/workers/block.hpp"
#include "sim/execute/workers/device_threads.hpp"
#include "sim/execute/workers/mailbox.hpp"
#include "sim/kernels/activation.hpp"
#include "sim/kernels/blas.hpp"
#include "sim/kernels/linear.hpp"
#include "sim/kernels/optimizer.hpp"

namespace pipesim {

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
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

// The mean without the slowest twentieth, which something else has held up. No median: of layers
// that lie partly in a cache, some are fast and some are not, and a stage takes as long as all of
// them.
double typical(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t count = values.size() - values.size() / 20;
  return std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count), 0.0) /
         static_cast<double>(count);
}

// How long each product takes, in seconds.
using ProductTimes = std::array<double, product_kernels>;

// A stage of layers of one shape, worked through as stages are: forward from the first to the last,
// backward from the last to the first. What a cache still holds when a layer's turn comes is what
// it holds then.
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
    // What is read is never what was written: values that went through product after product would
    // grow or vanish.
    const Tensors read(rows, width_), written(rows, width_);
    std::vector<double> forward, input, weight;
    in_passes([&](std::size_t l) {
      timed(forward, [&] { linear_forward<T>(read[l], layer(weights_, l), written[l]); });
    });
    in_passes([&](std::size_t layers_done) {
      const std::size_t l = count_ - 1 - layers_done;
      timed(input,
            [&] { linear_backward_input<T>(read[l], layer(weights_, l).weight, written[l]); });
      timed(weight, [&] {
        linear_backward_weight<T>(read[l], read[l + 1], T{1} / 1024, 1, layer(gradients_, l));
      });
    });
    return {typical(forward), typical(input), typical(weight)};
  }

 private:
  // Activations that are in use in turn.
  struct Tensors {
    static constexpr std::size_t count = 16;
    int rows;
    Matrix<T> all;
    Block block;

    Tensors(int rows_each, int width)
        : rows(rows_each),
          all{nullptr, static_cast<int>(count) * rows_each, width},
          block(filled<T>(all.size())) {
      all.data = block.as<T>();
    }
    Matrix<T> operator[](std::size_t index) const {
      return all.slice(static_cast<int>(index % count) * rows, rows);
    }
  };

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

  // Pass after pass over all layers, as micro-batch follows micro-batch.
  template <class Run>
  void in_passes(Run&& run) const {
    constexpr double enough_seconds = 0.005;
    constexpr int enough_passes = 2;
    const auto start = Steady::now();
    for (int pass = 0; pass < enough_passes || seconds_since(start) < enough_seconds; ++pass) {
      for (std::size_t l = 0; l < count_; ++l) run(l);
    }
  }

  template <class Run>
  static void timed(std::vector<double>& times, Run&& run) {
    const auto start = Steady::now();
    run();
    times.push_back(seconds_since(start));
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

// Over tensors that follow each other through a cache, as a stage's activations do.
double cache_bandwidth() {
  constexpr int tensors = 32, count = 1 << 13;
  const Block y = filled<float>(std::size_t{tensors} * count);
  const Block dy = filled<float>(std::size_t{tensors} * count);
  const Matrix<float> values{y.as<float>(), tensors, count};
  const Matrix<float> gradients{dy.as<float>(), tensors, count};
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) {
    const Matrix<float> gradient = gradients.slice(i % tensors, 1);
    const auto start = Steady::now();
    activation_backward<float>(Activation::relu, values.slice(i % tensors, 1), gradient, gradient);
    times.push_back(seconds_since(start));
  }
  constexpr double passes = 3;  // As the cost model counts them.
  return passes * count * sizeof(float) / median(times);
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
    for (const int rows : options_.rows) result.rows.push_back(rows);
    for (const int width : options_.widths) {
      result.weights.push_back(static_cast<double>(width) * width);
    }
    for (const Bytes bytes : options_.working_sets)
      result.working_set.push_back(static_cast<double>(bytes));
    for (const Bytes working_set : options_.working_sets) {
      for (const int width : options_.widths) {
        add_line<T>(width, working_set, result);
        ++lines_done_;
        progress_(static_cast<double>(lines_done_) /
                  static_cast<double>(2 * options_.working_sets.size() * options_.widths.size() *
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
      for (const int rows : options_.rows) {
        together.arrive_and_wait();
        times[static_cast<std::size_t>(thread)].push_back(layers.measure(rows));
      }
    });
    const double weights = static_cast<double>(width) * width;
    for (std::size_t r = 0; r < options_.rows.size(); ++r) {
      for (std::size_t kernel = 0; kernel < product_kernels; ++kernel) {
        double total = 0;
        for (const auto& of_thread : times) total += of_thread[r][kernel];
        result.rates[kernel].push_back(2.0 * options_.rows[r] * weights * options_.busy / total);
      }
    }
  }
};

// Weights and gradients of the largest working set, for each thread.
void check_memory(const CalibrateOptions& options) {
  const double needed = 2.0 * static_cast<double>(options.working_sets.back()) * options.busy;
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return;
  throw InputError(
      fmt::format("--busy: /: needs {:.1f} GB of this machine's memory, got {}", needed / 1e9,
                  options.busy),
      fmt::format("{:.1f} GB are available: measure with fewer cores busy", available / 1e9));
}

}  // namespace

Device calibrate(const CalibrateOptions& options, const std::function<void(double)>& progress) {
  check_memory(options);
  prepare_products(options.busy);
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
