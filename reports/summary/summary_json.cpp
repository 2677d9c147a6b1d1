#include "reports/summary/summary_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/cost/model_size.hpp"
#include "reports/summary/summary_text.hpp"
#include "sim/step/model_rate.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

// Seconds of a time shared by a number of devices.
double seconds_each(Time total, std::size_t devices) {
  return static_cast<double>(total.ps) / (1e12 * static_cast<double>(devices));
}

Json device_json(const Experiment& experiment, const Run& run, std::size_t device,
                 const std::vector<StageCopy>& held) {
  Json stages = Json::array();
  for (const StageCopy& stage : held) stages.push_back(stage.stage);
  const DeviceUse& use = run.outcome.devices[device];
  const Time total = run.metrics.pipeline_time;
  const Time idle = total - use.busy();
  const auto& capacity = experiment.capacity[device];
  return {{"device", device},
          {"stages", stages},
          {"busy_s", seconds(use.busy())},
          {"idle_s", seconds(idle)},
          {"bubble_fraction",
           total == Time{} ? 0 : static_cast<double>(idle.ps) / static_cast<double>(total.ps)},
          {"peak_memory_bytes", use.peak},
          {"peak_at_s", seconds(use.peak_at)},
          {"capacity_bytes", capacity ? Json(*capacity) : Json(nullptr)},
          {"static_bytes", use.static_bytes},
          {"peak_in_flight", use.peak_in_flight}};
}

Json one_overflow_json(std::size_t device, const Overflow& overflow, Bytes capacity) {
  return {{"device", device},
          {"op", describe(overflow.op)},
          {"at_s", seconds(overflow.at)},
          {"needed_bytes", overflow.needed},
          {"excess_bytes", overflow.needed - capacity}};
}

Json overflow_json(const Experiment& experiment, const Run& run) {
  Json list = Json::array();
  for (std::size_t device = 0; device < run.outcome.devices.size(); ++device) {
    const auto& overflow = run.outcome.devices[device].overflow;
    if (!overflow) continue;
    list.push_back(one_overflow_json(device, *overflow, experiment.capacity[device].value_or(0)));
    if (!experiment.replicas.empty()) list.back()["replica"] = experiment.slowest_replica;
  }
  for (const ReplicaOverflow& other : run.other_overflows) {
    list.push_back(
        one_overflow_json(static_cast<std::size_t>(other.device), other.overflow, other.capacity));
    list.back()["replica"] = other.replica;
  }
  return list;
}

// Each of the shared links, with what of the pipeline's time it was busy.
void add_links(const Experiment& experiment, const Run& run, Json& json) {
  if (run.outcome.links.empty()) return;
  const std::vector<std::string>& names = experiment.costs.links.names;
  const Time total = run.metrics.pipeline_time;
  Json list = Json::array();
  for (std::size_t link = 0; link < run.outcome.links.size(); ++link) {
    const LinkUse& use = run.outcome.links[link];
    list.push_back({{"link", names[link]},
                    {"busy_s", seconds(use.busy)},
                    {"utilisation", total == Time{} ? 0 : seconds(use.busy) / seconds(total)},
                    {"messages", use.messages},
                    {"bytes", use.bytes},
                    {"waited_s", seconds(use.waited)}});
  }
  json["links"] = list;
  const std::optional<std::size_t>& bottleneck = run.metrics.bottleneck_link;
  json["bottleneck_link"] = bottleneck ? Json(names[*bottleneck]) : Json(nullptr);
}

// A whole number, as far as a double tells.
Json parameters_json(const Config& config) {
  const std::optional<double> count = parameter_count(config);
  if (!count) return nullptr;
  return *count < 0x1p53 ? Json(std::llround(*count)) : Json(*count);
}

Json advice_json(const std::vector<Advice>& advice) {
  Json list = Json::array();
  for (const Advice& tried : advice) {
    list.push_back({{"setting", as_options(tried.settings)},
                    {"set", tried.settings},
                    {"fits_memory", tried.fits},
                    {"peak_memory_bytes", tried.peak},
                    {"step_time_s", seconds(tried.step_time)}});
  }
  return list;
}

void add_times(const Experiment& experiment, const Run& run, Json& json) {
  const Metrics& metrics = run.metrics;
  const Training& training = experiment.config.training;
  const std::size_t devices = run.outcome.devices.size();
  const auto of_kind = [&](OpKind kind) {
    return metrics.busy_by_kind[static_cast<std::size_t>(kind)];
  };
  const Time backward = of_kind(OpKind::backward) + of_kind(OpKind::backward_input) +
                        of_kind(OpKind::backward_weight);
  json["pipeline_time_s"] = seconds(metrics.pipeline_time);
  json["step_time_s"] = seconds(metrics.step_time);
  json["longest_span_s"] = seconds(metrics.longest_span);
  json["ideal_time_s"] = seconds_each(metrics.busy, devices);
  json["forward_s"] = seconds_each(of_kind(OpKind::forward), devices);
  json["backward_s"] = seconds_each(backward, devices);
  json["recompute_s"] = seconds_each(of_kind(OpKind::recompute), devices);
  json["all_reduce_s"] = seconds(metrics.all_reduce);
  json["optimizer_s"] = seconds(metrics.optimizer);
  // A step that a deadlock ends trains nothing.
  const bool trains = !run.outcome.deadlock && metrics.step_time > Time{};
  json["samples_per_s"] = trains ? Json(static_cast<double>(training.batch_size) *
                                        training.data_parallel / seconds(metrics.step_time))
                                 : Json(nullptr);
  const std::optional<ModelRate> rate =
      trains ? model_rate(experiment, metrics) : std::optional<ModelRate>{};
  json["model_flops_per_s"] = rate ? Json(rate->flops_per_s) : Json(nullptr);
  json["model_flops_utilization"] =
      rate && rate->utilization ? Json(*rate->utilization) : Json(nullptr);
}

void add_bubble(const Experiment& experiment, const Run& run, Json& json) {
  const Metrics& metrics = run.metrics;
  const auto& formula = experiment.bubble_formula;
  json["bubble_fraction"] = metrics.bubble_fraction.value();
  json["bubble_over_ideal"] = metrics.bubble_over_ideal.value();
  json["span_bubble_fraction"] = metrics.span_bubble.value();
  json["bubble_formula"] = formula ? Json(formula->value()) : Json(nullptr);
  const auto part = [&](const auto& fraction) {
    return run.outcome.deadlock ? Json(nullptr) : Json(fraction.value());
  };
  json["bubble_breakdown"] = {{"fill_drain", part(metrics.breakdown.fill_drain)},
                              {"imbalance", part(metrics.breakdown.imbalance)},
                              {"communication", part(metrics.breakdown.communication)},
                              {"other", part(metrics.breakdown.other)}};
}

Json cp_comm_type_json(const Config& config) {
  if (!config.transformer || config.training.parallel.context == 1) return nullptr;
  const ContextExchange kind = context_exchange(*config.transformer, config.training.parallel);
  return cp_comm_type_choices[static_cast<std::size_t>(kind)].name;
}

}  // namespace

nlohmann::ordered_json summary_json(const Experiment& experiment, const Run& run,
                                    const std::vector<Advice>& advice) {
  const Config& config = experiment.config;
  Json json = {{"name", config.name},
               {"command", "simulate"},
               {"clock", name_of(run.outcome.timeline.clock)},
               {"schedule", experiment.schedule.name},
               {"stages", config.pipeline.stages},
               {"virtual_stages", config.pipeline.virtual_stages},
               {"micro_batches", experiment.schedule.micro_batches},
               {"batch_size", config.training.batch_size},
               {"data_parallel", config.training.data_parallel},
               {"tensor_parallel", config.training.parallel.tensor},
               {"context_parallel", config.training.parallel.context},
               {"cp_comm_type", cp_comm_type_json(config)},
               {"expert_parallel", config.training.parallel.expert},
               {"expert_tensor_parallel", expert_tensor_ranks(config.training)},
               {"zero_stage", config.training.parallel.zero_stage},
               {"devices_in_all", config.cluster.devices},
               {"parameters", parameters_json(config)},
               {"recompute", name_of(config.pipeline.recompute)},
               {"weight_gradient", weight_gradient_name(config.training)}};
  if (!experiment.replicas.empty()) json["slowest_replica"] = experiment.slowest_replica;
  if (config.has_layers()) json["partition"] = experiment.partition;
  json["deadlock"] = run.outcome.deadlock ? Json(describe(*run.outcome.deadlock)) : Json(nullptr);
  add_times(experiment, run, json);
  add_bubble(experiment, run, json);
  json["fits_memory"] = run.metrics.fits_memory;
  if (!run.metrics.fits_memory) {
    json["out_of_memory"] = overflow_json(experiment, run);
    json["advice"] = advice_json(advice);
  }
  const std::vector<std::vector<StageCopy>> stages = stages_by_device(experiment.schedule);
  json["devices"] = Json::array();
  for (std::size_t device = 0; device < run.outcome.devices.size(); ++device) {
    json["devices"].push_back(device_json(experiment, run, device, stages[device]));
  }
  add_links(experiment, run, json);
  return json;
}

}  // namespace pipesim
