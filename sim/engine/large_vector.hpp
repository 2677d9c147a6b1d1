#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace pipesim {

/// Allocates large blocks on huge pages, where the system grants them: the first touch of memory
/// then costs a fraction, and so do look-ups in many rows of a large table. Elements that are
/// resized into being are left uninitialised.
template <class T>
struct HugePageAllocator {
  using value_type = T;

  HugePageAllocator() = default;
  template <class U>
  HugePageAllocator(const HugePageAllocator<U>&) {}

  T* allocate(std::size_t count) {
    constexpr std::size_t page = std::size_t{2} << 20;
    const std::size_t bytes = count * sizeof(T);
    if (bytes < 2 * page) return static_cast<T*>(::operator new(bytes));
    const std::size_t whole = (bytes + page - 1) / page * page;
    void* block = std::aligned_alloc(page, whole);
    if (block == nullptr) throw std::bad_alloc();
    madvise(block, whole, MADV_HUGEPAGE);  // A hint: without it all works, slower.
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t count) {
    constexpr std::size_t page = std::size_t{2} << 20;
    if (count * sizeof(T) < 2 * page) {
      ::operator delete(block);
    } else {
      std::free(block);
    }
  }

  template <class U>
  void construct(U*) {}  // Of resize(): no value is written before its own.
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }

  bool operator==(const HugePageAllocator&) const { return true; }
};

/// A vector for tables that grow with the number of ops. T must be trivial to copy and destroy.
template <class T>
using LargeVector = std::vector<T, HugePageAllocator<T>>;

}  // namespace pipesim
