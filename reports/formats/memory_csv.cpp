#include "reports/formats/memory_csv.hpp"

#include <fmt/compile.h>

#include <algorithm>

#include "reports/gantt/run_extent.hpp"
#include "sim/engine/memory_trace.hpp"

namespace pipesim {

void write_memory_csv(Output& out, const Experiment& experiment, const Run& run) {
  const Time last = last_finish(experiment.schedule, run.outcome.timeline);
  const auto end = static_cast<double>(std::max(last.ps, std::int64_t{1}));
  out.append("time_ps,device,tag,delta_bytes,total_bytes,device_total_bytes\n");
  for_each_memory_event(
      experiment.schedule, experiment.costs, run.outcome.timeline, [&](const MemoryEvent& event) {
        fmt::format_to(std::back_inserter(out.text()), FMT_COMPILE("{},{},{},{},{},{}\n"),
                       event.at.ps, event.device, name_of(event.tag), event.delta, event.tag_total,
                       event.device_total);
        out.end_of_line();
        out.reached(static_cast<double>(event.at.ps) / end);
      });
}

}  // namespace pipesim
