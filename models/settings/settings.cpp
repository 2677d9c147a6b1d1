#include "models/settings/settings.hpp"

#include <algorithm>

namespace pipesim {

namespace {

// The key stands instead of the other.
struct Alternative {
  std::string_view key{};
  std::string_view other{};
  bool may_agree = false;  ///< Set both, they are both read, and are to agree.
};
constexpr Alternative alternatives[] = {
    {"pipeline.micro_batches", "pipeline.micro_batch_size", true},
    {"pipeline.micro_batch_size", "pipeline.micro_batches", true},
    {"pipeline.schedule", "pipeline.schedule_file"},
    {"pipeline.partition", "pipeline.num_layers_in_first_pipeline_stage"},
    {"pipeline.partition", "pipeline.num_layers_in_last_pipeline_stage"},
    {"pipeline.num_layers_in_first_pipeline_stage", "pipeline.partition"},
    {"pipeline.num_layers_in_last_pipeline_stage", "pipeline.partition"},
    {"training.batch_size", "training.global_batch_size"},
    {"training.global_batch_size", "training.batch_size"},
    {"cluster.interconnect", "cluster.topology"},
    {"cluster.topology", "cluster.interconnect"},
};

std::string_view key_of(std::string_view setting) {
  return setting.substr(0, setting.find('='));
}

// Null is as if the key were absent, which stands instead of nothing.
bool unsets(std::string_view setting) {
  return setting.substr(key_of(setting).size()) == "=null";
}

// Whether a setting is of this key, or of a value inside it.
bool is_of(std::string_view setting, std::string_view key) {
  const std::string_view own = key_of(setting);
  return own.starts_with(key) && (own.size() == key.size() || own[key.size()] == '.');
}

// What the document is to lose, and what is then set.
struct Change {
  std::vector<std::string> without{};
  Settings settings{};
};

Change change_by(const Settings& settings) {
  Change change;
  for (const std::string& setting : settings) {
    for (const auto& [key, other, may_agree] : alternatives) {
      if (key_of(setting) != key || unsets(setting)) continue;
      change.without.emplace_back(other);
      if (may_agree) continue;
      std::erase_if(change.settings, [&](const std::string& before) {  // Set, then replaced.
        return is_of(before, other);
      });
    }
    change.settings.push_back(setting);
  }
  return change;
}

// Whether a shell takes the text as it is.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-+=.,/:").find(c) != std::string_view::npos;
  });
}

std::string for_shell(const std::string& text) {
  if (is_plain(text)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Document read_with_settings(const std::string& path, const Settings& settings) {
  const Change change = change_by(settings);
  return read_document(path, change.settings, change.without);
}

Document parse_with_settings(std::string_view text, const std::string& file,
                             const Settings& settings) {
  const Change change = change_by(settings);
  return parse_document(text, file, change.settings, change.without);
}

Document with_settings(const Document& document, const Settings& settings) {
  const Change change = change_by(settings);
  return change_document(document, change.settings, change.without);
}

std::string as_options(const Settings& settings) {
  std::string text;
  for (const std::string& setting : settings) {
    text += (text.empty() ? "--set " : " --set ") + for_shell(setting);
  }
  return text;
}

}  // namespace pipesim
