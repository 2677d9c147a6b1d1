#include "reports/gantt/text_gantt.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "sim/step/run.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

std::string gantt(const Experiment& experiment, const TextStyle& style = {}) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write_text_gantt(out, experiment, simulate(experiment), style);
  out.flush();
  return "\n" + text;
}

std::string unit_gantt(const std::vector<std::string>& settings, const TextStyle& style = {}) {
  return gantt(test::example("unit.json", settings), style);
}

std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') i = text.find('m', i) + 1;
    while (i < text.size() && text[i] == '\x1b') i = text.find('m', i) + 1;
    if (i < text.size()) plain += text[i];
  }
  return plain;
}

}  // namespace

TEST_SUITE("reports/gantt/text_gantt") {
  TEST_CASE("with ops of one unit a cell is a time step, as in the textbook") {
    CHECK(unit_gantt({}) == R"(
time      0   1   2   3   4   5   6   7   8   9   10  11
device 0  F0  F1  F2  F3  .   .   .   .   B3  B2  B1  B0
device 1  .   F0  F1  F2  F3  .   .   B3  B2  B1  B0  .
device 2  .   .   F0  F1  F2  F3  B3  B2  B1  B0  .   .
          F forward   B backward   . idle
)");
  }

  TEST_CASE("an op of two units fills two cells") {
    CHECK(unit_gantt({"model.backward=2", "pipeline.stages=2", "pipeline.micro_batches=2"}) == R"(
time      0   1   2   3   4   5   6   7   8
device 0  F0  F1  .   .   .   B1----  B0----
device 1  .   F0  F1  B1----  B0----  .   .
          F forward   B backward   . idle
)");
  }

  TEST_CASE("1F1B alternates, and re-computation has its own letter") {
    CHECK(unit_gantt({"pipeline.schedule=1f1b", "pipeline.micro_batches=3", "pipeline.stages=2",
                      "pipeline.recompute=full", "pipeline.recompute_placement=lazy"}) == R"(
time      0   1   2   3   4   5   6   7   8   9   10  11
device 0  F0  F1  .   .   R0  B0  F2  R1  B1  .   R2  B2
device 1  .   F0  R0  B0  F1  R1  B1  F2  R2  B2  .   .
          F forward   B backward   R re-computation   . idle
)");
  }

  TEST_CASE("a deferred W ends every device's row, without a micro-batch's number") {
    CHECK(unit_gantt({"pipeline.stages=2", "pipeline.micro_batches=2", "model.backward_input=1",
                      "model.backward_weight=1", "training.weight_gradient=deferred"}) == R"(
time      0   1   2   3   4   5   6   7
device 0  F0  F1  .   .   I1  I0  W-----
device 1  .   F0  F1  I1  I0  W-----  .
          F forward   I backward for the input   W backward for the weights   . idle
)");
  }

  TEST_CASE("the unit of a cell is what all times are multiples of, whatever it is") {
    const std::string seconds = unit_gantt({});
    CHECK(unit_gantt({"model.forward=7 us", "model.backward=7 us"}) == seconds);
  }

  TEST_CASE("cells are as wide as the longest name") {
    CHECK(unit_gantt({"pipeline.stages=1", "pipeline.micro_batches=11", "model.forward=0"}) == R"(
time      0    1    2    3    4    5    6    7    8    9    10
device 0  B10  B9   B8   B7   B6   B5   B4   B3   B2   B1   B0
          B backward   . idle
)");
  }

  TEST_CASE("too narrow for cells, a column is an equal share of the time, as at its middle") {
    CHECK(unit_gantt({}, {.width = 40}) == R"(
time      0                         12 s
device 0  F0F1-F2F3-..........B3B2-B1B0-
device 1  ..F0-F1F2-F3.....B3-B2B1-B0...
device 2  .....F0F1-F2F3-B3B2-B1B0-.....
          F forward   B backward   . idle
)");
  }

  TEST_CASE("a run of columns too short for an op's name shows its letter") {
    CHECK(unit_gantt({}, {.width = 20}) == R"(
time      0     12 s
device 0  FFF....BBB
device 1  .FFF..BBB.
device 2  ..FFFBBB..
          F forward   B backward   . idle
)");
    CHECK(unit_gantt({}, {.width = 1}) == unit_gantt({}, {.width = 20}));
  }

  TEST_CASE("no row of a scaled picture is wider than the terminal") {
    for (const int width : {21, 40, 79, 80, 133}) {
      std::istringstream lines(gantt(test::example("imbalanced.json"), {.width = width}));
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("device")) CHECK(line.size() == static_cast<std::size_t>(width));
      }
    }
  }

  TEST_CASE("the picture with cells needs no more columns than the terminal has") {
    // 10 columns of label and 12 cells of 4, the last of which needs no gap.
    CHECK(unit_gantt({}, {.width = 58}) == unit_gantt({}));
    CHECK(unit_gantt({}, {.width = 57}).find("12 s") != std::string::npos);
  }

  TEST_CASE("a run of cells of one colour is one escape and one reset, whatever ops it has") {
    CHECK(unit_gantt({"pipeline.stages=2", "pipeline.micro_batches=3", "model.backward=2"},
                     {.colours = Colours::sixteen}) ==
          "\ntime      0   1   2   3   4   5   6   7   8   9   10  11\n"
          "device 0  \x1b[44;97mF0  F1  F2\x1b[0m  .   .   .   "
          "\x1b[42;30mB2----  B1----  B0----\x1b[0m\n"
          "device 1  .   \x1b[44;97mF0  F1  F2\x1b[0m  "
          "\x1b[42;30mB2----  B1----  B0----\x1b[0m  .   .\n"
          "          \x1b[44;97mF\x1b[0m forward   \x1b[42;30mB\x1b[0m backward   . idle\n");
  }

  TEST_CASE("a scaled picture, too, has one escape for neighbours of one colour") {
    CHECK(unit_gantt({}, {.width = 40, .colours = Colours::sixteen}) ==
          "\ntime      0                         12 s\n"
          "device 0  \x1b[44;97mF0F1-F2F3-\x1b[0m..........\x1b[42;30mB3B2-B1B0-\x1b[0m\n"
          "device 1  ..\x1b[44;97mF0-F1F2-F3\x1b[0m.....\x1b[42;30mB3-B2B1-B0\x1b[0m...\n"
          "device 2  .....\x1b[44;97mF0F1-F2F3-\x1b[0m\x1b[42;30mB3B2-B1B0-\x1b[0m.....\n"
          "          \x1b[44;97mF\x1b[0m forward   \x1b[42;30mB\x1b[0m backward   . idle\n");
  }

  TEST_CASE("colours change no sign of the picture") {
    for (const char* file : {"unit.json", "imbalanced.json", "zero_bubble.json"}) {
      for (const int width : {0, 20, 40, 80, 200}) {
        for (const Colours colours : {Colours::sixteen, Colours::palette_256}) {
          const Experiment experiment = test::example(file);
          CHECK(without_escapes(gantt(experiment, {.width = width, .colours = colours})) ==
                gantt(experiment, {.width = width}));
        }
      }
    }
  }

  TEST_CASE("of more than 32 devices the first and last 16 are shown") {
    const auto devices = [](int stages) {
      std::istringstream lines(
          unit_gantt({"pipeline.stages=" + std::to_string(stages), "pipeline.micro_batches=1"}));
      std::string rows;
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("device ")) rows += line.substr(7, line.find("  ") - 7) + " ";
        if (line == "  …") rows += "… ";
      }
      return rows;
    };
    CHECK(devices(33) ==
          "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 … "
          "17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 ");
    CHECK(devices(32) ==
          "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 ");
  }

  TEST_CASE("the update that follows the pipeline is part of the picture") {
    CHECK(gantt(test::experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward": 1, "parameter_bytes": 100},
      "cluster": {"interconnect": {"bandwidth": 100}},
      "pipeline": {"stages": 1, "micro_batches": 1},
      "training": {"data_parallel": 2}})")) == R"(
time      0   1   2
device 0  F0  B0  A
          F forward   B backward   A all-reduce   . idle
)");
  }

  TEST_CASE("a step in which nothing takes time has no picture") {
    CHECK(unit_gantt({"model.forward=0", "model.backward=0"}) == "\n");
  }
}

}  // namespace pipesim
