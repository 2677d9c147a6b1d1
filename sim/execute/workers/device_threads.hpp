#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace pipesim {

/// One thread for each virtual accelerator, parked between steps.
class DeviceThreads {
 public:
  /// Throws InputError where the system has no thread left.
  explicit DeviceThreads(int devices);
  DeviceThreads(const DeviceThreads&) = delete;
  DeviceThreads& operator=(const DeviceThreads&) = delete;
  ~DeviceThreads();

  /// Runs work(device) on the thread of every device, and returns when all are done. `work` must
  /// not throw.
  void run(const std::function<void(int device)>& work);

 private:
  std::atomic<std::uint32_t> round_ = 0;
  std::atomic<int> busy_ = 0;
  bool leaving_ = false;
  const std::function<void(int)>* work_ = nullptr;
  std::vector<std::jthread> threads_{};

  DeviceThreads() = default;
  void serve(int device);
};

}  // namespace pipesim
