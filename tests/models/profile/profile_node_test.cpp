#include "models/profile/profile_node.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

namespace pipesim {

namespace {

ProfileNode node(std::string_view text) {
  const std::string file = "g.txt";
  return read_profile_node({.file = file, .number = 7, .text = text});
}

// A node with one figure, or another text, in place of a sound one.
std::string with(std::string_view figure) {
  return fmt::format(
      "n -- Linear -- {}, backward_compute_time=2, activation_size=3, parameter_size=4", figure);
}

constexpr const char* form_hint =
    "a node is written as \"node1 -- Linear(8, 8) -- forward_compute_time=1.5, "
    "backward_compute_time=3.0, activation_size=2048.0, parameter_size=4096.0\", an edge behind a "
    "tab as \"node1 -- node2\"";

void check_refused(std::string_view text, const std::string& problem, std::string_view hint) {
  CAPTURE(text);
  const std::string whole = fmt::format("g.txt:7: {}\n  hint: {}", problem, hint);
  CHECK_THROWS_WITH_AS(node(text), whole.c_str(), InputError);
}

}  // namespace

TEST_SUITE("models/profile/profile_node") {
  TEST_CASE("a node has a name, what it is, times in milliseconds and sizes in bytes") {
    const ProfileNode expected{.name = "node12",
                               .description = "Conv2d(64, 128, kernel_size=(3, 3))",
                               .forward = 1'500_us,
                               .backward = 3'001_us,
                               .activation_bytes = 2048,
                               .parameter_bytes = 4096};
    CHECK(node("node12 -- Conv2d(64, 128, kernel_size=(3, 3)) -- forward_compute_time=1.500, "
               "backward_compute_time=3.001, activation_size=2048.000, parameter_size=4096.000") ==
          expected);
    CHECK(node("node12 -- Conv2d(64, 128, kernel_size=(3, 3)) -- parameter_size=4.096e3,"
               "activation_size=[1024.0; 1000; 24],forward_compute_time = 1.5, "
               "backward_compute_time=3.001 -- stage_id=2\r") == expected);
  }

  TEST_CASE("a description may look like a separator") {
    CHECK(node("n -- a -- b -- forward_compute_time=1, backward_compute_time=2, "
               "activation_size=3, parameter_size=4")
              .description == "a -- b");
  }

  TEST_CASE("a list of activations is their sum, an empty one nothing") {
    const auto bytes = [](std::string_view list) {
      return node(fmt::format("n -- x -- forward_compute_time=1, backward_compute_time=2, "
                              "activation_size={}, parameter_size=4",
                              list))
          .activation_bytes;
    };
    CHECK(bytes("[1; 2; 3]") == 6);
    CHECK(bytes("[]") == 0);
  }

  TEST_CASE("a figure must be a number in its range") {
    const std::string ms = "milliseconds of the whole batch";
    for (const char* value :
         {"abc", "", "-1", "nan", "inf", "1e400", "1.5x", "1 2", "4611686019"}) {
      check_refused(
          with(fmt::format("forward_compute_time={}", value)),
          fmt::format("forward_compute_time must be a number from 0 to below 2^62 ps, got \"{}\"",
                      value),
          ms);
    }
    CHECK(node(with("forward_compute_time=4611686018")).forward < Time::limit());
    check_refused("n -- x -- activation_size=[1; two]",
                  "activation_size must be a number from 0 to below 2^62, got \"two\"",
                  "bytes of the whole batch, or a list of them: [512.0; 64.0]");
    check_refused("n -- x -- activation_size=[1; 2",
                  "activation_size must close its list, got \"[1; 2\"",
                  "bytes of the whole batch, or a list of them: [512.0; 64.0]");
    check_refused("n -- x -- parameter_size=5e18",
                  "parameter_size must be a number from 0 to below 2^62, got \"5e18\"",
                  "bytes of the node's weights");
  }

  TEST_CASE("every figure stands once, under its name") {
    check_refused("n -- x -- forward_compute_time=1, backward_compute_time=2, parameter_size=4",
                  "lacks its activation_size, got \"n -- x -- forward_compute_time=1, "
                  "backward_compute_time=2, …",
                  "bytes of the whole batch, or a list of them: [512.0; 64.0]");
    check_refused(with("backward_compute_time=1"), "states backward_compute_time twice, got \"2\"",
                  "keep only one of the two");
    check_refused(with("forward_compute=1"),
                  "has a figure of no known name, got \"forward_compute\"",
                  "did you mean \"forward_compute_time\"? figures: forward_compute_time, "
                  "backward_compute_time, activation_size, parameter_size");
  }

  TEST_CASE("of a file that is no profile nothing is repeated") {
    check_refused("root:x:0:0:root:/root:/bin/sh",
                  "is neither a node nor an edge, got a line of 29 bytes", form_hint);
  }

  TEST_CASE("what is no node says how one is written, and quotes no more than its beginning") {
    check_refused("node1", "is neither a node nor an edge, got a line of 5 bytes", form_hint);
    check_refused("node1 -- node2", "is neither a node nor an edge, got \"node1 -- node2\"",
                  form_hint);
    check_refused(
        "node1 -- " + std::string(1000, 'x'),
        fmt::format("is neither a node nor an edge, got \"node1 -- {}…", std::string(50, 'x')),
        form_hint);
    check_refused("a b -- x -- y", "must begin with the node's name, one word, got \"a b\"",
                  form_hint);
    check_refused("n -- x -- parameter_size=4 -- stage_id=-1",
                  "stage_id must be a whole number from 0, got \"-1\"",
                  "it is not used: the config's partition says which stage a layer is in");
  }
}

}  // namespace pipesim
