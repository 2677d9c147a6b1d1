#include "sim/kernels/few_rows_sets.hpp"
#include "sim/kernels/few_rows_tiles.hpp"

namespace pipesim {

namespace {
constexpr Tile tile{.bytes = 32, .rows = 4, .vectors = 2, .inputs = 3, .rows_transposed = 4};
}

const FewRowsKernels<float> few_rows_avx2_float = FewRows<float, tile>::kernels;
const FewRowsKernels<double> few_rows_avx2_double = FewRows<double, tile>::kernels;

}  // namespace pipesim
