#include "sim/kernels/few_rows_sets.hpp"
#include "sim/kernels/few_rows_tiles.hpp"

namespace pipesim {

namespace {
constexpr Tile tile{.bytes = 64, .rows = 8, .vectors = 2, .inputs = 6, .rows_transposed = 4};
}

const FewRowsKernels<float> few_rows_avx512_float = FewRows<float, tile>::kernels;
const FewRowsKernels<double> few_rows_avx512_double = FewRows<double, tile>::kernels;

}  // namespace pipesim
