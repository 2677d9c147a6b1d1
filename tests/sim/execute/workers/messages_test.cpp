#include "sim/execute/workers/messages.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "support/experiments.hpp"

namespace pipesim {

namespace {

// Three stages on two devices: 1 and 2 are neighbours on device 1.
Schedule three_stages(Communication communication) {
  return {.micro_batches = 2,
          .placement = {0, 1, 1},
          .lanes = std::vector<std::vector<Op>>(2),
          .communication = communication};
}

Op op(const std::string& text) {
  return test::lane(text).front();
}

Block some_message() {
  return Block(8);
}

}  // namespace

TEST_SUITE("sim/execute/workers/messages") {
  TEST_CASE("what an op makes or sends is what its neighbour consumes or receives") {
    const Schedule schedule = three_stages(Communication::blocking);
    const auto from = [&](const char* text) { return message_from(op(text), schedule); };
    const auto to = [&](const char* text) { return message_to(op(text), schedule); };
    const MessageId activation{.stage = 1, .micro_batch = 1};
    CHECK(from("F0.1") == activation);
    CHECK(from("SEND_F0.1") == activation);
    CHECK(to("RECV_F1.1") == activation);
    CHECK(to("F1.1") == activation);
    const MessageId gradient{.is_gradient = true, .stage = 0, .micro_batch = 1};
    CHECK(from("B1.1") == gradient);
    CHECK(from("I1.1") == gradient);
    CHECK(from("SEND_B1.1") == gradient);
    CHECK(to("RECV_B0.1") == gradient);
    CHECK(to("B0.1") == gradient);
    CHECK(to("I0.1") == gradient);
  }

  TEST_CASE("the ends of the pipeline, W, and sharding have no message") {
    Schedule schedule = three_stages(Communication::overlapped);
    for (const char* text : {"F2.0", "B0.0", "W1.0", "R1.0", "UNSHARD1", "REDUCE_GRAD1"}) {
      CAPTURE(text);
      CHECK(!message_from(op(text), schedule));
    }
    for (const char* text : {"F0.0", "B2.0", "W1.0", "R1.0", "RESHARD1"}) {
      CAPTURE(text);
      CHECK(!message_to(op(text), schedule));
    }
    schedule.lazy_recompute = true;
    CHECK(message_to(op("R1.0"), schedule) == message_to(op("B1.0"), schedule));
    CHECK(!message_to(op("R2.0"), schedule));
  }

  TEST_CASE("without sends in the lanes, a message is there when its op is done") {
    const Schedule schedule = three_stages(Communication::overlapped);
    Messages messages(schedule);
    CHECK(messages.awaited_by(op("F0.0")) == nullptr);
    CHECK(!messages.awaited_by(op("F1.0"))->ready());
    messages.hand_on(op("F0.0"), some_message());
    CHECK(messages.awaited_by(op("F1.0"))->ready());
    CHECK(!messages.awaited_by(op("F1.1"))->ready());
    CHECK(messages.take(op("F1.0")).bytes() == 8);
  }

  TEST_CASE("a blocking send posts what its op has left, and waits for nobody") {
    const Schedule schedule = three_stages(Communication::blocking);
    Messages messages(schedule);
    messages.hand_on(op("F0.0"), some_message());
    CHECK(!messages.awaited_by(op("RECV_F1.0"))->ready());
    CHECK(messages.awaited_by(op("SEND_F0.0")) == nullptr);
    messages.hand_on(op("SEND_F0.0"), {});
    CHECK(messages.awaited_by(op("RECV_F1.0"))->ready());
    CHECK(messages.take(op("RECV_F1.0")).bytes() == 0);
    CHECK(messages.take(op("F1.0")).bytes() == 8);
  }

  TEST_CASE("at a rendezvous the send waits until its receiver has come to the receive") {
    const Schedule schedule = three_stages(Communication::rendezvous);
    Messages messages(schedule);
    messages.hand_on(op("B1.0"), some_message());
    CHECK(!messages.awaited_by(op("SEND_B1.0"))->ready());
    messages.announce(op("RECV_B0.0"));
    CHECK(messages.awaited_by(op("SEND_B1.0"))->ready());
    CHECK(!messages.awaited_by(op("RECV_B0.0"))->ready());
    messages.hand_on(op("SEND_B1.0"), {});
    CHECK(messages.awaited_by(op("RECV_B0.0"))->ready());
  }

  TEST_CASE("stages on one device hand over without sends") {
    for (const Communication communication : {Communication::blocking, Communication::rendezvous}) {
      const Schedule schedule = three_stages(communication);
      Messages messages(schedule);
      messages.hand_on(op("F1.0"), some_message());
      CHECK(messages.awaited_by(op("F2.0"))->ready());
    }
  }

  TEST_CASE("a send whose op has not run has nothing to send") {
    const Schedule schedule = three_stages(Communication::blocking);
    Messages messages(schedule);
    CHECK_THROWS_WITH_AS(messages.hand_on(op("SEND_F0.0"), {}), "there is nothing to send",
                         std::logic_error);
  }

  TEST_CASE("cleared messages are those of a new step") {
    const Schedule schedule = three_stages(Communication::rendezvous);
    Messages messages(schedule);
    messages.announce(op("RECV_F1.0"));
    messages.hand_on(op("F0.0"), some_message());
    messages.hand_on(op("SEND_F0.0"), {});
    messages.clear();
    CHECK(!messages.awaited_by(op("SEND_F0.0"))->ready());
    CHECK(!messages.awaited_by(op("RECV_F1.0"))->ready());
  }
}

}  // namespace pipesim
