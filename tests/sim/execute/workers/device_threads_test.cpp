#include "sim/execute/workers/device_threads.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace pipesim {

TEST_SUITE("sim/execute/workers/device_threads") {
  TEST_CASE("every round runs once on every device, and ends when all have") {
    for (const int devices : {1, 2, 5}) {
      DeviceThreads threads(devices);
      std::vector<int> rounds(static_cast<std::size_t>(devices));
      for (int round = 1; round <= 500; ++round) {
        threads.run([&](int device) { ++rounds[static_cast<std::size_t>(device)]; });
        REQUIRE(rounds == std::vector<int>(static_cast<std::size_t>(devices), round));
      }
    }
  }

  TEST_CASE("a device has one thread of its own for all rounds") {
    DeviceThreads threads(3);
    std::vector<std::thread::id> first(3), second(3);
    threads.run(
        [&](int device) { first[static_cast<std::size_t>(device)] = std::this_thread::get_id(); });
    threads.run(
        [&](int device) { second[static_cast<std::size_t>(device)] = std::this_thread::get_id(); });
    CHECK(first == second);
    CHECK(std::set(first.begin(), first.end()).size() == 3);
    CHECK(std::ranges::count(first, std::this_thread::get_id()) == 0);
  }

  TEST_CASE("threads that were never used go home too") {
    for (int trial = 0; trial < 50; ++trial) DeviceThreads(4);
  }
}

}  // namespace pipesim
