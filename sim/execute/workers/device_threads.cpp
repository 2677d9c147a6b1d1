#include "sim/execute/workers/device_threads.hpp"

#include <fmt/format.h>

#include <system_error>

#include "models/base/input_error.hpp"

namespace pipesim {

// Delegates, so that the destructor sends home the threads that have started should one fail to.
DeviceThreads::DeviceThreads(int devices) : DeviceThreads() {
  threads_.reserve(static_cast<std::size_t>(devices));
  try {
    for (int device = 0; device < devices; ++device) {
      threads_.emplace_back([this, device] { serve(device); });
    }
  } catch (const std::system_error& error) {
    throw InputError(
        fmt::format("pipesim: /: needs a thread for each of {} devices, got {} and then: {}",
                    devices, threads_.size(), error.code().message()),
        "lift limits of processes (ulimit -u) and of memory (ulimit -v), or execute fewer devices; "
        "--clock measured takes no threads");
  }
}

DeviceThreads::~DeviceThreads() {
  leaving_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
}

void DeviceThreads::run(const std::function<void(int)>& work) {
  work_ = &work;
  busy_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (int busy = busy_.load(std::memory_order_acquire); busy > 0;
       busy = busy_.load(std::memory_order_acquire)) {
    busy_.wait(busy, std::memory_order_relaxed);
  }
}

void DeviceThreads::serve(int device) {
  for (std::uint32_t seen = 0;; ++seen) {
    round_.wait(seen, std::memory_order_acquire);
    if (leaving_) return;
    (*work_)(device);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_all();
  }
}

}  // namespace pipesim
