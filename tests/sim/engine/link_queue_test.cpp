#include "sim/engine/link_queue.hpp"

#include <doctest/doctest.h>

using namespace pipesim;

TEST_SUITE_BEGIN("sim/engine/link_queue");

TEST_CASE("requests come out by time, then by device, then by slot") {
  LinkQueue queue;
  queue.reset(0, 0);
  const LinkRequest inputs[] = {{7_ns, {0, 0}}, {5_ns, {2, 1}}, {5_ns, {1, 9}},
                                {5_ns, {2, 0}}, {6_ns, {0, 1}}, {4_ns, {9, 9}}};
  for (const LinkRequest& request : inputs) queue.add(request);
  for (const int next : {5, 2, 3, 1, 4, 0}) CHECK(queue.next() == inputs[next]);
  CHECK(queue.empty());
}

TEST_CASE("a message leaves when the last of its links is free, and no later one overtakes it") {
  LinkQueue queue;
  queue.reset(2, 2);
  CHECK(queue.take({5_ns, {0, 0}}, {0}, 10_ns, 1, true) == 5_ns);
  CHECK(queue.take({6_ns, {1, 0}}, {0, 1}, 10_ns, 1, true) == 15_ns);
  CHECK(queue.take({7_ns, {2, 0}}, {1}, 10_ns, 1, true) ==
        25_ns);  // Although link 1 idled till 15.
  CHECK(queue.uses()[0].waited == 9_ns);
  CHECK(queue.uses()[1].waited == 18_ns);
  const std::vector<LinkWait> waits = queue.waits();
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].message == OpPlace{1, 0});
  CHECK(waits[0].behind == OpPlace{0, 0});
  CHECK(waits[0].link == 0);
  CHECK(waits[1].message == OpPlace{2, 0});
  CHECK(waits[1].behind == OpPlace{1, 0});
  CHECK(waits[1].link == 1);
}

TEST_CASE("waits add up to what can be told, however many they are") {
  LinkQueue queue;
  queue.reset(1, 1);
  const Time long_time{Time::limit().ps / 4};
  for (int i = 0; i < 4; ++i) queue.take({{}, {i, 0}}, {0}, long_time, bytes_limit / 2, false);
  CHECK(queue.uses()[0].busy == Time::limit());
  CHECK(queue.uses()[0].waited == Time::limit());
  CHECK(queue.uses()[0].bytes == bytes_limit);
  CHECK(queue.waits().empty());
}

TEST_SUITE_END();
