#include "models/base/input_error.hpp"

#include <doctest/doctest.h>

namespace pipesim {

TEST_SUITE("models/base/input_error") {
  TEST_CASE("an error is its problem and, on a line of its own, a hint") {
    const InputError error("FILE: /key: must be positive, got -3", "leave it out");
    CHECK(std::string(error.what()) ==
          "FILE: /key: must be positive, got -3\n  hint: leave it out");
  }

  TEST_CASE("a source names its file, the pointer, the problem and the value: the document is /") {
    const Source source{.file = "dir/a.json"};
    CHECK(std::string(source.error("/a/b", "is wrong", "7", "try 8").what()) ==
          "dir/a.json: /a/b: is wrong, got 7\n  hint: try 8");
    CHECK(std::string(source.error("", "is wrong", "7", "try 8").what()) ==
          "dir/a.json: /: is wrong, got 7\n  hint: try 8");
  }

  TEST_CASE("an override takes the blame for its value and all below it, and for nothing else") {
    const Source source{.file = "a.json", .overrides = {"/model/kind", "/cluster"}};
    CHECK(source.blame("/model/kind") == "--set");
    CHECK(source.blame("/cluster") == "--set");
    CHECK(source.blame("/cluster/device/memory") == "--set");
    CHECK(source.blame("/model") == "a.json");
    CHECK(source.blame("/model/kinds") == "a.json");
    CHECK(source.blame("/clusters") == "a.json");
    CHECK(source.blame("") == "a.json");
  }

  TEST_CASE("the closest known word is one that a few edits lead to") {
    const std::vector<std::string> known = {"schedule", "stages", "micro_batches", "partition"};
    CHECK(closest("schedul", known) == "schedule");
    CHECK(closest("stage", known) == "stages");
    CHECK(closest("microbatches", known) == "micro_batches");
    CHECK(closest("Partition", known) == "partition");
    CHECK(closest("xyz", known) == "");
    CHECK(closest("", known) == "");
    CHECK(closest("anything", {}) == "");
    CHECK(closest(std::string(101, 's'), known) == "");
  }

  TEST_CASE("a word that others begin with stands for the first of them") {
    CHECK(closest("v100", {"p100", "v100-16gb", "v100-32gb"}) == "v100-16gb");
    CHECK(closest("stash", {"backward", "stash_bytes"}) == "stash_bytes");
    CHECK(closest("s", {"schedule"}) == "");
  }

  TEST_CASE("the first of equally close words is suggested") {
    CHECK(closest("pcie4", {"pcie3", "pcie5"}) == "pcie3");
  }

  TEST_CASE("a suggestion names the closest word, if there is one, and then all of them") {
    CHECK(suggestion("nvlink4", "interconnects", {"ideal", "nvlink2"}) ==
          "did you mean \"nvlink2\"? interconnects: ideal, nvlink2");
    CHECK(suggestion("zzzzzzz", "interconnects", {"ideal", "nvlink2"}) ==
          "interconnects: ideal, nvlink2");
  }
}

}  // namespace pipesim
