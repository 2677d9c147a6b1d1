#include "reports/schema/output_keys.hpp"

namespace pipesim {

namespace {

std::vector<OutputKey> summary_keys() {
  return {
      {"name", "", "the config's"},
      {"command", "", "the command that wrote it"},
      {"clock", "", "`modeled`; of a run `wall` or `measured`"},
      {"schedule", "", "the order of ops that was run"},
      {"stages", "", "devices of one pipeline"},
      {"virtual_stages", "", "stages on each device"},
      {"micro_batches", "", "micro-batches of a step"},
      {"batch_size", "samples", "of one pipeline replica"},
      {"data_parallel", "", "replicas"},
      {"tensor_parallel", "", "devices that share matrices"},
      {"context_parallel", "", "devices that share a sequence"},
      {"cp_comm_type", "", "what they exchange, given or chosen; null for one device"},
      {"expert_parallel", "", "devices that share experts"},
      {"expert_tensor_parallel", "", "devices that share each expert's matrices"},
      {"zero_stage", "", "what replicas divide among them"},
      {"devices_in_all", "", "of all replicas"},
      {"parameters", "", "of the whole model, a tied embedding once; null where unknown"},
      {"recompute", "", "the config's"},
      {"weight_gradient", "", "the config's"},
      {"slowest_replica", "", "where replicas differ: the one that is reported"},
      {"partition[]", "", "layers of each stage; of models with layers"},
      {"deadlock", "", "null, or the ops that wait for each other"},
      {"pipeline_time_s", "s", "first op's start to last op's end: the base of bubble figures"},
      {"step_time_s", "s", "that, plus all_reduce_s and optimizer_s"},
      {"longest_span_s", "s", "the longest from a device's first op to its last"},
      {"ideal_time_s", "s", "busy time per device"},
      {"forward_s", "s", "forwards' part of it"},
      {"backward_s", "s", "backwards' part of it"},
      {"recompute_s", "s", "re-computation's part of it"},
      {"all_reduce_s", "s", "sums of gradients that the pipeline does not hide"},
      {"optimizer_s", "s", "updates that the pipeline does not hide"},
      {"samples_per_s", "samples/s",
       "batch_size × data_parallel / step_time_s; null after a deadlock"},
      {"model_flops_per_s", "FLOP/s", "of a device, what the model asks for; null where unknown"},
      {"model_flops_utilization", "fraction", "that over the peak rate; null where unknown"},
      {"bubble_fraction", "fraction", "idle time / all device time"},
      {"bubble_over_ideal", "fraction", "idle time / busy time"},
      {"span_bubble_fraction", "fraction", "what of longest_span_s a device idles on average"},
      {"bubble_formula", "fraction", "the closed form for equal stages, free transfers; or null"},
      {"bubble_breakdown.fill_drain", "fraction",
       "what of the bubble the schedule's shape makes; null, as all parts, after a deadlock"},
      {"bubble_breakdown.imbalance", "fraction", "what stages of equal cost would save"},
      {"bubble_breakdown.communication", "fraction", "what free transfers would save"},
      {"bubble_breakdown.other", "fraction", "of a run: what the replay does not explain"},
      {"fits_memory", "", "whether every device's peak is within its capacity"},
      {"out_of_memory[].device", "", "one that does not hold it"},
      {"out_of_memory[].op", "", "the op that is too much"},
      {"out_of_memory[].at_s", "s", "when it starts"},
      {"out_of_memory[].needed_bytes", "bytes", "what would be held then"},
      {"out_of_memory[].excess_bytes", "bytes", "what of it is too much"},
      {"out_of_memory[].replica", "", "where replicas differ: whose device"},
      {"advice[].setting", "", "settings that were simulated, as options for a shell"},
      {"advice[].set[]", "", "the same one by one: KEY=VALUE, for --set"},
      {"advice[].fits_memory", "", "whether it fits"},
      {"advice[].peak_memory_bytes", "bytes", "of its fullest device"},
      {"advice[].step_time_s", "s", "its step"},
      {"devices[].device", "", "its number in the pipeline"},
      {"devices[].stages[]", "", "the stages it runs"},
      {"devices[].busy_s", "s", "the time of its ops"},
      {"devices[].idle_s", "s", "the rest of pipeline_time_s"},
      {"devices[].bubble_fraction", "fraction", "idle_s / pipeline_time_s"},
      {"devices[].peak_memory_bytes", "bytes", "the most that it holds"},
      {"devices[].peak_at_s", "s", "when it first does"},
      {"devices[].capacity_bytes", "bytes", "null: unlimited"},
      {"devices[].static_bytes", "bytes", "held all the time"},
      {"devices[].peak_in_flight", "", "(stage, micro-batch) pairs between F and its backward"},
      {"links[].link", "", "where devices share links: its name"},
      {"links[].busy_s", "s", "while messages took it"},
      {"links[].utilisation", "fraction", "busy_s / pipeline_time_s"},
      {"links[].messages", "", "how many"},
      {"links[].bytes", "bytes", "of all of them"},
      {"links[].waited_s", "s", "what messages waited for it"},
      {"bottleneck_link", "", "the one with the most waited_s; null where none waited"},
  };
}

std::vector<OutputKey> explanation_keys() {
  return {
      {"explanation.critical_path.compute_s.*", "s", "the time of its ops, by kind"},
      {"explanation.critical_path.transfer_s", "s", "the time of its messages"},
      {"explanation.critical_path.other_s", "s", "gathering weights and reducing gradients"},
      {"explanation.critical_path.ops[].device", "", "in order of time"},
      {"explanation.critical_path.ops[].kind", "", "the op's letter"},
      {"explanation.critical_path.ops[].stage", "", "the op's stage"},
      {"explanation.critical_path.ops[].micro_batch", "", "the op's micro-batch"},
      {"explanation.critical_path.ops[].start_s", "s", "when it starts"},
      {"explanation.critical_path.ops[].finish_s", "s", "when it ends"},
      {"explanation.critical_path.ops[].transfer_s", "s", "the message before it"},
      {"explanation.critical_path.ops[].waited_s", "s", "over shared links: what of it is waiting"},
      {"explanation.critical_path.ops[].link", "", "over shared links: for which, or null"},
      {"explanation.devices[].device", "", "its number"},
      {"explanation.devices[].on_path_s", "s", "the time of its ops on the path"},
      {"explanation.devices[].idle_s", "s", "what it waited in all"},
      {"explanation.devices[].waits[].cause", "", "filling, activation, gradient, sending, …"},
      {"explanation.devices[].waits[].other_device", "", "at the message's other end, or null"},
      {"explanation.devices[].waits[].total_s", "s", "all of its waits for that"},
      {"explanation.devices[].waits[].count", "", "how many"},
      {"explanation.longest_wait.device", "", "of a device between its first op and its last"},
      {"explanation.longest_wait.op", "", "the op that waited"},
      {"explanation.longest_wait.for_device", "", "the device it waited for"},
      {"explanation.longest_wait.for_op", "", "the op it waited for"},
      {"explanation.longest_wait.start_s", "s", "from then on"},
      {"explanation.longest_wait.finish_s", "s", "until then"},
  };
}

std::vector<OutputKey> run_keys() {
  return {
      {"steps", "", "how many were run"},
      {"step_times_s[]", "s", "of each, in order"},
      {"loss", "", "of the first step, before any update; null where not finite"},
      {"diverged_after_updates", "", "when the loss was first not finite; null: never"},
      {"peak_resident_bytes", "bytes", "the most memory that the process held"},
      {"gradient_check.passed", "", "against the same network without a pipeline"},
      {"gradient_check.largest_error", "fraction", "largest max|Δ| / max|g| of all tensors"},
      {"gradient_check.tensor", "", "where it is"},
      {"gradient_check.tolerance", "fraction", "1e-5 in fp32, 1e-12 in fp64"},
      {"gradient_check.same_bits_as_sequential", "", "of a run that adds in the same order"},
      {"gradient_check.finite", "", "whether all were; if not, only the bits are compared"},
      {"memory_check.passed", "", "whether allocations are those of the simulation"},
      {"memory_check.difference", "", "null, or the first"},
      {"compared_with", "",
       "what the run is held against: `prediction` on devices that calibrate measured, else "
       "`replay`"},
      {"prediction.step_time_s", "s", "what simulate says for the same config"},
      {"prediction.pipeline_time_s", "s", "the same"},
      {"prediction.bubble_fraction", "fraction", "the same"},
      {"prediction.peak_memory_bytes", "bytes", "the same, of the fullest device"},
      {"prediction_error_percent.*", "%",
       "of each of these; null where 0 was executed, and for times on devices that are not this "
       "machine"},
      {"replay.*", "", "the same figures from the durations that the run measured"},
      {"replay_error_percent.*", "%", "of each of these; null where 0 was executed"},
  };
}

}  // namespace

std::vector<OutputDocument> summary_documents() {
  return {
      {"summary", "`simulate --json`, `execute --json`, `summary.json`", summary_keys()},
      {"explanation", "`simulate --explain --json` adds; null after a deadlock",
       explanation_keys()},
      {"run", "`execute --json` adds to the summary", run_keys()},
  };
}

}  // namespace pipesim
