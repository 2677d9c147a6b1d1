#include "sim/published/sources/pipedream.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/base/text_file.hpp"
#include "models/profile/linear_states.hpp"
#include "models/profile/replicated_partition.hpp"

namespace pipesim::published {

namespace {

Comparison comparison_of(std::string title, std::string unit) {
  return {.title = std::move(title),
          .source = "msr-fiddle/pipedream (MIT), optimizer/optimizer_graph_hierarchical.py",
          .unit = std::move(unit),
          .tolerances = {{.kind = Tolerance::Kind::exact}}};
}

ReplicationRequest request_of(const CsvRow& row) {
  return {.machines = row.whole("machines"),
          .bandwidth = row.number("bandwidth"),
          .straight_pipeline = row.flag("straight_pipeline"),
          .transfer_time_considered = row.flag("transfer_time")};
}

std::string label_of(const ReplicationRequest& request) {
  return fmt::format("{} machine{}, {:g} GB/s{}{}", request.machines,
                     request.machines == 1 ? "" : "s", request.bandwidth / 1e9,
                     request.straight_pipeline ? ", straight" : "",
                     request.transfer_time_considered ? ", with transfers" : "");
}

void check_size(const CsvRow& row, const ReplicationRequest& request, std::size_t states) {
  const auto most = most_replicated / static_cast<std::int64_t>(states);
  if (request.machines <= most) return;
  throw row.error("machines", fmt::format("must be at most {} for this profile", most),
                  "ask for fewer machines");
}

// A row for each of the file's; complete(entry, row, stages) fills in its figures.
template <class Complete>
Comparison with_rows(Comparison comparison, const DataFiles& data, const Complete& complete) {
  const auto path = data.external(vgg16_profile);
  if (!path) {
    comparison.skipped =
        fmt::format("needs PipeDream's profile as DIR/{}: --published-data DIR", vgg16_profile);
    return comparison;
  }
  const ProfileGraph graph =
      read_profile_graph(read_text_file(*path, *path, "give PipeDream's profile of VGG-16"), *path);
  const std::vector<LinearState> states = linear_states(layer_graph(graph));
  const CsvTable table = data.table("pipedream_vgg16.csv");
  for (const CsvTable::Row& cells : table.rows) {
    const CsvRow row(table, cells);
    const ReplicationRequest request = request_of(row);
    check_size(row, request, states.size());
    Row& entry = comparison.rows.emplace_back(Row{.label = label_of(request)});
    complete(entry, row, replicate(states, request));
  }
  return comparison;
}

}  // namespace

Comparison pipedream_bottlenecks(const DataFiles& data) {
  constexpr double nanosecond = 1e-9;
  return with_rows(comparison_of("Time of the slowest stage of VGG-16, PipeDream", "s"), data,
                   [](Row& entry, const CsvRow& row, const std::vector<ReplicatedStage>& stages) {
                     entry.published = row.number("bottleneck_s");
                     entry.predicted = seconds(bottleneck(stages));
                     entry.rounding = nanosecond;
                   });
}

Comparison pipedream_replications(const DataFiles& data) {
  return with_rows(comparison_of("Replicas of the stages of VGG-16, PipeDream", ""), data,
                   [](Row& entry, const CsvRow& row, const std::vector<ReplicatedStage>& stages) {
                     std::vector<int> replicas;
                     for (const ReplicatedStage& stage : stages) {
                       replicas.push_back(stage.replication);
                     }
                     entry.published_text =
                         fmt::format("{}", fmt::join(row.wholes("replication"), " "));
                     entry.predicted_text = fmt::format("{}", fmt::join(replicas, " "));
                   });
}

}  // namespace pipesim::published
