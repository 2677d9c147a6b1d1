#include "sim/published/sources/amoebanet_parameters.hpp"

#include <fmt/format.h>

#include "models/base/document.hpp"

namespace pipesim::published {

namespace {

double parameters(int normal_cells, int filters, const std::string& place) {
  const std::string config = fmt::format(
      R"({{"model": {{"kind": "amoebanet_d", "normal_cells": {}, "filters": {}}},
          "pipeline": {{"stages": 1, "micro_batches": 1}}, "training": {{"precision": "fp32"}}}})",
      normal_cells, filters);
  const Config read = read_config(parse_document(config, place));
  double bytes = 0;
  for (const Layer& layer : std::get<Network>(read.model).layers) {
    bytes += static_cast<double>(layer.parameter_bytes);
  }
  return bytes / bytes_per_element(Precision::fp32);
}

}  // namespace

Comparison amoebanet_parameters(const DataFiles& data) {
  Comparison comparison{
      .title = "Parameters of AmoebaNet-D (normal cells, filters)",
      .source = "torchgpipe, kakaobrain/torchgpipe, docs/benchmarks.rst, arXiv:2004.09910",
      .tolerances = {{.kind = Tolerance::Kind::exact}}};
  const CsvTable table = data.table("amoebanet_d_parameters.csv");
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    const int normal_cells = row.whole("normal_cells");
    const int filters = row.whole("filters");
    const double predicted = parameters(normal_cells, filters, row.place());
    const std::string label = fmt::format("({}, {})", normal_cells, filters);
    for (const char* column : {"params", "exact_params"}) {
      if (!row.has(column)) continue;
      const bool exact = column == std::string_view("exact_params");
      const Printed printed = printed_number(row, column);
      comparison.rows.push_back({.label = label + (exact ? ", counted" : ", printed"),
                                 .published = printed.value,
                                 .predicted = predicted,
                                 .rounding = exact ? 0 : printed.rounding});
    }
  }
  return comparison;
}

}  // namespace pipesim::published
