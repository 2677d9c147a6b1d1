#include "sim/kernels/matrix.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "support/models/tensor.hpp"

namespace pipesim {

using test::Tensor;

TEST_SUITE("sim/kernels/matrix") {
  TEST_CASE("a mini-batch of 128 x 512 is 8 micro-batches of 16 x 512: its rows, in order") {
    Tensor<float> mini_batch(128, 512);
    std::iota(mini_batch.all().begin(), mini_batch.all().end(), 0.0F);  // Exact up to 2^24.
    for (int m = 0; m < 8; ++m) {
      CAPTURE(m);
      const Matrix<float> part = micro_batch(mini_batch.view(), m, 8);
      REQUIRE(part.rows == 16);
      REQUIRE(part.columns == 512);
      std::vector<float> expected(16 * 512);
      std::iota(expected.begin(), expected.end(), static_cast<float>(m * 16 * 512));
      CHECK(std::vector<float>(part.all().begin(), part.all().end()) == expected);
    }
  }

  TEST_CASE("one micro-batch is the mini-batch, and as many as there are rows are the rows") {
    Tensor<double> mini_batch(6, 5);
    const Matrix<double> whole = micro_batch(mini_batch.view(), 0, 1);
    CHECK(whole.data == mini_batch.view().data);
    CHECK(whole.rows == 6);
    for (int m = 0; m < 6; ++m) {
      const Matrix<double> part = micro_batch(mini_batch.view(), m, 6);
      CHECK(part.data == mini_batch.view().row(m));
      CHECK(part.rows == 1);
      CHECK(part.size() == 5);
    }
  }

  TEST_CASE("rows and slices share the matrix's memory, row-major") {
    Tensor<double> tensor(4, 3);
    const Matrix<double> matrix = tensor;
    CHECK(matrix.size() == 12);
    CHECK(matrix.row(2) == matrix.data + 6);
    const Matrix<double> middle = matrix.slice(1, 2);
    CHECK(middle.rows == 2);
    CHECK(middle.columns == 3);
    middle.row(1)[2] = 7;
    CHECK(matrix.data[8] == 7);
    const Matrix<const double> read_only = matrix;
    CHECK(read_only.row(2)[2] == 7);
  }

  TEST_CASE("a matrix counts its elements and reaches its rows beyond 2^31 elements") {
    const Matrix<const char> large{.data = nullptr, .rows = 65536, .columns = 65536};
    CHECK(large.size() == std::size_t{1} << 32);
  }
}

}  // namespace pipesim
