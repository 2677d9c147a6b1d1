#include "sim/published/tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::published {

namespace {

const KnownTable& table_of(std::string_view id) {
  const auto found = std::ranges::find(known_tables(), id, &KnownTable::id);
  REQUIRE(found != known_tables().end());
  return *found;
}

std::string text_of(std::string_view file) {
  return test::read_text(PIPESIM_SOURCE_DIR "/sim/published/data/" + std::string(file));
}

// The comments and the column names of a file.
std::string head_of(std::string_view file) {
  const std::string text = text_of(file);
  std::size_t at = 0;
  while (text[at] == '#') at = text.find('\n', at) + 1;
  return text.substr(0, text.find('\n', at) + 1);
}

// A row that no paper has, and what a table calls what it makes of it.
struct NewRow {
  const char* table;
  const char* file;
  const char* row;
  const char* label;
};

// What is said of a table whose file has one row, which can't be.
std::string refusal(const char* table, const char* file, const std::string& row) {
  const test::TemporaryFolder folder;
  const std::string text = head_of(file) + row + "\n";
  test::write_text(folder / file, text);
  const auto line = std::to_string(std::ranges::count(text, '\n'));
  try {
    table_of(table).compare(data_files_in(folder.path(), {}));
  } catch (const InputError& error) {
    std::string what = error.what();
    const std::string place = folder / file + ":" + line + ": ";
    REQUIRE(what.starts_with(place));
    return what.substr(place.size());
  }
  return "no error";
}

}  // namespace

TEST_SUITE("sim/published/tables") {
  TEST_CASE("every table takes rows that others append to its file") {
    const std::vector<NewRow> rows{
        {"gpipe-parameters", "gpipe_transformer_memory.csv", "Mine,4,52,full,2.7B,30,25",
         "Mine, K = 4, L = 52"},
        {"gpipe-parameter-memory", "gpipe_transformer_memory.csv", "Mine,4,52,full,2.7B,30,25",
         "Mine, K = 4, L = 52"},
        {"gpipe-activation-memory", "gpipe_transformer_memory.csv", "Mine,4,52,full,2.7B,30,25",
         "Mine, K = 4, L = 52"},
        {"gpipe-largest-model", "gpipe_transformer_memory.csv", "Mine,4,52,full,2.7B,30,25",
         "Mine, K = 4, L = 52"},
        {"sc21-parameters", "megatron_sc21.csv", "3.6,32,3072,30,2,1,32,64,512,2048,51200,140,16,1",
         "30 layers, hidden 3072"},
        {"sc21-throughput", "megatron_sc21.csv", "3.6,32,3072,30,2,1,32,64,512,2048,51200,140,16,1",
         "3.6B, t2 p1 d32 b16"},
        {"amoebanet-parameters", "amoebanet_d_parameters.csv", "6,64,12,,3.0M", "(6, 64), printed"},
        {"korthikanti-activations", "korthikanti_activation_memory.csv", "22B,sel,31406948352",
         "22B, sel"},
        {"korthikanti-layer-times", "korthikanti_layer_times.csv", "175B,seq+sel,3,6",
         "175B, seq+sel, backward"},
        {"korthikanti-iterations", "korthikanti_iteration_times.csv", "175B,none,14", "175B, none"},
        {"vtrain-iterations", "vtrain_multi_node.csv",
         "128,512,8,3072,32,30,2048,2,64,1,1,2000,3.6", "3.6B, t2 p1 d64 b8"},
        {"b200-step-times", "simumax_b200.csv", "mine,llama3-70b,tp2pp2,8,8,1,False,500,50",
         "mine"},
        {"b200-memory", "simumax_b200.csv", "mine,llama3-70b,tp2pp2,8,8,1,False,500,50", "mine"},
        {"gpipe-throughput-tpu", "gpipe_throughput.csv", "2,transformer,32,16,12",
         "Transformer, M = 32, K = 16"},
        {"gpipe-throughput-gpu", "gpipe_throughput.csv", "3,amoebanet,32,6,2.5",
         "AmoebaNet-D, M = 32, K = 6"},
        {"torchgpipe-speed-ups", "torchgpipe_speed.csv",
         "8,16,640,2 2 2 3 3 4 4 4,except_last,100,4", "K = 8, M = 16"}};
    for (const NewRow& row : rows) {
      CAPTURE(row.table);
      const test::TemporaryFolder folder;
      // Ratios need the rows that they are relative to.
      const bool is_ratio = std::string_view(row.table) == "torchgpipe-speed-ups";
      const std::string before = is_ratio ? text_of(row.file) : head_of(row.file);
      test::write_text(folder / row.file, before + row.row + "\n");
      const Comparison found = table_of(row.table).compare(data_files_in(folder.path(), {}));
      REQUIRE_FALSE(found.rows.empty());
      CHECK(found.rows.back().label == row.label);
      CHECK(std::isfinite(found.rows.back().predicted));
    }
  }

  TEST_CASE("a row that makes no step is refused at its line, with what is wrong") {
    CHECK(refusal("vtrain-iterations", "vtrain_multi_node.csv",
                  "192,512,8,3072,32,30,2048,3,64,1,1,3566.5,3.6") ==
          "/training/tensor_parallel: does not divide num_attention_heads 32, got 3\n"
          "  hint: every device has as many heads: choose a divisor");
    CHECK(refusal("sc21-throughput", "megatron_sc21.csv",
                  "3.6,32,3072,30,2,1,32,128,512,2048,51200,140,16,1") ==
          "column \"gpus\": must be 64, tensor- times pipeline- times data-parallel ones, got "
          "\"128\"\n  hint: correct one of the four");
    CHECK(refusal("vtrain-iterations", "vtrain_multi_node.csv",
                  "64,500,8,3072,32,30,2048,1,64,1,1,3566.5,3.6") ==
          "/training/global_batch_size: must be a multiple of data_parallel 64, got 500\n"
          "  hint: every replica takes the same number of samples");
    CHECK(refusal("gpipe-largest-model", "gpipe_transformer_memory.csv",
                  "Mine,8,4,full,2.7B,30,25") == "no error");  // It asks how many layers fit.
    CHECK(refusal("gpipe-activation-memory", "gpipe_transformer_memory.csv",
                  "Mine,8,4,full,2.7B,30,25") ==
          "/pipeline/stages: must not exceed the model's number of layers, 4, got 8\n"
          "  hint: every stage has at least one layer");
    CHECK(refusal("korthikanti-iterations", "korthikanti_iteration_times.csv", "23B,full,1.5") ==
          "column \"model\": is not known here, got \"23B\"\n"
          "  hint: did you mean \"22B\"? possible: 22B, 175B, 530B, 1T");
    CHECK(refusal("torchgpipe-speed-ups", "torchgpipe_speed.csv", "2,1,96,7 18,always,26.7,1") ==
          "/pipeline/partition: must add up to the model's 24 layers, got [7,18]\n"
          "  hint: these counts add up to 25");
  }

  TEST_CASE("tables that read one file have ids of their own, and a source each") {
    std::vector<std::string_view> ids;
    for (const KnownTable& table : known_tables()) ids.push_back(table.id);
    std::ranges::sort(ids);
    CHECK(std::ranges::adjacent_find(ids) == ids.end());
    CHECK(ids.size() == 18);
  }
}

}  // namespace pipesim::published
