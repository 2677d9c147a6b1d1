#include "sim/execute/workers/stash.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>

#include "support/draws.hpp"
#include "support/schedules/zero_bubble.hpp"

namespace pipesim {

namespace {

// Two samples a micro-batch, 3 -> 5 -> 7 -> 2, in double.
constexpr int rows = 2;
constexpr Bytes value = rows * sizeof(double);
constexpr Bytes input = 3 * value, outputs = (5 + 7 + 2) * value, between = (5 + 7) * value;

StagePlan plan(bool deferred = false) {
  return {.layers = {{3, 5}, {5, 7}, {7, 2}},
          .micro_batches = 4,
          .rows = rows,
          .deferred_weight_gradient = deferred};
}

struct Held {
  DeviceAllocator memory{};
  Stash<double> stash;

  explicit Held(const StagePlan& stage = plan()) : stash(stage, memory) {}

  // What has been counted, all of it as stash.
  std::vector<Bytes> deltas() const {
    std::vector<Bytes> list;
    for (const AllocationEvent& event : memory.events()) {
      CHECK(event.tag == MemoryTag::stash);
      list.push_back(event.delta);
    }
    return list;
  }
};

using Deltas = std::vector<Bytes>;

}  // namespace

TEST_SUITE("sim/execute/workers/stash") {
  TEST_CASE("F keeps input and outputs, B releases both at once") {
    Held held;
    held.stash.keep_all(1);
    held.stash.release(1);
    CHECK(held.deltas() == Deltas{input + outputs, -(input + outputs)});
  }

  TEST_CASE("with re-computation F keeps the input, R adds the outputs, B releases both") {
    Held held;
    held.stash.keep_input(1);
    held.stash.add_insides(1);
    held.stash.release(1);
    CHECK(held.deltas() == Deltas{input, outputs, -(input + outputs)});
  }

  TEST_CASE("I adds the gradients between the layers, and W releases everything") {
    Held held;
    held.stash.keep_all(1);
    held.stash.add_gradients(1);
    held.stash.release(1);
    CHECK(held.deltas() == Deltas{input + outputs, between, -(input + outputs + between)});
  }

  TEST_CASE("deferred, the same bytes count for each micro-batch, and W releases all together") {
    Held held(plan(true));
    Deltas expected;
    for (int m = 0; m < 4; ++m) {
      held.stash.keep_all(m);
      expected.push_back(input + outputs);
    }
    for (int m = 3; m >= 0; --m) {
      held.stash.add_gradients(m);
      expected.push_back(between);
    }
    held.stash.release_mini_batch();
    expected.push_back(-4 * (input + outputs + between));
    CHECK(held.deltas() == expected);
  }

  TEST_CASE("tensors of a micro-batch have their layers' shapes and do not overlap") {
    for (const bool deferred : {false, true}) {
      Held held(plan(deferred));
      int next = 0;
      std::vector<std::pair<Matrix<double>, int>> tensors;
      const auto fill = [&](Matrix<double> tensor, int columns) {
        CHECK(tensor.rows == rows);
        CHECK(tensor.columns == columns);
        std::ranges::fill(tensor.all(), ++next);
        tensors.emplace_back(tensor, next);
      };
      for (const int m : {0, 2}) {
        held.stash.keep_all(m);
        held.stash.add_gradients(m);
        fill(held.stash.input(0, m), 3);
        for (int l = 0; l < 3; ++l) fill(held.stash.output(l, m), plan().layers[l].outputs);
        for (int l = 0; l < 2; ++l) fill(held.stash.gradient(l, m), plan().layers[l].outputs);
        for (int l = 1; l < 3; ++l) {
          CHECK(held.stash.input(l, m).data == held.stash.output(l - 1, m).data);
        }
        CHECK(held.stash.gradient(2, m).data == held.stash.output(2, m).data);
      }
      for (const auto& [tensor, number] : tensors) {
        CHECK(std::ranges::count(tensor.all(), number) == static_cast<int>(tensor.size()));
      }
    }
  }

  TEST_CASE("deferred, a micro-batch's rows are a slice of the mini-batch's tensor") {
    Held held(plan(true));
    for (int m = 0; m < 4; ++m) {
      held.stash.keep_all(m);
      held.stash.add_gradients(m);
    }
    for (int l = 0; l < 3; ++l) {
      const LayerShape layer = plan().layers[static_cast<std::size_t>(l)];
      const Matrix<double> x = held.stash.input_of_mini_batch(l);
      const Matrix<double> dy = held.stash.gradient_of_mini_batch(l);
      CHECK(x.rows == 4 * rows);
      CHECK(x.columns == layer.inputs);
      CHECK(dy.rows == 4 * rows);
      CHECK(dy.columns == layer.outputs);
      for (int m = 0; m < 4; ++m) {
        CHECK(held.stash.input(l, m).data == x.row(m * rows));
        CHECK(held.stash.gradient(l, m).data == dy.row(m * rows));
      }
    }
  }

  TEST_CASE("a released micro-batch's memory serves the next") {
    Held held;
    held.stash.keep_all(0);
    const double* const used = held.stash.input(0, 0).data;
    held.stash.release(0);
    held.stash.keep_all(3);
    CHECK(held.stash.input(0, 3).data == used);
  }

  TEST_CASE("what is not held is an error that names the micro-batch") {
    Held held;
    Stash<double>& stash = held.stash;
    CHECK_THROWS_WITH_AS(stash.input(0, 2), "the input of micro-batch 2 is not held",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(stash.add_insides(2), "the input of micro-batch 2 is not held",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(stash.release(2), "the activations of micro-batch 2 are not held",
                         std::logic_error);
    stash.keep_input(2);
    CHECK_THROWS_WITH_AS(stash.output(0, 2), "the activations of micro-batch 2 are not held",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(stash.add_gradients(2), "the activations of micro-batch 2 are not held",
                         std::logic_error);
    stash.add_insides(2);
    for (int l = 0; l < 3; ++l) {
      CHECK_THROWS_WITH_AS(stash.gradient(l, 2), "the gradients of micro-batch 2 are not held",
                           std::logic_error);
    }
    stash.release(2);
    CHECK_THROWS_WITH_AS(stash.input(0, 2), "the input of micro-batch 2 is not held",
                         std::logic_error);
    CHECK_THROWS_AS(stash.input(0, 4), std::logic_error);
  }

  TEST_CASE("what is held already is an error, too") {
    Held held;
    held.stash.keep_all(2);
    CHECK_THROWS_WITH_AS(held.stash.keep_all(2), "micro-batch 2 is held already", std::logic_error);
    CHECK_THROWS_WITH_AS(held.stash.keep_input(2), "micro-batch 2 is held already",
                         std::logic_error);
    CHECK_THROWS_WITH_AS(held.stash.add_insides(2), "micro-batch 2 is held already",
                         std::logic_error);
    held.stash.add_gradients(2);
    CHECK_THROWS_WITH_AS(held.stash.add_gradients(2),
                         "the gradients of micro-batch 2 are held already", std::logic_error);
  }

  TEST_CASE("W of the mini-batch needs the gradients of every micro-batch") {
    Held held(plan(true));
    for (int m = 0; m < 3; ++m) {
      held.stash.keep_all(m);
      held.stash.add_gradients(m);
    }
    CHECK_THROWS_WITH_AS(held.stash.require_mini_batch(),
                         "the activations of micro-batch 3 are not held", std::logic_error);
    held.stash.keep_all(3);
    CHECK_THROWS_WITH_AS(held.stash.require_mini_batch(),
                         "the gradients of micro-batch 3 are not held", std::logic_error);
    held.stash.add_gradients(3);
    held.stash.require_mini_batch();
    held.stash.release_mini_batch();
  }

  TEST_CASE("what I leaves is what W reads: each layer's input and the gradient behind it") {
    std::mt19937 random(81);
    for (int trial = test::draws(2000); trial > 0; --trial) {
      StagePlan stage{.micro_batches = test::draw(random, 1, 3), .rows = test::draw(random, 1, 4)};
      int width = test::draw(random, 1, 9);
      for (int l = test::draw(random, 1, 6); l > 0; --l) {
        const int next = test::draw(random, 1, 9);
        stage.layers.push_back({width, next});
        width = next;
      }
      Held held(stage);
      held.stash.keep_all(0);
      held.stash.add_gradients(0);
      const std::vector<Bytes> deltas = held.deltas();
      // Tensors that share no memory and are all of it.
      std::vector<std::pair<const double*, const double*>> read;
      Bytes bytes = 0;
      for (int l = 0; l < stage.layer_count(); ++l) {
        for (const Matrix<double>& tensor : {held.stash.input(l, 0), held.stash.gradient(l, 0)}) {
          read.emplace_back(tensor.data, tensor.data + tensor.size());
          bytes += static_cast<Bytes>(tensor.size() * sizeof(double));
        }
      }
      std::ranges::sort(read);
      for (std::size_t i = 1; i < read.size(); ++i) CHECK(read[i - 1].second <= read[i].first);
      CHECK(bytes == std::accumulate(deltas.begin(), deltas.end(), Bytes{0}));
    }
  }
}

}  // namespace pipesim
