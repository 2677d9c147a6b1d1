#pragma once

#include <unordered_map>
#include <vector>

#include "sim/engine/memory_model.hpp"
#include "sim/execute/workers/block.hpp"

namespace pipesim {

/// An allocation, or a release where `delta` is below 0, as a device made it.
struct AllocationEvent {
  int slot = 0;  ///< Of the op in its lane; -1: before the first one.
  MemoryTag tag = MemoryTag::stash;
  Bytes delta = 0;

  bool operator==(const AllocationEvent&) const = default;
};

/// The memory of one virtual device. It counts what the device's tensors take, under the tags of
/// the simulator, and keeps blocks that were given back for the next of their size, so that after
/// the first step no op waits for the system. For one thread at a time.
class DeviceAllocator {
 public:
  /// Memory that counts under a tag until it is released.
  Block allocate(MemoryTag tag, Bytes bytes);
  void release(MemoryTag tag, Block block);

  /// For what is one allocation in several blocks, or a block that comes from, or goes to, another
  /// device: memory that does not count yet, and the counting alone. Nothing happens for 0 bytes.
  Block take(Bytes bytes);
  void give_back(Block block);
  void count(MemoryTag tag, Bytes delta);

  /// Events belong to the op in that slot from now on.
  void begin_op(int slot) { slot_ = slot; }
  const std::vector<AllocationEvent>& events() const { return events_; }
  /// Forgets the events of the ops, ready for the next step.
  void forget_ops();

 private:
  std::unordered_map<Bytes, std::vector<Block>> free_{};
  std::vector<AllocationEvent> events_{};
  int slot_ = -1;
};

}  // namespace pipesim
