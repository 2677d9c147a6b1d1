#include "reports/html/run_columns.hpp"

#include "reports/gantt/run_extent.hpp"
#include "reports/html/memory_patterns.hpp"
#include "reports/html/op_needs.hpp"

namespace pipesim {

namespace {

class RunColumns {
 public:
  RunColumns(Output& out, const Schedule& schedule, const StepCosts& costs,
             const Timeline& timeline)
      : out_(out),
        columns_(out),
        schedule_(schedule),
        timeline_(timeline),
        needs_(schedule, costs, timeline),
        memory_(schedule, costs, timeline) {}

  void write() {
    const auto all = static_cast<double>(span_count(timeline_));
    double written = 0;
    auto tail = timeline_.tail.begin();
    for (int device = 0; device < schedule_.devices(); ++device) {
      const auto begin = tail;
      while (tail != timeline_.tail.end() && tail->device == device) ++tail;
      device_ = device;
      tail_ = {begin, tail};
      intervals_ = timeline_.lanes[static_cast<std::size_t>(device)];
      write_device();
      written += static_cast<double>(intervals_.size() + tail_.size());
      out_.reached(written / all);
    }
    memory_.write(columns_);
    columns_.finish();
  }

 private:
  Output& out_;
  ColumnStream columns_;
  const Schedule& schedule_;
  const Timeline& timeline_;
  OpNeeds needs_;
  MemoryPatterns memory_;
  // The device that is being written, and its ops.
  int device_ = 0;
  std::span<const Interval> intervals_{};
  std::span<const TailSpan> tail_{};  // What follows the pipeline: it needs and holds nothing more.

  template <class Visit>
  void each_span(Visit&& visit) const {
    const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device_)];
    for (std::size_t slot = 0; slot < intervals_.size(); ++slot) {
      visit(lane[slot], intervals_[slot]);
    }
    for (const TailSpan& span : tail_) visit(span.op, span.when);
  }

  void write_device() {
    columns_.put(intervals_.size() + tail_.size());
    write_ops();
    write_times();
    const std::size_t held = write_memory();
    write_needs();
    columns_.put(held);
  }

  void write_ops() {
    each_span([&](const Op& op, const Interval&) {
      columns_.put_byte(static_cast<std::uint8_t>(static_cast<int>(op.kind) | op.copy << 4 |
                                                  (op.with_next ? 1 << 5 : 0)));
    });
    for (const auto part : {&Op::stage, &Op::micro_batch}) {
      int before = 0;
      each_span([&](const Op& op, const Interval&) {
        columns_.put_signed(std::int64_t{op.*part} - before);
        before = op.*part;
      });
    }
  }

  void write_times() {
    Time before{};
    each_span([&](const Op&, const Interval& when) {
      columns_.put_signed((when.start - before).ps);
      before = when.finish;
    });
    each_span([&](const Op&, const Interval& when) {
      columns_.put(static_cast<std::uint64_t>((when.finish - when.start).ps));
    });
  }

  // Returns the pattern of what the device holds all the step.
  std::size_t write_memory() {
    const std::size_t held = memory_.of_device(device_);
    const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device_)];
    for (std::size_t slot = 0; slot < intervals_.size(); ++slot) {
      columns_.put(memory_.of_op(lane[slot], intervals_[slot]));
    }
    for (std::size_t span = 0; span < tail_.size(); ++span) columns_.put(MemoryPatterns::none);
    return held;
  }

  void write_needs() {
    std::vector<Need> needs;
    for (std::size_t slot = 0; slot < intervals_.size(); ++slot) {
      const std::optional<Need> need = needs_.of({device_, slot});
      columns_.put(need ? static_cast<std::uint64_t>(need->op.device) + 1 : 0);
      if (need) needs.push_back(*need);
    }
    for (std::size_t span = 0; span < tail_.size(); ++span) columns_.put(0);
    std::int64_t before = 0;
    for (const Need& need : needs) {
      const auto slot = static_cast<std::int64_t>(need.op.slot);
      columns_.put_signed(slot - before);
      before = slot;
    }
    for (const Need& need : needs) columns_.put_signed(need.wait.ps);
    for (const Need& need : needs) columns_.put(static_cast<std::uint64_t>(need.duration.ps));
    for (const Need& need : needs) columns_.put(need.route);
  }
};

}  // namespace

void write_run_columns(Output& out, const Experiment& experiment, const Run& run) {
  RunColumns(out, experiment.schedule, experiment.costs, run.outcome.timeline).write();
}

}  // namespace pipesim
