#include "reports/schema/value_schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/base/key_synonyms.hpp"
#include "reports/schema/known_names.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;
using Kind = ValueForm::Kind;

constexpr Dimension dimensions[] = {Dimension::time, Dimension::bytes, Dimension::bandwidth,
                                    Dimension::compute};
constexpr std::string_view quantity_definitions[] = {"time", "size", "bandwidth", "compute_rate"};

constexpr NameList lists[] = {NameList::schedules, NameList::model_kinds, NameList::devices,
                              NameList::interconnects, NameList::links};
constexpr std::string_view list_definitions[] = {"schedule_name", "model_kind", "device_name",
                                                 "interconnect_name", "link_name"};

Json reference(std::string_view name) {
  return {{"$ref", fmt::format("#/definitions/{}", name)}};
}

// A number of base units, or a text with a unit. Rates are above 0, times and sizes may be 0.
Json quantity_schema(Dimension dimension) {
  const bool is_rate = dimension == Dimension::bandwidth || dimension == Dimension::compute;
  return {{"description", how_to_write(dimension)},
          {"anyOf",
           {{{"type", "number"}, {is_rate ? "exclusiveMinimum" : "minimum", 0}},
            {{"type", "string"},
             {"pattern", fmt::format(R"(^[ \t]*([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?[ \t]*)"
                                     R"(({})[ \t]*$)",
                                     fmt::join(unit_names(dimension), "|"))}}}}};
}

Json word(std::string_view name, std::string_view description) {
  Json json = {{"const", name}};
  if (!description.empty()) json["description"] = description;
  return json;
}

// A pattern of the name in small letters or large, its parts together or apart.
std::string any_spelling(std::string_view name) {
  constexpr std::string_view apart = "[-_ ./]*";
  std::string pattern(apart);
  for (const char c : spelled(name)) {
    const char large = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    pattern += c == large ? std::string(1, c) : fmt::format("[{}{}]", c, large);
    pattern += apart;
  }
  return pattern;
}

Json names_schema(NameList list) {
  Json names = Json::array();
  std::vector<std::string> patterns;
  for (const KnownName& known : known_names(list)) {
    names.push_back(word(known.name, known.description));
    for (const std::string& alias : known.aliases) {
      names.push_back(word(alias, fmt::format("{} in other words", known.name)));
      patterns.push_back(any_spelling(alias));
    }
    if (list == NameList::schedules) patterns.push_back(any_spelling(known.name));
  }
  if (!patterns.empty()) {
    names.push_back({{"type", "string"},
                     {"pattern", fmt::format("^({})?({})$", any_spelling("schedule"),
                                             fmt::join(patterns, "|"))},
                     {"description", "any of these in another spelling, such as ScheduleGPipe"}});
  }
  return {{"anyOf", names}};
}

// Whole numbers are written without a decimal point.
Json bound(double value) {
  return value == std::floor(value) ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json number_schema(const ValueForm& form) {
  Json json = {{"type", form.kind == Kind::integer ? "integer" : "number"},
               {"minimum", bound(form.least)}};
  if (std::isfinite(form.most)) json["maximum"] = bound(form.most);
  return json;
}

Json text_schema(const ValueForm& form) {
  Json json = {{"type", "string"}};
  if (form.kind == Kind::path) json["description"] = "a file, relative to the config's folder";
  if (!form.pattern.empty()) json["pattern"] = form.pattern;
  if (!form.example.empty()) json["examples"] = {form.example};
  return json;
}

void add_alternatives(const ValueForm& form, Json& alternatives) {
  switch (form.kind) {
    case Kind::text:
    case Kind::path:
      alternatives.push_back(text_schema(form));
      break;
    case Kind::choice:
      for (const Choice& choice : form.choices) {
        alternatives.push_back(word(choice.name, choice.description));
      }
      break;
    case Kind::name:
      alternatives.push_back(reference(list_definitions[static_cast<std::size_t>(form.names)]));
      break;
    case Kind::boolean:
      alternatives.push_back({{"type", "boolean"}});
      break;
    case Kind::integer:
    case Kind::number:
      alternatives.push_back(number_schema(form));
      break;
    case Kind::quantity:
      alternatives.push_back(
          reference(quantity_definitions[static_cast<std::size_t>(form.dimension)]));
      break;
    case Kind::list:
      alternatives.push_back({{"type", "array"}, {"items", value_schema(form.entry)}});
      if (form.least > 0) alternatives.back()["minItems"] = bound(form.least);
      break;
    case Kind::by_rank:
      alternatives.push_back({{"type", "object"},
                              {"patternProperties", {{"^[0-9]+$", value_schema(form.entry)}}},
                              {"additionalProperties", false}});
      break;
    case Kind::object:
      alternatives.push_back(reference(describe(form.section).name));
      break;
    case Kind::model:
      alternatives.push_back(reference("model"));
  }
}

}  // namespace

nlohmann::ordered_json value_schema(const std::vector<ValueForm>& forms) {
  Json alternatives = Json::array();
  for (const ValueForm& form : forms) add_alternatives(form, alternatives);
  return alternatives.size() == 1 ? Json(alternatives[0]) : Json{{"anyOf", alternatives}};
}

nlohmann::ordered_json value_definitions() {
  Json definitions;
  for (const Dimension dimension : dimensions) {
    definitions[std::string(quantity_definitions[static_cast<std::size_t>(dimension)])] =
        quantity_schema(dimension);
  }
  for (const NameList list : lists) {
    definitions[std::string(list_definitions[static_cast<std::size_t>(list)])] = names_schema(list);
  }
  return definitions;
}

}  // namespace pipesim
