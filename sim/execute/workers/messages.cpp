#include "sim/execute/workers/messages.hpp"

#include <stdexcept>
#include <utility>

namespace pipesim {

namespace {

bool receives(OpKind kind) {
  return kind == OpKind::receive_forward || kind == OpKind::receive_backward;
}

bool sends(OpKind kind) {
  return kind == OpKind::send_forward || kind == OpKind::send_backward;
}

std::size_t count_of(const Schedule& schedule) {
  return 2 * schedule.placement.size() * static_cast<std::size_t>(schedule.micro_batches);
}

}  // namespace

Messages::Messages(const Schedule& schedule)
    : schedule_(schedule),
      messages_(count_of(schedule)),
      receivers_(schedule.communication == Communication::rendezvous ? count_of(schedule)
                                                                     : std::size_t{0}),
      weight_gradients_(2 * schedule.second_placement.size()) {}

std::size_t Messages::index(const MessageId& message) const {
  const int row = message.stage + (message.is_gradient ? schedule_.stages() : 0);
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(schedule_.micro_batches) +
         static_cast<std::size_t>(message.micro_batch);
}

void Messages::announce(const Op& op) {
  if (receivers_.empty() || !receives(op.kind)) return;
  const auto message = message_to(op, schedule_);
  if (message && !receivers_[index(*message)].ready()) receivers_[index(*message)].put({});
}

Mailbox* Messages::awaited_by(const Op& op) {
  if (sends(op.kind)) {
    const auto message = message_from(op, schedule_);
    return message && !receivers_.empty() ? &receivers_[index(*message)] : nullptr;
  }
  const auto message = message_to(op, schedule_);
  return message ? &messages_[index(*message)] : nullptr;
}

Block Messages::take(const Op& op) {
  const bool consumes = op.kind == OpKind::forward || sends_gradient(op.kind);
  const auto message = message_to(op, schedule_);
  return consumes && message ? messages_[index(*message)].take() : Block{};
}

bool Messages::is_sent_by_lane(const Op& maker, const MessageId& message) const {
  return schedule_.communication != Communication::overlapped &&
         schedule_.device_of(maker.stage, maker.copy) !=
             schedule_.device_of(message.stage, maker.copy);
}

void Messages::hand_on(const Op& op, Block made) {
  const auto message = message_from(op, schedule_);
  if (!message) return;
  Mailbox& mailbox = messages_[index(*message)];
  if (sends(op.kind)) {
    if (!mailbox.holds()) throw std::logic_error("there is nothing to send");
    mailbox.post();
    return;
  }
  mailbox.lay(std::move(made));
  if (!is_sent_by_lane(op, *message)) mailbox.post();
}

Mailbox& Messages::weight_gradient_for(const StageCopy& receiver) {
  return weight_gradients_[static_cast<std::size_t>(receiver.copy * schedule_.stages() +
                                                    receiver.stage)];
}

void Messages::clear() {
  for (std::vector<Mailbox>* mailboxes : {&messages_, &receivers_, &weight_gradients_}) {
    for (Mailbox& mailbox : *mailboxes) mailbox.clear();
  }
}

void Messages::stop() {
  for (std::vector<Mailbox>* mailboxes : {&messages_, &receivers_, &weight_gradients_}) {
    for (Mailbox& mailbox : *mailboxes) mailbox.stop();
  }
}

}  // namespace pipesim
