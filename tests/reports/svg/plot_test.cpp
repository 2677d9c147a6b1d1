#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/svg/plot_frame.hpp"
#include "reports/svg/plot_page.hpp"
#include "reports/svg/plot_svg.hpp"
#include "support/written.hpp"

namespace pipesim {

using test::contains;
using test::count_of;

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// Halves of halves, which a logarithmic axis makes a straight line.
Plot halves() {
  Plot plot{.title = "halves", .x = {.scale = AxisScale::log2}, .y = {.percent = true}};
  PlotSeries& series = plot.series.emplace_back();
  series.name = "one";
  for (const double x : {1.0, 2.0, 4.0, 8.0, 16.0}) {
    series.line.push_back({x, 1 / x});
    series.marks.push_back({x, 1 / x, "at " + tick_text(x, plot.x)});
  }
  return plot;
}

}  // namespace

TEST_SUITE("reports/svg/plot") {
  TEST_CASE("an axis of powers of two puts each double the same way further") {
    const PlotFrame frame = frame_of(halves());
    CHECK(frame.x.ticks == std::vector<double>{1, 2, 4, 8, 16});
    CHECK(frame.x.at(1) == pixels(52));
    CHECK(frame.x.at(2) == pixels(132));
    CHECK(frame.x.at(4) == pixels(212));
    CHECK(frame.x.at(16) == pixels(372));
    CHECK(frame.y.low == 0);
    CHECK(frame.y.high == 1);
    CHECK(frame.y.at(0) - frame.y.at(1) == pixels(208));
    CHECK(frame.y.at(0) - frame.y.at(0.25) == pixels(52));
  }

  TEST_CASE("an axis of powers of ten reaches the power below and above") {
    Plot plot{.y = {.scale = AxisScale::log10}, .series = {{.line = {{0, 0.02}, {1, 5}}}}};
    const PlotFrame frame = frame_of(plot);
    CHECK(frame.y.ticks.size() == 4);
    CHECK(frame.y.low == doctest::Approx(0.01));
    CHECK(frame.y.high == doctest::Approx(10));
    CHECK(tick_text(frame.y.ticks[1], plot.y) == "0.1");
  }

  TEST_CASE("ticks of whole numbers are whole") {
    Plot plot{.x = {.whole = true}, .series = {{.line = {{1, 0}, {3, 1}}}}};
    CHECK(frame_of(plot).x.ticks == std::vector<double>{1, 2, 3});
  }

  TEST_CASE("marks stand on the line where their values are its values") {
    const Plot plot = halves();
    const PlotFrame frame = frame_of(plot);
    const std::string text = test::written(write_plot, plot, PlotInk::print);
    std::string path;
    for (const PlotPoint& point : plot.series[0].marks) {
      const std::string x = svg_length(frame.x.at(point.x));
      const std::string y = svg_length(frame.y.at(point.y));
      path += (path.empty() ? "M" : "L") + x + " " + y;
      CHECK(contains(text, "<g class=\"mark\" transform=\"translate(" + x + " " + y +
                               ")\"><title>" + point.says + "</title>"));
    }
    CHECK(contains(text, "d=\"" + path + "\"/>"));
    CHECK(contains(text, ">100 %</text>"));
    CHECK(contains(text, ">one</text>"));
  }

  TEST_CASE("what is not finite interrupts the line and has no mark") {
    const std::vector<PlotPoint> points{{0, 1}, {1, nothing}, {2, 1}, {3, 0}};
    const Plot plot{.series = {{.name = "a", .line = points, .marks = points}}};
    const std::string text = test::written(write_plot, plot, PlotInk::print);
    CHECK(count_of(text, "class=\"mark\"") == 3);
    CHECK(contains(text, "d=\"M52 64M265.33 64L372 272\"/>"));
    CHECK(!contains(text, "nan"));
  }

  TEST_CASE("a plot of nothing, or of one point, is a plot") {
    for (const Plot& plot :
         {Plot{}, Plot{.series = {{.name = "a"}}}, Plot{.series = {{.line = {{5, 5}}}}},
          Plot{.y = {.scale = AxisScale::log10}, .series = {{.line = {{1, 0}}}}},
          Plot{.series = {{.line = {{1, 0}, {2, 0}}, .marks = {{nothing, nothing}}}}}}) {
      const std::string text = test::written(write_plot, plot, PlotInk::print);
      CHECK(!contains(text, "nan"));
      CHECK(!contains(text, "inf"));
      CHECK(contains(text, ">0</text>"));
    }
  }

  TEST_CASE("names beside the lines' ends stand a line apart") {
    Plot plot;
    for (int i = 0; i < 4; ++i) {
      plot.series.push_back({.name = fmt::format("s{}", i), .line = {{0, 0}, {1, i / 1000.0}}});
    }
    plot.series.push_back({.name = "top", .line = {{0, 0}, {1, 1}}});
    const std::string text = test::written(write_plot, plot, PlotInk::print);
    for (const auto& [name, y] : {std::pair{"s0", 276}, {"s1", 263}, {"s2", 250}, {"s3", 237}}) {
      CHECK(contains(text, fmt::format("<text x=\"392\" y=\"{}\" font-size=\"10.5\" "
                                       "fill=\"#000000\">{}</text>",
                                       y, name)));
    }
  }

  TEST_CASE("thinning keeps the lowest and the highest of each column, and every gap") {
    std::vector<PlotPoint> points;
    for (int i = 0; i < 10'000; ++i) points.push_back({1.0 * i, std::sin(i)});
    points[1234].y = 7;
    points[4321].y = -7;
    points[9876].y = nothing;
    const std::vector<PlotPoint> kept = thinned(points, 100);
    CHECK(kept.size() == 201);
    const auto has = [&](double x) {
      return std::ranges::any_of(kept, [&](const PlotPoint& point) { return point.x == x; });
    };
    CHECK(has(1234));
    CHECK(has(4321));
    CHECK(has(9876));
    CHECK(std::ranges::is_sorted(kept, {}, &PlotPoint::x));
    CHECK(thinned(kept, 101).size() == kept.size());
  }

  TEST_CASE("a page escapes what it shows and needs nothing from elsewhere") {
    PlotPage page{.title = "<b>&\x1b", .paragraphs = {"</p><script>"}, .plots = {halves()}};
    page.plots[0].title = "</svg>";
    page.plots[0].series[0].marks[0].says = "<i>";
    page.head = {"<th>"};
    page.rows = {{"\"</table>"}};
    const std::string text = test::written(write_plot_page, page);
    CHECK(contains(text, "<title>&lt;b&gt;&amp;�</title>"));
    CHECK(contains(text, "<h1>&lt;b&gt;&amp;�</h1>"));
    CHECK(contains(text, "<p>&lt;/p&gt;&lt;script&gt;</p>"));
    CHECK(contains(text, "<title>&lt;i&gt;</title>"));
    CHECK(contains(text, "<tr><td>&quot;&lt;/table&gt;</td></tr>"));
    CHECK(count_of(text, "<script>") == 1);
    CHECK(count_of(text, "</svg>") == 1);
    CHECK(!contains(text, "http"));
    CHECK(!contains(text, "src="));
  }

  TEST_CASE("plots of one figure stand two in a row") {
    const std::string text =
        test::written(write_plots_svg, "three", std::vector<Plot>{halves(), halves(), halves()});
    CHECK(contains(text, "viewBox=\"0 0 900 660\""));
    CHECK(contains(text, "<g transform=\"translate(0 0)\">"));
    CHECK(contains(text, "<g transform=\"translate(460 0)\">"));
    CHECK(contains(text, "<g transform=\"translate(0 340)\">"));
    CHECK(!contains(text, "var(--"));
  }
}

}  // namespace pipesim
