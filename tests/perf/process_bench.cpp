#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "schedules/one_f_one_b.hpp"
#include "tests/perf/bare_sweep.hpp"

namespace pipesim::perf {

namespace {

constexpr int stages = 1024;
constexpr int micro_batches = 4096;
constexpr double ops = 2.0 * stages * micro_batches;

// Stages that differ and messages that take time, so that the breakdown needs all its simulations.
std::string write_config() {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("pipesim-bench-{}.json", getpid()))
          .string();
  std::ofstream file(path);
  file << R"({"model": {"kind": "stage_costs", "backward": 2e-3, "transfer": 1e-4,
              "stash_bytes": 1000, "boundary_bytes": 100, "forward": [)";
  for (int s = 0; s < stages; ++s) file << (s == 0 ? "" : ", ") << 1e-3 + 1e-6 * (s % 7);
  file << "]}, \"pipeline\": {\"schedule\": \"1f1b\", \"stages\": " << stages
       << ", \"micro_batches\": " << micro_batches << "}}";
  return path;
}

struct Spent {
  double seconds = 0;
  double peak_bytes = 0;
};

Spent run_process(const std::string& config, const char* timeline) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    if (timeline == nullptr) {
      execl(PIPESIM_BINARY, "pipesim", "simulate", config.c_str(), "--json", nullptr);
    } else {
      execl(PIPESIM_BINARY, "pipesim", "simulate", config.c_str(), "--json", "--timeline", timeline,
            nullptr);
    }
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("pipesim failed");
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return {.seconds = spent.count(), .peak_bytes = 1024.0 * static_cast<double>(usage.ru_maxrss)};
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
    const Spent spent = run_process(config, timeline);
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
