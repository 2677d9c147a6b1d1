#include "sim/published/sources/torchgpipe_speed.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace pipesim::published {

namespace {

std::string config_of(const CsvRow& row) {
  const std::string& checkpoint = row.word("checkpoint", {"always", "except_last"});
  const nlohmann::json config = {
      {"name", "published"},
      {"model", {{"kind", "amoebanet_d"}, {"normal_cells", 18}, {"filters", 256}}},
      {"cluster", {{"device", "p40"}, {"interconnect", "pcie3"}}},
      {"pipeline",
       {{"schedule", "gpipe"},
        {"stages", row.whole("partitions")},
        {"micro_batches", row.whole("chunks")},
        {"partition", row.wholes("balance")},
        {"recompute", checkpoint == "always" ? "full" : "except_last"}}},
      {"training", {{"batch_size", row.whole("batch")}, {"optimizer", "sgd"}}}};
  return config.dump();
}

}  // namespace

Comparison torchgpipe_speed_ups(const DataFiles& data) {
  Comparison comparison{
      .title = "Speed-ups of AmoebaNet-D (18, 256) on P40, torchgpipe",
      .source = "kakaobrain/torchgpipe, docs/benchmarks.rst, arXiv:2004.09910",
      .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.06},
                     {.kind = Tolerance::Kind::most_rows, .limit = 0.1, .outliers = 1}},
      .missing = {"how the GPUs are linked: PCIe 3.0 assumed, each with a link to itself"},
      .fitted = {"what a P40's kernels reach of its data sheet, half of the FLOP/s and 3/4 of the "
                 "memory bandwidth, on the nine speeds in samples/s behind these ratios",
                 "what copies over PCIe 3.0 reach: 10 GB/s and 50 µs"}};
  const CsvTable table = data.table("torchgpipe_speed.csv");
  double reference = 0;
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    const double time = predict({.place = row.place(), .config = config_of(row)});
    const double samples_per_s = row.whole("batch") / time;
    const bool is_reference = row.whole("partitions") == 2 && row.whole("chunks") == 1;
    if (is_reference) reference = samples_per_s;
    comparison.rows.push_back(
        {.label = fmt::format("K = {}, M = {}", row.whole("partitions"), row.whole("chunks")),
         .published = row.number("speedup"),
         .predicted = samples_per_s,
         .counts = !is_reference,
         .note = is_reference ? "the others are relative to this" : ""});
  }
  if (reference == 0) {
    throw InputError(
        fmt::format("{}:{}: must have the row that speed-ups are relative to, got none", table.file,
                    table.rows.back().line),
        "add the row of 2 partitions and 1 micro-batch");
  }
  for (Row& row : comparison.rows) row.predicted /= reference;
  return comparison;
}

}  // namespace pipesim::published
