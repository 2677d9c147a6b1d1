#include "reports/summary/explanation_text.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "reports/text/number_text.hpp"
#include "reports/text/text_table.hpp"

namespace pipesim {

namespace {

constexpr std::size_t most_path_rows = 24;
constexpr std::size_t most_devices = 16;

// A stretch of ops on the path that one device runs without waiting, or a message.
struct Row {
  Time start{};
  Time finish{};
  int device = -1;  ///< -1: a message.
  std::string where{};
  std::string what{};
  std::string last{};  ///< Op of the stretch, where it has several.
  std::size_t ops = 0;
};

class ExplanationText {
 public:
  ExplanationText(Output& out, const Schedule& schedule, const Explanation& explanation)
      : out_(out), schedule_(schedule), explanation_(explanation) {}

  void write() {
    write_shares();
    write_path();
    write_longest();
    print("\n");
    write_waits();
  }

 private:
  Output& out_;
  const Schedule& schedule_;
  const Explanation& explanation_;

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_.text()), format, std::forward<Args>(args)...);
    out_.end_of_line();
  }

  // The name that the picture of the timeline shows.
  std::string name(const Op& op) const {
    const bool several = schedule_.stages() > schedule_.devices() || schedule_.bidirectional();
    return several ? describe(op) : label(op);
  }

  std::string share(Time time) const {
    const Time whole = explanation_.pipeline.finish - explanation_.pipeline.start;
    return percent(whole == Time{} ? 0 : seconds(time) / seconds(whole));
  }

  void write_shares() {
    const CriticalPath& path = explanation_.path;
    print("critical path  {}:",
          readable(explanation_.pipeline.finish - explanation_.pipeline.start));
    for (int kind = 0; kind < op_kinds; ++kind) {
      const Time time = path.by_kind[static_cast<std::size_t>(kind)];
      if (time > Time{}) print(" {} {},", token(static_cast<OpKind>(kind)), share(time));
    }
    print(" messages {}\n", share(path.transfers));
  }

  std::string message_of(const PathStep& step) const {
    if (step.link < 0) return "message";
    return fmt::format("message, {} of it for {}", readable(step.waited),
                       short_name(explanation_.links[static_cast<std::size_t>(step.link)]));
  }

  // Sends and receives are seen as the messages that they wait for.
  std::vector<Row> path_rows() const {
    std::vector<Row> rows;
    for (const PathStep& step : explanation_.path.steps) {
      if (step.transfer > Time{}) {
        rows.push_back({.start = step.when.start - step.transfer,
                        .finish = step.when.start,
                        .where = fmt::format("{} → {}", step.sent_from, step.sent_to),
                        .what = message_of(step)});
      }
      if (communicates(step.op.kind)) continue;
      if (!rows.empty() && rows.back().device == step.device) {
        rows.back().last = name(step.op);
      } else {
        rows.push_back({.start = step.when.start,
                        .device = step.device,
                        .where = fmt::format("device {}", step.device),
                        .what = name(step.op)});
      }
      rows.back().finish = step.when.finish;
      ++rows.back().ops;
    }
    return rows;
  }

  static std::string text_of(const Row& row) {
    return row.ops < 2 ? row.what : row.what + (row.ops > 2 ? " … " : " ") + row.last;
  }

  void write_path() {
    const std::vector<Row> rows = path_rows();
    TextTable table{
        .columns = {{.width = 10}, {.left = true}, {.left = true}, {.width = 8}, {.width = 10}},
        .has_header = false};
    // To leave out a single line would save none: a line says so.
    const std::size_t left_out =
        rows.size() > most_path_rows + 1 ? rows.size() - most_path_rows : 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (left_out > 0 && i == most_path_rows / 2) {
        table.rows.push_back(
            {.note = fmt::format("         …  ({} lines more: --json lists all ops)", left_out)});
        i += left_out;
      }
      const Row& row = rows[i];
      const std::string ops =
          row.ops == 0 ? "" : fmt::format("{} op{}", row.ops, row.ops == 1 ? "" : "s");
      table.rows.push_back({.cells = {readable(row.start), row.where, text_of(row), ops,
                                      readable(row.finish - row.start)}});
    }
    write_text_table(out_, table);
  }

  std::string reason(const Idle& idle) const {
    switch (idle.cause) {
      case IdleCause::filling:
        return "its first op (fill)";
      case IdleCause::activation:
        return fmt::format("activations from device {}", idle.other);
      case IdleCause::gradient:
        return fmt::format("gradients from device {}", idle.other);
      case IdleCause::sending:
        return fmt::format("sends to device {}", idle.other);
      case IdleCause::sharding:
        return "weights to gather, gradients to reduce";
      case IdleCause::draining:
        return "the others' last ops (drain)";
    }
    return "";
  }

  void write_waits() {
    TextTable table{.columns = {{"device", 6},
                                {"on path", 10},
                                {"share", 8},
                                {"idle", 10},
                                {"waited", 10},
                                {"times", 6},
                                {"for", 0, true}}};
    const std::size_t devices = explanation_.idle.devices.size();
    for (std::size_t device = 0; device < devices; ++device) {
      if (devices > most_devices && device == most_devices / 2) {
        table.rows.push_back(
            {.note = fmt::format("     …  ({} more: --json lists all)", devices - most_devices)});
        device = devices - most_devices / 2;
      }
      add_device(table, device);
    }
    write_text_table(out_, table);
  }

  void add_device(TextTable& table, std::size_t device) const {
    const std::vector<Idle>& causes = explanation_.idle.devices[device];
    const Time on_path = explanation_.path.by_device[device];
    table.rows.push_back({.cells = {std::to_string(device), readable(on_path), share(on_path),
                                    readable(total(causes))}});
    for (std::size_t i = 0; i < causes.size(); ++i) {
      if (i > 0) table.rows.push_back({.cells = {"", "", "", ""}});
      for (const std::string& cell :
           {readable(causes[i].total), std::to_string(causes[i].count), reason(causes[i])}) {
        table.rows.back().cells.push_back(cell);
      }
    }
  }

  void write_longest() {
    if (!explanation_.idle.longest) return;
    const auto& [wait, when] = *explanation_.idle.longest;
    print("longest wait   {}: {} on device {}, from {} on, for {} on device {}\n",
          readable(when.finish - when.start), name(wait.waiting), wait.device, readable(when.start),
          name(wait.needed), wait.needed_on);
  }
};

}  // namespace

void write_explanation_text(Output& out, const Schedule& schedule, const Explanation& explanation) {
  ExplanationText(out, schedule, explanation).write();
}

}  // namespace pipesim
