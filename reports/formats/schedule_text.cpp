#include "reports/formats/schedule_text.hpp"

#include <fmt/ranges.h>

namespace pipesim {

void write_schedule_text(Output& out, const Schedule& schedule) {
  const bool several_stages = several_stages_on_a_device(schedule);
  for (int device = 0; device < schedule.devices(); ++device) {
    fmt::format_to(std::back_inserter(out.text()), "device {}:", device);
    bool in_pair = false;
    for (const Op& op : schedule.lanes[static_cast<std::size_t>(device)]) {
      out.append(in_pair ? ";" : op.with_next ? " (" : " ");
      out.append(several_stages ? describe(op) : label(op));
      if (in_pair) out.append(")");
      in_pair = op.with_next;
      out.end_of_line();
    }
    out.append("\n");
  }
}

void write_schedule_json(Output& out, const Schedule& schedule) {
  fmt::format_to(std::back_inserter(out.text()),
                 "{{ \"format\": \"pipesim-schedule\", \"version\": 1, \"schedule\": \"{}\", "
                 "\"stages\": {}, \"micro_batches\": {},\n  \"placement\": [{}],",
                 schedule.name, schedule.stages(), schedule.micro_batches,
                 fmt::join(schedule.placement, ", "));
  if (schedule.bidirectional()) {
    fmt::format_to(std::back_inserter(out.text()), "\n  \"second_placement\": [{}],",
                   fmt::join(schedule.second_placement, ", "));
  }
  out.append("\n  \"lanes\": [");
  std::string_view lane_separator = "\n    [";
  for (const std::vector<Op>& lane : schedule.lanes) {
    out.append(lane_separator);
    std::string_view separator = "";
    for (const Op& op : lane) {
      fmt::format_to(std::back_inserter(out.text()),
                     "{}{{\"kind\": \"{}\", \"stage\": {}, \"micro_batch\": {}{}{}}}", separator,
                     token(op.kind), op.stage, op.micro_batch, op.copy == 0 ? "" : ", \"copy\": 1",
                     op.with_next ? ", \"with_next\": true" : "");
      separator = ", ";
      out.end_of_line();
    }
    lane_separator = "],\n    [";
  }
  out.append("]\n  ] }\n");
}

}  // namespace pipesim
