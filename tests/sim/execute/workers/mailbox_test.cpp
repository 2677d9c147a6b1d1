#include "sim/execute/workers/mailbox.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace pipesim {

namespace {

using namespace std::chrono_literals;

// Longer than any test takes, so that whoever waits never parks; and the other way round.
constexpr std::chrono::nanoseconds spins = 1h;
constexpr std::chrono::nanoseconds parks = 0ns;

Block message_of(int value) {
  Block block(sizeof(int));
  *block.as<int>() = value;
  return block;
}

bool is_sent_away(Mailbox& mailbox, std::chrono::nanoseconds spin) {
  try {
    mailbox.wait(spin);
    return false;
  } catch (const Stopped&) {
    return true;
  }
}

}  // namespace

TEST_SUITE("sim/execute/workers/mailbox") {
  TEST_CASE("a mailbox is ready between put and clear") {
    Mailbox mailbox;
    CHECK(!mailbox.ready());
    const auto before = Mailbox::Steady::now();
    mailbox.put(message_of(7));
    CHECK(mailbox.ready());
    CHECK(before <= mailbox.put_at());
    CHECK(mailbox.put_at() <= Mailbox::Steady::now());
    mailbox.wait(parks);
    CHECK(*mailbox.take().as<int>() == 7);
    CHECK(mailbox.ready());  // An R looks at what its backward takes.
    mailbox.clear();
    CHECK(!mailbox.ready());
  }

  TEST_CASE("a thread takes what another puts, whether it spins or parks") {
    for (const auto spin : {spins, parks, std::chrono::nanoseconds{100}}) {
      constexpr int messages = 500;
      std::vector<Mailbox> there(messages), back(messages);
      std::jthread other([&] {
        for (std::size_t i = 0; i < messages; ++i) {
          there[i].wait(spin);
          back[i].put(message_of(*there[i].take().as<int>() + 1));
        }
      });
      for (std::size_t i = 0; i < messages; ++i) {
        there[i].put(message_of(static_cast<int>(i)));
        back[i].wait(spin);
        REQUIRE(*back[i].take().as<int>() == static_cast<int>(i) + 1);
      }
    }
  }

  TEST_CASE("stop sends away who waits, spinning or parked, and whoever comes later") {
    for (const auto spin : {spins, parks}) {
      Mailbox mailbox;
      std::atomic<bool> waits = false;
      bool sent_away = false;
      {
        std::jthread waiter([&] {
          waits = true;
          sent_away = is_sent_away(mailbox, spin);
        });
        while (!waits) std::this_thread::yield();
        std::this_thread::sleep_for(5ms);  // Time to spin, or to park.
        mailbox.stop();
      }
      CHECK(sent_away);
      CHECK(is_sent_away(mailbox, spin));
    }
  }

  TEST_CASE("stopped stays stopped: a message that comes too late is not taken") {
    Mailbox mailbox;
    mailbox.stop();
    mailbox.put(message_of(7));
    CHECK(!mailbox.ready());
    CHECK(is_sent_away(mailbox, spins));
    mailbox.clear();
    mailbox.put(message_of(8));
    mailbox.wait(spins);
    CHECK(*mailbox.take().as<int>() == 8);
  }

  TEST_CASE("a message that waits is not taken either once its mailbox is stopped") {
    Mailbox mailbox;
    mailbox.put(message_of(7));
    mailbox.stop();
    CHECK(is_sent_away(mailbox, parks));
  }
}

}  // namespace pipesim
