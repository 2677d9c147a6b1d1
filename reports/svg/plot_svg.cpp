#include "reports/svg/plot_svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/svg/plot_frame.hpp"

namespace pipesim {

namespace {

constexpr std::array<std::string_view, 7> colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#56b4e9", "#e69f00", "#555555"};
// Around (0, 0): circle, square, triangle, diamond, and the triangle upside down.
constexpr std::array<std::string_view, 5> shapes{"M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
                                                 "M-3.2 -3.2h6.4v6.4h-6.4z", "M0 -4.2L4 3H-4z",
                                                 "M0 -4.4L4.4 0L0 4.4L-4.4 0z", "M0 4.2L4 -3H-4z"};

constexpr std::string_view bar = "M-5 -1h10v2h-10z";  // For a line without marks.

class Chart {
 public:
  Chart(Output& out, const Plot& plot, PlotInk ink)
      : out_(out), plot_(plot), ink_(ink), frame_(frame_of(plot)) {}

  void write() {
    text(frame_.x.from - pixels(44), pixels(18), cut_to_columns(plot_.title, 52), 14, "start",
         true);
    text(frame_.x.from - pixels(44), pixels(35), cut_to_columns(plot_.note, 78), 10.5, "start",
         false, faint());
    write_grid();
    for (std::size_t s = 0; s < plot_.series.size(); ++s) write_line(s);
    for (std::size_t s = 0; s < plot_.series.size(); ++s) {
      write_marks(s, plot_.series[s].marks, false);
      write_marks(s, plot_.series[s].hollow, true);
    }
    write_names();
  }

 private:
  Output& out_;
  const Plot& plot_;
  PlotInk ink_;
  PlotFrame frame_;

  bool on_page() const { return ink_ == PlotInk::page; }
  std::string_view dark() const { return on_page() ? "var(--ink)" : "#000000"; }
  std::string_view faint() const { return on_page() ? "var(--faint)" : "#555555"; }
  std::string_view grid() const { return on_page() ? "var(--grid)" : "#dddddd"; }
  std::string_view paper() const { return on_page() ? "var(--paper)" : "#ffffff"; }
  std::string colour(std::size_t series) const {
    return on_page() ? fmt::format("var(--c{})", series % colours.size())
                     : std::string(series_colour(series));
  }

  void text(Hundredths x, Hundredths y, std::string_view words, double size,
            std::string_view anchor, bool bold = false, std::string_view ink = {}) {
    svg_text(out_, x, y, words,
             {.size = size, .ink = ink.empty() ? dark() : ink, .anchor = anchor, .bold = bold});
  }

  void write_grid() {
    const Hundredths left = frame_.x.from;
    const Hundredths right = frame_.x.to;
    const Hundredths bottom = frame_.y.from;
    print(out_, "<path stroke=\"{}\" fill=\"none\" d=\"", grid());
    for (const double tick : frame_.y.ticks) {
      print(out_, "M{} {}H{}", svg_length(left), svg_length(frame_.y.at(tick)), svg_length(right));
    }
    for (const double tick : frame_.x.ticks) {
      print(out_, "M{} {}V{}", svg_length(frame_.x.at(tick)), svg_length(frame_.y.to),
            svg_length(bottom));
    }
    print(out_, "\"/>\n<path stroke=\"{}\" fill=\"none\" d=\"M{} {}V{}H{}\"/>\n", faint(),
          svg_length(left), svg_length(frame_.y.to), svg_length(bottom), svg_length(right));
    for (const double tick : frame_.y.ticks) {
      text(left - pixels(6), frame_.y.at(tick) + pixels(4), tick_text(tick, plot_.y), 10.5, "end");
    }
    for (const double tick : frame_.x.ticks) {
      text(frame_.x.at(tick), bottom + pixels(15), tick_text(tick, plot_.x), 10.5, "middle");
    }
    text((left + right) / 2, bottom + pixels(33), plot_.x.label, 11, "middle");
    text(left - pixels(44), frame_.y.to - pixels(11), plot_.y.label, 10.5, "start", false, faint());
  }

  bool visible(const PlotPoint& point) const {
    const auto shows = [](AxisScale scale, double value) {
      return std::isfinite(value) && (scale == AxisScale::linear || value > 0);
    };
    return shows(plot_.x.scale, point.x) && shows(plot_.y.scale, point.y);
  }

  void write_line(std::size_t s) {
    const PlotSeries& series = plot_.series[s];
    if (series.line.empty()) return;
    print(out_, "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{}",
          colour(s), series.thin ? "0.8" : "1.6",
          series.dashed ? " stroke-dasharray=\"6 3\" d=\"" : " d=\"");
    bool begun = false;
    for (const PlotPoint& point : series.line) {
      const bool shows = visible(point);
      if (shows) {
        print(out_, "{}{} {}", begun ? 'L' : 'M', svg_length(frame_.x.at(point.x)),
              svg_length(frame_.y.at(point.y)));
      }
      begun = shows;
    }
    out_.append("\"/>\n");
  }

  void write_marks(std::size_t s, const std::vector<PlotPoint>& points, bool hollow) {
    for (const PlotPoint& point : points) {
      if (!visible(point)) continue;
      print(out_,
            "<g class=\"mark\" transform=\"translate({} {})\"><title>{}</title>"
            "<path d=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"/></g>\n",
            svg_length(frame_.x.at(point.x)), svg_length(frame_.y.at(point.y)),
            xml_text(point.says), shapes[s % shapes.size()],
            hollow ? std::string("none") : colour(s), hollow ? colour(s) : std::string(paper()),
            hollow ? "1.4" : "0.7");
    }
  }

  // Beside the ends of the lines, pushed apart where they would touch.
  void write_names() {
    struct Name {
      std::size_t series;
      Hundredths y;
    };
    std::vector<Name> names;
    for (std::size_t s = 0; s < plot_.series.size(); ++s) {
      const PlotSeries& series = plot_.series[s];
      const std::vector<PlotPoint>& points = series.line.empty() ? series.marks : series.line;
      const auto last = std::find_if(points.rbegin(), points.rend(),
                                     [&](const PlotPoint& point) { return visible(point); });
      if (last != points.rend()) names.push_back({s, frame_.y.at(last->y)});
    }
    std::ranges::stable_sort(names, {}, &Name::y);
    constexpr Hundredths line = pixels(13);
    for (std::size_t i = 1; i < names.size(); ++i) {
      names[i].y = std::max(names[i].y, names[i - 1].y + line);
    }
    for (std::size_t i = names.size(); i-- > 0;) {
      const Hundredths limit = i + 1 < names.size() ? names[i + 1].y - line : frame_.y.from;
      names[i].y = std::min(names[i].y, limit);
    }
    for (const Name& name : names) {
      const bool marked = !plot_.series[name.series].marks.empty();
      print(out_, "<path transform=\"translate({} {})\" d=\"{}\" fill=\"{}\"/>\n",
            svg_length(frame_.x.to + pixels(12)), svg_length(name.y),
            marked ? shapes[name.series % shapes.size()] : bar, colour(name.series));
      text(frame_.x.to + pixels(20), name.y + pixels(4),
           cut_to_columns(plot_.series[name.series].name, 12), 10.5, "start");
    }
  }
};

}  // namespace

std::string_view series_colour(std::size_t series) {
  return colours[series % colours.size()];
}

void write_plot(Output& out, const Plot& plot, PlotInk ink) {
  Chart(out, plot, ink).write();
}

void write_plots_svg(Output& out, std::string_view title, const std::vector<Plot>& plots) {
  const auto count = static_cast<std::int64_t>(plots.size());
  const Hundredths gap = pixels(20);
  const Hundredths width = count == 1 ? plot_picture_width : 2 * plot_picture_width + gap;
  const Hundredths height = (count + 1) / 2 * (plot_picture_height + gap) - gap;
  std::string described;
  for (const Plot& plot : plots) {
    described += (described.empty() ? "" : " ") + plot.title + ": " + plot.note + ".";
  }
  begin_svg(out, width, std::max(height, pixels(1)), title, described);
  for (std::int64_t i = 0; i < count; ++i) {
    print(out, "<g transform=\"translate({} {})\">\n",
          svg_length(i % 2 * (plot_picture_width + gap)),
          svg_length(i / 2 * (plot_picture_height + gap)));
    write_plot(out, plots[static_cast<std::size_t>(i)], PlotInk::print);
    out.append("</g>\n");
  }
  out.append("</svg>\n");
}

}  // namespace pipesim
