#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

const std::string data_folder = PIPESIM_SOURCE_DIR "/sim/published/data/";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

// What validate says of figures of which one file has been changed.
ProcessResult validate_with(const TemporaryFolder& folder, const std::string& file,
                            const std::string& text, std::vector<std::string> more = {}) {
  write_text(folder / file, text);
  std::vector<std::string> arguments{"validate", "--published", "--published-data", folder.path()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_pipesim(arguments);
}

nlohmann::json table_of(const ProcessResult& result, const std::string& id) {
  const nlohmann::json all = nlohmann::json::parse(result.out);
  for (const nlohmann::json& table : all["tables"]) {
    if (table["id"] == id) return table;
  }
  FAIL("no table ", id);
  return {};
}

void collect_keys(const nlohmann::json& document, std::set<std::string>& keys) {
  if (document.is_object()) {
    for (const auto& [key, value] : document.items()) keys.insert(key);
  }
  if (!document.is_structured()) return;
  for (const nlohmann::json& value : document) collect_keys(value, keys);
}

}  // namespace

TEST_SUITE("cli/commands/validate_published") {
  TEST_CASE("every published table is within its tolerance: docs/fidelity.md is what is printed") {
    const ProcessResult result = run_pipesim({"validate", "--published", "--ablate", "--markdown"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    const bool is_page = result.out == read_text(PIPESIM_SOURCE_DIR "/docs/fidelity.md");
    CHECK(is_page);  // A difference is better looked for by diff.
  }

  TEST_CASE("a figure that the model does not meet breaks its table's tolerance: exit code 4") {
    const TemporaryFolder folder;
    const std::string file = "korthikanti_activation_memory.csv";
    const ProcessResult result = validate_with(
        folder, file, replaced(read_text(data_folder + file), "63619203072", "63619203073"));
    CHECK(result.exit_code == 4);
    CHECK(result.err.empty());
    CHECK(result.out.find("  1 row not exact, where all must be: BROKEN\n") != std::string::npos);
    CHECK(result.out.ends_with("BROKEN: korthikanti-activations\n"));
  }

  TEST_CASE("other rows of a table may stand in its file") {
    const TemporaryFolder folder;
    const ProcessResult result =
        validate_with(folder, "megatron_sc21.csv",
                      "layers,hidden,heads,tensor_parallel,pipeline_parallel,data_parallel,"
                      "global_batch,seq,vocab,params_billion,achieved_TFLOPs_per_gpu,micro_batch,"
                      "virtual_stages,remark\n"
                      "30,3072,32,2,1,32,512,2048,51200,3.6,140,16,1,another row\n",
                      {"--json"});
    const nlohmann::json parameters = table_of(result, "sc21-parameters");
    REQUIRE(parameters["rows"].size() == 1);
    CHECK(parameters["rows"][0]["agrees"] == true);
    CHECK(table_of(result, "sc21-throughput")["rows"].size() == 1);
  }

  TEST_CASE("a file that is no table of that kind is refused with its line: exit code 2") {
    const TemporaryFolder folder;
    const std::string file = "vtrain_multi_node.csv";
    const std::string path = folder / file;
    const std::string good = read_text(data_folder + file);
    const auto refused = [&](const std::string& text) {
      const ProcessResult result = validate_with(folder, file, text);
      CHECK(result.exit_code == 2);
      CHECK(result.out.empty());
      return result.err;
    };
    CHECK(refused(replaced(good, "3566.5", "fast")) ==
          path +
              ":4: column \"iteration_ms\": must be a number above 0, got \"fast\"\n"
              "  hint: write it as 1234.5\n");
    CHECK(refused(replaced(good, "3566.5,3.6", "3566.5")) ==
          path +
              ":4: must have 13 cells, as there are columns, got 12\n"
              "  hint: separate cells by commas; a cell can't hold one\n");
    CHECK(refused(replaced(good, ",hidden,", ",width,"))
              .starts_with(path + ":4: column \"hidden\": is required, got nothing\n  hint: "));
    // What makes no config is refused where the figure stands.
    CHECK(refused(replaced(good, "64,512,8,3072,32,", "64,512,8,3072,31,"))
              .starts_with(path + ":4: /model/num_attention_heads: "));
  }

  TEST_CASE("its options ask for --published, which refuses those about anything else") {
    const auto refused = [](std::vector<std::string> arguments, const std::string& problem) {
      arguments.insert(arguments.begin(), "validate");
      const ProcessResult result = run_pipesim(arguments);
      CHECK(result.exit_code == 2);
      CHECK(result.out.empty());
      CHECK(result.err.substr(0, result.err.find('\n')) == problem);
    };
    refused({"--ablate"}, "--ablate: /: needs --published beside it, got --ablate");
    refused({"--markdown"}, "--markdown: /: needs --published beside it, got --markdown");
    refused({"--verbose"}, "--verbose: /: needs --published beside it, got --verbose");
    refused({"--published-data", "."},
            "--published-data: /: needs --published beside it, got --published-data .");
    refused({"--published", "--stages", "4"},
            "--stages: /: cannot stand beside --published, got both");
    refused({"--published", "--micro-batches", "4"},
            "--micro-batches: /: cannot stand beside --published, got both");
    refused({"--published", "--schedule", "gpipe"},
            "--schedule: /: cannot stand beside --published, got both");
    refused({"--published", "--execute"},
            "--execute: /: cannot stand beside --published, got both");
    refused({"--published", "--machine"},
            "--machine: /: cannot stand beside --published, got both");
    refused({"--published", "--repeats", "3"},
            "--repeats: /: cannot stand beside --published, got both");
    refused({"--published", "--markdown", "--verbose"},
            "--verbose: /: cannot stand beside --markdown, got both");
    refused({"--published", "--markdown", "--json"},
            "--markdown: /: cannot stand beside --json, got both");
  }

  TEST_CASE("a folder that is none, an empty name and ten megabytes of anything are refused") {
    for (const std::string name : {"/nonexistent", ""}) {
      const ProcessResult none = run_pipesim({"validate", "--published", "--published-data", name});
      CHECK(none.exit_code == 2);
      CHECK(none.err == "--published-data: /: must be a folder, got \"" + name +
                            "\"\n  hint: give the folder that holds the CSV files\n");
    }
    const TemporaryFolder folder;
    const std::string file = "gpipe_transformer_memory.csv";
    const ProcessResult junk = validate_with(folder, file, std::string(10'000'000, 'x'));
    CHECK(junk.exit_code == 2);
    CHECK(junk.err == folder / file +
                          ":1: must have a line of column names and a row, got no row\n"
                          "  hint: give the figures, a row a line\n");
  }

  TEST_CASE("a reader that leaves ends it quietly") {
    const ProcessResult result = run_shell("$PIPESIM validate --published --json | head -1");
    CHECK(result.out == "{\n");
    CHECK(result.err.empty());
  }

  TEST_CASE("docs/output.md names every key of --published --ablate --json") {
    // One row of each table of times is enough.
    const TemporaryFolder folder;
    write_text(folder / "vtrain_multi_node.csv",
               "global_batch,micro_batch,hidden,heads,layers,seq,tp,dp,pp,iteration_ms,"
               "params_billion\n512,8,3072,32,30,2048,1,64,1,3566.5,3.6\n");
    write_text(folder / "simumax_b200.csv",
               "case,model,parallel,layer_num,mbc,vp_size,real_ms,real_alloc_gib\n"
               "x,llama3-70b,tp4,12,4,1,409.8,39.07\n");
    const ProcessResult result = run_pipesim(
        {"validate", "--published", "--published-data", folder.path(), "--ablate", "--json"});
    std::set<std::string> keys;
    collect_keys(nlohmann::json::parse(result.out), keys);
    CHECK(keys.contains("fraction_of_peak"));
    const std::string docs = read_text(PIPESIM_SOURCE_DIR "/docs/output.md");
    const std::size_t at = docs.find("`validate --published` holds");
    REQUIRE(at != std::string::npos);
    const std::string paragraph = docs.substr(at, docs.find("\n\n", at) - at);
    for (const std::string& key : keys) {
      CAPTURE(key);
      CHECK(paragraph.find("`" + key + "`") != std::string::npos);
    }
  }
}

}  // namespace pipesim::test
