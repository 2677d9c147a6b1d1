#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/process.hpp"

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

}  // namespace

TEST_SUITE("cli/validate_published") {
  TEST_CASE("every published table is within its tolerance") {
    const ProcessResult result = run_pipesim({"validate", "--published"});
    CAPTURE(result.out);
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    CHECK(result.out.find("BROKEN") == std::string::npos);
  }

  TEST_CASE("docs/fidelity.md is what the binary prints") {
    const ProcessResult result = run_pipesim({"validate", "--published", "--ablate", "--markdown"});
    CHECK(result.exit_code == 0);
    CHECK(result.out == read_text(PIPESIM_SOURCE_DIR "/docs/fidelity.md"));
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

  TEST_CASE("its options ask for --published") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"validate", "--ablate"},
          {"validate", "--markdown"},
          {"validate", "--published-data", "."},
          {"validate", "--published", "--execute"},
          {"validate", "--published", "--machine"},
          {"validate", "--published", "--markdown", "--verbose"}}) {
      CHECK(run_pipesim(arguments).exit_code == 2);
    }
  }
}

}  // namespace pipesim::test
