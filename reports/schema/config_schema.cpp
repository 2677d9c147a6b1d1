#include "reports/schema/config_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/keys/config_keys.hpp"
#include "models/keys/model_kinds.hpp"
#include "reports/schema/known_names.hpp"
#include "reports/schema/value_schema.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;
using Kind = ValueForm::Kind;

bool is_word_of(const ValueForm& form, std::string_view text) {
  if (form.kind == Kind::text) return form.example == text;
  if (form.kind == Kind::choice) return std::ranges::count(form.choices, text, &Choice::name) > 0;
  if (form.kind != Kind::name) return false;
  const std::vector<KnownName> known = known_names(form.names);
  return std::ranges::count(known, text, &KnownName::name) > 0;
}

// A default that is a value; others are words about one.
Json default_value(const ConfigKey& key) {
  Json value = Json::parse(key.default_text, nullptr, false);
  if (!value.is_discarded()) return value;
  const auto is_word = [&](const ValueForm& form) { return is_word_of(form, key.default_text); };
  return std::ranges::any_of(key.forms, is_word) ? Json(key.default_text) : Json();
}

// An optional key may be null, which is as absent.
void allow_null(Json& form) {
  if (form.contains("anyOf")) {
    form["anyOf"].push_back({{"type", "null"}});
  } else if (form.contains("type")) {
    form["type"] = Json::array({form["type"], "null"});
  } else {
    form = {{"anyOf", Json::array({std::move(form), {{"type", "null"}}})}};
  }
}

Json key_schema(const ConfigKey& key) {
  Json json = {{"description", key.description}};
  if (!key.default_text.empty() && key.default_text != ConfigKey::required) {
    Json value = default_value(key);
    if (value.is_null()) {
      json["description"] = fmt::format("{}. Default: {}", key.description, key.default_text);
    } else {
      json["default"] = std::move(value);
    }
  }
  // Draft 7 reads nothing that stands beside a $ref.
  Json form = value_schema(key.forms);
  if (form.contains("$ref")) form = {{"anyOf", Json::array({std::move(form)})}};
  if (form.contains("description")) form.erase("description");
  if (key.default_text != ConfigKey::required) allow_null(form);
  json.update(form);
  return json;
}

// One of the names has to be there; never two for the same.
void add_conditions(const ConfigKey& key, Json& schema) {
  std::vector<std::string_view> names{key.name};
  names.insert(names.end(), key.aliases.begin(), key.aliases.end());
  for (std::size_t i = 1; i < names.size(); ++i) {
    schema["allOf"].push_back({{"not", {{"required", {names[0], names[i]}}}}});
  }
  if (key.default_text != ConfigKey::required) return;
  names.insert(names.end(), key.instead_of.begin(), key.instead_of.end());
  if (names.size() == 1) {
    schema["required"].push_back(key.name);
    return;
  }
  Json any = Json::array();
  for (const std::string_view name : names) any.push_back({{"required", {name}}});
  schema["allOf"].push_back({{"anyOf", any}});
}

Json keys_schema(const std::vector<Section>& sections) {
  Json schema = {{"type", "object"}, {"properties", Json::object()}};
  for (const Section section : sections) {
    for (const ConfigKey& key : describe(section).keys) {
      const Json value = key_schema(key);
      schema["properties"][std::string(key.name)] = value;
      for (const std::string_view alias : key.aliases) {
        schema["properties"][std::string(alias)] = value;
      }
      add_conditions(key, schema);
    }
  }
  schema["additionalProperties"] = false;
  return schema;
}

Json object_schema(Section section) {
  Json schema = {{"description", describe(section).description}};
  schema.update(keys_schema({section}));
  return schema;
}

// The keys of each kind of model. Without a kind any key passes, so that an editor asks for the
// kind first.
Json model_schema() {
  const ConfigKey& kind = describe(Section::model).keys.front();
  Json schema = {{"description", "The model: its kind decides which other keys it has"},
                 {"type", "object"},
                 {"properties", {{std::string(kind.name), key_schema(kind)}}},
                 {"required", {kind.name}},
                 {"allOf", Json::array()}};
  for (const ModelKind& known : known_model_kinds()) {
    std::vector<Section> sections{Section::model};
    sections.insert(sections.end(), known.sections.begin(), known.sections.end());
    schema["allOf"].push_back(
        {{"if",
          {{"properties", {{std::string(kind.name), {{"const", known.name}}}}},
           {"required", {kind.name}}}},
         {"then", keys_schema(sections)}});
  }
  return schema;
}

// Sections that a key refers to; the rest are the root, or parts of models.
void add_objects(const std::vector<ValueForm>& forms, Json& definitions) {
  for (const ValueForm& form : forms) {
    add_objects(form.entry, definitions);
    if (form.kind != Kind::object) continue;
    const ConfigSection& section = describe(form.section);
    if (definitions.contains(section.name)) continue;
    definitions[std::string(section.name)] = object_schema(form.section);
    for (const ConfigKey& key : section.keys) add_objects(key.forms, definitions);
  }
}

}  // namespace

nlohmann::ordered_json config_schema() {
  Json schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"$comment", "Written by: pipesim schema > config.schema.json"},
      {"title", "A config of pipesim"},
      {"description",
       "JSON; comments are allowed, unknown keys are not. Numbers are in SI base units."}};
  schema.update(keys_schema({Section::config}));
  Json& definitions = schema["definitions"] = value_definitions();
  definitions["model"] = model_schema();
  for (int i = 0; i < section_count; ++i) {
    for (const ConfigKey& key : describe(static_cast<Section>(i)).keys) {
      add_objects(key.forms, definitions);
    }
  }
  return schema;
}

}  // namespace pipesim
