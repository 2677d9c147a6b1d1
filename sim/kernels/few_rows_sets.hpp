#pragma once

#include "sim/kernels/few_rows.hpp"

namespace pipesim {

// One set for each instruction set that the sources are compiled for.
extern const FewRowsKernels<float> few_rows_avx2_float;
extern const FewRowsKernels<double> few_rows_avx2_double;
extern const FewRowsKernels<float> few_rows_avx512_float;
extern const FewRowsKernels<double> few_rows_avx512_double;

}  // namespace pipesim
