#include "sim/published/torchgpipe_speed.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace pipesim::published {

namespace {

std::string config_of(const CsvRow& row) {
  const std::string& checkpoint = row.word("checkpoint", {"always", "except_last"});
  const nlohmann::json config = {
      {"name", "published"},
      {"model", {{"kind", "amoebanet_d"}, {"normal_cells", 18}, {"filters", 256}}},
      // Data sheet 11.76 TFLOP/s and 346 GB/s, of which kernels reach 60 and 50 %; copies 10 GB/s:
      // what brings all nine speeds closest.
      {"cluster",
       {{"device",
         {{"name", "p40"},
          {"memory", "24 GB"},
          {"flops", "7.06 TFLOP/s"},
          {"memory_bandwidth", "173 GB/s"},
          {"launch_overhead", "5 us"}}},
        {"interconnect", {{"bandwidth", "10 GB/s"}, {"latency", "50 us"}}}}},
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
      .missing = {"what kernels and copies reach of the data sheets: 60 % of the FLOP/s, 50 % of "
                  "the memory bandwidth, 10 GB/s and 50 µs, fitted on the nine speeds"}};
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
