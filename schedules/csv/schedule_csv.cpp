#include "schedules/csv/schedule_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "models/base/input_error.hpp"
#include "schedules/check/check_schedule.hpp"

namespace pipesim {

namespace {

class Assembly {
 public:
  Assembly(const ScheduleCells& cells, const std::string& file) : cells_(cells), file_(file) {}

  Schedule schedule() {
    place_stages();
    check_stages();
    check_ops();
    schedule_.lanes = cells_.lanes;
    return std::move(schedule_);
  }

 private:
  const ScheduleCells& cells_;
  const std::string& file_;
  // At least one micro-batch: a file of UNSHARDs alone lacks its F.
  Schedule schedule_{.micro_batches = 1};
  std::int64_t forwards_ = 0;

  template <class Visit>
  void each_op(Visit&& visit) const {
    for (std::size_t row = 0; row < cells_.lanes.size(); ++row) {
      for (std::size_t slot = 0; slot < cells_.lanes[row].size(); ++slot) {
        visit(static_cast<int>(row), slot, cells_.lanes[row][slot]);
      }
    }
  }

  InputError error(int row, std::size_t slot, std::string_view problem,
                   std::string_view hint) const {
    const Op& op = cells_.lanes[static_cast<std::size_t>(row)][slot];
    return InputError(fmt::format("{}: {}, got {}", place_of(cells_, file_, row, slot), problem,
                                  in_quotes(csv_token(op))),
                      hint);
  }

  void place_stages() {
    each_op([&](int row, std::size_t slot, const Op& op) {
      auto& placement = op.copy == 0 ? schedule_.placement : schedule_.second_placement;
      const auto stage = static_cast<std::size_t>(op.stage);
      if (stage >= placement.size()) placement.resize(stage + 1, -1);
      if (placement[stage] < 0) placement[stage] = row;
      if (placement[stage] != row) throw on_two_rows(row, slot, placement[stage]);
      schedule_.micro_batches = std::max(schedule_.micro_batches, op.micro_batch + 1);
      forwards_ += op.kind == OpKind::forward ? 1 : 0;
    });
  }

  InputError on_two_rows(int row, std::size_t slot, int first_row) const {
    const Op& op = cells_.lanes[static_cast<std::size_t>(row)][slot];
    return error(row, slot,
                 fmt::format("belongs to stage {}{}, which is on row {}", op.stage,
                             op.copy == 0 ? "" : "'", first_row + 1),
                 op.copy == 0
                     ? fmt::format("a stage is on one device; a bidirectional schedule writes its "
                                   "second copy as {}'F0",
                                   op.stage)
                     : "a copy of a stage is on one device");
  }

  void check_stages() const {
    const std::vector<int>& first = schedule_.placement;
    const std::vector<int>& second = schedule_.second_placement;
    const std::size_t stages = std::max(first.size(), second.size());
    check_copies(first, stages, 0);
    if (schedule_.bidirectional()) check_copies(second, stages, 1);
  }

  // Every stage below `stages` must be on a row; the last one is, in one copy at least.
  void check_copies(const std::vector<int>& placement, std::size_t stages, int copy) const {
    for (std::size_t stage = 0; stage < stages; ++stage) {
      if (stage >= placement.size() || placement[stage] < 0) throw on_no_row(stage, stages, copy);
    }
  }

  InputError on_no_row(std::size_t stage, std::size_t stages, int copy) const {
    int row = 0;
    std::size_t slot = 0;
    each_op([&](int at_row, std::size_t at_slot, const Op& op) {
      if (static_cast<std::size_t>(op.stage) + 1 != stages) return;
      row = at_row;
      slot = at_slot;
    });
    return error(row, slot,
                 fmt::format("belongs to a pipeline of {} stages, of which stage {}{} is on no row",
                             stages, stage, copy == 0 ? "" : "'"),
                 copy == 0 ? "stages count from 0, without gaps"
                           : "a bidirectional schedule holds every stage twice");
  }

  // The table of all stages and micro-batches is no larger than the file once every F is there.
  void check_ops() const {
    const std::int64_t cells = std::int64_t{schedule_.stages()} * schedule_.micro_batches;
    if (forwards_ < cells) throw missing_forward();
    std::vector<std::uint16_t> met(static_cast<std::size_t>(cells));
    each_op([&](int row, std::size_t slot, const Op& op) {
      if (op.micro_batch < 0) return;
      const std::int64_t cell = std::int64_t{op.stage} * schedule_.micro_batches + op.micro_batch;
      const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(op.kind));
      if ((met[static_cast<std::size_t>(cell)] & bit) != 0) throw stands_twice(row, slot, op);
      met[static_cast<std::size_t>(cell)] |= bit;
    });
  }

  InputError stands_twice(int row, std::size_t slot, const Op& op) const {
    std::string first;
    each_op([&](int at_row, std::size_t at_slot, const Op& other) {
      const bool same =
          other.kind == op.kind && other.stage == op.stage && other.micro_batch == op.micro_batch;
      if (!same || !first.empty()) return;
      first = fmt::format("row {}, column {}", at_row + 1,
                          cells_.columns[static_cast<std::size_t>(at_row)][at_slot] + 1);
    });
    return error(row, slot, "stands in the file twice, first in " + first, "remove one of the two");
  }

  InputError missing_forward() const {
    const Op missing = first_missing_forward();
    const std::string place =
        place_of(cells_, file_, schedule_.device_of(missing.stage, missing.copy), no_slot);
    return InputError(
        fmt::format("{}: must run every op once, got no {}", place, describe(missing)),
        fmt::format("the file names {} micro-batches, and every stage runs F and B, or F, I and W, "
                    "for each",
                    schedule_.micro_batches));
  }

  // By stage, then micro-batch.
  Op first_missing_forward() const {
    std::vector<Op> forwards;
    each_op([&](int, std::size_t, const Op& op) {
      if (op.kind == OpKind::forward) {
        forwards.push_back({.stage = op.stage, .micro_batch = op.micro_batch});
      }
    });
    std::ranges::sort(forwards);
    Op wanted;
    for (const Op& op : forwards) {
      if (wanted < op) break;
      if (op < wanted) continue;  // It stands twice.
      if (++wanted.micro_batch == schedule_.micro_batches) {
        wanted = {.stage = wanted.stage + 1, .micro_batch = 0};
      }
    }
    each_op([&](int, std::size_t, const Op& op) {
      if (op.micro_batch == wanted.micro_batch) wanted.copy = op.copy;
    });
    return wanted;
  }
};

}  // namespace

Schedule schedule_from(const ScheduleCells& cells, const std::string& file) {
  return Assembly(cells, file).schedule();
}

}  // namespace pipesim
