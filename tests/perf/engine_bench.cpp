#include <benchmark/benchmark.h>

#include <chrono>

#include "schedules/orders/chimera.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "sim/engine/engine.hpp"
#include "tests/perf/bare_sweep.hpp"

namespace pipesim::perf {

namespace {

StepCosts costs_for(int stages) {
  return {.stages = std::vector<StageCost>(
              static_cast<std::size_t>(stages),
              {.forward = 1_us, .backward = 2_us, .stash = 100, .boundary = 10, .output = 10}),
          .hops = std::vector<TransferCost>(static_cast<std::size_t>(stages) - 1,
                                            {.occupancy = 100_ns, .latency = 10_ns})};
}

double seconds_for(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Each iteration times the floor and the engine one after the other, so that both see the same
// machine.
void engine_beside_floor(benchmark::State& state, bool record) {
  const int stages = static_cast<int>(state.range(0));
  const int micro_batches = static_cast<int>(state.range(1));
  const Schedule schedule = one_f_one_b({.stages = stages, .micro_batches = micro_batches});
  const StepCosts costs = costs_for(stages);
  Engine engine(schedule);
  BareSweep floor(schedule);
  double floor_seconds = 0;
  double engine_seconds = 0;
  for (auto _ : state) {
    floor_seconds += seconds_for([&] { benchmark::DoNotOptimize(floor.run(1_us, 2_us)); });
    const double seconds =
        seconds_for([&] { benchmark::DoNotOptimize(engine.run(costs, {}, record)); });
    engine_seconds += seconds;
    state.SetIterationTime(seconds);
  }
  const double ops = 2.0 * stages * micro_batches * static_cast<double>(state.iterations());
  state.counters["ns/op"] = engine_seconds * 1e9 / ops;
  state.counters["floor_ns/op"] = floor_seconds * 1e9 / ops;
  state.counters["ratio"] = engine_seconds / floor_seconds;
}

void engine_with_timeline(benchmark::State& state) {
  engine_beside_floor(state, true);
}
void engine_summary_only(benchmark::State& state) {
  engine_beside_floor(state, false);
}

double ops_of(const Schedule& schedule) {
  std::size_t ops = 0;
  for (const std::vector<Op>& lane : schedule.lanes) ops += lane.size();
  return static_cast<double>(ops);
}

void time_per_op(benchmark::State& state, const Schedule& schedule, const StepCosts& costs) {
  Engine engine(schedule);
  for (auto _ : state) benchmark::DoNotOptimize(engine.run(costs, {}, true));
  state.counters["ns/op"] =
      benchmark::Counter(1e-9 * ops_of(schedule), benchmark::Counter::kIsIterationInvariantRate |
                                                      benchmark::Counter::kInvert);
}

// Two copies of each stage: what the quick loop doesn't run.
void engine_two_copies(benchmark::State& state) {
  const int stages = static_cast<int>(state.range(0));
  const Schedule schedule =
      chimera({.stages = stages, .micro_batches = static_cast<int>(state.range(1))});
  time_per_op(state, schedule, costs_for(stages));
}

// Hosts of eight devices: a bridge in each, and a network card that messages to and from other
// hosts take, in both directions.
SharedLinks links_of_hosts(int stages) {
  constexpr int per_host = 8;
  SharedLinks links;
  for (int host = 0; host * per_host < stages; ++host) {
    links.names.insert(links.names.end(), {"bridge", "card"});
  }
  for (int s = 0; s + 1 < stages; ++s) {
    const int here = s / per_host;
    const int there = (s + 1) / per_host;
    links.routes.activation.push_back(here == there ? std::vector{2 * here}
                                                    : std::vector{2 * here + 1, 2 * there + 1});
  }
  links.routes.gradient = links.routes.activation;
  return links;
}

void engine_shared_links(benchmark::State& state) {
  const int stages = static_cast<int>(state.range(0));
  const Schedule schedule =
      one_f_one_b({.stages = stages, .micro_batches = static_cast<int>(state.range(1))});
  StepCosts costs = costs_for(stages);
  costs.links = links_of_hosts(stages);
  time_per_op(state, schedule, costs);
}

void generate_1f1b(benchmark::State& state) {
  const PipelineShape shape{.stages = static_cast<int>(state.range(0)),
                            .micro_batches = static_cast<int>(state.range(1))};
  for (auto _ : state) benchmark::DoNotOptimize(one_f_one_b(shape));
  state.counters["ns/op"] = benchmark::Counter(
      2e-9 * shape.stages * shape.micro_batches,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({64, 4096})->Args({1024, 4096})->Unit(benchmark::kMillisecond);
}

BENCHMARK(engine_with_timeline)->Apply(sizes)->UseManualTime();
BENCHMARK(engine_summary_only)->Apply(sizes)->UseManualTime();
BENCHMARK(engine_two_copies)->Apply(sizes);
BENCHMARK(engine_shared_links)->Apply(sizes);
BENCHMARK(generate_1f1b)->Apply(sizes);

}  // namespace

}  // namespace pipesim::perf
