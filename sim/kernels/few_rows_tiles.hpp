#pragma once

#include <cstddef>

#include "sim/kernels/few_rows.hpp"

// Compiled once for each instruction set, each with flags of its own. Whatever is defined here must
// be local to its source file, and nothing of the standard library may be called: the linker keeps
// one copy of an inline function, and that must not be one for another processor.

namespace pipesim {
namespace {

/// How much of a product is held in registers at once: `rows` × `vectors` sums for x W, `inputs` ×
/// `rows_transposed` for dy Wᵀ.
struct Tile {
  int bytes = 0;  ///< Of a vector register.
  int rows = 0;
  int vectors = 0;
  int inputs = 0;
  int rows_transposed = 0;
};

template <class T>
T* row_of(Matrix<T> matrix, int row) {
  return matrix.data + static_cast<std::size_t>(row) * static_cast<std::size_t>(matrix.columns);
}

// a·b + c, rounded once, as in the vectors: left to itself the compiler fuses in some loops and not
// in others, and a row's bits would depend on its neighbours.
template <class T>
T fused(T a, T b, T c) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return __builtin_fmaf(a, b, c);
  } else {
    return __builtin_fma(a, b, c);
  }
}

template <class T, Tile tile>
struct FewRows {
  typedef T Vector __attribute__((vector_size(tile.bytes)));
  typedef T Unaligned __attribute__((vector_size(tile.bytes), aligned(sizeof(T)), may_alias));
  static constexpr int lanes = tile.bytes / static_cast<int>(sizeof(T));

  static Vector load(const T* from) { return *reinterpret_cast<const Unaligned*>(from); }
  static void store(T* to, Vector v) { *reinterpret_cast<Unaligned*>(to) = v; }

  static T sum(Vector v) {
    T total[lanes];
    store(total, v);
    for (int half = lanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
      for (int i = 0; i < half; ++i) total[i] += total[i + half];
    }
    return total[0];
  }

  // Weights that go through the registers before y is written back: enough to be worth it, few
  // enough that their rows stay in the nearest cache and within what the prefetcher follows.
  static constexpr int depth_of_block = 32;

  // y[rows][vectors] += x[k][rows] · w[k][vectors], k < depth.
  template <int rows, int vectors>
  static void add_tile(const T* x, const T* w, std::size_t columns, int depth, T* y) {
    constexpr int ahead = 64;
    Vector sums[rows][vectors];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < vectors; ++c) {
        sums[r][c] = load(y + static_cast<std::size_t>(r) * columns + c * lanes);
      }
    }
    for (int k = 0; k < depth; ++k) {
      const T* row = w + static_cast<std::size_t>(k) * columns;
      Vector weights[vectors];
#pragma GCC unroll 4
      for (int c = 0; c < vectors; ++c) weights[c] = load(row + c * lanes);
      __builtin_prefetch(row + vectors * lanes + ahead);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const T value = x[k * rows + r];
#pragma GCC unroll 4
        for (int c = 0; c < vectors; ++c) sums[r][c] += value * weights[c];
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < vectors; ++c) {
        store(y + static_cast<std::size_t>(r) * columns + c * lanes, sums[r][c]);
      }
    }
  }

  // The same for one block of the depth and all columns. x is turned into columns first, so that
  // its values for one k lie together.
  template <int rows, int vectors>
  static void add_block(const T* x, std::size_t inputs, const T* w, int columns, int depth, T* y) {
    T turned[depth_of_block * rows];
    for (int k = 0; k < depth; ++k) {
      for (int r = 0; r < rows; ++r) {
        turned[k * rows + r] =
            x[static_cast<std::size_t>(r) * inputs + static_cast<std::size_t>(k)];
      }
    }
    const auto stride = static_cast<std::size_t>(columns);
    int j = 0;
    for (; j + vectors * lanes <= columns; j += vectors * lanes) {
      add_tile<rows, vectors>(turned, w + j, stride, depth, y + j);
    }
    for (; j + lanes <= columns; j += lanes) {
      add_tile<rows, 1>(turned, w + j, stride, depth, y + j);
    }
    for (; j < columns; ++j) {
      for (int r = 0; r < rows; ++r) {
        T sum = y[static_cast<std::size_t>(r) * stride + static_cast<std::size_t>(j)];
        for (int k = 0; k < depth; ++k) {
          sum = fused(turned[k * rows + r],
                      w[static_cast<std::size_t>(k) * stride + static_cast<std::size_t>(j)], sum);
        }
        y[static_cast<std::size_t>(r) * stride + static_cast<std::size_t>(j)] = sum;
      }
    }
  }

  static void add_product(Matrix<const T> x, Matrix<const T> weight, Matrix<T> y) {
    const auto inputs = static_cast<std::size_t>(x.columns);
    for (int k = 0; k < x.columns; k += depth_of_block) {
      const int depth = x.columns - k < depth_of_block ? x.columns - k : depth_of_block;
      const T* w = row_of(weight, k);
      int r = 0;
      for (; r + tile.rows <= x.rows; r += tile.rows) {
        add_block<tile.rows, tile.vectors>(row_of(x, r) + k, inputs, w, y.columns, depth,
                                           row_of(y, r));
      }
      for (; r + 4 <= x.rows; r += 4) {
        add_block<4, tile.vectors>(row_of(x, r) + k, inputs, w, y.columns, depth, row_of(y, r));
      }
      for (; r < x.rows; ++r) {
        add_block<1, 4>(row_of(x, r) + k, inputs, w, y.columns, depth, row_of(y, r));
      }
    }
  }

  // dx[rows][inputs] = dy[rows] · w[inputs]: dot products.
  template <int inputs, int rows>
  static void dot_tile(const T* w, int columns, const T* dy, std::size_t dx_columns, T* dx) {
    const auto stride = static_cast<std::size_t>(columns);
    Vector sums[inputs][rows] = {};
    int j = 0;
    for (; j + lanes <= columns; j += lanes) {
      Vector weights[inputs];
#pragma GCC unroll 8
      for (int i = 0; i < inputs; ++i)
        weights[i] = load(w + static_cast<std::size_t>(i) * stride + j);
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) {
        const Vector values = load(dy + static_cast<std::size_t>(r) * stride + j);
#pragma GCC unroll 8
        for (int i = 0; i < inputs; ++i) sums[i][r] += weights[i] * values;
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < inputs; ++i) {
        T total = sum(sums[i][r]);
        for (int rest = j; rest < columns; ++rest) {
          total = fused(w[static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(rest)],
                        dy[static_cast<std::size_t>(r) * stride + static_cast<std::size_t>(rest)],
                        total);
        }
        dx[static_cast<std::size_t>(r) * dx_columns + static_cast<std::size_t>(i)] = total;
      }
    }
  }

  template <int inputs>
  static void dot_inputs(const T* w, Matrix<const T> dy, Matrix<T> dx, int first) {
    const auto columns = static_cast<std::size_t>(dx.columns);
    int r = 0;
    for (; r + tile.rows_transposed <= dy.rows; r += tile.rows_transposed) {
      dot_tile<inputs, tile.rows_transposed>(w, dy.columns, row_of(dy, r), columns,
                                             row_of(dx, r) + first);
    }
    for (; r < dy.rows; ++r) {
      dot_tile<inputs, 1>(w, dy.columns, row_of(dy, r), columns, row_of(dx, r) + first);
    }
  }

  static void transposed_product(Matrix<const T> dy, Matrix<const T> weight, Matrix<T> dx) {
    int i = 0;
    for (; i + tile.inputs <= dx.columns; i += tile.inputs) {
      dot_inputs<tile.inputs>(row_of(weight, i), dy, dx, i);
    }
    for (; i < dx.columns; ++i) dot_inputs<1>(row_of(weight, i), dy, dx, i);
  }

  static constexpr FewRowsKernels<T> kernels{.add_product = add_product,
                                             .transposed_product = transposed_product};
};

}  // namespace
}  // namespace pipesim
