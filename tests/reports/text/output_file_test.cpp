#include "reports/text/output_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "models/base/input_error.hpp"
#include "support/commands/process.hpp"

namespace pipesim {

namespace {

using test::read_text;
using test::TemporaryFolder;
using test::write_text;

std::string entries_of(const TemporaryFolder& folder) {
  std::string names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names += entry.path().filename().string() + " ";
  }
  return names;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

constexpr const char* hint = "\n  hint: choose a file in a folder that exists and can be written";

}  // namespace

TEST_SUITE("reports/text/output_file") {
  TEST_CASE("a committed file holds all that was written, and nothing else is left behind") {
    const TemporaryFolder folder;
    {
      OutputFile file(folder / "a.txt");
      file.output().append("one ");
      file.output().flush();
      file.output().append("two");
      CHECK_FALSE(std::filesystem::exists(folder / "a.txt"));
      file.commit();
      CHECK(read_text(folder / "a.txt") == "one two");
    }
    CHECK(entries_of(folder) == "a.txt ");
    CHECK(read_text(folder / "a.txt") == "one two");
  }

  TEST_CASE("whoever is told how much has been written knows of how much, once its writer does") {
    const TemporaryFolder folder;
    OutputFile file(folder / "a.txt");
    std::vector<std::pair<double, double>> told;
    file.report_to([&](double done, double total) { told.emplace_back(done, total); });
    file.output().append("of unknown length");
    file.output().flush();
    file.output().append(", and so on, for");
    file.output().reached(0.25);
    file.output().flush();
    CHECK(told == std::vector<std::pair<double, double>>{{17, 0}, {33, 132}});
  }

  TEST_CASE("a new file has the permissions of any other new file, an old one keeps its own") {
    const TemporaryFolder folder;
    const mode_t mask = umask(027);
    OutputFile(folder / "new.txt").commit();
    umask(mask);
    CHECK(mode_of(folder / "new.txt") == 0640);
    write_text(folder / "old.txt", "old");
    REQUIRE(chmod((folder / "old.txt").c_str(), 0604) == 0);
    OutputFile(folder / "old.txt").commit();
    CHECK(mode_of(folder / "old.txt") == 0604);
    CHECK(read_text(folder / "old.txt") == "");
  }

  TEST_CASE("without a commit the old file stays as it was and no temporary file remains") {
    const TemporaryFolder folder;
    write_text(folder / "a.txt", "old");
    try {
      OutputFile file(folder / "a.txt");
      file.output().append("half of the n");
      file.output().flush();
      throw std::runtime_error("out of luck");
    } catch (const std::runtime_error&) {
    }
    CHECK(read_text(folder / "a.txt") == "old");
    CHECK(entries_of(folder) == "a.txt ");
  }

  TEST_CASE("temporary files can be removed while they are being written") {
    const TemporaryFolder folder;
    write_text(folder / "a.txt", "old");
    {
      OutputFile a(folder / "a.txt");
      OutputFile b(folder / "b.txt");
      b.output().append("new");
      b.output().flush();
      remove_temporary_files();
      CHECK(entries_of(folder) == "a.txt ");
    }
    CHECK(read_text(folder / "a.txt") == "old");
  }

  TEST_CASE("a link's target is written, and the link stays a link") {
    const TemporaryFolder folder;
    write_text(folder / "target.txt", "old");
    std::filesystem::create_symlink("target.txt", folder / "link.txt");
    OutputFile file(folder / "link.txt");
    file.output().append("new");
    file.commit();
    CHECK(std::filesystem::is_symlink(folder / "link.txt"));
    CHECK(read_text(folder / "target.txt") == "new");
  }

  TEST_CASE("a pipe is written directly") {
    const TemporaryFolder folder;
    const std::string path = folder / "pipe";
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
    REQUIRE(reader >= 0);
    OutputFile file(path);
    file.output().append("through");
    file.commit();
    char text[16] = {};
    CHECK(read(reader, text, sizeof text) == 7);
    close(reader);
    CHECK(std::string(text) == "through");
    CHECK(std::filesystem::is_fifo(path));
    CHECK(entries_of(folder) == "pipe ");
  }

  TEST_CASE("a device is written directly, and stays a device") {
    OutputFile file("/dev/null");
    file.output().append("nothing");
    file.commit();
    CHECK(std::filesystem::is_character_file("/dev/null"));
  }

  TEST_CASE("a folder, or a file in one that does not exist, is refused before the work starts") {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(
        OutputFile(folder.path()),
        (folder.path() + ": /: cannot be written, got Is a directory" + hint).c_str(), InputError);
    const std::string missing = folder / "none/a.txt";
    CHECK_THROWS_WITH_AS(
        OutputFile(missing.c_str()),
        (missing + ": /: cannot be created, got No such file or directory" + hint).c_str(),
        InputError);
    CHECK(entries_of(folder) == "");
  }

  TEST_CASE("what is named .gz is compressed, and the same text gives the same bytes") {
    const TemporaryFolder folder;
    const std::string line = "one two three\n";
    std::string text;
    for (const char* name : {"a.gz", "b.gz"}) {
      OutputFile file(folder / name);
      text.clear();
      for (int i = 0; i < 100'000; ++i) {
        file.output().append(line);
        file.output().end_of_line();
        text += line;
      }
      file.commit();
    }
    CHECK(test::run_shell("gunzip -c " + folder / "a.gz").out == text);
    CHECK(read_text(folder / "a.gz") == read_text(folder / "b.gz"));
    CHECK(std::filesystem::file_size(folder / "a.gz") < text.size() / 100);
    CHECK(entries_of(folder).size() == std::string("a.gz b.gz ").size());
  }

  TEST_CASE("nothing, in a file named .gz, is a compressed nothing") {
    const TemporaryFolder folder;
    OutputFile(folder / "a.gz").commit();
    const auto unpacked = test::run_shell("gunzip -c " + folder / "a.gz");
    CHECK(unpacked.exit_code == 0);
    CHECK(unpacked.out == "");
  }

  TEST_CASE("only the end of a name asks for compression") {
    const TemporaryFolder folder;
    for (const char* name : {"a.gz.txt", "gz", "a.GZ"}) {
      OutputFile file(folder / name);
      file.output().append("plain");
      file.commit();
      CHECK(read_text(folder / name) == "plain");
    }
  }

  TEST_CASE("a full disk is reported at the end of a compressed file, which is not put in place") {
    const TemporaryFolder folder;
    const std::string link = folder / "full.gz";
    std::filesystem::create_symlink("/dev/full", link);
    OutputFile file(link);
    file.output().append("too much");
    CHECK_THROWS_WITH_AS(file.finish(),
                         (link + ": /: cannot be written, got No space left on device\n"
                                 "  hint: send the output somewhere that has room for it")
                             .c_str(),
                         InputError);
  }

  TEST_CASE("a full disk is reported with what would help") {
    OutputFile file("/dev/full");
    file.output().append("too much");
    CHECK_THROWS_WITH_AS(file.commit(),
                         "/dev/full: /: cannot be written, got No space left on device\n"
                         "  hint: send the output somewhere that has room for it",
                         InputError);
  }
}

}  // namespace pipesim
