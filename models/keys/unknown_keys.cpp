#include "models/keys/unknown_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "models/keys/key_places.hpp"

namespace pipesim {

namespace {

using nlohmann::json;
using Kind = ValueForm::Kind;

bool holds_objects(const std::vector<ValueForm>& forms) {
  return std::ranges::any_of(forms, [](const ValueForm& form) {
    return form.kind == Kind::object || form.kind == Kind::model || holds_objects(form.entry);
  });
}

// Which of the objects that may stand there this one is: the one of which it has a required key,
// else the first.
std::vector<Section> sections_of_value(const Field& value, const std::vector<ValueForm>& forms) {
  std::vector<Section> first;
  for (const ValueForm& form : forms) {
    if (form.kind == Kind::model) return sections_of_model(value);
    if (form.kind != Kind::object) continue;
    if (first.empty()) first = {form.section};
    for (const ConfigKey& key : describe(form.section).keys) {
      if (key.default_text == ConfigKey::required && value.find(key.name)) return {form.section};
    }
  }
  return first;
}

const ConfigKey* find_key(const std::vector<Section>& sections, std::string_view name) {
  for (const Section section : sections) {
    for (const ConfigKey& key : describe(section).keys) {
      if (key.name == name || std::ranges::count(key.aliases, name) > 0) return &key;
    }
  }
  return nullptr;
}

// Calls visit(object, its sections) for every object that has a table of keys, the outer first.
template <class Visit>
void for_each_object(const Field& value, const std::vector<ValueForm>& forms, const Visit& visit);

template <class Visit>
void for_each_object_in(const Field& object, const std::vector<Section>& sections,
                        const Visit& visit) {
  visit(object, sections);
  for (const auto& [name, value] : object.entries()) {
    const ConfigKey* key = find_key(sections, name);
    if (key != nullptr && holds_objects(key->forms)) for_each_object(value, key->forms, visit);
  }
}

template <class Visit>
void for_each_object(const Field& value, const std::vector<ValueForm>& forms, const Visit& visit) {
  if (value.is_object()) {
    const std::vector<Section> sections = sections_of_value(value, forms);
    if (!sections.empty()) for_each_object_in(value, sections, visit);
  }
  if (!value.is_list()) return;
  for (const ValueForm& form : forms) {
    if (form.kind != Kind::list) continue;
    for (const Field& item : value.items()) for_each_object(item, form.entry, visit);
  }
}

template <class Visit>
void for_each_object(const Field& root, Section section, const Visit& visit) {
  if (root.is_object()) for_each_object_in(root, {section}, visit);
}

// An unknown key, and the key of the same object that it is taken for; empty: none.
struct UnknownKey {
  std::string object;
  std::string name;
  std::string near;
};

class UnknownKeys {
 public:
  UnknownKeys(std::vector<Place> places, Mistakes& mistakes)
      : places_(std::move(places)), mistakes_(mistakes) {}

  void look_at(const Field& object, const std::vector<Section>& sections) {
    for (const auto& [key, value] : object.entries()) {
      if (find_key(sections, key) != nullptr) continue;
      const std::vector<std::string> known = keys_of_all(sections);
      const bool elsewhere = !place_in(places_, key).empty();
      const std::string near = elsewhere ? "" : closest(key, known);
      found_.push_back({object.pointer(), key, near});
      if (mistakes_.full()) {
        ++mistakes_.more;
      } else {
        mistakes_.add(value.error("is not a known key", hint(key, near, known, object)));
      }
    }
  }

  const std::vector<UnknownKey>& found() const { return found_; }

 private:
  std::vector<Place> places_;
  Mistakes& mistakes_;
  std::vector<UnknownKey> found_{};
  std::set<std::vector<std::string>> listed_{};  // Lists of keys that a hint has given.

  // The keys that are known there are listed once.
  std::string hint(const std::string& key, const std::string& near,
                   const std::vector<std::string>& known, const Field& object) {
    const std::string name = meant(places_, key, near);
    const std::string question = name.empty() ? "" : fmt::format("did you mean \"{}\"? ", name);
    if (listed_.insert(known).second) {
      return fmt::format("{}known here: {}", question, fmt::join(known, ", "));
    }
    if (!name.empty()) return fmt::format("did you mean \"{}\"?", name);
    return fmt::format("leave it out: the keys that {} has are listed above",
                       object.pointer().empty() ? "/" : object.pointer());
  }
};

json correct(json root, const std::vector<UnknownKey>& unknown, std::vector<std::string>& renamed) {
  for (const UnknownKey& key : unknown) {
    json& object = root[json::json_pointer(key.object)];
    if (!key.near.empty() && !object.contains(key.near)) {
      object[key.near] = object[key.name];
      renamed.push_back(key.object + pointer_step(key.near));
    }
    object.erase(key.name);
  }
  return root;
}

// What a form is called where a value has another type; empty where its readers say more.
std::string_view type_name(const ValueForm& form) {
  switch (form.kind) {
    case Kind::text:
    case Kind::path:
    case Kind::choice:
    case Kind::name:
      return "a text";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "a whole number";
    case Kind::number:
      return "a number";
    case Kind::quantity:
      return "a number or a text with a unit";
    case Kind::list:
      return "a list";
    case Kind::by_rank:
    case Kind::object:
    case Kind::model:
      return "an object";
  }
  return "";
}

bool has_type_of(const Field& value, const ValueForm& form) {
  switch (form.kind) {
    case Kind::integer:
    case Kind::number:
      return value.is_number();
    case Kind::quantity:
      return value.is_number() || value.is_text();
    case Kind::list:
      return value.is_list();
    case Kind::by_rank:
    case Kind::object:
    case Kind::model:
      return value.is_object();
    case Kind::boolean:
      return value.is_boolean();
    default:
      return value.is_text();
  }
}

void check_type(const Field& value, const ConfigKey& key, Mistakes& mistakes) {
  const auto fits = [&](const ValueForm& form) { return has_type_of(value, form); };
  if (std::ranges::any_of(key.forms, fits)) return;
  std::vector<std::string_view> types;
  for (const ValueForm& form : key.forms) {
    const std::string_view type = type_name(form);
    if (std::ranges::count(types, type) == 0) types.push_back(type);
  }
  mistakes.add(value.wrong_type(fmt::format("{}", fmt::join(types, " or "))));
}

void check_presence(const Field& object, const ConfigKey& key, Mistakes& mistakes) {
  if (key.default_text != ConfigKey::required || object.find(key.name)) return;
  const auto is_there = [&](std::string_view name) { return object.find(name).has_value(); };
  if (std::ranges::any_of(key.aliases, is_there)) return;
  if (std::ranges::any_of(key.instead_of, is_there)) return;
  std::string names = "it";
  for (const std::string_view other : key.instead_of) names += fmt::format(", or {}", other);
  mistakes.add(object.missing(key.name, fmt::format("give {}: {}", names, key.description)));
}

bool is_at(const InputError& error, const std::string& pointer) {
  const std::string_view reason = error.reason();
  return reason.starts_with(pointer + ": ") || reason.starts_with(pointer + "/");
}

}  // namespace

Proofread proofread(const Document& document, Section section) {
  Proofread read{.mistakes = document.mistakes, .corrected = document};
  read.corrected.mistakes = {};
  const Field root(read.corrected);
  UnknownKeys unknown(main_places(root, section), read.mistakes);
  for_each_object(root, section, [&](const Field& object, const std::vector<Section>& sections) {
    unknown.look_at(object, sections);
  });
  if (!unknown.found().empty()) {
    read.corrected.root =
        std::make_shared<const json>(correct(*document.root, unknown.found(), read.renamed));
  }
  return read;
}

Mistakes plain_mistakes(const Document& document, Section section) {
  Mistakes mistakes;
  for_each_object(Field(document), section,
                  [&](const Field& object, const std::vector<Section>& sections) {
                    for (const Section part : sections) {
                      for (const ConfigKey& key : describe(part).keys) {
                        check_presence(object, key, mistakes);
                      }
                    }
                    for (const auto& [name, value] : object.entries()) {
                      const ConfigKey* key = find_key(sections, name);
                      if (key != nullptr && !value.is_null()) check_type(value, *key, mistakes);
                    }
                  });
  return mistakes;
}

void add_other_mistakes(const InputError& thrown, Section section, Proofread& read) {
  const auto follows = [&](const InputError& error) {
    return std::ranges::any_of(read.renamed,
                               [&](const std::string& pointer) { return is_at(error, pointer); });
  };
  const auto place_of = [](const InputError& error) {
    return error.reason().substr(0, error.reason().find(": "));
  };
  if (!follows(thrown)) read.mistakes.add(thrown);
  for (const InputError& error : plain_mistakes(read.corrected, section).shown) {
    if (follows(error) || place_of(error) == place_of(thrown)) continue;
    read.mistakes.add(error);
  }
}

}  // namespace pipesim
