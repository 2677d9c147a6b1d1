#include "reports/html/report_page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "reports/summary/summary_json.hpp"
#include "reports/text/output.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/step/run.hpp"
#include "support/commands/report_page.hpp"
#include "support/experiments.hpp"

namespace pipesim {

using namespace test;

namespace {

std::string page_of(const Experiment& experiment, const Run& run) {
  const nlohmann::ordered_json summary = summary_json(experiment, run, {});
  std::string html;
  Output out([&](std::string_view part) { html += part; });
  ReportPage page(out, {.command = "simulate", .summary = summary, .config = experiment.config});
  page.add("simulated", experiment, run, summary);
  page.finish();
  out.flush();
  return html;
}

using SpanText = std::tuple<int, Op, Time, Time>;

std::vector<SpanText> spans_of(const Experiment& experiment, const Run& run) {
  std::vector<SpanText> spans;
  for_each_span(experiment.schedule, run.outcome.timeline,
                [&](int device, const Op& op, const Interval& when) {
                  spans.emplace_back(device, op, when.start, when.finish);
                });
  return spans;
}

std::vector<SpanText> spans_of(const PageRun& run) {
  std::vector<SpanText> spans;
  for (std::size_t device = 0; device < run.devices.size(); ++device) {
    for (const PageSpan& span : run.devices[device].spans) {
      spans.emplace_back(device, span.op, span.when.start, span.when.finish);
    }
  }
  return spans;
}

// From, to, start, finish: zero-length ones, which no picture shows, left out.
using Message = std::tuple<int, int, Time, Time>;

std::vector<Message> messages_of(const Experiment& experiment, const Run& run) {
  std::vector<Message> messages;
  for_each_transfer(experiment.schedule, experiment.costs, run.outcome.timeline,
                    [&](const Transfer& transfer) {
                      if (transfer.when.start == transfer.when.finish) return;
                      messages.emplace_back(transfer.from, transfer.to, transfer.when.start,
                                            transfer.when.finish);
                    });
  std::sort(messages.begin(), messages.end());
  return messages;
}

std::vector<Message> messages_of(const PageRun& run) {
  std::vector<Message> messages;
  for (std::size_t device = 0; device < run.devices.size(); ++device) {
    for (const PageSpan& span : run.devices[device].spans) {
      if (!span.need || span.need->duration == Time{}) continue;
      const OpPlace& from = span.need->op;
      const Time start =
          run.devices[static_cast<std::size_t>(from.device)].spans[from.slot].when.finish +
          span.need->wait;
      messages.emplace_back(from.device, device, start, start + span.need->duration);
    }
  }
  std::sort(messages.begin(), messages.end());
  return messages;
}

Bytes peak_of(const PageDevice& device) {
  Bytes total = 0;
  for (const PageUse& use : device.held) total += use.at_start;
  Bytes peak = total;
  for (const PageSpan& span : device.spans) {
    for (const PageUse& use : span.memory) peak = std::max(peak, total += use.at_start);
    for (const PageUse& use : span.memory) peak = std::max(peak, total += use.at_finish);
  }
  return peak;
}

void check_page(const Experiment& experiment) {
  const Run run = simulate(experiment);
  const Page page = read_page(page_of(experiment, run));
  REQUIRE(page.runs.size() == 1);
  const PageRun& read = page.runs[0];
  CHECK(spans_of(read) == spans_of(experiment, run));
  CHECK(read.head["spans"] == spans_of(read).size());
  CHECK(read.head["pipeline_finish_ps"] == std::to_string(run.metrics.pipeline_time.ps));
  if (experiment.schedule.communication == Communication::overlapped) {
    CHECK(messages_of(read) == messages_of(experiment, run));
  }
  for (std::size_t device = 0; device < read.devices.size(); ++device) {
    CHECK(peak_of(read.devices[device]) == run.outcome.devices[device].peak);
  }
}

const std::string hostile = "</script><script>alert(1)</script>\"'&\n\x1b[31m\u202e\u2028<!--";

}  // namespace

TEST_SUITE_BEGIN("reports/html/report_page");

TEST_CASE("a page holds every span, message and allocation of every example") {
  for (const std::string& name : short_example_names()) {
    CAPTURE(name);
    check_page(example(name));
  }
}

TEST_CASE("a page holds every span, message and allocation under every schedule") {
  for (const KnownSchedule& schedule : known_schedules()) {
    CAPTURE(schedule.name);
    for (const std::string communication : {"overlapped", "rendezvous"}) {
      check_page(experiment_from(
          R"({"model": {"kind": "stage_costs", "forward": 3e-6, "backward_input": 4e-6,
              "backward_weight": 2e-6, "transfer": 1e-6, "stash_bytes": 96, "boundary_bytes": 32},
              "pipeline": {"stages": 4, "micro_batches": 8}})",
          {"pipeline.schedule=" + std::string(schedule.name),
           "pipeline.communication=" + communication}));
    }
  }
}

TEST_CASE("after a deadlock a page holds what ran, and nothing needs what did not") {
  for (const std::string communication : {"blocking", "rendezvous"}) {
    const Experiment experiment =
        example("four_stages.json", {"pipeline.schedule_file=schedules/cross_wired.csv",
                                     "pipeline.communication=" + communication});
    const Run run = simulate(experiment);
    REQUIRE(run.outcome.deadlock);
    const PageRun page = read_page(page_of(experiment, run)).runs[0];
    CHECK(spans_of(page) == spans_of(experiment, run));
    for (const PageDevice& device : page.devices) {
      for (const PageSpan& span : device.spans) {
        if (!span.need) continue;
        CHECK(span.need->op.slot <
              page.devices[static_cast<std::size_t>(span.need->op.device)].spans.size());
      }
    }
  }
}

TEST_CASE("messages over shared links name their route") {
  const Experiment experiment = example("pcie_host.json");
  const PageRun run = read_page(page_of(experiment, simulate(experiment))).runs[0];
  const auto routes = run.head["routes"].get<std::vector<std::vector<int>>>();
  const LinkRoutes& expected = experiment.costs.links.routes;
  int seen = 0;
  for (const PageDevice& device : run.devices) {
    for (const PageSpan& span : device.spans) {
      if (!span.need) continue;
      const bool is_forward = span.op.kind == OpKind::forward;
      const auto& direction = is_forward ? expected.activation : expected.gradient;
      const int hop = is_forward ? span.op.stage - 1 : span.op.stage;
      CHECK(routes.at(span.need->route - 1) == direction[static_cast<std::size_t>(hop)]);
      ++seen;
    }
  }
  CHECK(seen == 2 * (experiment.schedule.stages() - 1) * experiment.schedule.micro_batches);
}

TEST_CASE("the head is what --json prints, the config as it was read, and the palette") {
  const Experiment experiment = example("unit.json", {"pipeline.micro_batches=5"});
  const Run run = simulate(experiment);
  const Page page = read_page(page_of(experiment, run));
  CHECK(page.head["summary"] == nlohmann::json(summary_json(experiment, run, {})));
  CHECK(page.runs[0].head["summary"].is_null());
  CHECK(page.head["config"]["pipeline"]["micro_batches"] == 5);
  CHECK(page.head["kinds"][0] ==
        nlohmann::json(
            {{"token", "F"}, {"noun", "forward"}, {"fill", "#0072b2"}, {"ink", "#ffffff"}}));
}

TEST_CASE("a hostile name stays text: nothing of it is markup, and it is read back whole") {
  for (const std::string& name : {hostile, std::string(1 << 20, '<')}) {
    const Experiment experiment = example("unit.json", {"name=" + name});
    const std::string html = page_of(experiment, simulate(experiment));
    const Page page = read_page(html);
    CHECK(page.head["name"] == name);
    CHECK(html.find("alert(1)</script>") == html.npos);
    CHECK(html.find('\x1b') == html.npos);
    CHECK(html.find("<!--") == html.npos);
  }
}

TEST_CASE("a page's title is short and escaped") {
  const Experiment experiment = example("unit.json", {"name=" + hostile});
  const std::string html = page_of(experiment, simulate(experiment));
  CHECK(html.find("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;") !=
        html.npos);
}

TEST_SUITE_END();

}  // namespace pipesim
