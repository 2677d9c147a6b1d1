#include "sim/published/sources/gpipe_memory.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/base/document.hpp"
#include "sim/published/figures/network_figures.hpp"

namespace pipesim::published {

namespace {

constexpr const char* file = "gpipe_transformer_memory.csv";
constexpr const char* source = "Huang et al., GPipe, arXiv:1811.06965v5, Table 1";
constexpr double GiB = 0x1p30;
constexpr int vocabulary = 32000;

// A row's model with `layers` layers on its accelerators. Mini-batches of 32; what is re-computed
// goes through in micro-batches of 4, what is not, as one.
std::string config_of(const CsvRow& row, int layers) {
  const std::string& recompute = row.word("recompute", {"none", "full"});
  const int stages = row.whole("K");
  constexpr int batch = 32;
  constexpr int micro_batch = 4;
  const nlohmann::json config = {
      {"name", "published"},
      {"model",
       {{"kind", "transformer"},
        {"num_layers", layers},
        {"hidden_size", 2048},
        {"ffn_hidden_size", 8192},
        {"num_attention_heads", 32},
        {"seq_length", 1024},
        {"vocab_size", vocabulary},
        {"untie_embeddings_and_output_weights", true},
        {"position_embedding_type", "none"},
        {"hidden_act", "relu"},
        {"hidden_dropout", 0.1},
        {"activation_dropout", 0.1},
        {"attention_dropout", 0},
        {"logits_chunk_size", 1024}}},
      {"cluster", {{"device", "tpu-v3"}, {"interconnect", "tpu-v3-ring"}}},
      {"pipeline",
       {{"schedule", "gpipe"},
        {"stages", stages},
        {"micro_batch_size", recompute == "none" ? batch : micro_batch},
        {"recompute", recompute}}},
      {"training", {{"batch_size", batch}, {"precision", "bf16"}, {"bytes_per_parameter", 12}}}};
  return config.dump();
}

// A row for each of the file's; complete(entry, row) fills in its figures.
template <class Complete>
Comparison with_rows(Comparison comparison, const DataFiles& data, const Complete& complete) {
  comparison.source = source;
  const CsvTable table = data.table(file);
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    Row& entry = comparison.rows.emplace_back(
        Row{.label = fmt::format("{}, K = {}, L = {}", row.text("config"), row.whole("K"),
                                 row.whole("L"))});
    complete(entry, row);
  }
  return comparison;
}

void set_published(Row& entry, const Printed& printed) {
  entry.published = printed.value;
  entry.rounding = printed.rounding;
}

Experiment experiment_of_row(const CsvRow& row) {
  return experiment_of(config_of(row, row.whole("L")), row.place());
}

double static_bytes(const Experiment& experiment) {
  double bytes = 0;
  for (const StageCost& stage : experiment.costs.stages) {
    bytes += static_cast<double>(stage.static_bytes());
  }
  return bytes;
}

double stashed_bytes(const Experiment& experiment) {
  double bytes = 0;
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    bytes += static_cast<double>(peak_stash(experiment, device));
  }
  return bytes;
}

// Whether every accelerator holds its part of a model with that many layers: weights and stash, as
// the paper counts its memory.
bool fits(const CsvRow& row, int layers) {
  const Experiment experiment = experiment_of(config_of(row, layers), row.place());
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    const Bytes held = experiment.costs.stages[static_cast<std::size_t>(device)].static_bytes() +
                       peak_stash(experiment, device);
    if (held > experiment.capacity[static_cast<std::size_t>(device)].value()) return false;
  }
  return true;
}

// Memory grows with the number of layers.
int most_layers(const CsvRow& row) {
  int fitting = 0;
  int too_many = row.whole("K");
  while (fits(row, too_many)) {
    fitting = too_many;
    too_many *= 2;
  }
  while (too_many - fitting > 1) {
    const int middle = fitting + (too_many - fitting) / 2;
    if (middle >= row.whole("K") && fits(row, middle)) {
      fitting = middle;
    } else {
      too_many = middle;
    }
  }
  return fitting;
}

}  // namespace

Comparison gpipe_parameters(const DataFiles& data) {
  return with_rows(
      {.title = "Parameters of Transformer-L, GPipe",
       .tolerances = {{.kind = Tolerance::Kind::exact}},
       .missing = {"the vocabulary to the word, printed as 32k: 32,000 assumed"},
       .fitted = {"a bias for each word of the output, which the model kind does not have and "
                  "which is added here: it gives the printed digits"}},
      data, [](Row& entry, const CsvRow& row) {
        set_published(entry, printed_number(row, "params"));
        const Config config =
            read_config(parse_document(config_of(row, row.whole("L")), row.place()));
        entry.predicted = parameters_of(std::get<Network>(config.model)) + vocabulary;
      });
}

Comparison gpipe_parameter_memory(const DataFiles& data) {
  return with_rows({.title = "Memory of the parameters of Transformer-L, GPipe",
                    .unit = "GiB",
                    .tolerances = {{.kind = Tolerance::Kind::worst, .limit = 0.003}},
                    .fitted = {"12 bytes a parameter, what the table's columns divide to: fp32 "
                               "with gradient and one state of the optimizer"}},
                   data, [](Row& entry, const CsvRow& row) {
                     set_published(entry, printed_number(row, "parameter_memory_GiB"));
                     entry.predicted = static_bytes(experiment_of_row(row)) / GiB;
                   });
}

Comparison gpipe_activation_memory(const DataFiles& data) {
  return with_rows(
      {.title = "Memory of the activations of Transformer-L, GPipe",
       .unit = "GiB",
       .tolerances = {{.kind = Tolerance::Kind::worst, .limit = 0.04}},
       .fitted =
           {"everything that decides what a layer keeps, which the source does not state, as what "
            "comes closest: micro-batches of 4, or the whole mini-batch where nothing is "
            "re-computed; activations in bf16; a relu; dropout behind every sub-layer and inside "
            "the feed-forward, none of the attention's scores",
            "that embedding and logits count nothing of note: logits are made in parts"}},
      data, [](Row& entry, const CsvRow& row) {
        set_published(entry, printed_number(row, "activation_memory_GiB"));
        entry.predicted = stashed_bytes(experiment_of_row(row)) / GiB;
      });
}

Comparison gpipe_largest_model(const DataFiles& data) {
  return with_rows(
      {.title = "Largest Transformer-L in 16 GiB an accelerator, GPipe",
       .unit = "layers",
       .tolerances = {{.kind = Tolerance::Kind::exact}},
       .missing = {"what beside parameters and activations takes memory: nothing assumed"},
       .fitted = {"what a layer keeps, on the memory of the activations above"}},
      data, [](Row& entry, const CsvRow& row) {
        set_published(entry, {.value = static_cast<double>(row.whole("L"))});
        entry.predicted = most_layers(row);
        entry.counts = row.whole("K") == 1;
        if (!entry.counts) entry.note = "the paper gives every accelerator 13 layers, but one 12";
      });
}

}  // namespace pipesim::published
