#include "reports/schema/config_keys_markdown.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <iterator>

#include "reports/schema/known_names.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

using Kind = ValueForm::Kind;

constexpr std::string_view quantity_names[] = {"time", "size", "bandwidth", "compute rate"};
constexpr std::string_view list_names[] = {"schedule", "model kind", "device", "interconnect",
                                           "interconnect"};

std::string number_text(double value) {
  const double power = std::log2(value);
  if (value > 10000 && power == std::floor(power)) return fmt::format("2^{}", power);
  return fmt::format("{}", value);
}

std::string range_text(std::string_view noun, const ValueForm& form) {
  constexpr double most_count = std::numeric_limits<int>::max();
  const bool bounded = form.most < most_count || (form.most > most_count && form.most < 0x1p60);
  if (!bounded) return fmt::format("{} from {}", noun, number_text(form.least));
  return fmt::format("{} from {} to {}", noun, number_text(form.least), number_text(form.most));
}

std::string form_text(const ValueForm& form) {
  switch (form.kind) {
    case Kind::text:
      return form.example.empty() ? "text" : fmt::format("`\"{}\"`", form.example);
    case Kind::path:
      return "file";
    case Kind::choice: {
      std::vector<std::string> names;
      for (const Choice& choice : form.choices) names.push_back(fmt::format("`{}`", choice.name));
      return fmt::format("{}", fmt::join(names, ", "));
    }
    case Kind::name:
      return fmt::format("{}'s name", list_names[static_cast<std::size_t>(form.names)]);
    case Kind::boolean:
      return "true, false";
    case Kind::integer:
      return range_text("whole number", form);
    case Kind::number:
      return range_text("number", form);
    case Kind::quantity:
      return std::string(quantity_names[static_cast<std::size_t>(form.dimension)]);
    case Kind::list:
      return fmt::format("list of: {}", values_text(form.entry));
    case Kind::by_rank:
      return fmt::format("object by device's number: {}", values_text(form.entry));
    case Kind::object: {
      const std::string_view name = describe(form.section).name;
      return fmt::format("[{0}](#{0})", name);
    }
    case Kind::model:
      return "[object](#model)";
  }
  return "";
}

std::string name_text(const ConfigKey& key) {
  std::string text = fmt::format("`{}`", key.name);
  for (const std::string_view alias : key.aliases) text += fmt::format(" (`{}`)", alias);
  return text;
}

// The meaning, with that of each word that may be chosen.
std::string meaning_text(const ConfigKey& key) {
  std::string text(key.description);
  for (const ValueForm& form : key.forms) {
    for (const Choice& choice : form.choices) {
      if (!choice.description.empty())
        text += fmt::format("; `{}`: {}", choice.name, choice.description);
    }
  }
  return text;
}

void write_schedule_names(Output& out) {
  out.append("\n| schedule | also |\n|---|---|\n");
  for (const KnownName& known : known_names(NameList::schedules)) {
    if (known.aliases.empty()) continue;
    out.append(fmt::format("| `{}` | `{}` |\n", known.name, fmt::join(known.aliases, "`, `")));
  }
}

void write_section(Output& out, const ConfigSection& section) {
  const auto print = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
    out.end_of_line();
  };
  print("\n## {}\n\n", section.name);
  if (section.place.empty()) {
    print("{}.\n", section.description);
  } else {
    print("`{}`: {}.\n", section.place, section.description);
  }
  print("\n| key | value | default | meaning |\n|---|---|---|---|\n");
  for (const ConfigKey& key : section.keys) {
    print("| {} | {} | {} | {} |\n", name_text(key), values_text(key.forms), key.default_text,
          markdown_cell(meaning_text(key)));
  }
}

}  // namespace

std::string values_text(const std::vector<ValueForm>& forms) {
  std::string text;
  for (const ValueForm& form : forms) text += (text.empty() ? "" : "; or ") + form_text(form);
  return text;
}

void write_config_keys_markdown(Output& out) {
  out.append(
      "# Every key of a config\n\n"
      "Written by `pipesim schema --format markdown`; [config.md](config.md) explains and gives\n"
      "examples. A time, size, bandwidth or compute rate is a number in SI base units, or a text\n"
      "with its unit: `\"1.5 ms\"`, `\"16 GiB\"`, `\"25 GB/s\"`, `\"312 TFLOP/s\"`. Names in\n"
      "brackets are other names of the same, mostly Hugging Face's. A key that is not required "
      "may\n"
      "be `null`, which is as absent. `pipesim list` has the names of schedules, devices and\n"
      "interconnects; these are what other frameworks call schedules, in any spelling:\n");
  write_schedule_names(out);
  for (int i = 0; i < section_count; ++i) write_section(out, describe(static_cast<Section>(i)));
}

}  // namespace pipesim
