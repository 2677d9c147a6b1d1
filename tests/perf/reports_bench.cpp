#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>

#include "reports/formats/chrome_trace.hpp"
#include "reports/formats/memory_csv.hpp"
#include "reports/formats/timeline_json.hpp"
#include "reports/html/run_columns.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/step/run.hpp"

namespace pipesim::perf {

namespace {

Experiment experiment_of(int stages, int micro_batches) {
  Config config{.name = "bench"};
  GivenStages costs;
  costs.forward = {.values = {1_us}};
  costs.backward = {.values = {2_us}};
  costs.transfer = {.values = {100_ns}};
  costs.stash = {.values = {Bytes{100} << 20}};
  costs.boundary = {.values = {Bytes{10} << 20}};
  config.model = costs;
  config.pipeline = {.schedule = "1f1b", .stages = stages};
  config.training.micro_batches = micro_batches;
  config.cluster = {.devices = stages, .kinds = {Device{.name = "bench"}}};
  config.source = std::make_shared<Source>(Source{.file = "bench"});
  return assemble(std::move(config));
}

using WriteReport = void (*)(Output&, const Experiment&, const Run&);

// The floor: the same bytes copied from one block of memory to another, as a writer at least must.
double copy_seconds(std::size_t bytes) {
  const std::size_t block = std::size_t{1} << 16;
  std::string from(block, 'x');
  std::string to(block, ' ');
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t done = 0; done < bytes; done += block) {
    to.replace(0, block, from);
    benchmark::DoNotOptimize(to.data());
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void write_report(benchmark::State& state, WriteReport write) {
  const Experiment experiment = experiment_of(64, 2048);
  const Run run = simulate(experiment, {.breakdown = false});
  std::size_t bytes = 0;
  double seconds = 0;
  double floor = 0;
  for (auto _ : state) {
    std::size_t size = 0;
    const auto start = std::chrono::steady_clock::now();
    Output out([&](std::string_view text) { size += text.size(); });
    write(out, experiment, run);
    out.flush();
    const double spent =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    state.SetIterationTime(spent);
    seconds += spent;
    floor += copy_seconds(size);
    bytes += size;
  }
  state.counters["MB/s"] = static_cast<double>(bytes) / 1e6 / seconds;
  state.counters["copy_MB/s"] = static_cast<double>(bytes) / 1e6 / floor;
  state.counters["ratio"] = seconds / floor;
  state.counters["bytes/span"] =
      static_cast<double>(bytes) / static_cast<double>(state.iterations()) / (2.0 * 64 * 2048);
}

void chrome_trace(benchmark::State& state) {
  write_report(state, write_chrome_trace);
}
void timeline_json(benchmark::State& state) {
  write_report(state, write_timeline_json);
}
void memory_csv(benchmark::State& state) {
  write_report(state, write_memory_csv);
}

// A page's floor: every op and when it ran, read once.
double read_seconds(const Experiment& experiment, const Run& run) {
  std::int64_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for_each_span(experiment.schedule, run.outcome.timeline,
                [&](int device, const Op& op, const Interval& when) {
                  sum += device + op.stage + op.micro_batch + when.start.ps + when.finish.ps;
                });
  benchmark::DoNotOptimize(sum);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void columns_of_page(benchmark::State& state) {
  const Experiment experiment = experiment_of(64, 7813);  // A million ops.
  const Run run = simulate(experiment, {.breakdown = false});
  const double spans = 2.0 * 64 * 7813;
  std::size_t bytes = 0;
  double seconds = 0;
  double floor = 0;
  for (auto _ : state) {
    bytes = 0;
    const auto start = std::chrono::steady_clock::now();
    Output out([&](std::string_view text) { bytes += text.size(); });
    write_run_columns(out, experiment, run);
    out.flush();
    const double spent =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    state.SetIterationTime(spent);
    seconds += spent;
    floor += read_seconds(experiment, run);
  }
  const double all = spans * static_cast<double>(state.iterations());
  state.counters["ns/span"] = seconds * 1e9 / all;
  state.counters["read_ns/span"] = floor * 1e9 / all;
  state.counters["ratio"] = seconds / floor;
  state.counters["bytes/span"] = static_cast<double>(bytes) / spans;
}

BENCHMARK(columns_of_page)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(chrome_trace)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(timeline_json)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(memory_csv)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace pipesim::perf
