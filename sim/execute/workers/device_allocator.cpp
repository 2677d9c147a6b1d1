#include "sim/execute/workers/device_allocator.hpp"

#include <algorithm>
#include <utility>

namespace pipesim {

Block DeviceAllocator::allocate(MemoryTag tag, Bytes bytes) {
  Block block = take(bytes);
  count(tag, bytes);
  return block;
}

void DeviceAllocator::release(MemoryTag tag, Block block) {
  count(tag, -block.bytes());
  give_back(std::move(block));
}

Block DeviceAllocator::take(Bytes bytes) {
  if (bytes == 0) return {};
  std::vector<Block>& same_size = free_[bytes];
  if (same_size.empty()) return Block(bytes);
  Block block = std::move(same_size.back());
  same_size.pop_back();
  return block;
}

void DeviceAllocator::give_back(Block block) {
  if (block) free_[block.bytes()].push_back(std::move(block));
}

void DeviceAllocator::count(MemoryTag tag, Bytes delta) {
  if (delta != 0) events_.push_back({.slot = slot_, .tag = tag, .delta = delta});
}

void DeviceAllocator::forget_ops() {
  std::erase_if(events_, [](const AllocationEvent& event) { return event.slot >= 0; });
}

}  // namespace pipesim
