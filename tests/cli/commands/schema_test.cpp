#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "models/device/device.hpp"
#include "models/keys/config_keys.hpp"
#include "reports/formats/device_json.hpp"
#include "reports/schema/output_keys.hpp"
#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

std::string printed_by(const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"schema"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ProcessResult result = run_pipesim(arguments);
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  return result.out;
}

// A file that the command writes, and is to write again where the two differ.
void check_written_by(const std::string& file, const std::vector<std::string>& options) {
  const bool same = printed_by(options) == read_text(PIPESIM_SOURCE_DIR "/" + file);
  INFO("write it again: pipesim schema ", fmt::format("{} > {}", fmt::join(options, " "), file));
  CHECK(same);
}

using Paths = std::set<std::string>;

// "devices[].busy_s": the paths of what is no object and no list. Empty lists have none.
void collect_paths(const nlohmann::json& document, const std::string& path, Paths& paths) {
  if (document.is_array()) {
    for (const nlohmann::json& entry : document) collect_paths(entry, path + "[]", paths);
  } else if (document.is_object()) {
    for (const auto& [key, value] : document.items()) {
      collect_paths(value, path.empty() ? key : path + "." + key, paths);
    }
  } else {
    paths.insert(path);
  }
}

// What the commands print, all together.
Paths emitted(const std::vector<std::vector<std::string>>& commands) {
  Paths paths;
  for (const std::vector<std::string>& command : commands) {
    CAPTURE(command.front());
    const nlohmann::json document = nlohmann::json::parse(run_pipesim(command).out, nullptr, false);
    REQUIRE(document.is_object());
    collect_paths(document, "", paths);
  }
  return paths;
}

// Of the documents; under "*" stand names of any kind.
Paths in_table(const std::vector<std::string>& documents, const Paths& found) {
  Paths paths;
  for (const OutputDocument& document : output_documents()) {
    if (std::ranges::count(documents, document.name) == 0) continue;
    for (const OutputKey& key : document.keys) {
      if (!key.path.ends_with("*")) {
        paths.emplace(key.path);
        continue;
      }
      const std::string start(key.path.substr(0, key.path.size() - 1));
      std::size_t names = 0;
      for (const std::string& path : found) {
        if (path.starts_with(start)) paths.insert(path), ++names;
      }
      CAPTURE(key.path);
      CHECK(names >= 1);
    }
  }
  return paths;
}

// Those of the first that the second lacks.
std::string without(const Paths& paths, const Paths& others) {
  std::string text;
  for (const std::string& path : paths) text += others.contains(path) ? "" : path + " ";
  return text;
}

void check_documents(const std::vector<std::string>& documents,
                     const std::vector<std::vector<std::string>>& commands) {
  const Paths found = emitted(commands);
  const Paths known = in_table(documents, found);
  CHECK(without(found, known) == "");
  CHECK(without(known, found) == "");
}

}  // namespace

TEST_SUITE("cli/commands/schema") {
  TEST_CASE("the files that schema writes are what it prints") {
    check_written_by("examples/config.schema.json", {});
    check_written_by("docs/config_keys.md", {"--format", "markdown"});
    check_written_by("docs/output_keys.md", {"--output", "--format", "markdown"});
  }

  TEST_CASE("every example names the schema beside it") {
    for (const std::string& name : example_names()) {
      CAPTURE(name);
      CHECK(read_text(PIPESIM_SOURCE_DIR "/examples/" + name)
                .find("\n{\n  \"$schema\": \"config.schema.json\",\n") != std::string::npos);
    }
  }

  TEST_CASE("simulate and execute print the keys of the table, and all of them") {
    const auto simulate = [](const std::string& example, std::vector<std::string> options = {}) {
      std::vector<std::string> command{"simulate", "examples/" + example, "--json"};
      command.insert(command.end(), options.begin(), options.end());
      return command;
    };
    check_documents(
        {"summary", "explanation", "run"},
        {simulate("gpipe.json"),
         simulate("does_not_fit.json"),
         simulate("unit.json"),
         simulate("uneven.json"),
         simulate("uneven.json", {"--set", "training.batch_size=67108864"}),
         simulate("pcie_host.json", {"--explain"}),
         {"execute", "examples/gpipe.json", "--json", "--clock", "measured", "--steps", "1"}});
  }

  TEST_CASE("so do the other commands") {
    check_documents({"training"}, {{"train", "examples/gpipe.json", "--json"}});
    check_documents({"comparison"}, {{"compare", "examples/unit.json", "--json"},
                                     {"compare", "examples/llama7b.json", "--json"}});
    check_documents({"model"}, {{"model", "examples/gpipe.json", "--json"}});
    check_documents({"list"}, {{"list", "--json"}});
    check_documents({"validation"}, {{"validate", "--json", "--execute", "--stages", "2",
                                      "--micro-batches", "2", "--repeats", "1"}});
    check_documents({"schedule"},
                    {{"schedule", "examples/zero_bubble.json", "--format", "json", "--set",
                      "pipeline.schedule=dualpipe", "--set", "pipeline.micro_batches=16"}});
    check_documents({"timeline"}, {{"simulate", "examples/zero_bubble.json", "--timeline", "-",
                                    "--quiet", "--set", "pipeline.schedule=dualpipe", "--set",
                                    "pipeline.micro_batches=16"}});
  }

  TEST_CASE("what calibrate writes has keys of a config's device") {
    const KernelRates rates{
        .rows = {1}, .weights = {1}, .working_set = {1}, .rates = {{{1.0}, {1.0}, {1.0}}}};
    Device device{.name = "d",
                  .memory = 1,
                  .memory_bandwidth = 1.0,
                  .launch_overhead = 1,
                  .cache_bandwidth = 1.0,
                  .interconnect = Interconnect{.name = "i"},
                  .source = "s"};
    device.flops[0] = 1.0;
    device.kernel_rates[0] = rates;
    std::string text;
    Output out([&](std::string_view block) { text += block; });
    write_device_json(out, device);
    out.flush();
    const nlohmann::json document = nlohmann::json::parse(text);
    const std::vector<std::string>& known = keys_of(Section::device);
    std::size_t found = 0;
    for (const auto& [key, value] : document.items()) {
      found += std::ranges::count(known, key) == 1 ? 1 : 0;
    }
    CHECK(found == document.size());
    CHECK(found == known.size() - 1);  // Nothing measures curves of efficiency.
  }

  TEST_CASE("a table of published figures has the keys of the table, and all of them") {
    check_documents({"published"}, {{"validate", "--published", "--ablate", "--json"}});
  }
}

}  // namespace pipesim::test
