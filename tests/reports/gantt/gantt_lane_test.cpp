#include "reports/gantt/gantt_lane.hpp"

#include <doctest/doctest.h>

#include "sim/step/run.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

LaneSpan span(OpKind kind, std::int64_t start, std::int64_t finish) {
  return {.op = {.kind = kind}, .when = {{start}, {finish}}};
}

// "F 0-100 0-1000": left, right, share.
std::string text_of(const std::vector<LanePiece>& pieces) {
  std::string text;
  for (const LanePiece& piece : pieces) {
    text += fmt::format("{}{} {}-{} {}-{}", text.empty() ? "" : "; ", token(piece.kind), piece.left,
                        piece.right, piece.share.from, piece.share.to);
  }
  return text;
}

}  // namespace

TEST_SUITE("reports/gantt/gantt_lane") {
  TEST_CASE("a place is the time's share of the width, to the nearest hundredth") {
    const TimeScale scale{.end = {3}, .width = 1000};
    CHECK(scale.at({0}) == 0);
    CHECK(scale.at({1}) == 333);
    CHECK(scale.at({2}) == 667);
    CHECK(scale.at({3}) == 1000);
    CHECK(TimeScale{.end = Time::limit(), .width = 81600}.at(Time::limit()) == 81600);
  }

  TEST_CASE("wide ops are boxes that abut where their times do") {
    const TimeScale scale{.end = {30}, .width = 10000};
    const std::vector<LaneSpan> spans{span(OpKind::forward, 0, 10), span(OpKind::forward, 10, 20),
                                      span(OpKind::backward, 21, 30)};
    CHECK(text_of(lane_pieces(spans, scale, 100)) ==
          "F 0-3333 0-1000; F 3333-6667 0-1000; B 7000-10000 0-1000");
  }

  TEST_CASE("narrow ops become one band whose height is what each kind takes of the time") {
    std::vector<LaneSpan> spans;
    for (int i = 0; i < 30'000; ++i) {
      spans.push_back(span(OpKind::forward, 3 * i, 3 * i + 1));
      spans.push_back(span(OpKind::backward, 3 * i + 1, 3 * i + 3));
    }
    CHECK(text_of(lane_pieces(spans, {.end = {90'000}, .width = 81600}, 100)) ==
          "F 0-81600 675-1000; B 0-81600 0-675");
  }

  TEST_CASE("what idles between narrow ops lowers their band") {
    std::vector<LaneSpan> spans;
    for (int i = 0; i < 12'000; ++i) spans.push_back(span(OpKind::backward, 4 * i, 4 * i + 1));
    const auto pieces = lane_pieces(spans, {.end = {48'000}, .width = 81600}, 100);
    CHECK(pieces.front().share == Share{750, 1000});
  }

  TEST_CASE("a wide op and a gap end a band") {
    const TimeScale scale{.end = {1000}, .width = 10000};
    std::vector<LaneSpan> spans;
    for (int i = 0; i < 100; ++i) spans.push_back(span(OpKind::forward, i, i + 1));
    spans.push_back(span(OpKind::backward, 100, 200));
    for (int i = 300; i < 400; ++i) spans.push_back(span(OpKind::forward, i, i + 1));
    for (int i = 500; i < 600; ++i) spans.push_back(span(OpKind::forward, i, i + 1));
    CHECK(text_of(lane_pieces(spans, scale, 100)) ==
          "F 0-1000 0-1000; B 1000-2000 0-1000; F 3000-4000 0-1000; F 5000-6000 0-1000");
  }

  TEST_CASE("the two ops of an overlapped pair take the same time, half a lane each") {
    const Experiment experiment = test::example(
        "unit.json", {"pipeline.schedule=dualpipe", "pipeline.stages=4", "pipeline.micro_batches=8",
                      "model.backward_input=1", "model.backward_weight=1"});
    const Run run = simulate(experiment);
    int pairs = 0;
    for (int device = 0; device < 4; ++device) {
      const auto spans = spans_of(experiment.schedule, run.outcome.timeline, device);
      for (std::size_t i = 0; i < spans.size(); ++i) {
        if (!spans[i].op.with_next) continue;
        ++pairs;
        CHECK(spans[i].share == Share{0, 500});
        CHECK(spans[i + 1].share == Share{500, 1000});
        CHECK(spans[i].when.start == spans[i + 1].when.start);
        CHECK(spans[i].when.finish == spans[i + 1].when.finish);
        CHECK(spans[i].op.kind == OpKind::forward);
      }
    }
    CHECK(pairs == std::ranges::count_if(experiment.schedule.lanes.front(), &Op::with_next) +
                       std::ranges::count_if(experiment.schedule.lanes[1], &Op::with_next) +
                       std::ranges::count_if(experiment.schedule.lanes[2], &Op::with_next) +
                       std::ranges::count_if(experiment.schedule.lanes[3], &Op::with_next));
  }

  TEST_CASE("a device's spans end with those that follow the pipeline: none takes no time") {
    const Experiment experiment = test::example("gpipe.json");
    const Run run = simulate(experiment);
    for (int device = 0; device < 4; ++device) {
      const auto spans = spans_of(experiment.schedule, run.outcome.timeline, device);
      CHECK(spans.size() == 17);
      CHECK(spans.back().op.kind == OpKind::optimizer);
    }
  }
}

}  // namespace pipesim
