#include "reports/html/memory_patterns.hpp"

#include "sim/engine/memory_trace.hpp"

namespace pipesim {

MemoryPatterns::MemoryPatterns(const Schedule& schedule, const StepCosts& costs,
                               const Timeline& timeline)
    : schedule_(schedule), costs_(costs), timeline_(timeline) {
  number({});
  if (timeline.memory.empty()) of_model_.resize(costs.stages.size() * 2 * op_kinds * 2);
}

std::size_t MemoryPatterns::number(Pattern pattern) {
  const auto [found, is_new] = numbers_.try_emplace(std::move(pattern), patterns_.size());
  if (is_new) patterns_.push_back(&found->first);
  return found->second;
}

// Events up to and including `until`. What follows at the same time may belong to the next op: the
// totals at that time are the same.
void MemoryPatterns::take_recorded(Pattern& pattern, Time until, std::size_t column) {
  for (; next_ != end_ && next_->at <= until; ++next_) {
    auto& use = pattern.emplace_back();
    use[0] = static_cast<std::int64_t>(next_->tag);
    use[column] = next_->delta;
  }
}

std::size_t MemoryPatterns::of_device(int device) {
  Pattern pattern;
  if (!timeline_.memory.empty()) {
    const auto& events = timeline_.memory[static_cast<std::size_t>(device)];
    next_ = events.data();
    end_ = events.data() + events.size();
    take_recorded(pattern, {}, 1);
    return number(std::move(pattern));
  }
  for (const StaticUse& use : static_memory(schedule_, costs_, device)) {
    pattern.push_back({static_cast<std::int64_t>(use.tag), use.bytes, 0});
  }
  return number(std::move(pattern));
}

std::size_t MemoryPatterns::of_op(const Op& op, const Interval& when) {
  if (timeline_.memory.empty()) return modeled(op);
  Pattern pattern;
  take_recorded(pattern, when.start, 1);
  take_recorded(pattern, when.finish, 2);
  return number(std::move(pattern));
}

std::size_t MemoryPatterns::modeled(const Op& op) {
  const bool keeps = keeps_insides(costs_, op.micro_batch, schedule_.micro_batches);
  const std::size_t stage = static_cast<std::size_t>(op.stage) * 2 + op.copy;
  std::size_t& known =
      of_model_[(stage * op_kinds + static_cast<std::size_t>(op.kind)) * 2 + (keeps ? 1 : 0)];
  if (known == 0) {
    Pattern pattern;
    const OpMemory memory = memory_of(op, schedule_, costs_);
    for (const MemoryUse& use : memory.all()) {
      pattern.push_back({static_cast<std::int64_t>(use.tag), use.at_start, -use.at_finish});
    }
    known = number(std::move(pattern)) + 1;
  }
  return known - 1;
}

void MemoryPatterns::write(ColumnStream& columns) const {
  columns.put(patterns_.size());
  for (const Pattern* pattern : patterns_) {
    columns.put(pattern->size());
    for (const auto& [tag, at_start, at_finish] : *pattern) {
      columns.put(static_cast<std::uint64_t>(tag));
      columns.put_signed(at_start);
      columns.put_signed(at_finish);
    }
  }
}

}  // namespace pipesim
