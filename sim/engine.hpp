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
/// once its inputs are, and lanes may be advanced in any order: the frontier is a plain stack. Each
/// lane runs until an input is missing, and is woken by the op that sends it. O(ops) time; beside
/// the schedule 16 bytes for each stage and micro-batch, and 16 for each op whose interval is
/// recorded.
class Engine {
 public:
  /// Keeps a reference to the schedule, which must be one that check_schedule accepts.
  explicit Engine(const Schedule& schedule);

  /// Simulates with memory and, if asked for, intervals. `capacity[device]` absent: unlimited; an
  /// empty span: all of them.
  Outcome run(const StepCosts& costs, std::span<const std::optional<Bytes>> capacity,
              bool record_timeline);

  /// The pipeline's time alone. The schedule must not deadlock.
  Time makespan(const StepCosts& costs);

 private:
  struct Lane {
    const Op* next = nullptr;
    const Op* end = nullptr;
    const Time* waits_for = nullptr;  ///< The input that has not arrived yet.
    Time clock{};
    Bytes held = 0;
    int in_flight = 0;
  };
  struct Link {
    Time free_at{};
  };

  const Schedule& schedule_;
  std::vector<int> activation_link_{};  ///< [stage]: the link that carries its activations onward.
  std::vector<int> gradient_link_{};    ///< [stage]: the link that carries its gradients back.
  std::size_t link_count_ = 0;

  // The state of one run.
  std::vector<StageOps> ops_{};
  std::vector<TransferCost> hops_{};
  std::vector<Lane> lanes_{};
  std::vector<Link> links_{};
  std::vector<int> frontier_{};
  std::vector<Time> activation_{};
  std::vector<Time> gradient_{};
  std::vector<DeviceUse> uses_{};
  std::vector<std::vector<Interval>> intervals_{};
  std::span<const std::optional<Bytes>> capacity_{};
  int kept_ = -1;

  void number_links();
  void reset(const StepCosts& costs);
  template <bool account, bool record>
  void run_all();
  template <bool account, bool record>
  void advance(int device);
  void send(Time* slot, int receiver, Time finish, const TransferCost& hop, Link& link);
  void note_peak(int device, const Op& op, Time at);
  Time latest_finish() const;
};

}  // namespace pipesim
