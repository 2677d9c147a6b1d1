#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "schedules/orders/one_f_one_b.hpp"
#include "tests/perf/bare_sweep.hpp"
#include "tests/perf/process_run.hpp"

namespace pipesim::perf {

namespace {

constexpr int stages = 1024;
constexpr int micro_batches = 4096;
constexpr double ops = 2.0 * stages * micro_batches;

// Stages that differ and messages that take time, so that the breakdown needs all its simulations.
std::string write_config() {
  const std::string path = temporary_config();
  std::ofstream file(path);
  file << R"({"model": {"kind": "stage_costs", "backward": 2e-3, "transfer": 1e-4,
              "stash_bytes": 1000, "boundary_bytes": 100, "forward": [)";
  for (int s = 0; s < stages; ++s) file << (s == 0 ? "" : ", ") << 1e-3 + 1e-6 * (s % 7);
  file << "]}, \"pipeline\": {\"schedule\": \"1f1b\", \"stages\": " << stages
       << ", \"micro_batches\": " << micro_batches << "}}";
  return path;
}

// The whole process, from reading the config to printing the summary, in bare sweeps over the same
// lanes.
void whole_process(benchmark::State& state, const char* timeline) {
  const Schedule schedule = one_f_one_b({.stages = stages, .micro_batches = micro_batches});
  BareSweep floor(schedule);
  const std::string config = write_config();
  Spent total;
  double floor_seconds = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(floor.run(1_us, 2_us));
    floor_seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::vector<std::string> options{"--json"};
    if (timeline != nullptr) options.insert(options.end(), {"--timeline", timeline});
    const Spent spent = simulate_in_process(config, options);
    state.SetIterationTime(spent.seconds);
    total.seconds += spent.seconds;
    total.peak_bytes = std::max(total.peak_bytes, spent.peak_bytes);
  }
  std::filesystem::remove(config);
  state.counters["sweeps"] = total.seconds / floor_seconds;
  state.counters["floor_ns/op"] =
      floor_seconds * 1e9 / ops / static_cast<double>(state.iterations());
  state.counters["bytes/op"] = total.peak_bytes / ops;
}

// The whole process, from reading a config of a million ops to their page: how large it gets,
// beside how large it gets without one, and the same of the time.
void page_of_a_million_ops(benchmark::State& state) {
  const std::string config = temporary_config();
  std::ofstream(config) << R"({"model": {"kind": "stage_costs", "forward": 1e-3, "backward": 2e-3,
      "transfer": 1e-5, "stash_bytes": 1000, "boundary_bytes": 100},
      "pipeline": {"schedule": "1f1b", "stages": 64, "micro_batches": 7813}})";
  const std::string page = config + ".html";
  Spent with;
  Spent without;
  for (auto _ : state) {
    without = simulate_in_process(config, {"--quiet"});
    with = simulate_in_process(config, {"--quiet", "--html", page});
    state.SetIterationTime(with.seconds);
  }
  state.counters["peak_MB"] = with.peak_bytes / 1e6;
  state.counters["peak_MB_without"] = without.peak_bytes / 1e6;
  state.counters["times"] = with.seconds / without.seconds;
  state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(page)) / 1e6;
  std::filesystem::remove(config);
  std::filesystem::remove(page);
}

BENCHMARK(page_of_a_million_ops)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(whole_process, summary, nullptr)
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(whole_process, summary_and_timeline, "/dev/null")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace pipesim::perf
