#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "schedules/core/schedule.hpp"
#include "sim/engine/deadlock.hpp"
#include "sim/engine/link_queue.hpp"
#include "sim/engine/op_costs.hpp"
#include "sim/engine/timeline.hpp"

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
  std::array<Time, op_kinds> busy_by_kind{};  ///< Of what it computes.
  Interval span{};                            ///< From its first F, B, I, W or R to its last.
  Time finish{};                              ///< Of its last op.
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
  /// From the first F, B, I, W or R to the last; in a deadlock, the latest finish reached.
  Time pipeline_time{};
  std::vector<DeviceUse> devices{};
  Timeline timeline{};  ///< Empty unless asked for.
  std::optional<Deadlock> deadlock{};
  std::vector<LinkUse> links{};  ///< Of the shared links; empty where none are.
};

/// The discrete-event core. An op starts when its device is free, in the order of the schedule, and
/// its input has arrived; a message takes its link, in its direction, first come first served.
///
/// An overlapped pair starts when both of its ops can, takes what the forward's stage says, and
/// hands on both results at its end; its stretch of time is divided between the two in proportion
/// to what each takes alone. Where sends and receives stand in the lanes, a receive holds its
/// device until the message has arrived. A blocking send takes no time: the message waits for the
/// link by itself. At a rendezvous the message takes the link once both are there, and the sender
/// goes on when it has left.
///
/// Where every link has one sending device, an op's start is the larger of two times that are known
/// once its inputs are, and lanes may be advanced in any order, each until an input is missing.
/// Passes over all lanes, up and down, suit pipelines best: the pattern is regular, and what the
/// next lanes need can be fetched ahead. Where a pass stops being worth its while, a stack of lanes
/// goes on, woken by the ops that send them what they lack. O(ops) time; beside the schedule 16
/// bytes for each stage and micro-batch, and 16 for each op whose interval is recorded.
///
/// Links that several devices share (StepCosts::links) serve messages in the order of the times at
/// which they ask: when the op that makes them is done, at their send, or at a rendezvous when both
/// are there; at the same time by device, then in its order. A message takes all links of its
/// route at once, when those before it have left them. O(log devices) time for each message.
class Engine {
 public:
  /// Keeps a reference to the schedule, which must be one that check_schedule accepts.
  explicit Engine(const Schedule& schedule);

  /// Simulates with memory and, if asked for, intervals. `capacity[device]` absent: unlimited; an
  /// empty span: all of them. With `measured`, ops take those times instead of their costs.
  Outcome run(const StepCosts& costs, std::span<const std::optional<Bytes>> capacity,
              bool record_timeline, const OpTimes* measured = nullptr);

  /// Ops that have run so far, of all runs together, are told every million or so.
  void report_to(std::function<void(std::int64_t ops)> report) { report_ = std::move(report); }

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
  };  // One for each stage; behind them one for each second copy.
  // A device's progress. What the inner loop touches stands together.
  struct Lane {
    const Op* next = nullptr;
    const Op* end = nullptr;
    const Time* waits_for = nullptr;  ///< The input that has not arrived yet.
    Interval* record = nullptr;
    const Time* measured = nullptr;  ///< The next op's duration, where those are given.
    Time clock{};
    Interval span{};
    bool computed = false;  ///< `span` has begun.
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
  Arrivals activation_posted_{};  ///< At a rendezvous: when the first of the two got there.
  Arrivals gradient_posted_{};
  std::vector<DeviceUse> uses_{};
  std::span<const std::optional<Bytes>> capacity_{};
  int kept_ = -1;

  LinkQueue queue_{};
  struct SharedRoute {
    std::vector<int> links{};  ///< In queue_.
    Bytes bytes = 0;           ///< Of a message.
  };
  std::vector<SharedRoute> shared_routes_{};  ///< [2 * stage + gradient], as `stages_`.
  bool contended_ = false;                    ///< There are shared links.

  bool plain_ = true;  ///< One copy of each stage, no pairs, no ops but F, B, I, W and R.

  // A lane that nothing holds up makes room for the others after as many ops: what it sends is then
  // still in the cache when they take it, and it is known how far the run has come.
  static constexpr std::ptrdiff_t most_at_once = 1 << 14;
  static constexpr std::int64_t between_reports = 1 << 20;
  std::function<void(std::int64_t)> report_{};
  std::int64_t ops_ = 0;
  std::int64_t next_report_ = between_reports;

  void find_routes();
  // What a run does beside finding out when ops run.
  struct Mode {
    bool account = false;  ///< Sums up what devices do and hold.
    bool record = false;   ///< Writes down intervals.
    bool replay = false;   ///< Takes measured durations.
  };

  void reset(const StepCosts& costs, const OpTimes* measured);
  void set_costs(const StepCosts& costs);
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
  void wake_up(int device, const Time* slot);
  const Op* stop_of(const Lane& lane) const {
    return lane.end - lane.next > most_at_once ? lane.next + most_at_once : lane.end;
  }
  void count(std::ptrdiff_t ops) {
    ops_ += ops;
    if (ops_ >= next_report_) [[unlikely]]
      tell();
  }
  void tell();
  void note_peak(int device, const Op& op, Time at, Bytes held);
  Time latest_finish() const;
  Time pipeline_time() const;
  Interval span_of(std::size_t device) const;

  // The way through schedules that are not plain: engine_general.cpp.
  void run_general(Mode mode);
  bool step(Lane& lane, int device, Mode mode);
  bool compute(Lane& lane, int device, Mode mode);
  bool compute_pair(Lane& lane, int device, Mode mode);
  bool communicate(Lane& lane, int device, Mode mode);
  bool meet(Lane& lane, const Op& op, Time* arrival, Time* posted);
  bool arrived(Lane& lane, const Time* input) const;
  Time duration(Lane& lane, const Op& op, Mode mode) const;
  void finish_op(Lane& lane, int device, const Op& op, Interval when, Mode mode);
  void hand_on(const Op& op, int device, Time finish);
  const Time* input_of(const Op& op);
  const OpCost& cost_of(const Op& op) const;
  const Stage& stage_of(const Op& op) const;
  std::size_t stage_index(const Op& op) const;
  void post(const Op& op, int device, Time* slot, const Route& route, Time at);

  // The way through links that devices share: engine_contended.cpp.
  void set_shared_routes(const SharedLinks& links, const std::vector<StageCost>& stages);
  void run_contended(Mode mode);
  void request(const Op& op, int device, Time* slot, Time at);
  void serve(const LinkRequest& request, bool record);
};

template <bool wake>
inline void Engine::send(Time* slot, const Route& route, Time finish) {
  Time& free_at = link_free_at_[static_cast<std::size_t>(route.link)];
  free_at = std::max(finish, free_at) + route.hop.occupancy;
  *slot = free_at + route.hop.latency;
  if constexpr (wake) wake_up(route.receiver, slot);
}

inline void Engine::account_for(Lane& lane, int device, const Op& op, const OpCost& cost,
                                Interval when) {
  lane.busy_by_kind[static_cast<std::size_t>(op.kind)] += when.finish - when.start;
  lane.in_flight += op.kind == OpKind::forward ? 1 : 0;
  lane.peak_in_flight = std::max(lane.peak_in_flight, lane.in_flight);
  lane.in_flight -= sends_gradient(op.kind) ? 1 : 0;
  const Bytes held = lane.held + cost.allocate;
  lane.held = held - cost.release;
  if (held > lane.peak) [[unlikely]] {
    lane.peak = held;
    note_peak(device, op, when.start, held);
  }
}

}  // namespace pipesim
