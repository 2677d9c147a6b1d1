#include "reports/formats/model_text.hpp"

#include <iterator>

#include "models/cost/model_size.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/text_table.hpp"

namespace pipesim {

namespace {

template <class... Args>
void print(Output& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
}

std::string amount(double number) {
  return number > 0 ? readable_rate(number) : "-";
}

// Billions, as models are spoken of.
std::string count(double parameters) {
  std::string text = amount(parameters);
  if (text.ends_with('G')) text.back() = 'B';
  return text;
}

void write_heading(Output& out, const Config& config) {
  print(out, "{}: {}", short_name(config.name), config.model_kind);
  if (const auto parameters = parameter_count(config)) {
    print(out, ", {} parameters", count(*parameters));
  }
  const int tensor = config.training.parallel.tensor;
  const int context = config.training.parallel.context;
  print(out, "\none micro-batch of {} on a {}, {}", config.training.micro_batch_size,
        short_name(config.cluster.device(0).name),
        precision_names[static_cast<std::size_t>(config.training.precision)]);
  if (tensor > 1) print(out, ", one of {} that share each layer's matrices", tensor);
  if (context > 1) print(out, ", one of {} that share a sequence", context);
  print(out, "\n");
}

void write_layer(Output& out, const LayerCost& layer, std::size_t room) {
  const std::string name = layer.count == 1
                               ? short_name(layer.first)
                               : fmt::format("{} to {}, {} alike", short_name(layer.first),
                                             short_name(layer.last), layer.count);
  print(out, "\n{}: forward {}, backward {}, stash {}, hands on {}\n", name,
        readable(layer.time.forward), readable(layer.time.backward), readable_bytes(layer.stash),
        readable_bytes(layer.output));
  TextTable table{.columns = {{"part", 22, true},
                              {"parameters", 10},
                              {"FLOPs", 10},
                              {"bytes", 10},
                              {"stash", 11},
                              {"forward", 11},
                              {"backward", 11}},
                  .gap = 1,
                  .indent = 2};
  for (const PartCost& part : layer.parts) {
    table.rows.push_back(
        {.cells = {short_name(part.name), count(part.parameters), amount(part.forward_flops),
                   amount(part.forward_bytes), part.stash > 0 ? readable_bytes(part.stash) : "-",
                   readable(part.forward), readable(part.backward)}});
  }
  write_text_table(out, table, room);
}

}  // namespace

void write_model_text(Output& out, const Config& config, const std::vector<LayerCost>& layers,
                      std::size_t room) {
  write_heading(out, config);
  for (const LayerCost& layer : layers) write_layer(out, layer, room);
  if (as_ops(config.pipeline.recompute) != config.pipeline.recompute) {
    print(out, "\nA part's stash is what it would keep without re-computation {}.",
          name_of(config.pipeline.recompute));
  }
  print(
      out,
      "\nFLOPs and bytes are the forward's, on one device; of an exchange, the bytes that devices "
      "pass\non. Parts of a backward add up to more than the layer's where products hide "
      "exchanges.\n");
}

}  // namespace pipesim
