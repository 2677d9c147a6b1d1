#include "sim/published/sources/megatron_sc21.hpp"

#include <fmt/format.h>

#include "sim/published/figures/network_figures.hpp"
#include "sim/published/figures/transformer_setup.hpp"

namespace pipesim::published {

namespace {

constexpr const char* file = "megatron_sc21.csv";
constexpr const char* source =
    "Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters Using "
    "Megatron-LM, SC 2021, arXiv:2104.04473, Table 1";

TransformerSetup setup_of(const CsvRow& row) {
  const TransformerSetup setup{.layers = row.whole("layers"),
                               .hidden = row.whole("hidden"),
                               .heads = row.whole("heads"),
                               .sequence = row.whole("seq"),
                               .vocabulary = row.whole("vocab"),
                               .tensor = row.whole("tensor_parallel"),
                               .pipeline = row.whole("pipeline_parallel"),
                               .data = row.whole("data_parallel"),
                               .virtual_stages = row.whole("virtual_stages"),
                               .micro_batch = row.whole("micro_batch"),
                               .global_batch = row.whole("global_batch"),
                               .recompute = "layers"};
  check_gpus(row, setup);
  return setup;
}

std::string label_of(const CsvRow& row) {
  return fmt::format("{}B, {}", row.text("params_billion"), parallelism_of(setup_of(row)));
}

// Eq. 3: forward, backward and the forward again, of a batch.
double flops_per_step(const TransformerSetup& setup) {
  const double h = setup.hidden;
  const double tokens = static_cast<double>(setup.global_batch) * setup.sequence;
  return 96 * tokens * setup.layers * h * h *
         (1 + setup.sequence / (6 * h) + setup.vocabulary / (16 * setup.layers * h));
}

}  // namespace

Comparison sc21_parameters(const DataFiles& data) {
  Comparison comparison{.title = "Parameters of GPT models, Megatron-LM at SC'21",
                        .source = source,
                        .unit = "B",
                        .tolerances = {{.kind = Tolerance::Kind::exact}}};
  const CsvTable table = data.table(file);
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    const Printed printed = printed_number(row, "params_billion");
    comparison.rows.push_back(
        {.label = fmt::format("{} layers, hidden {}", row.whole("layers"), row.whole("hidden")),
         .published = printed.value,
         .predicted = parameters_of(setup_of(row), row.place()) / 1e9,
         .rounding = printed.rounding});
  }
  return comparison;
}

std::vector<MeasuredStep> sc21_steps(const DataFiles& data) {
  std::vector<MeasuredStep> steps;
  const CsvTable table = data.table(file);
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    const TransformerSetup setup = setup_of(row);
    steps.push_back({.label = label_of(row),
                     .place = row.place(),
                     .published = row.number("achieved_TFLOPs_per_gpu"),
                     .work = flops_per_step(setup) / gpus_of(setup) / 1e12,
                     .config = config_of(setup)});
  }
  return steps;
}

Comparison sc21_throughput(const DataFiles& data) {
  return {.title = "Throughput of a GPU, Megatron-LM at SC'21",
          .source = source,
          .unit = "TFLOP/s",
          .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.05},
                         {.kind = Tolerance::Kind::worst, .limit = 0.08}},
          .rows = predict_all(sc21_steps(data)),
          .missing = {"micro-batch size and virtual stages of each row: those of "
                      "sim/published/data. Half or twice the micro-batch moves a row by up to 5 %, "
                      "no virtual stages by up to 7 %",
                      "in which precision replicas sum gradients: fp16 assumed; with fp32 the mean "
                      "error is 3.7 %"},
          .fitted = {"that replicas sum gradients behind the backward, not beside it: otherwise "
                     "the mean error is 6.0 %",
                     "that all-reduces of tensor-parallel devices run beside no product: otherwise "
                     "5.2 %",
                     "what messages and rings reach of an InfiniBand NIC, 3/4 and 20 µs, on this "
                     "and the iteration times of Korthikanti et al. together"}};
}

}  // namespace pipesim::published
