#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "models/base/machine_memory.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/step/run.hpp"
#include "tests/perf/process_run.hpp"

namespace pipesim::perf {

namespace {

struct Shape {
  int tensor = 1;
  int data = 1;
  int pipeline = 1;
};

// Korthikanti et al., arXiv:2205.05198, table 3: 1T parameters.
std::string one_trillion(int virtual_stages) {
  const std::string interleaved =
      fmt::format(R"("schedule": "interleaved_1f1b", "virtual_stages": {}, )", virtual_stages);
  return fmt::format(
      R"({{"model": {{"kind": "transformer", "num_layers": 128, "hidden_size": 25600,
           "num_attention_heads": 160, "seq_length": 2048, "vocab_size": 51200}},
         "cluster": {{"device": "a100-80gb", "interconnect": "dgx-a100"}},
         "pipeline": {{{}"stages": 64, "micro_batch_size": 1, "recompute": "selective"}},
         "training": {{"global_batch_size": 512, "tensor_parallel": 8, "sequence_parallel": true,
           "optimizer": "adam", "precision": "fp16", "gradient_precision": "fp32"}}}})",
      virtual_stages == 1 ? R"("schedule": "1f1b", )" : interleaved);
}

// Every replica has a straggler of its own, so that no two are alike.
std::string uneven_replicas(const Shape& shape, int layers) {
  std::string stragglers;
  for (int d = 0; d < shape.data; ++d) {
    const int rank = shape.tensor * (d + shape.data * (d % shape.pipeline));
    stragglers += fmt::format("{}\"{}\": {}", d == 0 ? "" : ", ", rank, 1.1 + 1e-5 * d);
  }
  return fmt::format(
      R"({{"model": {{"kind": "transformer", "num_layers": {}, "hidden_size": 2048,
           "num_attention_heads": 32, "seq_length": 2048, "vocab_size": 51200}},
         "cluster": {{"device": "a100-80gb", "interconnect": "dgx-a100",
           "stragglers": {{{}}}}},
         "pipeline": {{"schedule": "1f1b", "stages": {}, "micro_batches": 64}},
         "training": {{"tensor_parallel": {}, "data_parallel": {}, "optimizer": "adam",
           "precision": "fp16"}}}})",
      layers, stragglers, shape.pipeline, shape.tensor, shape.data);
}

// Stages that differ, of stage_costs or as many layers.
std::string long_pipeline(int stages, bool layers) {
  std::string list;
  for (int s = 0; s < stages; ++s) {
    const double forward = 1e-3 + 1e-6 * (s % 7);
    list += s == 0 ? "" : ", ";
    list +=
        layers ? fmt::format(R"({{"forward": {}, "backward": 2e-3, "output_bytes": 100}})", forward)
               : fmt::format("{}", forward);
  }
  const std::string model =
      layers ? fmt::format(R"("kind": "layers", "layers": [{}])", list)
             : fmt::format(R"("kind": "stage_costs", "forward": [{}], "backward": 2e-3,
                              "transfer": 1e-4, "stash_bytes": 1000, "boundary_bytes": 100)",
                           list);
  return fmt::format(R"({{"model": {{{}}}, "pipeline": {{"schedule": "1f1b", "stages": {},
                          "micro_batches": 64}}}})",
                     model, stages);
}

// From the text of a config to the run, with timeline and breakdown. `limit`: in seconds.
void text_to_run(benchmark::State& state, const std::string& text, double limit) {
  for (auto _ : state) {
    const Experiment experiment =
        assemble(read_config(parse_document(text, "bench.json"), default_virtual_stages));
    benchmark::DoNotOptimize(simulate(experiment));
  }
  state.counters["limit_s"] = limit;
  state.counters["peak_GB"] = static_cast<double>(peak_resident_memory()) / 1e9;
}

// The whole process, with --json.
void process(benchmark::State& state, const std::string& text, double limit) {
  const std::string config = temporary_config();
  std::ofstream(config) << text;
  Spent total;
  for (auto _ : state) {
    const Spent spent = simulate_in_process(config, {"--json"});
    state.SetIterationTime(spent.seconds);
    total.peak_bytes = std::max(total.peak_bytes, spent.peak_bytes);
  }
  std::filesystem::remove(config);
  state.counters["limit_s"] = limit;
  state.counters["peak_GB"] = total.peak_bytes / 1e9;
  state.counters["limit_GB"] = 4;
}

BENCHMARK_CAPTURE(text_to_run, one_trillion, one_trillion(1), 0.05)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(text_to_run, one_trillion_interleaved, one_trillion(2), 0.05)
    ->Unit(benchmark::kMillisecond);

constexpr double ten_seconds = 10;
void once(benchmark::internal::Benchmark* bench) {
  bench->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(process, stages_100000, long_pipeline(100'000, false), ten_seconds)->Apply(once);
BENCHMARK_CAPTURE(process, layers_100000, long_pipeline(100'000, true), ten_seconds)->Apply(once);
BENCHMARK_CAPTURE(process, p100_d125_t8,
                  uneven_replicas({.tensor = 8, .data = 125, .pipeline = 100}, 100), ten_seconds)
    ->Apply(once);
BENCHMARK_CAPTURE(process, p8_d12500, uneven_replicas({.data = 12'500, .pipeline = 8}, 24),
                  ten_seconds)
    ->Apply(once);
BENCHMARK_CAPTURE(process, p1_d12500_t8,
                  uneven_replicas({.tensor = 8, .data = 12'500, .pipeline = 1}, 24), ten_seconds)
    ->Apply(once);

}  // namespace

}  // namespace pipesim::perf
