#pragma once

#include <cblas.h>

namespace pipesim {

/// OpenBLAS's products of matrices.
struct Blas {
  decltype(&cblas_sgemm) sgemm = nullptr;
  decltype(&cblas_dgemm) dgemm = nullptr;
  decltype(&openblas_get_num_threads) threads = nullptr;
};

/// OpenBLAS, which is loaded with the first call: commands that multiply nothing neither wait for
/// it nor share their memory with it. Every product runs on the thread that asks for it, and on no
/// other. Throws InputError where it can't be loaded.
const Blas& blas();

/// Loads OpenBLAS, and has it take the buffers for products of so many threads at once: it would
/// itself try for ever where the process may have no more memory. Call it before those threads
/// multiply. Throws InputError where it can't be loaded, or can't have the buffers.
void prepare_products(int threads);

}  // namespace pipesim
