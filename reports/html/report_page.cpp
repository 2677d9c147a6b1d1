#include "reports/html/report_page.hpp"

#include <nlohmann/json.hpp>

#include "reports/gantt/run_extent.hpp"
#include "reports/html/op_needs.hpp"
#include "reports/html/page_parts.hpp"
#include "reports/html/run_columns.hpp"
#include "reports/text/markup_text.hpp"
#include "reports/text/op_style.hpp"
#include "reports/text/output.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view runs_mark = "{{runs}}";

// Puts each mark's text in its place.
struct Mark {
  std::string_view name;
  std::string_view text;
};
void fill_in(Output& out, std::string_view skeleton, std::initializer_list<Mark> marks) {
  for (auto at = skeleton.find("{{"); at != skeleton.npos; at = skeleton.find("{{")) {
    out.append(skeleton.substr(0, at));
    const auto end = skeleton.find("}}", at);
    const std::string_view name = skeleton.substr(at + 2, end - at - 2);
    for (const Mark& mark : marks) {
      if (mark.name == name) out.append(mark.text);
    }
    skeleton.remove_prefix(end + 2);
  }
  out.append(skeleton);
  out.end_of_line();
}

Json kinds_json() {
  Json kinds = Json::array();
  for (int i = 0; i < op_kinds; ++i) {
    const auto kind = static_cast<OpKind>(i);
    const OpStyle style = style_of(kind);
    kinds.push_back(
        {{"token", token(kind)}, {"noun", noun(kind)}, {"fill", style.fill}, {"ink", style.ink}});
  }
  return kinds;
}

Json head_json(const PageHead& head) {
  return {{"format", "pipesim-report"}, {"version", 1},
          {"pipesim", PIPESIM_VERSION}, {"command", head.command},
          {"name", head.config.name},   {"config", *head.config.text},
          {"kinds", kinds_json()},      {"runs", head.runs}};
}

Json tags_json() {
  Json tags = Json::array();
  for (int tag = 0; tag < memory_tags; ++tag) tags.push_back(name_of(static_cast<MemoryTag>(tag)));
  return tags;
}

// Picoseconds are written as text: they may be more than a double tells apart.
std::string digits(Time time) {
  return std::to_string(time.ps);
}

Json devices_json(const Experiment& experiment, int devices) {
  Json names = Json::array();
  Json capacity = Json::array();
  for (int device = 0; device < devices; ++device) {
    names.push_back(experiment.config.cluster.device(device).name);
    const auto& bytes = experiment.capacity[static_cast<std::size_t>(device)];
    capacity.push_back(bytes ? Json(*bytes) : Json(nullptr));
  }
  return {{"device_names", names}, {"capacity_bytes", capacity}};
}

Json run_json(std::string_view title, const Experiment& experiment, const Run& run) {
  const Outcome& outcome = run.outcome;
  const Schedule& schedule = experiment.schedule;
  const Interval pipeline = pipeline_of(outcome);
  Json json = {{"title", title},
               {"clock", name_of(outcome.timeline.clock)},
               {"schedule", schedule.name},
               {"devices", schedule.devices()},
               {"stages", schedule.stages()},
               {"micro_batches", schedule.micro_batches},
               {"spans", span_count(outcome.timeline)},
               {"finish_ps", digits(last_finish(schedule, outcome.timeline))},
               {"pipeline_start_ps", digits(pipeline.start)},
               {"pipeline_finish_ps", digits(pipeline.finish)}};
  json.update(devices_json(experiment, schedule.devices()));
  json["fits_memory"] = run.metrics.fits_memory;
  json["deadlock"] = outcome.deadlock ? Json(describe(*outcome.deadlock)) : Json(nullptr);
  json["tags"] = tags_json();
  json["links"] = experiment.costs.links.names;
  json["routes"] = shared_routes(experiment.costs);
  return json;
}

// An object with one more key. A summary of very many devices is not copied into the object for it.
std::string with_summary(const Json& object, const Json& summary) {
  std::string text = script_json(object);
  text.back() = ',';
  text += "\"summary\":";
  text += script_json(summary);
  return text += '}';
}

}  // namespace

ReportPage::ReportPage(Output& out, const PageHead& head)
    : out_(out), head_summary_(head.summary), runs_(head.runs) {
  const std::string title = xml_text(cut_to_columns(head.config.name, 200)) + " · pipesim";
  const std::string_view before = page_skeleton.substr(0, page_skeleton.find(runs_mark));
  fill_in(out_, before,
          {{"title", title},
           {"style", page_style},
           {"head", with_summary(head_json(head), head.summary)}});
}

void ReportPage::add(std::string_view title, const Experiment& experiment, const Run& run,
                     const nlohmann::ordered_json& summary) {
  out_.begin_part(written_++, runs_);
  out_.append("<script type=\"application/json\" class=\"run\">");
  const Json no_other;
  const Json& own = &summary == &head_summary_ ? no_other : summary;
  out_.append(with_summary(run_json(title, experiment, run), own));
  out_.append("</script>\n<script type=\"text/plain\" class=\"columns\">");
  write_run_columns(out_, experiment, run);
  out_.append("</script>\n");
  out_.end_of_line();
}

void ReportPage::finish() {
  const auto mark = page_skeleton.find(runs_mark);
  fill_in(out_, page_skeleton.substr(mark + runs_mark.size()), {{"script", page_script}});
}

}  // namespace pipesim
