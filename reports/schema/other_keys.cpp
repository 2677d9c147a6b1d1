#include "reports/schema/output_keys.hpp"

namespace pipesim {

namespace {

std::vector<OutputKey> training_keys() {
  return {
      {"name", "", "the config's"},
      {"command", "", "`train`"},
      {"clock", "", "`wall`"},
      {"schedule", "", "the order of ops that was run"},
      {"stages", "", "devices of one pipeline"},
      {"virtual_stages", "", "stages on each device"},
      {"micro_batches", "", "of a mini-batch"},
      {"batch_size", "samples", "of a mini-batch"},
      {"recompute", "", "the config's"},
      {"weight_gradient", "", "the config's"},
      {"epochs", "", "how often all samples were trained on"},
      {"samples", "samples", "of an epoch"},
      {"seed", "", "of weights and samples"},
      {"precision", "", "of the kernels"},
      {"optimizer", "", "what updated the weights"},
      {"learning_rate", "", "its step"},
      {"deadlock", "", "null, or the ops that wait for each other: nothing was trained"},
      {"fits_memory", "", "whether the config's devices hold it"},
      {"losses[][]", "", "of every epoch, every mini-batch's before its update; null: not finite"},
      {"mean_losses[]", "", "of each epoch"},
      {"elapsed_s", "s", "measured, from the first mini-batch on"},
      {"samples_per_s", "samples/s", "measured; null after a deadlock"},
  };
}

std::vector<OutputKey> comparison_keys() {
  return {
      {"name", "", "the config's"},
      {"command", "", "`compare`"},
      {"stages", "", "devices of one pipeline"},
      {"micro_batches", "", "of a step"},
      {"rows[].schedule", "", "what was compared"},
      {"rows[].as_given", "", "whether it is the config as it is"},
      {"rows[].set[]", "", "KEY=VALUE: with these added by --set, simulate says the same"},
      {"rows[].virtual_stages", "", "stages on each device"},
      {"rows[].recompute", "", "as a config has it"},
      {"rows[].weight_gradient", "", "as a config has it"},
      {"rows[].reason", "", "why it is not possible, in place of the figures"},
      {"rows[].step_time_s", "s", "the step"},
      {"rows[].forward_s", "s", "per device"},
      {"rows[].backward_s", "s", "per device"},
      {"rows[].recompute_s", "s", "per device"},
      {"rows[].communication_s", "s", "what messages and the all-reduce add to the step"},
      {"rows[].optimizer_s", "s", "updates"},
      {"rows[].bubble_fraction", "fraction", "idle time / all device time"},
      {"rows[].efficiency", "fraction", "forward and backward over the step"},
      {"rows[].peak_memory_bytes", "bytes", "of the fullest device"},
      {"rows[].fits_memory", "", "whether it fits"},
      {"rows[].times_unlike_order", "",
       "how far times are from what the order is made for, if far"},
  };
}

std::vector<OutputKey> validation_keys() {
  return {
      {"command", "", "`validate`"},
      {"agree", "", "whether all differences are 0"},
      {"rows[].schedule", "", "what was simulated"},
      {"rows[].stages", "", "devices of the pipeline"},
      {"rows[].micro_batches", "", "of a step"},
      {"rows[].formula", "fraction", "the bubble's closed form"},
      {"rows[].simulated", "fraction", "the simulated bubble"},
      {"rows[].difference", "fraction", "simulated − formula, exact"},
      {"rows[].executed", "fraction", "with --execute: the executed bubble"},
      {"rows[].executed_difference", "fraction", "with --execute: executed − formula"},
  };
}

std::vector<OutputKey> machine_keys() {
  return {
      {"command", "", "`validate`"},
      {"sections[].clock", "", "`wall` or `measured`"},
      {"sections[].stages", "", "devices"},
      {"sections[].device", "", "what was calibrated"},
      {"sections[].median_error_percent", "%", "of the errors' sizes"},
      {"sections[].rows[].model", "", "layers × width"},
      {"sections[].rows[].schedule", "", "the order of ops"},
      {"sections[].rows[].setting", "", "what else was set"},
      {"sections[].rows[].predicted_s", "s", "what simulate says"},
      {"sections[].rows[].executed_s", "s", "what execute measures"},
      {"sections[].rows[].error_percent", "%", "(predicted − executed) / executed × 100"},
      {"sections[].rows[].checks_passed", "", "gradients and memory"},
  };
}

std::vector<OutputKey> published_keys() {
  return {
      {"command", "", "`validate`"},
      {"holds", "", "whether all tolerances do"},
      {"tables[].id", "", "for scripts"},
      {"tables[].title", "", "what the figures are"},
      {"tables[].source", "", "who published them"},
      {"tables[].unit", "", "of the figures"},
      {"tables[].holds", "", "whether its tolerances do"},
      {"tables[].skipped", "", "what is missing, where something is"},
      {"tables[].tolerances[].kind", "", "`exact`, `worst`, `mean`, `median`, `most rows`"},
      {"tables[].tolerances[].limit_percent", "%", "what is allowed"},
      {"tables[].tolerances[].found_percent", "%", "what was found"},
      {"tables[].tolerances[].rows_allowed_outside", "", "of `exact` and `most rows`"},
      {"tables[].tolerances[].rows_outside", "", "of `exact` and `most rows`"},
      {"tables[].tolerances[].holds", "", "whether it does"},
      {"tables[].rows[].label", "", "what it is about"},
      {"tables[].rows[].published", "", "in the table's unit"},
      {"tables[].rows[].predicted", "", "in the table's unit; null: none"},
      {"tables[].rows[].error_percent", "%", "(predicted / published − 1) × 100"},
      {"tables[].rows[].agrees", "", "within rounding"},
      {"tables[].rows[].counts", "", "whether the tolerances are about it"},
      {"tables[].rows[].note", "", "perhaps"},
      {"tables[].not_stated[]", "", "what the source leaves open, and what was assumed"},
      {"tables[].fitted[]", "", "what was chosen with these figures in view"},
      {"tables[].ablations[].model", "", "with --ablate: what is left of the model"},
      {"tables[].ablations[].mean_error_percent", "%", "its errors' mean"},
      {"tables[].ablations[].worst_error_percent", "%", "its largest error"},
      {"tables[].ablations[].fraction_of_peak", "fraction", "of one rate for all operators"},
  };
}

std::vector<OutputKey> model_keys() {
  return {
      {"name", "", "the config's"},
      {"command", "", "`model`"},
      {"model", "", "its kind"},
      {"parameters", "", "of the whole model; null where unknown"},
      {"micro_batch_size", "samples", "what the figures are about"},
      {"device", "", "the pipeline's first"},
      {"tensor_parallel", "", "devices that share a layer"},
      {"layers[].first", "", "of consecutive layers that cost the same"},
      {"layers[].last", "", "of them"},
      {"layers[].count", "", "of them"},
      {"layers[].parameters", "", "of all devices that share it"},
      {"layers[].parameter_bytes", "bytes", "on one device"},
      {"layers[].stash_bytes", "bytes", "what forward leaves for backward"},
      {"layers[].output_bytes", "bytes", "what the next layer gets"},
      {"layers[].forward_s", "s", "its forward"},
      {"layers[].backward_s", "s", "its backward, exchanges hidden where they are"},
      {"layers[].backward_input_s", "s", "the input's part"},
      {"layers[].backward_weight_s", "s", "the weights' part"},
      {"layers[].parts[].part", "", "an operator or a few"},
      {"layers[].parts[].parameters", "", "its own"},
      {"layers[].parts[].parameter_bytes", "bytes", "on one device"},
      {"layers[].parts[].forward_flops", "FLOP", "of its forward"},
      {"layers[].parts[].backward_flops", "FLOP", "of its backward"},
      {"layers[].parts[].forward_bytes_moved", "bytes", "read and written in forward"},
      {"layers[].parts[].backward_bytes_moved", "bytes", "read and written in backward"},
      {"layers[].parts[].stash_bytes", "bytes", "what it keeps, or would"},
      {"layers[].parts[].forward_s", "s", "its forward"},
      {"layers[].parts[].backward_s", "s", "its backward alone"},
  };
}

std::vector<OutputKey> schedule_keys() {
  return {
      {"format", "", "`pipesim-schedule`"},
      {"version", "", "1"},
      {"schedule", "", "its name"},
      {"stages", "", "all of them"},
      {"micro_batches", "", "of a step"},
      {"placement[]", "", "the device of each stage"},
      {"second_placement[]", "", "of a bidirectional schedule: that of its second copy"},
      {"lanes[][].kind", "", "of each device the ops in order: the op's letter"},
      {"lanes[][].stage", "", "the op's stage"},
      {"lanes[][].micro_batch", "", "the op's micro-batch; -1: the whole batch"},
      {"lanes[][].copy", "", "1: on the stage's second copy"},
      {"lanes[][].with_next", "", "true: overlaps with the next"},
  };
}

std::vector<OutputKey> list_keys() {
  return {
      {"schedules[].name", "", "for `pipeline.schedule`"},
      {"schedules[].about", "", "what it trades"},
      {"schedules[].aliases[]", "", "what others call it, for `pipeline.schedule` as well"},
      {"models[].name", "", "for `model.kind`"},
      {"models[].about", "", "what it is"},
      {"devices[].name", "", "for `cluster.device`"},
      {"devices[].about", "", "memory, rates, and where they are from"},
      {"interconnects[].name", "", "for `cluster.interconnect`"},
      {"interconnects[].about", "", "bandwidth, latency, and where they are from"},
  };
}

std::vector<OutputKey> timeline_keys() {
  return {
      {"format", "", "`pipesim-timeline`"},
      {"version", "", "1"},
      {"clock", "", "`modeled`, `wall` or `measured`"},
      {"time_unit", "", "`ps`"},
      {"name", "", "the config's"},
      {"schedule", "", "the order of ops"},
      {"stages", "", "devices of one pipeline"},
      {"virtual_stages", "", "stages on each device"},
      {"micro_batches", "", "of a step"},
      {"devices", "", "how many"},
      {"spans[].device", "", "where the op ran"},
      {"spans[].kind", "", "F, B, I, W, R, A, O, or a send, receive or sharding op"},
      {"spans[].stage", "", "the op's stage"},
      {"spans[].micro_batch", "", "-1: the whole batch"},
      {"spans[].start", "ps", "from the first op's start on"},
      {"spans[].finish", "ps", "its end"},
      {"spans[].overlapped", "", "true: ran together with the other of a pair"},
      {"transfers[].from", "", "the device that sends"},
      {"transfers[].to", "", "the device that receives"},
      {"transfers[].kind", "", "`activation` or `gradient`"},
      {"transfers[].stage", "", "that sends it"},
      {"transfers[].micro_batch", "", "what it belongs to"},
      {"transfers[].start", "ps", "when it takes its links"},
      {"transfers[].finish", "ps", "when it has arrived"},
  };
}

}  // namespace

std::vector<OutputDocument> other_documents() {
  return {
      {"training", "`train --json`", training_keys()},
      {"comparison", "`compare --json`", comparison_keys()},
      {"validation", "`validate --json`", validation_keys()},
      {"machine", "`validate --machine --json`", machine_keys()},
      {"published", "`validate --published --json`", published_keys()},
      {"model", "`model --json`", model_keys()},
      {"schedule", "`schedule --format json`", schedule_keys()},
      {"list", "`list --json`", list_keys()},
      {"timeline", "`--timeline`, `timeline.json`", timeline_keys()},
  };
}

}  // namespace pipesim
