#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "schedules/schedule.hpp"
#include "sim/deadlock.hpp"
#include "sim/op_costs.hpp"
#include "sim/timeline.hpp"

namespace pipesim {

/// The first moment at which a device needed more memory than it has.
struct Overflow {
  Op op{};  ///< The op that asked for it.
  Time at{};
  Bytes needed = 0;  ///< All that the device would have held then.
};

/// How long each op took where that was measured: [device][slot].
using OpTimes = std::vector<std::vector<Time>>;

/// What one device did and held during a simulated step.
struct DeviceUse {
  std::array<Time, op_kinds> busy_by_kind{};
  Time finish{};  ///< Of its last op.
  Bytes static_bytes = 0;
  Bytes peak = 0;
  Time peak_at{};
  int peak_in_flight =
      0;  ///< (stage, micro-batch) pairs between F's start and the backward's finish.
  std::optional<Overflow> overflow{};

  Time busy() const;
};

/// A simulated pipeline, up to its last backward.
struct Outcome {
  Time pipeline_time{};  ///< Or, in a deadlock, the latest finish reached.
  std::vector<DeviceUse> devices{};
  Timeline timeline{};  ///< Empty unless asked for.
  std::optional<Deadlock> deadlock{};
};

/// The discrete-event core. An op starts when its device is free, in the order of the schedule, and
/// its input has arrived; a message takes its link, in its direction, first come first served.
///
/// Every link has one sending device, so an op's start is the larger of two times that are known
/// once its inputs are, and lanes may be advanced in any order, each until an input is missing.
/// Passes over all lanes, up and down, suit pipelines best: the pattern is regular, and what the
/// next lanes need can be fetched ahead. Where a pass stops being worth its while, a stack of lanes
/// goes on, woken by the ops that send them what they lack. O(ops) time; beside the schedule 16
/// bytes for each stage and micro-batch, and 16 for each op whose interval is recorded.
class Engine {
 public:
  /// Keeps a reference to the schedule, which must be one that check_schedule accepts.
  explicit Engine(const Schedule& schedule);

  /// Simulates with memory and, if asked for, intervals. `capacity[device]` absent: unlimited; an
  /// empty span: all of them. With `measured`, ops take those times instead of their costs.
  Outcome run(const StepCosts& costs, std::span<const std::optional<Bytes>> capacity,
              bool record_timeline, const OpTimes* measured = nullptr);

  /// The pipeline's time alone. The schedule must not deadlock.
  Time makespan(const StepCosts& costs, const OpTimes* measured = nullptr);

 private:
  // Where a stage's messages of one kind go, and what they take.
  struct Route {
    TransferCost hop{};
    int link = 0;
    int receiver = -1;  ///< A device; -1: there is nothing to send.
  };
  struct Stage {
    StageOps ops{};
    Route activation{};
    Route gradient{};
  };
  // A device's progress. What the inner loop touches stands together.
  struct Lane {
    const Op* next = nullptr;
    const Op* end = nullptr;
    const Time* waits_for = nullptr;  ///< The input that has not arrived yet.
    Interval* record = nullptr;
    const Time* measured = nullptr;  ///< The next op's duration, where those are given.
    Time clock{};
    Bytes held = 0;
    Bytes peak = 0;
    int in_flight = 0;
    int peak_in_flight = 0;
    std::array<Time, op_kinds> busy_by_kind{};
  };

  const Schedule& schedule_;
  std::vector<Stage> stages_{};
  std::vector<Time> link_free_at_{};

  // The state of one run.
  std::vector<Lane> lanes_{};
  std::vector<int> frontier_{};
  Arrivals activation_{};
  Arrivals gradient_{};
  std::vector<DeviceUse> uses_{};
  std::span<const std::optional<Bytes>> capacity_{};
  int kept_ = -1;

  void find_routes();
  // What a run does beside finding out when ops run.
  struct Mode {
    bool account = false;  ///< Sums up what devices do and hold.
    bool record = false;   ///< Writes down intervals.
    bool replay = false;   ///< Takes measured durations.
  };

  void reset(const StepCosts& costs, const OpTimes* measured);
  void hold_static_bytes(const StepCosts& costs);
  template <Mode mode>
  void run_all();
  template <Mode mode>
  std::ptrdiff_t pass(int first, int step);
  template <Mode mode, bool wake>
  std::ptrdiff_t advance(int device);
  void account_for(Lane& lane, int device, const Op& op, const OpCost& cost, Interval when);
  template <bool wake>
  void send(Time* slot, const Route& route, Time finish);
  void note_peak(int device, const Op& op, Time at, Bytes held);
  Time latest_finish() const;
};

}  // namespace pipesim
