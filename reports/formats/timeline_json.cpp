#include "reports/formats/timeline_json.hpp"

#include <fmt/compile.h>

#include <nlohmann/json.hpp>

#include "reports/gantt/run_extent.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim {

void write_timeline_json(Output& out, const Experiment& experiment, const Run& run) {
  const Schedule& schedule = experiment.schedule;
  const PipelineSettings& pipeline = experiment.config.pipeline;
  const auto print = [&](const auto& format, auto&&... values) {
    fmt::format_to(std::back_inserter(out.text()), format, values...);
    out.end_of_line();
  };
  print(FMT_COMPILE(
            "{{ \"format\": \"pipesim-timeline\", \"version\": 1, \"clock\": \"{}\", "
            "\"time_unit\": \"ps\",\n  \"name\": {}, \"schedule\": \"{}\", \"stages\": {}, "
            "\"virtual_stages\": {}, \"micro_batches\": {}, \"devices\": {},\n  \"spans\": ["),
        name_of(run.outcome.timeline.clock),
        printable(nlohmann::json(experiment.config.name).dump()), schedule.name, pipeline.stages,
        pipeline.virtual_stages, schedule.micro_batches, schedule.devices());
  const auto per_span = 1 / (2 * static_cast<double>(span_count(run.outcome.timeline)));
  double spans = 0;  // Gone through, twice each.
  std::string_view separator = "\n    ";
  bool after_first_of_pair = false;
  for_each_span(
      schedule, run.outcome.timeline, [&](int device, const Op& op, const Interval& when) {
        print(
            FMT_COMPILE("{}{{\"device\": {}, \"kind\": \"{}\", \"stage\": {}, \"micro_batch\": {}, "
                        "\"start\": {}, \"finish\": {}{}}}"),
            separator, device, token(op.kind), op.stage, op.micro_batch, when.start.ps,
            when.finish.ps, op.with_next || after_first_of_pair ? ", \"overlapped\": true" : "");
        after_first_of_pair = op.with_next;
        separator = ",\n    ";
        out.reached(++spans * per_span);
      });
  out.append("\n  ],\n  \"transfers\": [");
  separator = "\n    ";
  for_each_span(schedule, run.outcome.timeline, [&](int, const Op& op, const Interval& when) {
    out.reached(++spans * per_span);
    const auto [any, transfer] =
        sent_by(op, when, schedule, experiment.costs, run.outcome.timeline);
    if (!any) return;
    print(FMT_COMPILE("{}{{\"from\": {}, \"to\": {}, \"kind\": \"{}\", \"stage\": {}, "
                      "\"micro_batch\": {}, \"start\": {}, \"finish\": {}}}"),
          separator, transfer.from, transfer.to, transfer.is_gradient ? "gradient" : "activation",
          transfer.stage, transfer.micro_batch, transfer.when.start.ps, transfer.when.finish.ps);
    separator = ",\n    ";
  });
  out.append("\n  ] }\n");
}

}  // namespace pipesim
