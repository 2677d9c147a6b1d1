#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "reports/schema/config_keys_markdown.hpp"
#include "reports/schema/config_schema.hpp"
#include "reports/schema/output_keys.hpp"
#include "reports/text/json_text.hpp"

namespace pipesim::cli {

namespace {

struct SchemaOptions {
  std::string format = "json";
  bool of_output = false;
};

nlohmann::ordered_json output_keys_json() {
  nlohmann::ordered_json json;
  for (const OutputDocument& document : output_documents()) {
    for (const OutputKey& key : document.keys) {
      json[std::string(document.name)].push_back(
          {{"key", key.path}, {"unit", key.unit}, {"about", key.description}});
    }
  }
  return json;
}

int schema_command(const SchemaOptions& options) {
  Output out = standard_output();
  if (options.format == "json") {
    out.append(to_text(options.of_output ? output_keys_json() : config_schema()));
  } else if (options.of_output) {
    write_output_keys_markdown(out);
  } else {
    write_config_keys_markdown(out);
  }
  out.flush();
  return done;
}

}  // namespace

Command declare_schema() {
  auto options = std::make_shared<SchemaOptions>();
  Command command{
      .name = "schema",
      .description = "Print what a config may say, as JSON Schema for editors or as tables",
      .run = [options] { return schema_command(*options); }};
  command.options.push_back({.name = "--format",
                             .into = &options->format,
                             .description = "How",
                             .words = {"json", "markdown"},
                             .shows_default = true});
  command.options.push_back(
      {.name = "--output",
       .into = &options->of_output,
       .description = "Instead: the keys of what pipesim writes, with unit and meaning"});
  command.footer =
      "An editor that reads JSON Schema completes and checks a config that begins with\n"
      "  \"$schema\": \"config.schema.json\"\n"
      "with that file beside it. Comments are allowed (in VS Code: JSON with Comments).\n\n"
      "Examples:\n"
      "  pipesim schema > config.schema.json\n"
      "  pipesim schema --format markdown\n"
      "  pipesim schema --output --format markdown";
  return command;
}

}  // namespace pipesim::cli
