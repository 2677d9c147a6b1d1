#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "models/base/units.hpp"

namespace pipesim {

/// Memory for one or several tensors, owned by whoever holds it. Its content is indeterminate.
class Block {
 public:
  Block() = default;
  /// Throws std::bad_alloc.
  explicit Block(Bytes bytes);

  Bytes bytes() const { return bytes_; }
  explicit operator bool() const { return data_ != nullptr; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  std::unique_ptr<std::byte, Free> data_{};
  Bytes bytes_ = 0;
};

}  // namespace pipesim
