#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace pipesim {

/// A row-major matrix in memory that someone else owns. T is float or double, const for reading.
template <class T>
struct Matrix {
  T* data = nullptr;
  int rows = 0;
  int columns = 0;

  std::size_t size() const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
  std::span<T> all() const { return {data, size()}; }
  T* row(int index) const {
    return data + static_cast<std::size_t>(index) * static_cast<std::size_t>(columns);
  }
  /// Rows [first, first + count).
  Matrix slice(int first, int count) const {
    return {.data = row(first), .rows = count, .columns = columns};
  }
  operator Matrix<const T>() const requires(!std::is_const_v<T>) {
    return {.data = data, .rows = rows, .columns = columns};
  }
};

/// Micro-batch m of a mini-batch whose samples are rows: equal parts, in order. `micro_batches`
/// must divide the number of rows.
template <class T>
Matrix<T> micro_batch(Matrix<T> mini_batch, int m, int micro_batches) {
  const int rows = mini_batch.rows / micro_batches;
  return mini_batch.slice(m * rows, rows);
}

}  // namespace pipesim
