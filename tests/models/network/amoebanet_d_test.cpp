#include "models/network/amoebanet_d.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <numeric>
#include <sstream>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim {

namespace {

Network network(int normal_cells, int filters) {
  return amoebanet_d_network({.normal_cells = normal_cells, .filters = filters}, Precision::fp32);
}

double flops(const std::vector<Operator>& operators) {
  return std::accumulate(operators.begin(), operators.end(), 0.0,
                         [](double sum, const Operator& op) { return sum + op.flops; });
}

Bytes parameters(const Network& network) {
  Bytes bytes = 0;
  for (const Layer& layer : network.layers) bytes += layer.parameter_bytes;
  return bytes / 4;
}

// "name params multiply-adds elements", per sample.
std::string figures(const Layer& layer) {
  return fmt::format("{} {} {:.0f} {}", layer.name, layer.parameter_bytes / 4,
                     flops(layer.forward) / 2, layer.output_bytes / 4);
}

// The same of a line "index,name,params,multiply-adds,out0_channels,…,elements".
std::string figures(std::string line) {
  if (line.ends_with('\r')) line.pop_back();
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return fmt::format("{} {} {} {}", cells.at(1), cells.at(2), cells.at(3), cells.back());
}

void check_layers(const Network& network, const std::string& path) {
  std::istringstream table(test::read_text(path));
  std::string line;
  std::getline(table, line);
  for (const Layer& layer : network.layers) {
    REQUIRE(std::getline(table, line));
    CHECK(figures(layer) == figures(line));
  }
  CHECK_FALSE(std::getline(table, line));
}

AmoebaNetD read(std::string_view json) {
  return read_amoebanet_d(Field(parse_document(json, "c.json")));
}

}  // namespace

TEST_SUITE("models/network/amoebanet_d") {
  TEST_CASE("layers are torchgpipe's: parameters, multiply-adds and elements at the boundary") {
    const Network small = network(18, 256);
    REQUIRE(small.layers.size() == 24);
    CHECK(small.input_bytes == 3 * 224 * 224 * 4);
    CHECK(figures(small.layers[0]) == "stem1 1856 21676032 802816");
    CHECK(figures(small.layers[1]) == "stem2 74304 420675584 2007040");
    CHECK(figures(small.layers[2]) == "stem3 343168 574816256 1806336");
    CHECK(figures(small.layers[3]) == "cell1_normal1 676096 526647296 1404928");
    CHECK(figures(small.layers[4]) == "cell1_normal2 839936 655097856 1605632");
    CHECK(figures(small.layers[5]) == "cell1_normal3 905472 706478080 1605632");
    CHECK(figures(small.layers[9]) == "cell2_reduction 1956096 1037238272 1103872");
    CHECK(figures(small.layers[22]) == "cell5_normal6 14435328 706478080 401408");
    CHECK(figures(small.layers[23]) == "classify 4097000 4096000 1000");
  }

  TEST_CASE("layers are those of every model that torchgpipe measured, row by row") {
    const std::string folder = PIPESIM_SOURCE_DIR "/../shared/data/";
    if (!std::filesystem::exists(folder)) {
      MESSAGE("left out: there is no " << folder);
      return;
    }
    for (const auto& [cells, filters] : std::vector<std::pair<int, int>>{
             {18, 128}, {18, 208}, {18, 256}, {18, 416}, {18, 544}, {36, 544}, {72, 512}}) {
      CAPTURE(cells);
      CAPTURE(filters);
      check_layers(network(cells, filters),
                   fmt::format("{}amoebanetd_layers_{}_{}.csv", folder, cells, filters));
    }
  }

  TEST_CASE("whole models have as many parameters as GPipe's Table 1 and torchgpipe print") {
    CHECK(parameters(network(18, 208)) == 81'505'540);     // 82M, 81.5M
    CHECK(parameters(network(18, 416)) == 319'024'120);    // 318M, 319.0M
    CHECK(parameters(network(18, 544)) == 542'734'840);    // 542M, 542.7M
    CHECK(parameters(network(36, 544)) == 1'055'832'376);  // 1.05B, 1.06B
    CHECK(parameters(network(72, 512)) == 1'844'858'344);  // 1.8B, 1.84B
  }

  TEST_CASE("each backward computes as much as the forward, but for the image's gradient") {
    const Network small = network(18, 256);
    CHECK(flops(small.layers[0].backward_input) == 0);
    CHECK(flops(small.layers[0].backward_weight) == flops(small.layers[0].forward));
    for (std::size_t l = 1; l < small.layers.size(); ++l) {
      CAPTURE(l);
      CHECK(flops(small.layers[l].backward_input) == flops(small.layers[l].forward));
      CHECK(flops(small.layers[l].backward_weight) == flops(small.layers[l].forward));
    }
  }

  TEST_CASE("the first layer keeps the image behind its relu and what is normalised") {
    CHECK(network(18, 256).layers[0].stash_bytes == (3 * 224 * 224 + 64 * 112 * 112) * 4);
  }

  TEST_CASE("a normal cell in the middle of its group keeps 25 maps of its width") {
    const Bytes map = 256 * 28 * 28 * 4;
    const Bytes inputs =
        2 * (4 + 1) * map;  // four maps of width behind a relu, one to be normalised
    const Bytes products = 3 * (1 + 1) * map;         // the 1×1 convolutions: relu and norm
    const Bytes pairs = 2 * (2 * map + 6 * map / 4);  // 1×7-7×1: three norms and relus of a quarter
    const Bytes pooled = 2 * map;                     // states 1 and 2
    CHECK(network(18, 256).layers[5].stash_bytes == inputs + products + pairs + pooled);
    CHECK(network(18, 256).layers[5].stash_bytes == 25 * map);
  }

  TEST_CASE("a cell of three times as many normal cells is no other cell") {
    const Network small = network(18, 256);
    const Network large = network(54, 256);
    REQUIRE(large.layers.size() == 60);
    CHECK(figures(large.layers[20]) == "cell1_normal18 905472 706478080 1605632");
    CHECK(large.layers[20].stash_bytes == small.layers[8].stash_bytes);
    CHECK(figures(large.layers[21]) == figures(small.layers[9]));
  }

  TEST_CASE("multiply-adds of an image of twice the side are four times as many") {
    const Network large = amoebanet_d_network(
        {.normal_cells = 18, .filters = 256, .image_size = 448}, Precision::fp32);
    const Network small = network(18, 256);
    for (std::size_t l = 0; l + 1 < small.layers.size(); ++l) {
      CAPTURE(l);
      CHECK(flops(large.layers[l].forward) == 4 * flops(small.layers[l].forward));
      CHECK(large.layers[l].stash_bytes == 4 * small.layers[l].stash_bytes);
      CHECK(large.layers[l].parameter_bytes == small.layers[l].parameter_bytes);
    }
    CHECK(figures(large.layers[23]) == figures(small.layers[23]));
  }

  TEST_CASE("the largest that may be asked for has exact, finite figures") {
    const AmoebaNetD model = read(R"({"kind": "amoebanet_d", "normal_cells": 9999,
        "filters": 65536, "image_size": 16384, "num_classes": 16777216})");
    const Network largest = amoebanet_d_network(model, Precision::fp64);
    CHECK(largest.layers.size() == 9999 + 6);
    for (const Layer& layer : largest.layers) {
      CHECK(layer.stash_bytes < Bytes{1} << 53);
      CHECK(layer.parameter_bytes < Bytes{1} << 53);
    }
  }

  TEST_CASE("what is no AmoebaNet-D is refused") {
    CHECK_THROWS_WITH_AS(read(R"({"kind": "amoebanet_d", "normal_cells": 20, "filters": 256})"),
                         "c.json: /normal_cells: must be a multiple of 3, got 20\n"
                         "  hint: three groups have as many normal cells each",
                         InputError);
    CHECK_THROWS_WITH_AS(read(R"({"kind": "amoebanet_d", "normal_cells": 18, "filters": 256,
                             "image_size": 200})"),
                         "c.json: /image_size: must be a multiple of 32, got 200\n"
                         "  hint: the network halves it five times",
                         InputError);
    CHECK_THROWS_WITH_AS(read(R"({"kind": "amoebanet_d", "filters": 256})"),
                         "c.json: /normal_cells: is required, got nothing\n"
                         "  hint: the L of AmoebaNet-D (L, D): a multiple of 3",
                         InputError);
  }
}

}  // namespace pipesim
