#include "sim/published/sources/korthikanti.hpp"
#include "sim/assemble/assemble.hpp"

#include <fmt/format.h>

#include "models/base/document.hpp"
#include "models/transformer/transformer.hpp"
#include "sim/published/figures/network_figures.hpp"
#include "sim/published/figures/transformer_setup.hpp"

namespace pipesim::published {

namespace {

constexpr const char* source =
    "Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models, "
    "arXiv:2205.05198";

// The row of Table 3 that a figure is about, with what the figure's technique changes in it.
TransformerSetup setup_of(const CsvTable& models, const CsvRow& figure) {
  std::vector<std::string> names;
  const CsvTable::Row* found = nullptr;
  for (const CsvTable::Row& cells : models.rows) {
    names.push_back(CsvRow(models, cells).text("model"));
    if (names.back() == figure.text("model")) found = &cells;
  }
  figure.word("model", names);
  const std::string& technique =
      figure.word("technique", {"none", "none (tensor parallel)", "seq", "sel", "seq+sel", "full"});
  const CsvRow row(models, *found);
  return {.layers = row.whole("layers"),
          .hidden = row.whole("hidden"),
          .heads = row.whole("heads"),
          .tensor = row.whole("tensor_parallel"),
          .pipeline = row.whole("pipeline_parallel"),
          .virtual_stages = row.whole("virtual_stages"),
          .micro_batch = row.whole("micro_batch"),
          .global_batch = row.whole("global_batch"),
          .recompute = technique == "full"          ? "layers"
                       : technique.ends_with("sel") ? "selective"
                                                    : "none",
          .sequence_parallel = technique.starts_with("seq"),
          .async_all_reduce = true,
          .gradient_precision = "fp32"};
}

// Calls visit(row, setup) for every row of a file.
template <class Visit>
void for_each_figure(const DataFiles& data, const std::string& name, Visit&& visit) {
  const CsvTable models = data.table("korthikanti_models.csv");
  const CsvTable table = data.table(name);
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    visit(row, setup_of(models, row));
  }
}

std::string label_of(const CsvRow& row) {
  return row.text("model") + ", " + row.text("technique");
}

// The layers alone: the paper's figure leaves out what embedding and head keep.
Bytes first_stage_activations(const TransformerSetup& setup, const std::string& place) {
  const Document document = parse_document(config_of(setup), place);
  Config config = read_config(document);
  const Transformer model = read_transformer(Field(document).at("model", ""), config.training);
  config.model = transformer_network(model, config.training, false);
  return peak_stash(assemble(std::move(config)), 0);
}

// What one micro-batch takes forward and backward in so many layers, embedding and head included.
struct PassTimes {
  Time forward{};
  Time backward{};
};
PassTimes pass_times(TransformerSetup setup, int layers, const std::string& place) {
  setup.layers = layers;
  setup.pipeline = setup.virtual_stages = setup.data = 1;
  setup.global_batch = setup.micro_batch;
  const Run run =
      simulate(experiment_of(config_of(setup), place), {.timeline = false, .breakdown = false});
  const auto& busy = run.metrics.busy_by_kind;
  return {.forward = busy[static_cast<std::size_t>(OpKind::forward)],
          .backward = busy[static_cast<std::size_t>(OpKind::backward)]};
}

}  // namespace

Comparison korthikanti_activations(const DataFiles& data) {
  Comparison comparison{.title = "Activations of the first stage",
                        .source = std::string(source) + ", Table 2 and section 4.2.3",
                        .unit = "bytes",
                        .tolerances = {{.kind = Tolerance::Kind::exact}},
                        .missing = {"a measurement: the figures are the paper's formulas for its "
                                    "models, of the layers alone, and so is what is predicted"}};
  for_each_figure(
      data, "korthikanti_activation_memory.csv",
      [&](const CsvRow& row, const TransformerSetup& setup) {
        const Bytes bytes = first_stage_activations(setup, row.place());
        comparison.rows.push_back({.label = label_of(row),
                                   .published = row.number("first_stage_activation_bytes"),
                                   .predicted = static_cast<double>(bytes)});
      });
  return comparison;
}

Comparison korthikanti_layer_times(const DataFiles& data) {
  constexpr double s_per_ms = 1e-3;
  Comparison comparison{.title = "Time of one layer",
                        .source = std::string(source) + ", Table 4",
                        .unit = "ms",
                        .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.015}},
                        .fitted = {"three of an A100's constants: the part of its peak that "
                                   "products reach, 0.827, and those of attention, 0.65; the part "
                                   "of a collective that a product beside it hides, 0.6"}};
  for_each_figure(
      data, "korthikanti_layer_times.csv", [&](const CsvRow& row, const TransformerSetup& setup) {
        const PassTimes one = pass_times(setup, 1, row.place());
        const PassTimes two = pass_times(setup, 2, row.place());
        comparison.rows.push_back({.label = label_of(row) + ", forward",
                                   .published = row.number("forward_ms"),
                                   .predicted = seconds(two.forward - one.forward) / s_per_ms});
        comparison.rows.push_back({.label = label_of(row) + ", backward",
                                   .published = row.number("backward_ms"),
                                   .predicted = seconds(two.backward - one.backward) / s_per_ms});
      });
  return comparison;
}

std::vector<MeasuredStep> korthikanti_steps(const DataFiles& data) {
  std::vector<MeasuredStep> steps;
  for_each_figure(data, "korthikanti_iteration_times.csv",
                  [&](const CsvRow& row, const TransformerSetup& setup) {
                    steps.push_back({.label = label_of(row),
                                     .place = row.place(),
                                     .published = row.number("iteration_s"),
                                     .config = config_of(setup)});
                  });
  return steps;
}

Comparison korthikanti_iterations(const DataFiles& data) {
  return {.title = "Iteration times with and without re-computation",
          .source = std::string(source) + ", Table 5",
          .unit = "s",
          .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.025},
                         {.kind = Tolerance::Kind::worst, .limit = 0.05}},
          .rows = predict_all(korthikanti_steps(data)),
          .missing = {"the gradients' precision: fp32 assumed",
                      "whether all-reduces of tensor-parallel devices run beside products: assumed "
                      "so, as for the times of one layer"},
          .fitted = {"what messages and rings reach of an InfiniBand NIC, 3/4 and 20 µs, on these "
                     "times and the throughput of Megatron-LM at SC'21 together",
                     "an A100's constants, on the times of one layer in the same paper"}};
}

}  // namespace pipesim::published
