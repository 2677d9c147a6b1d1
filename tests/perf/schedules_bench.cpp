// Every schedule of the catalog at 64 devices and 2048 micro-batches: made, and simulated with its
// timeline, as `simulate` does.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/step/run.hpp"

namespace pipesim::perf {

namespace {

std::string config_text(const KnownSchedule& known) {
  return R"({"model": {"kind": "stage_costs", "forward": "18.522 ms", "backward_input": "18.086 ms",
             "backward_weight": "9.337 ms", "transfer": "0.601 ms", "stash_bytes": 201216,
             "weight_stash_bytes": 73728},
             "pipeline": {"stages": 64, "micro_batches": 2048, "schedule": ")" +
         std::string(known.name) + R"("}})";
}

double ops_of(const Schedule& schedule) {
  double ops = 0;
  for (const std::vector<Op>& lane : schedule.lanes) ops += static_cast<double>(lane.size());
  return ops;
}

// The limit that was set for both together: 0.2 s, and 2 s for an automatic schedule.
void make_and_simulate(benchmark::State& state, const KnownSchedule& known) {
  const Config config =
      read_config(parse_document(config_text(known), "bench"), default_virtual_stages);
  double ops = 0;
  double making = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const Experiment experiment = assemble(config);
    making += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    benchmark::DoNotOptimize(simulate(experiment, {.breakdown = false}));
    ops = ops_of(experiment.schedule);
  }
  state.counters["ops"] = ops;
  state.counters["making_ms"] = 1e3 * making / static_cast<double>(state.iterations());
  state.counters["ns/op"] = benchmark::Counter(
      1e-9 * ops, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

const bool registered = [] {
  for (const KnownSchedule& known : known_schedules()) {
    benchmark::RegisterBenchmark(
        ("schedule/" + std::string(known.name)).c_str(),
        [&known](benchmark::State& state) { make_and_simulate(state, known); })
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace

}  // namespace pipesim::perf
