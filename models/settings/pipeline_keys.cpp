#include "models/keys/config_key_forms.hpp"
#include "models/settings/pipeline_settings.hpp"

namespace pipesim {

namespace {

using namespace form;

std::vector<ConfigKey> pipeline_keys() {
  return {
      {"schedule", {name_of(NameList::schedules)}, "gpipe", "the order of ops on each device"},
      {"schedule_file", {path()}, "", "a schedule in PyTorch's CSV format, instead"},
      {"stages", {integer(1, 1 << 24)}, required, "devices of one pipeline"},
      {.name = "micro_batches",
       .forms = {integer()},
       .default_text = required,
       .description = "must divide the batch size",
       .instead_of = {"micro_batch_size"}},
      {"micro_batch_size", {integer()}, "", "samples in a micro-batch, instead"},
      {"partition",
       {one_of(partition_choices), list_of(integer(), 1)},
       "uniform",
       "how layers become stages: a rule, or a list of layer counts"},
      {"recompute",
       {one_of(recompute_choices)},
       "none",
       "what a forward keeps for its backward; the rest is computed again"},
      {"recompute_placement",
       {one_of(recompute_placement_choices)},
       "eager",
       "of full and except_last: what R waits for"},
      {"virtual_stages",
       {integer(1, 1 << 16)},
       "what the schedule needs, 1 or 2",
       "stages on each device; stages then counts devices"},
      {"group_size",
       {integer()},
       "stages",
       "of interleaved schedules: micro-batches that go through a stage before the next"},
      {"communication",
       {one_of(communication_choices)},
       "overlapped",
       "how a device sends and receives"},
      {"memory_limit",
       {bytes(), text_like("^[0-9.]+ *micro-batches$", "8 micro-batches")},
       "the device's memory",
       "of automatic schedules: what a device's stashes may hold"},
      {"num_layers_in_first_pipeline_stage",
       {integer()},
       "",
       "layers of the first device, in place of a partition; the others share the rest equally"},
      {"num_layers_in_last_pipeline_stage", {integer()}, "", "the same of the last device"},
  };
}

}  // namespace

ConfigSection pipeline_section() {
  return {.name = "pipeline",
          .place = "pipeline",
          .description = "How the model is cut into stages, and in which order they run",
          .keys = pipeline_keys()};
}

}  // namespace pipesim
