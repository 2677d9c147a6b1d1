#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/output_keys.hpp"
#include "support/process.hpp"

namespace pipesim::test {

namespace {

std::string printed(const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"schema"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ProcessResult result = run_pipesim(arguments);
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  return result.out;
}

// A file that a command writes; to write it again: the command > FILE.
void check_written_by(const std::string& file, const std::vector<std::string>& options) {
  CAPTURE(file);
  CHECK(printed(options) == read_text(PIPESIM_SOURCE_DIR "/" + file));
}

using Paths = std::set<std::string>;

// "devices[].busy_s": the paths of what is no object and no list. Empty lists have none.
void collect_paths(const nlohmann::json& json, const std::string& path, Paths& paths) {
  if (json.is_array()) {
    for (const nlohmann::json& entry : json) collect_paths(entry, path + "[]", paths);
  } else if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
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
    const nlohmann::json json = nlohmann::json::parse(run_pipesim(command).out, nullptr, false);
    REQUIRE(json.is_object());
    collect_paths(json, "", paths);
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

void check_documents(const std::vector<std::string>& documents,
                     const std::vector<std::vector<std::string>>& commands) {
  const Paths found = emitted(commands);
  CHECK(found == in_table(documents, found));
}

}  // namespace

TEST_SUITE("cli/schema") {
  TEST_CASE("the files that schema writes are what it prints") {
    check_written_by("examples/config.schema.json", {});
    check_written_by("docs/config_keys.md", {"--format", "markdown"});
    check_written_by("docs/output_keys.md", {"--output", "--format", "markdown"});
  }

  TEST_CASE("every example names the schema beside it") {
    for (const auto& name : {"gpipe.json", "unit.json", "llama7b.json"}) {
      CHECK(read_text(std::string(PIPESIM_SOURCE_DIR "/examples/") + name)
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
    check_documents({"comparison"}, {{"compare", "examples/gpipe.json", "--json"}});
    check_documents({"model"}, {{"model", "examples/gpipe.json", "--json"}});
    check_documents({"list"}, {{"list", "--json"}});
    check_documents({"validation"}, {{"validate", "--json", "--execute", "--stages", "2",
                                      "--micro-batches", "2", "--repeats", "1"}});
    check_documents({"schedule"},
                    {{"schedule", "examples/four_stages.json", "--format", "json", "--set",
                      "pipeline.schedule=dualpipe", "--set", "pipeline.micro_batches=8"}});
    check_documents({"timeline"},
                    {{"simulate", "examples/four_stages.json", "--timeline", "-", "--quiet",
                      "--set", "pipeline.schedule=dualpipe", "--set", "pipeline.micro_batches=8"}});
  }

  TEST_CASE("a table of published figures has the keys of the table, and all of them") {
    check_documents({"published"}, {{"validate", "--published", "--ablate", "--json"}});
  }
}

}  // namespace pipesim::test
