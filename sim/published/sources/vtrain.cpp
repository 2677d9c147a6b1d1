#include "sim/published/sources/vtrain.hpp"

#include <fmt/format.h>

#include "sim/published/figures/transformer_setup.hpp"

namespace pipesim::published {

namespace {

TransformerSetup setup_of(const CsvRow& row) {
  const TransformerSetup setup{.layers = row.whole("layers"),
                               .hidden = row.whole("hidden"),
                               .heads = row.whole("heads"),
                               .sequence = row.whole("seq"),
                               .tensor = row.whole("tp"),
                               .pipeline = row.whole("pp"),
                               .data = row.whole("dp"),
                               .micro_batch = row.whole("micro_batch"),
                               .global_batch = row.whole("global_batch"),
                               .recompute = "layers",
                               .interconnect = "dgx-a100-4nic",
                               .host_time_per_layer = "1.462 ms"};
  check_gpus(row, setup);
  return setup;
}

}  // namespace

std::vector<MeasuredStep> vtrain_steps(const DataFiles& data) {
  constexpr double s_per_ms = 1e-3;
  std::vector<MeasuredStep> steps;
  const CsvTable table = data.table("vtrain_multi_node.csv");
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    const TransformerSetup setup = setup_of(row);
    steps.push_back(
        {.label = fmt::format("{}B, {}", row.text("params_billion"), parallelism_of(setup)),
         .place = row.place(),
         .published = row.number("iteration_ms") * s_per_ms,
         .config = config_of(setup)});
  }
  return steps;
}

Comparison vtrain_iterations(const DataFiles& data) {
  return {
      .title = "Iteration times of Megatron-DeepSpeed on 64 to 512 GPUs, vTrain",
      .source = "VIA-Research/vTrain, commit f8dda847, data/ground_truth_multi.csv (MIT)",
      .unit = "s",
      .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.065},
                     {.kind = Tolerance::Kind::median, .limit = 0.045}},
      .rows = predict_all(vtrain_steps(data)),
      .missing =
          {"the vocabulary: 51,200 assumed",
           "what the host takes to launch a layer: its forward at least 1.462 ms, 1.7 times the "
           "0.86 ms that steps on one node of the same source show. It decides one of "
           "these rows, of 3.6B over eight tensor-parallel devices",
           "in which precision replicas sum gradients: fp16 assumed; with fp32 the mean error is "
           "6.1 %. Behind the backward, since the source's settings say that no buckets of "
           "gradients are used; beside it 6.9 %",
           "why some times jump from one row to the next: two tensor-parallel devices at 39.1B, "
           "small models on eight and more. No smooth model has them; they count like the others"},
      .fitted = {
          "that all-reduces of tensor-parallel devices run beside no product: otherwise the "
          "mean error is 6.5 %, the median 2.9 %",
          "that rings between nodes reach 3/4 of a NIC as messages do, 0.5 and 0.6 having been "
          "tried: groups of 16 on two nodes decide it"}};
}

}  // namespace pipesim::published
