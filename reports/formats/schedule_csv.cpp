#include "reports/formats/schedule_csv.hpp"

#include "schedules/csv/schedule_csv.hpp"

namespace pipesim {

void write_schedule_csv(Output& out, const Schedule& schedule) {
  for (const std::vector<Op>& lane : schedule.lanes) {
    std::string_view separator = "";
    bool in_pair = false;
    for (const Op& op : lane) {
      out.append(in_pair ? ";" : separator);
      if (op.with_next) out.append("(");
      out.append(csv_token(op));
      if (in_pair) out.append(")OVERLAP_F_B");
      in_pair = op.with_next;
      separator = ",";
      out.end_of_line();
    }
    out.append("\n");
  }
}

}  // namespace pipesim
