#include "sim/execute/workers/block.hpp"

#include <sys/mman.h>

#include <new>

namespace pipesim {

Block::Block(Bytes bytes) : bytes_(bytes) {
  constexpr std::size_t line = 64;
  constexpr std::size_t huge = std::size_t{2} << 20;
  const auto size = static_cast<std::size_t>(bytes);
  const std::size_t alignment = size < 2 * huge ? line : huge;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, whole)));
  if (data_ == nullptr && size > 0) throw std::bad_alloc();
  if (alignment == huge) madvise(data_.get(), whole, MADV_HUGEPAGE);  // A hint: fewer TLB misses.
}

}  // namespace pipesim
