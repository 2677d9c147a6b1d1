#include "sim/kernels/few_rows.hpp"

#include <type_traits>

#include "sim/kernels/few_rows_sets.hpp"

namespace pipesim {

template <class T>
const FewRowsKernels<T>* few_rows_kernels() {
#if defined(__x86_64__)
  constexpr bool single = std::is_same_v<T, float>;
  static const bool avx512 = __builtin_cpu_supports("avx512f");
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if constexpr (single) {
    return avx512 ? &few_rows_avx512_float : avx2 ? &few_rows_avx2_float : nullptr;
  } else {
    return avx512 ? &few_rows_avx512_double : avx2 ? &few_rows_avx2_double : nullptr;
  }
#else
  return nullptr;
#endif
}

template const FewRowsKernels<float>* few_rows_kernels();
template const FewRowsKernels<double>* few_rows_kernels();

}  // namespace pipesim
