// What really runs, each beside its floor in the same run:
// - an op against the bare products that it must make, on the same weights, which come from memory;
// - a step on two threads against half of the step on one, divided by the pipeline's efficiency.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/assemble/assemble.hpp"
#include "sim/execute/execute.hpp"
#include "sim/execute/workers/samples.hpp"
#include "sim/kernels/blas.hpp"

namespace pipesim {
namespace {

using Steady = std::chrono::steady_clock;

double milliseconds_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Experiment experiment_of(const std::vector<int>& sizes, int stages, int batch, int micro_batches,
                         const char* recompute, const char* weight_gradient) {
  const nlohmann::json config = {
      {"model", {{"kind", "mlp"}, {"layer_sizes", sizes}}},
      {"pipeline",
       {{"stages", stages},
        {"micro_batches", micro_batches},
        {"partition", "balanced"},
        {"recompute", recompute}}},
      {"training", {{"batch_size", batch}, {"weight_gradient", weight_gradient}}}};
  return assemble(read_config(parse_document(config.dump(), "bench")));
}

const std::vector<int> giant(61, 1024);
const std::vector<int> notebook{128, 256, 256, 256, 256, 256, 256, 256, 256, 256, 256, 10};

// One stage of 30 layers of 1024 × 1024, 16 samples: F, or B, beside its products alone.
void op_beside_its_products(benchmark::State& state, OpKind kind) {
  prepare_products(1);
  constexpr int width = 1024, rows = 16, layers = 30;
  const Experiment experiment =
      experiment_of(std::vector<int>(layers + 1, width), 1, rows, 1, "none", "accumulated");
  const Samples<float> samples(experiment, rows);
  const MiniBatch<float> batch = samples.slice(0, rows);
  DeviceAllocator memory;
  StageWorker<float> stage(stage_plans(experiment).front(), memory);
  std::vector<float> x(rows * width, 0.5f), y(rows * width);
  std::vector<double> ops, products;
  const auto sgemm = [](CBLAS_TRANSPOSE a, CBLAS_TRANSPOSE b, int m, int n, int k, const float* p,
                        const float* q, float beta, float* r) {
    blas().sgemm(CblasRowMajor, a, b, m, n, k, 1, p, a == CblasNoTrans ? k : m, q,
                 b == CblasNoTrans ? n : k, beta, r, n);
  };
  const auto run_products = [&] {
    for (int l = 0; l < layers; ++l) {
      float* const weight = stage.parameters().layer(l).weight.data;
      if (kind == OpKind::forward) {
        sgemm(CblasNoTrans, CblasNoTrans, rows, width, width, x.data(), weight, 0, y.data());
        continue;
      }
      float* const gradient = stage.gradient(l).weight.data;
      if (l > 0) {
        sgemm(CblasNoTrans, CblasTrans, rows, width, width, x.data(), weight, 0, y.data());
      }
      sgemm(CblasTrans, CblasNoTrans, width, width, rows, x.data(), y.data(), 1, gradient);
    }
  };
  for (auto _ : state) {
    stage.begin_step(Update::apply);
    memory.forget_ops();
    for (const OpKind now : {OpKind::forward, OpKind::backward}) {
      const auto start = Steady::now();
      stage.run({.kind = now}, {}, batch);
      if (now == kind) ops.push_back(milliseconds_since(start));
    }
    const auto start = Steady::now();
    run_products();
    products.push_back(milliseconds_since(start));
  }
  state.counters["op_ms"] = median(ops);
  state.counters["floor_ms"] = median(products);
  state.counters["ratio"] = median(ops) / median(products);
}

double step_milliseconds(Executor<float>& executor, const MiniBatch<float>& batch) {
  const Timeline timeline = executor.run(batch);
  Time last;
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    last = std::max(last, timeline.lanes[d].back().finish);
  }
  for (const TailSpan& span : timeline.tail) last = std::max(last, span.when.finish);
  return seconds(last) * 1e3;
}

void two_threads_beside_one(benchmark::State& state, const std::vector<int>& sizes, int batch_size,
                            int micro_batches, const char* recompute, const char* gradient) {
  constexpr int stages = 2;
  const Experiment two =
      experiment_of(sizes, stages, batch_size, micro_batches, recompute, gradient);
  const Experiment one = experiment_of(sizes, 1, batch_size, micro_batches, recompute, gradient);
  const Samples<float> samples(one, batch_size);
  const MiniBatch<float> batch = samples.slice(0, batch_size);
  Executor<float> on_two(two), on_one(one);
  step_milliseconds(on_two, batch);
  step_milliseconds(on_one, batch);
  std::vector<double> pipelined, alone;
  for (auto _ : state) {
    pipelined.push_back(step_milliseconds(on_two, batch));
    alone.push_back(step_milliseconds(on_one, batch));
  }
  const double efficiency = static_cast<double>(micro_batches) / (micro_batches + stages - 1);
  const double floor = median(alone) / stages / efficiency;
  state.counters["step_ms"] = median(pipelined);
  state.counters["one_thread_ms"] = median(alone);
  state.counters["floor_ms"] = floor;
  state.counters["ratio"] = median(pipelined) / floor;
}

BENCHMARK_CAPTURE(op_beside_its_products, forward, OpKind::forward)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(op_beside_its_products, backward, OpKind::backward)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(two_threads_beside_one, giant_accumulated, giant, 64, 4, "none", "accumulated")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(two_threads_beside_one, giant_deferred, giant, 64, 4, "none", "deferred")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(two_threads_beside_one, giant_recompute, giant, 64, 4, "full", "accumulated")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(two_threads_beside_one, notebook, notebook, 32, 8, "none", "accumulated")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pipesim
