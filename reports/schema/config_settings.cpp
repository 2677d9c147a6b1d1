#include "reports/schema/config_settings.hpp"

#include <algorithm>

#include "models/keys/config_keys.hpp"
#include "models/keys/model_kinds.hpp"
#include "reports/schema/known_names.hpp"

namespace pipesim {

namespace {

std::vector<std::string> named_values(const std::vector<ValueForm>& forms) {
  std::vector<std::string> values;
  for (const ValueForm& form : forms) {
    if (form.kind == ValueForm::Kind::boolean) values.insert(values.end(), {"true", "false"});
    for (const Choice& choice : form.choices) values.emplace_back(choice.name);
    if (form.kind != ValueForm::Kind::name) continue;
    for (const KnownName& known : known_names(form.names)) values.push_back(known.name);
  }
  return values;
}

void add_keys(const std::string& prefix, Section section, std::vector<Setting>& settings) {
  for (const ConfigKey& key : describe(section).keys) {
    std::vector<std::string_view> names{key.name};
    names.insert(names.end(), key.aliases.begin(), key.aliases.end());
    for (const std::string_view name : names) {
      const std::string path = prefix + std::string(name);
      if (std::ranges::count(settings, path, &Setting::path) > 0) continue;
      settings.push_back({.path = path,
                          .description = std::string(key.description),
                          .values = named_values(key.forms)});
    }
  }
}

}  // namespace

std::vector<Setting> config_settings() {
  std::vector<Setting> settings{{.path = "name", .description = "what reports call it"}};
  add_keys("pipeline.", Section::pipeline, settings);
  add_keys("training.", Section::training, settings);
  add_keys("cluster.", Section::cluster, settings);
  add_keys("model.", Section::model, settings);
  for (const ModelKind& kind : known_model_kinds()) {
    for (const Section section : kind.sections) add_keys("model.", section, settings);
  }
  return settings;
}

}  // namespace pipesim
