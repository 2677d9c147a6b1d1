#include "reports/schedule_text.hpp"

#include <fmt/ranges.h>

namespace pipesim {

void write_schedule_text(Output& out, const Schedule& schedule) {
  const bool several_stages = schedule.stages() > schedule.devices();
  for (int device = 0; device < schedule.devices(); ++device) {
    fmt::format_to(std::back_inserter(out.text()), "device {}:", device);
    for (const Op& op : schedule.lanes[static_cast<std::size_t>(device)]) {
      out.append(" ");
      out.append(several_stages ? describe(op) : label(op));
      out.end_of_line();
    }
    out.append("\n");
  }
}

void write_schedule_json(Output& out, const Schedule& schedule) {
  fmt::format_to(std::back_inserter(out.text()),
                 "{{ \"format\": \"pipesim-schedule\", \"version\": 1, \"schedule\": \"{}\", "
                 "\"stages\": {}, \"micro_batches\": {},\n  \"placement\": [{}],\n  \"lanes\": [",
                 schedule.name, schedule.stages(), schedule.micro_batches,
                 fmt::join(schedule.placement, ", "));
  std::string_view lane_separator = "\n    [";
  for (const std::vector<Op>& lane : schedule.lanes) {
    out.append(lane_separator);
    std::string_view separator = "";
    for (const Op& op : lane) {
      fmt::format_to(std::back_inserter(out.text()),
                     "{}{{\"kind\": \"{}\", \"stage\": {}, \"micro_batch\": {}}}", separator,
                     token(op.kind), op.stage, op.micro_batch);
      separator = ", ";
      out.end_of_line();
    }
    lane_separator = "],\n    [";
  }
  out.append("]\n  ] }\n");
}

}  // namespace pipesim
