#include "cli/shell/manual_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <sstream>
#include <utility>

#include "models/keys/config_keys.hpp"
#include "reports/schema/known_names.hpp"

namespace pipesim::cli {

namespace {

constexpr std::string_view date = "2026-11-24";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Text that roff takes for nothing else: no escapes, no requests at the start of a line, and ASCII,
// since groff takes its input for Latin-1.
std::string roff(std::string_view text) {
  std::string result;
  bool starts_line = true;
  for (const char c : text) {
    if (starts_line && (c == '.' || c == '\'')) result += "\\&";
    starts_line = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c == '|') {
      result += "|\\:";  // A line may break here.
    } else if (c == '`') {
      continue;  // Markdown's.
    } else {
      result += c;
    }
  }
  return replaced(std::move(result), "×", "\\[mu]");
}

class Page {
 public:
  explicit Page(Output& out) : out_(out) {}

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_.text()), format, std::forward<Args>(args)...);
    out_.end_of_line();
  }
  void section(std::string_view title) { print(".SH {}\n", title); }
  void item(std::string_view name, std::string_view text) {
    print(".TP\n\\fB{}\\fR\n{}\n", roff(name), roff(text));
  }

 private:
  Output& out_;
};

// What stands before and behind "Examples:" in a command's footer, without the margin.
std::pair<std::string, std::string> split_footer(const std::string& footer) {
  const std::string heading = "Examples:\n";
  const auto at = footer.find(heading);
  std::string before = footer.substr(0, at);
  while (before.ends_with('\n')) before.pop_back();
  if (at == footer.npos) return {before, ""};
  std::string examples;
  std::istringstream lines(footer.substr(at + heading.size()));
  for (std::string line; std::getline(lines, line);) {
    examples += line.substr(std::min<std::size_t>(2, line.size())) + "\n";
  }
  return {before, examples};
}

// Paragraphs are filled; lines that are indented stay as they are.
void write_prose(Page& page, const std::string& text) {
  std::istringstream lines(text);
  bool as_it_is = false;
  for (std::string line; std::getline(lines, line);) {
    const bool indented = line.starts_with("  ");
    if (indented != as_it_is) page.print("{}", indented ? ".nf\n" : ".fi\n");
    as_it_is = indented;
    page.print("{}\n", line.empty() ? ".PP" : roff(line));
  }
  if (as_it_is) page.print(".fi\n");
}

void write_command(Page& page, const Command& command) {
  std::string positional;
  for (const Option& option : command.options) {
    if (option.is_argument()) positional += " " + option.name;
  }
  page.print(".SS \"pipesim {}{}\"\n", command.name, positional);
  page.print("{}.\n", roff(command.description));
  for (const Option& option : command.options) {
    std::string name = option.name;
    if (!option.words.empty()) {
      name += fmt::format("{}{}", option.is_argument() ? ": " : " ",
                          fmt::join(option.words, option.is_argument() ? ", " : "|"));
    } else if (!option.is_argument() && option.takes_value()) {
      name += " " + option.value;
    }
    page.item(name, default_text(option).empty()
                        ? option.description
                        : fmt::format("{}; default {}", option.description, default_text(option)));
  }
  const std::string prose = split_footer(command.footer).first;
  if (prose.empty()) return;
  page.print(".PP\n");
  write_prose(page, prose);
}

void write_config(Page& page) {
  page.section("CONFIG");
  page.print(
      "A JSON file; comments are allowed, unknown keys are not. Times, sizes and rates are\n"
      "numbers in SI base units or texts with a unit: \"1.5 ms\", \"16 GiB\", \"25 GB/s\",\n"
      "\"312 TFLOP/s\". These are the keys of its main sections;\n"
      "\\fBpipesim schema \\-\\-format markdown\\fR prints those of all.\n");
  for (const Section part :
       {Section::config, Section::pipeline, Section::training, Section::cluster}) {
    const ConfigSection& section = describe(part);
    if (part != Section::config)
      page.print(".SS {}\n{}.\n", section.name, roff(section.description));
    for (const ConfigKey& key : section.keys) {
      page.item(key.name,
                key.default_text.empty()
                    ? std::string(key.description)
                    : fmt::format("{} ({}{})", key.description,
                                  key.default_text == ConfigKey::required ? "" : "default: ",
                                  key.default_text));
    }
  }
  page.print(".SS model\nIts kind decides which other keys it has.\n");
  for (const KnownName& kind : known_names(NameList::model_kinds)) {
    page.item(kind.name, kind.description);
  }
}

void write_rest(Page& page, const std::vector<Command>& commands) {
  page.section("FILES");
  page.item("CONFIG", "JSON with comments; paths in it are relative to its folder.");
  page.item("device.json", "A device, as pipesim calibrate writes it, for cluster.device.");
  page.item("schedule.csv", "The order of ops on each device, in PyTorch's format.");
  page.item("summary.json, timeline.json, trace.json, memory.csv",
            "What --out writes: whole, or not at all.");
  page.section("EXIT STATUS");
  page.item("0", "Done.");
  page.item("1", "A fault of pipesim's.");
  page.item("2", "The input is wrong, or a file can't be read or written.");
  page.item("3", "Infeasible: the model does not fit, or the schedule deadlocks.");
  page.item("4", "A check failed: of gradients, memory, a formula or a tolerance.");
  page.item("130", "Interrupted.");
  page.section("EXAMPLES");
  std::string examples;
  for (const Command& command : commands) {
    const std::string own = split_footer(command.footer).second;
    if (!own.empty()) examples += (examples.empty() ? "" : "\n") + own;
  }
  page.print(".nf\n{}.fi\n", roff(examples));
  page.section("SEE ALSO");
  page.print(
      "\\fBpipesim\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR, and the documentation that is\n"
      "installed beside: config.md, output.md, schedules.md, cost_model.md.\n");
}

}  // namespace

void write_manual_page(Output& out, const std::vector<Command>& commands) {
  Page page(out);
  page.print(".TH PIPESIM 1 {} \"pipesim {}\" \"User Commands\"\n", date, PIPESIM_VERSION);
  page.section("NAME");
  page.print("pipesim \\- simulate pipeline\\-parallel training before you rent the devices\n");
  page.section("SYNOPSIS");
  page.print(".B pipesim\n.I COMMAND\n[\\fIOPTION\\fR]...\n[\\fIARGUMENT\\fR]\n");
  page.section("DESCRIPTION");
  page.print(
      "Predicts how long one training step over a pipeline of devices takes, how much of it is\n"
      "bubble, whether the model fits, and which schedule, partition and micro\\-batch count to\n"
      "use. Results go to the standard output, progress and errors to the standard error.\n");
  page.section("COMMANDS");
  for (const Command& command : commands) write_command(page, command);
  write_config(page);
  write_rest(page, commands);
}

}  // namespace pipesim::cli
