#include "reports/svg/plot_page.hpp"

#include "reports/svg/plot_frame.hpp"
#include "reports/svg/plot_svg.hpp"
#include "reports/svg/svg.hpp"

namespace pipesim {

namespace {

constexpr std::string_view style = R"css(<style>
:root { color-scheme: light dark; --ink: #1b1b1b; --faint: #5c5c5c; --grid: #dedede; --paper: #ffffff;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b8578f; --c4: #2f8fcc; --c5: #b87f00; --c6: #555555; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --faint: #a8a8a8; --grid: #3a3a3a; --paper: #17191c;
    --c0: #4da6e0; --c1: #ff8a3d; --c2: #2fc79b; --c3: #e39ac4; --c4: #8fd0f5; --c5: #f0b840; --c6: #b8b8b8; }
}
body { margin: 0 auto; max-width: 960px; padding: 24px 16px 48px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 sans-serif; }
h1 { font-size: 22px; margin: 0 0 8px; overflow-wrap: anywhere; }
p { margin: 0 0 8px; max-width: 75ch; overflow-wrap: anywhere; }
.plots { display: flex; flex-wrap: wrap; gap: 16px 24px; margin: 20px 0; }
figure { margin: 0; flex: 1 1 400px; max-width: 560px; }
svg { width: 100%; height: auto; display: block; }
figcaption { min-height: 1.5em; font-size: 13px; color: var(--faint); }
.mark:hover path { stroke: var(--ink); stroke-width: 2; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; text-align: right; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; }
@media print {
  figcaption { display: none; }
}
</style>
)css";

// Under each plot, what is pointed at.
constexpr std::string_view script = R"js(<script>
for (const figure of document.querySelectorAll("figure")) {
  const caption = figure.querySelector("figcaption");
  const usual = caption.textContent;
  figure.addEventListener("pointerover", event => {
    const mark = event.target.closest(".mark");
    caption.textContent = mark ? mark.querySelector("title").textContent : usual;
  });
  figure.addEventListener("pointerleave", () => { caption.textContent = usual; });
}
</script>
)js";

void write_figure(Output& out, const Plot& plot) {
  print(out,
        "<figure><svg viewBox=\"0 0 {} {}\" role=\"img\" font-family=\"sans-serif\" "
        "aria-label=\"{}\">\n",
        svg_length(plot_picture_width), svg_length(plot_picture_height), xml_text(plot.title));
  write_plot(out, plot, PlotInk::page);
  out.append("</svg><figcaption>Point at a mark to read it.</figcaption></figure>\n");
}

void write_row(Output& out, const std::vector<std::string>& cells, std::string_view cell) {
  out.append("<tr>");
  for (const std::string& text : cells) print(out, "<{0}>{1}</{0}>", cell, xml_text(text));
  out.append("</tr>\n");
}

}  // namespace

void write_plot_page(Output& out, const PlotPage& page) {
  const std::string title = xml_text(cut_to_columns(page.title, 200));
  print(out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{}</title>\n",
        title);
  out.append(style);
  print(out, "</head>\n<body>\n<h1>{}</h1>\n", title);
  for (const std::string& words : page.paragraphs) {
    print(out, "<p>{}</p>\n", xml_text(cut_to_columns(words, 1000)));
  }
  out.append("<div class=\"plots\">\n");
  for (const Plot& plot : page.plots) write_figure(out, plot);
  out.append("</div>\n");
  if (!page.head.empty()) {
    out.append("<div class=\"table\"><table>\n<thead>");
    write_row(out, page.head, "th");
    out.append("</thead>\n<tbody>\n");
    for (const auto& row : page.rows) write_row(out, row, "td");
    out.append("</tbody>\n</table></div>\n");
  }
  out.append(script);
  out.append("</body>\n</html>\n");
}

}  // namespace pipesim
