#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/options.hpp"
#include "reports/formats/model_json.hpp"
#include "reports/formats/model_text.hpp"
#include "reports/text/json_text.hpp"

namespace pipesim::cli {

namespace {

struct ModelOptions {
  ConfigOptions config{};
  bool json = false;
};

int model_command(const ModelOptions& options) {
  const Config config = load(options.config);
  const std::vector<LayerCost> layers = layer_costs(config);
  Output out = standard_output();
  if (options.json) {
    out.append(to_text(model_json(config, layers)));
  } else {
    const TextStyle style = standard_output_style(automatic_colour);
    write_model_text(out, config, layers, static_cast<std::size_t>(style.width));
  }
  out.flush();
  return done;
}

}  // namespace

Command declare_model() {
  auto options = std::make_shared<ModelOptions>();
  Command command{.name = "model",
                  .description = "Show what the model's layers cost, part by part, on one device",
                  .run = [options] { return model_command(*options); }};
  add_config_options(command, options->config);
  command.options.push_back(
      {.name = "--json", .into = &options->json, .description = "Print one JSON object"});
  command.footer =
      "Layers that cost the same stand once. Times are those of one micro-batch on the pipeline's\n"
      "first device; docs/cost_model.md says how they come about.\n\n"
      "Examples:\n"
      "  pipesim model examples/gpipe.json\n"
      "  pipesim model examples/gpipe.json --set cluster.device=a100-80gb --json";
  return command;
}

}  // namespace pipesim::cli
