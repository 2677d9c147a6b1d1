#include "reports/gantt/svg_gantt.hpp"

#include <doctest/doctest.h>

#include <regex>

#include "reports/gantt/gantt_lane.hpp"
#include "sim/step/run.hpp"
#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"
#include "support/written.hpp"

namespace pipesim {

using test::contains;
using test::count_of;

namespace {

std::string picture(const Experiment& experiment) {
  return test::written(write_svg_gantt, experiment, simulate(experiment));
}

std::string unit_picture(const std::vector<std::string>& settings) {
  return picture(test::example("unit.json", settings));
}

// Elements are closed in the order in which they were opened, and nothing stands outside.
bool is_well_formed(const std::string& text) {
  std::vector<std::string> open;
  for (auto at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    const auto end = text.find('>', at);
    if (end == text.npos) return false;
    if (text[at + 1] == '/') {
      if (open.empty() || open.back() != text.substr(at + 2, end - at - 2)) return false;
      open.pop_back();
    } else if (text[end - 1] != '/') {
      open.push_back(text.substr(at + 1, text.find_first_of(" >", at) - at - 1));
    }
  }
  return open.empty();
}

}  // namespace

TEST_SUITE("reports/gantt/svg_gantt") {
  TEST_CASE("the picture of two stages and two micro-batches, whole") {
    const std::string drawn =
        unit_picture({"pipeline.stages=2", "pipeline.micro_batches=2", "model.backward=2"});
    const std::string path = PIPESIM_SOURCE_DIR "/tests/golden/two_stages.svg";
    const bool same = test::read_text(path) == drawn;
    if (!same) test::write_text(path + ".new", drawn);
    INFO("compare ", path, " with ", path, ".new");
    CHECK(same);
  }

  TEST_CASE("boxes stand where the times say, to the hundredth of a pixel") {
    const Experiment experiment = test::example("gpipe.json", {"pipeline.schedule=1f1b"});
    const Run run = simulate(experiment);
    const std::string text = test::written(write_svg_gantt, experiment, run);
    const TimeScale scale{.end = run.metrics.step_time, .width = pixels(816)};
    std::size_t boxes = 0;
    for_each_span(experiment.schedule, run.outcome.timeline,
                  [&](int, const Op& op, const Interval& when) {
                    const Hundredths left = scale.at(when.start);
                    const std::string box =
                        fmt::format("<rect x=\"{}\" y=\"0\" width=\"{}\" height=\"28\"",
                                    svg_length(left), svg_length(scale.at(when.finish) - left));
                    CAPTURE(describe(op));
                    CHECK(contains(text, box));
                    CHECK(contains(text, "<title>" + describe(op) + ", "));
                    ++boxes;
                  });
    CHECK(boxes == 68);
    CHECK(count_of(text, "</title></rect>") == boxes);
  }

  TEST_CASE("a line above says schedule, K, M, step time and bubble") {
    CHECK(contains(unit_picture({}),
                   ">gpipe, K = 3 stages, M = 4 micro-batches; step time 12 s, bubble 33.33 % of "
                   "all device time</text>"));
    CHECK(contains(unit_picture({"pipeline.schedule=interleaved_1f1b", "pipeline.stages=2",
                                 "pipeline.virtual_stages=2", "pipeline.micro_batches=4",
                                 "pipeline.recompute=full"}),
                   ">interleaved_1f1b, K = 2 devices with 2 stages each, M = 4 micro-batches, "
                   "re-computation full; "));
  }

  TEST_CASE("labels name the stage where a device has several, and none where there is no room") {
    const std::vector<std::string> settings{"pipeline.schedule=interleaved_1f1b",
                                            "pipeline.stages=2", "pipeline.virtual_stages=2"};
    const auto with_micro_batches = [&](int count) {
      std::vector<std::string> all = settings;
      all.push_back(fmt::format("pipeline.micro_batches={}", count));
      return unit_picture(all);
    };
    CHECK(contains(with_micro_batches(4), ">F2.3</text>"));
    CHECK(contains(with_micro_batches(4), "lighter: a device&#39;s later stages"));
    CHECK(contains(with_micro_batches(12), ">F11</text>"));
    CHECK(contains(with_micro_batches(16), ">15</text>"));
    CHECK(!contains(with_micro_batches(200), "pointer-events"));
    CHECK(contains(unit_picture({}), ">F3</text>"));
  }

  TEST_CASE("an executed step stands below its prediction on the same axis") {
    const Experiment experiment = test::example("unit.json");
    Experiment slower = test::example("unit.json", {"model.forward=2", "model.backward=2"});
    const Run prediction = simulate(experiment);
    Run run = simulate(slower);
    run.outcome.timeline.clock = Clock::wall;
    const std::string text = test::written(write_svg_execution, experiment, prediction, run);
    CHECK(is_well_formed(text));
    CHECK(contains(text, ">predicted: step time 12 s, bubble 33.33 % of all device time</text>"));
    CHECK(contains(text, ">executed, on the wall clock: step time 24 s, "));
    // 816 pixels are 24 s.
    CHECK(count_of(text, " width=\"34\" height=\"28\"") == 24);
    CHECK(count_of(text, " width=\"68\" height=\"28\"") == 24);
  }

  TEST_CASE("a deadlock is drawn up to where it stands, and told") {
    Experiment experiment =
        test::example("unit.json", {"pipeline.stages=2", "pipeline.micro_batches=2"});
    experiment.schedule.lanes = {test::lane("F0.0 B0.0 F0.1 B0.1"),
                                 test::lane("F1.0 F1.1 B1.1 B1.0")};
    const std::string text = picture(experiment);
    CHECK(is_well_formed(text));
    CHECK(contains(text, "; deadlock after 2 s</text>"));
    CHECK(contains(text, "B0.0 on device 0 waits for B1.0 on device 1, which stands behind F1.1"));
    CHECK(contains(text, "stands behind B0.0</text>"));
    CHECK(count_of(text, "</title></rect>") == 2);
  }

  TEST_CASE("a schedule that stops before anything ran is a picture, too") {
    Experiment experiment =
        test::example("unit.json", {"pipeline.stages=2", "pipeline.micro_batches=1"});
    experiment.schedule.lanes = {test::lane("B0.0 F0.0"), test::lane("F1.0 B1.0")};
    const std::string text = picture(experiment);
    CHECK(is_well_formed(text));
    CHECK(contains(text, ">device 1</text>"));
    CHECK(count_of(text, "</title></rect>") == 0);
  }

  TEST_CASE("hostile names are text") {
    Experiment experiment = test::example("unit.json");
    experiment.config.name = "</title><script>alert(\"1\")</script>\x01\x1b\n\u202e\xff&";
    const std::string text = picture(experiment);
    CHECK(is_well_formed(text));
    CHECK(!contains(text, "<script"));
    CHECK(count_of(text,
                   "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;�����&amp;") ==
          2);
    const std::regex refused("[\\x01-\\x09\\x0b-\\x1f\\x7f]");
    CHECK(!std::regex_search(text, refused));
  }

  TEST_CASE("a name of a megabyte takes no more than a line") {
    Experiment experiment = test::example("unit.json");
    experiment.config.name = std::string(1 << 20, 'x');
    const std::string text = picture(experiment);
    CHECK(contains(text, ">" + std::string(89, 'x') + "…</text>"));
    CHECK(text.size() < 12'000);
  }

  TEST_CASE("a million spans are a file of bounded size") {
    for (const auto& [stages, micro_batches] :
         {std::pair{8, 62500}, {4096, 128}, {64, 700}, {32, 600}, {32, 300}, {16, 400}}) {
      const std::string text =
          unit_picture({"pipeline.schedule=1f1b", fmt::format("pipeline.stages={}", stages),
                        fmt::format("pipeline.micro_batches={}", micro_batches)});
      CAPTURE(stages);
      CAPTURE(micro_batches);
      CHECK(text.size() < (1 << 20));
      CHECK(is_well_formed(text));
      CHECK(count_of(text, ">device ") == static_cast<std::size_t>(std::min(stages, 64)));
    }
  }

  TEST_CASE("of very many devices the first and the last are shown") {
    const std::string text = unit_picture({"pipeline.stages=70", "pipeline.micro_batches=2"});
    CHECK(contains(text, ">device 31</text>"));
    CHECK(!contains(text, ">device 32</text>"));
    CHECK(contains(text, ">… 6 more devices …</text>"));
    CHECK(!contains(text, ">device 37</text>"));
    CHECK(contains(text, ">device 38</text>"));
    CHECK(contains(text, ">device 69</text>"));
  }

  TEST_CASE("every example and every schedule is drawn as well-formed XML") {
    for (const std::string& name : test::short_example_names()) {
      CAPTURE(name);
      CHECK(is_well_formed(picture(test::example(name))));
    }
  }
}

}  // namespace pipesim
