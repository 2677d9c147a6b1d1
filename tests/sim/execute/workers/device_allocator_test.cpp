#include "sim/execute/workers/device_allocator.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace pipesim {

namespace {

using Events = std::vector<AllocationEvent>;

std::byte* address(const Block& block) {
  return block.as<std::byte>();
}

}  // namespace

TEST_SUITE("sim/execute/workers/block") {
  TEST_CASE("a block starts on a cache line, a large one on a huge page") {
    for (const Bytes bytes : {Bytes{1}, Bytes{64}, Bytes{1000}, (Bytes{4} << 20) - 1}) {
      CAPTURE(bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(address(Block(bytes))) % 64 == 0);
    }
    const Block large(Bytes{4} << 20);
    CHECK(reinterpret_cast<std::uintptr_t>(address(large)) % (std::uintptr_t{2} << 20) == 0);
  }

  TEST_CASE("a block has the bytes that were asked for, and all of them can be written") {
    for (const Bytes bytes : {Bytes{1}, Bytes{63}, Bytes{65}, (Bytes{4} << 20) + 1}) {
      const Block block(bytes);
      CHECK(block.bytes() == bytes);
      address(block)[bytes - 1] = std::byte{7};
    }
    CHECK(!Block());
    CHECK(Block().bytes() == 0);
  }
}

TEST_SUITE("sim/execute/workers/device_allocator") {
  TEST_CASE("a block that was released is the next one of its size, under any tag") {
    DeviceAllocator memory;
    Block first = memory.allocate(MemoryTag::stash, 100);
    Block second = memory.allocate(MemoryTag::stash, 100);
    std::byte* const freed = address(first);
    CHECK(freed != address(second));
    memory.release(MemoryTag::stash, std::move(first));
    CHECK(address(memory.allocate(MemoryTag::workspace, 101)) != freed);
    CHECK(address(memory.allocate(MemoryTag::workspace, 100)) == freed);
  }

  TEST_CASE("a block from another device is kept for the next of its size") {
    DeviceAllocator memory;
    Block message(100);
    std::byte* const sent = address(message);
    memory.give_back(std::move(message));
    CHECK(address(memory.take(100)) == sent);
    CHECK(memory.events().empty());
  }

  TEST_CASE("an event names the slot of the op that it belongs to, -1 before the first") {
    DeviceAllocator memory;
    memory.count(MemoryTag::weights, 1000);
    memory.begin_op(0);
    Block block = memory.allocate(MemoryTag::stash, 10);
    memory.begin_op(1);
    memory.count(MemoryTag::workspace, 5);
    memory.count(MemoryTag::workspace, -5);
    memory.release(MemoryTag::stash, std::move(block));
    CHECK(memory.events() == Events{{-1, MemoryTag::weights, 1000},
                                    {0, MemoryTag::stash, 10},
                                    {1, MemoryTag::workspace, 5},
                                    {1, MemoryTag::workspace, -5},
                                    {1, MemoryTag::stash, -10}});
  }

  TEST_CASE("nothing happens for 0 bytes") {
    DeviceAllocator memory;
    Block nothing = memory.allocate(MemoryTag::stash, 0);
    CHECK(!nothing);
    memory.count(MemoryTag::stash, 0);
    memory.release(MemoryTag::stash, std::move(nothing));
    memory.give_back({});
    CHECK(memory.events().empty());
  }

  TEST_CASE("a new step forgets the ops' events, not what the device holds all the time") {
    DeviceAllocator memory;
    memory.count(MemoryTag::weights, 1000);
    for (int slot = 0; slot < 3; ++slot) {
      memory.begin_op(slot);
      memory.count(MemoryTag::stash, 10);
    }
    memory.forget_ops();
    CHECK(memory.events() == Events{{-1, MemoryTag::weights, 1000}});
    memory.begin_op(0);
    memory.count(MemoryTag::stash, 20);
    CHECK(memory.events() == Events{{-1, MemoryTag::weights, 1000}, {0, MemoryTag::stash, 20}});
  }
}

}  // namespace pipesim
