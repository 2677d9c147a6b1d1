#include "reports/summary/summary_text.hpp"

#include <algorithm>

#include "models/cost/model_size.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/text_table.hpp"
#include "sim/step/model_rate.hpp"

namespace pipesim {

namespace {

constexpr int most_device_rows = 32;

class Summary {
 public:
  Summary(Output& out, const Experiment& experiment, const Run& run)
      : out_(out), experiment_(experiment), run_(run) {}

  void write(const std::vector<Advice>& advice, const TextStyle& style) {
    write_title();
    if (run_.outcome.deadlock) {
      print("{}\n", describe(*run_.outcome.deadlock));
      return;
    }
    write_text_gantt(out_, experiment_, run_, style);
    print("\n");
    write_times();
    write_bubble();
    write_link();
    write_memory(advice);
    print("\n");
    write_devices(static_cast<std::size_t>(style.width));
  }

 private:
  Output& out_;
  const Experiment& experiment_;
  const Run& run_;

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_.text()), format, std::forward<Args>(args)...);
    out_.end_of_line();
  }

  void write_title() {
    const Config& config = experiment_.config;
    const Cluster& cluster = config.cluster;
    print("{}: {}, {} stages, {} micro-batches", short_name(config.name),
          short_name(experiment_.schedule.name), experiment_.schedule.stages(),
          experiment_.schedule.micro_batches);
    if (config.pipeline.recompute != Recompute::none) {
      print(", re-computation {}", name_of(config.pipeline.recompute));
      if (as_ops(config.pipeline.recompute) != Recompute::none) {
        print(" ({})", config.pipeline.lazy_recompute ? "lazy" : "eager");
      }
    }
    if (config.training.deferred_weight_gradient) print(", deferred weight gradient");
    if (config.training.data_parallel > 1) print(", {} replicas", config.training.data_parallel);
    if (!experiment_.replicas.empty()) {
      print(", of which {} is the slowest and shown", experiment_.slowest_replica);
    }
    print("\n");
    if (!config.has_layers()) return print("\n");
    if (config.transformer) {
      print("{} parameters; ", readable_count(parameter_count(config).value_or(0)));
    }
    print("{} × {} over {}", cluster.devices,
          cluster.kinds.size() == 1 && cluster.rank_kinds.empty()
              ? short_name(cluster.kinds.front().name)
              : "different devices",
          short_name(cluster.interconnect.name));
    if (config.transformer) {
      print(": ");
      write_parallelism();
      print("\nlayers per stage:");
    } else {
      print("; layers per stage:");
    }
    constexpr std::size_t most_counts = 64;
    for (std::size_t s = 0; s < std::min(most_counts, experiment_.partition.size()); ++s) {
      print(" {}", experiment_.partition[s]);
    }
    print("{}\n\n", experiment_.partition.size() > most_counts ? " …" : "");
  }

  // " (p2p)"; nothing for the all-to-all, which is the rule.
  std::string exchange() const {
    const Config& config = experiment_.config;
    const ContextExchange kind = context_exchange(*config.transformer, config.training.parallel);
    return kind == ContextExchange::a2a
               ? ""
               : fmt::format(" ({})", cp_comm_type_choices[static_cast<std::size_t>(kind)].name);
  }

  void write_experts() {
    const Training& training = experiment_.config.training;
    const int tensor = expert_tensor_ranks(training);
    const bool differs = experiment_.config.transformer &&
                         experiment_.config.transformer->mixture &&
                         tensor != training.parallel.tensor;
    if (training.parallel.expert == 1 && !differs) return;
    print(", experts over {}", training.parallel.expert);
    if (differs) print(" × tensor {}", tensor);
  }

  // What the devices are a product of, and what else they share.
  void write_parallelism() {
    const Training& training = experiment_.config.training;
    const Parallelism& parallel = training.parallel;
    print("pipeline {} × tensor {}", experiment_.config.pipeline.stages, parallel.tensor);
    if (parallel.context > 1) print(" × context {}{}", parallel.context, exchange());
    print(" × data {}", training.data_parallel);
    if (parallel.sequence && parallel.tensor > 1) print(", sequence parallel");
    write_experts();
    if (parallel.zero_stage > 0) print(", ZeRO {}", parallel.zero_stage);
  }

  void write_times() {
    const Metrics& metrics = run_.metrics;
    const Training& training = experiment_.config.training;
    const auto devices = static_cast<std::int64_t>(run_.outcome.devices.size());
    const double rate = static_cast<double>(training.batch_size) * training.data_parallel /
                        seconds(metrics.step_time);
    print("step time    {}", readable(metrics.step_time));
    if (metrics.step_time > Time{}) print(", {} samples/s", readable_rate(rate));
    print("\n  pipeline   {}, of which a device computes {} on average",
          readable(metrics.pipeline_time), readable({metrics.busy.ps / devices}));
    const Time again = metrics.busy_by_kind[static_cast<std::size_t>(OpKind::recompute)];
    if (again > Time{}) print(" ({} again)", readable({again.ps / devices}));
    print("\n");
    if (training.data_parallel > 1 || metrics.all_reduce > Time{})
      print("  all-reduce {}\n", readable(metrics.all_reduce));
    if (metrics.optimizer > Time{}) print("  optimizer  {}\n", readable(metrics.optimizer));
    write_model_rate();
  }

  void write_model_rate() {
    if (!experiment_.config.transformer) return;
    const std::optional<ModelRate> rate = model_rate(experiment_, run_.metrics);
    if (!rate) return;
    print("model FLOPs  {}FLOP/s a device", readable_rate(rate->flops_per_s));
    if (rate->utilization) print(", {} of its peak", percent(*rate->utilization));
    print("\n");
  }

  void write_bubble() {
    const Metrics& metrics = run_.metrics;
    print("bubble       {} of all device time", percent(metrics.bubble_fraction.value()));
    if (experiment_.bubble_formula) {
      print("; {} by the formula for equal stages and free transfers",
            percent(experiment_.bubble_formula->value()));
    }
    if (metrics.longest_span < metrics.pipeline_time) {
      print("\n  by spans   {} of {}, the longest from a device's first op to its last",
            percent(metrics.span_bubble.value()), readable(metrics.longest_span));
    }
    print("\n  from       fill and drain {}, imbalance {}, communication {}",
          percent(metrics.breakdown.fill_drain.value()),
          percent(metrics.breakdown.imbalance.value()),
          percent(metrics.breakdown.communication.value()));
    if (run_.outcome.timeline.clock != Clock::modeled) {
      print(", other {}", percent(metrics.breakdown.other.value()));
    }
    print("\n");
  }

  // The shared link that messages waited longest for; where none waited, the busiest.
  void write_link() {
    const Metrics& metrics = run_.metrics;
    const auto link = metrics.bottleneck_link ? metrics.bottleneck_link : metrics.busiest_link;
    if (!link) return;
    const LinkUse& use = run_.outcome.links[*link];
    const Time total = metrics.pipeline_time;
    print("link         {}: busy {}", short_name(experiment_.costs.links.names[*link]),
          percent(total == Time{} ? 0 : seconds(use.busy) / seconds(total)));
    if (use.waited == Time{}) return print(", no message waited for it\n");
    print(", messages waited {} for it\n", readable(use.waited));
  }

  void write_memory(const std::vector<Advice>& advice) {
    const auto& devices = run_.outcome.devices;
    const auto fullest =
        std::max_element(devices.begin(), devices.end(),
                         [](const DeviceUse& a, const DeviceUse& b) { return a.peak < b.peak; });
    const auto device = static_cast<std::size_t>(fullest - devices.begin());
    if (fullest->peak == 0) return;
    if (run_.metrics.fits_memory) {
      print("memory       fits: at most {} on a device, device {}", readable_bytes(fullest->peak),
            device);
      const auto& capacity = experiment_.capacity[device];
      print("{}\n", capacity ? fmt::format(", of {}", readable_bytes(*capacity)) : "");
      return;
    }
    print("memory       DOES NOT FIT: {}\n", describe_overflow(experiment_, run_));
    for (const Advice& tried : advice) {
      if (tried.fits) {
        print("  would fit  {}: at most {} on a device, {} a step\n", as_options(tried.settings),
              readable_bytes(tried.peak), readable(tried.step_time));
      } else {
        print("  no setting tried fits; the nearest, {}, needs {}\n", as_options(tried.settings),
              readable_bytes(tried.peak));
      }
    }
  }

  void write_devices(std::size_t room) {
    const int devices = static_cast<int>(run_.outcome.devices.size());
    const bool holds_memory = std::ranges::any_of(
        run_.outcome.devices, [](const DeviceUse& use) { return use.peak > 0; });
    TextTable table{.columns = {{"device", 6}, {"busy", 10}, {"idle", 10}, {"bubble", 8}}};
    if (holds_memory) {
      table.columns.insert(
          table.columns.end(),
          {{"peak memory", 11}, {"of it static", 12}, {"peak at", 10, false, true}});
    }
    table.columns.push_back({"in flight", 9});
    for (int device = 0; device < devices; ++device) {
      if (devices > most_device_rows && device == most_device_rows / 2) {
        table.rows.push_back({.note = fmt::format("     …  ({} more: --json lists all)",
                                                  devices - most_device_rows)});
        device = devices - most_device_rows / 2;
      }
      table.rows.push_back({.cells = device_cells(device, holds_memory)});
    }
    write_text_table(out_, table, room);
  }

  std::vector<std::string> device_cells(int device, bool holds_memory) const {
    const DeviceUse& use = run_.outcome.devices[static_cast<std::size_t>(device)];
    const Time total = run_.metrics.pipeline_time;
    const Time idle = total - use.busy();
    std::vector<std::string> cells = {
        std::to_string(device), readable(use.busy()), readable(idle),
        percent(total == Time{} ? 0 : seconds(idle) / seconds(total))};
    if (holds_memory) {
      cells.insert(cells.end(), {readable_bytes(use.peak), readable_bytes(use.static_bytes),
                                 readable(use.peak_at)});
    }
    cells.push_back(std::to_string(use.peak_in_flight));
    return cells;
  }
};

std::string describe_overflow(int device, const Overflow& overflow, Bytes peak, Bytes capacity) {
  return fmt::format(
      "device {} runs out of its {} at {}, {} short in {} of stage {}; at its peak it needs {}, {} "
      "too much",
      device, readable_bytes(capacity), readable(overflow.at),
      readable_bytes(overflow.needed - capacity), label(overflow.op), overflow.op.stage,
      readable_bytes(peak), readable_bytes(peak - capacity));
}

}  // namespace

std::string describe_overflow(const Experiment& experiment, const Run& run) {
  const auto& devices = run.outcome.devices;
  const DeviceUse* first = nullptr;
  for (const DeviceUse& use : devices) {
    if (use.overflow && (first == nullptr || use.overflow->at < first->overflow->at)) first = &use;
  }
  if (first == nullptr) {
    if (run.other_overflows.empty()) return {};
    const ReplicaOverflow& other = run.other_overflows.front();
    return fmt::format("in replica {} ", other.replica) +
           describe_overflow(other.device, other.overflow, other.peak, other.capacity);
  }
  const auto device = static_cast<std::size_t>(first - devices.data());
  std::string text = describe_overflow(static_cast<int>(device), *first->overflow, first->peak,
                                       experiment.capacity[device].value_or(0));
  const auto count = std::count_if(devices.begin(), devices.end(),
                                   [](const DeviceUse& use) { return use.overflow.has_value(); });
  if (count > 1) text += fmt::format("; {} of {} devices run out", count, devices.size());
  return text;
}

void write_summary_text(Output& out, const Experiment& experiment, const Run& run,
                        const std::vector<Advice>& advice, const TextStyle& style) {
  Summary(out, experiment, run).write(advice, style);
}

}  // namespace pipesim
