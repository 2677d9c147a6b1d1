#include "reports/schema/output_keys.hpp"

#include <iterator>

#include "reports/text/number_text.hpp"

namespace pipesim {

const std::vector<OutputDocument>& output_documents() {
  static const std::vector<OutputDocument> all = [] {
    std::vector<OutputDocument> documents = summary_documents();
    for (OutputDocument& document : other_documents()) documents.push_back(std::move(document));
    return documents;
  }();
  return all;
}

void write_output_keys_markdown(Output& out) {
  out.append(
      "# Every key that pipesim writes\n\n"
      "Written by `pipesim schema --output --format markdown`; [output.md](output.md) explains.\n"
      "`devices[].busy_s` is under `busy_s` in each entry of the list `devices`; under `*` stand\n"
      "names. A fraction is of 1. What `calibrate --json` prints is a "
      "[device](config_keys.md#device).\n");
  for (const OutputDocument& document : output_documents()) {
    fmt::format_to(std::back_inserter(out.text()),
                   "\n## {}\n\n{}.\n\n| key | unit | meaning |\n|---|---|---|\n", document.name,
                   document.description);
    for (const OutputKey& key : document.keys) {
      fmt::format_to(std::back_inserter(out.text()), "| `{}` | {} | {} |\n", key.path, key.unit,
                     markdown_cell(key.description));
    }
    out.end_of_line();
  }
}

}  // namespace pipesim
