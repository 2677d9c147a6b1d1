#include "sim/published/figures/data_files.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::published {

TEST_SUITE("sim/published/figures/data_files") {
  TEST_CASE("the embedded files are those of sim/published/data, each with its source") {
    for (const EmbeddedFile& file : embedded_files()) {
      CAPTURE(file.name);
      CHECK(file.text ==
            test::read_text(PIPESIM_SOURCE_DIR "/sim/published/data/" + std::string(file.name)));
      CHECK(file.text.starts_with("# "));
    }
    CHECK(embedded_files().size() == 12);
  }

  TEST_CASE("a file of a folder counts instead of the embedded one of its name, others stay") {
    const test::TemporaryFolder folder;
    test::write_text(folder / "korthikanti_models.csv", "model\nmine\n");
    const DataFiles data = data_files_in(folder.path(), {});
    CHECK(data.table("korthikanti_models.csv").rows.size() == 1);
    CHECK(data.table("korthikanti_models.csv").file == folder / "korthikanti_models.csv");
    CHECK(data.table("korthikanti_activation_memory.csv").rows.size() == 20);
  }

  TEST_CASE(
      "a file as a spreadsheet saves it, with a byte-order mark and CRLF, is the same table") {
    const test::TemporaryFolder folder;
    const std::string name = "gpipe_throughput.csv";
    std::string saved = "\xef\xbb\xbf";
    for (const char c : test::read_text(PIPESIM_SOURCE_DIR "/sim/published/data/" + name)) {
      saved += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    test::write_text(folder / name, saved);
    const CsvTable embedded = DataFiles{}.table(name);
    const CsvTable read = data_files_in(folder.path(), {}).table(name);
    CHECK(read.columns == embedded.columns);
    REQUIRE(read.rows.size() == embedded.rows.size());
    for (std::size_t i = 0; i < read.rows.size(); ++i) {
      CHECK(read.rows[i].line == embedded.rows[i].line);
      CHECK(read.rows[i].cells == embedded.rows[i].cells);
    }
  }

  TEST_CASE("a folder in a file's place can't be read") {
    const test::TemporaryFolder folder;
    const std::string path = folder / "gpipe_throughput.csv";
    std::filesystem::create_directory(path);
    CHECK_THROWS_WITH_AS(data_files_in(folder.path(), {}).table("gpipe_throughput.csv"),
                         (path + ": /: must be a file, got a directory\n"
                                 "  hint: give a CSV file of that name")
                             .c_str(),
                         InputError);
  }

  TEST_CASE("others' files are only there where the folder has them") {
    const test::TemporaryFolder folder;
    test::write_text(folder / "vgg16.txt", "a profile");
    CHECK_FALSE(DataFiles{}.external("vgg16.txt"));
    CHECK(data_files_in(folder.path(), {"vgg16.txt"}).external("vgg16.txt") ==
          folder / "vgg16.txt");
  }

  TEST_CASE("a folder without any known file is refused with the names") {
    const test::TemporaryFolder folder;
    const std::string known =
        "amoebanet_d_parameters.csv, gpipe_throughput.csv, gpipe_transformer_memory.csv, "
        "korthikanti_activation_memory.csv, korthikanti_iteration_times.csv, "
        "korthikanti_layer_times.csv, korthikanti_models.csv, megatron_sc21.csv, "
        "pipedream_vgg16.csv, simumax_b200.csv, torchgpipe_speed.csv, vtrain_multi_node.csv";
    CHECK_THROWS_WITH_AS(data_files_in(folder.path(), {}),
                         ("--published-data: /: must hold a file of a known name, got \"" +
                          folder.path() + "\"\n  hint: names: " + known)
                             .c_str(),
                         InputError);
    CHECK_THROWS_WITH_AS(data_files_in(folder / "none", {}),
                         ("--published-data: /: must be a folder, got \"" + (folder / "none") +
                          "\"\n  hint: give the folder that holds the CSV files")
                             .c_str(),
                         InputError);
  }
}

}  // namespace pipesim::published
