#include "reports/summary/explanation_json.hpp"

#include <nlohmann/json.hpp>

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

// What the message before it waited for stands there where links are shared.
Json step_json(const PathStep& step, const std::vector<std::string>& links) {
  Json json = {{"device", step.device},
               {"kind", token(step.op.kind)},
               {"stage", step.op.stage},
               {"micro_batch", step.op.micro_batch},
               {"start_s", seconds(step.when.start)},
               {"finish_s", seconds(step.when.finish)},
               {"transfer_s", seconds(step.transfer)}};
  if (!links.empty()) {
    json["waited_s"] = seconds(step.waited);
    json["link"] = step.link < 0 ? Json(nullptr) : Json(links[static_cast<std::size_t>(step.link)]);
  }
  return json;
}

Json path_json(const CriticalPath& path, const std::vector<std::string>& links) {
  Json compute = Json::object();
  for (int kind = 0; kind < op_kinds; ++kind) {
    const Time time = path.by_kind[static_cast<std::size_t>(kind)];
    const auto op_kind = static_cast<OpKind>(kind);
    if (computes(op_kind) && time > Time{}) compute[std::string(token(op_kind))] = seconds(time);
  }
  Json steps = Json::array();
  for (const PathStep& step : path.steps) steps.push_back(step_json(step, links));
  return {{"compute_s", compute},
          {"transfer_s", seconds(path.transfers)},
          {"other_s", seconds(sharding_time(path))},
          {"ops", steps}};
}

Json device_json(const Explanation& explanation, std::size_t device) {
  const std::vector<Idle>& causes = explanation.idle.devices[device];
  Json waits = Json::array();
  for (const Idle& idle : causes) {
    waits.push_back({{"cause", name_of(idle.cause)},
                     {"other_device", idle.other < 0 ? Json(nullptr) : Json(idle.other)},
                     {"total_s", seconds(idle.total)},
                     {"count", idle.count}});
  }
  return {{"device", device},
          {"on_path_s", seconds(explanation.path.by_device[device])},
          {"idle_s", seconds(total(causes))},
          {"waits", waits}};
}

Json longest_json(const std::optional<TimedWait>& longest) {
  if (!longest) return nullptr;
  return {{"device", longest->wait.device},          {"op", describe(longest->wait.waiting)},
          {"for_device", longest->wait.needed_on},   {"for_op", describe(longest->wait.needed)},
          {"start_s", seconds(longest->when.start)}, {"finish_s", seconds(longest->when.finish)}};
}

}  // namespace

nlohmann::ordered_json explanation_json(const Explanation& explanation) {
  Json json = {{"critical_path", path_json(explanation.path, explanation.links)},
               {"devices", Json::array()}};
  for (std::size_t device = 0; device < explanation.idle.devices.size(); ++device) {
    json["devices"].push_back(device_json(explanation, device));
  }
  json["longest_wait"] = longest_json(explanation.idle.longest);
  return json;
}

}  // namespace pipesim
