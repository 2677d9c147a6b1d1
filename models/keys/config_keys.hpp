#pragma once

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"

namespace pipesim {

/// The objects that a config is made of. The keys of a model are those of `model` and of what its
/// kind names in known_model_kinds().
enum class Section {
  config,
  model,
  stage_costs,
  mlp,
  transformer,
  latent_attention,
  mixture_of_experts,
  amoebanet_d,
  layer_list,
  layer,
  profile,
  cluster,
  device,
  peak_rates,
  efficiency,
  kernel_efficiency,
  kernel_rates_by_precision,
  kernel_rates,
  interconnect,
  collective_efficiency,
  collective_latency,
  nodes,
  topology,
  topology_link,
  pipeline,
  training,
};
inline constexpr int section_count = static_cast<int>(Section::training) + 1;

/// What `pipesim list` names; `links` are those interconnects that join two ends.
enum class NameList { schedules, model_kinds, devices, interconnects, links };

/// One way to write a value.
struct ValueForm {
  enum class Kind {
    text,
    path,    ///< Of a file, relative to the config's folder.
    choice,  ///< One of `choices`.
    name,    ///< One of `names`.
    boolean,
    integer,   ///< A whole number, `least` to `most`.
    number,    ///< `least` to `most`.
    quantity,  ///< A number in base units, or a text with a unit.
    list,      ///< Of `entry`, at least `least` of them.
    by_rank,   ///< An object of such entries under devices' numbers.
    object,    ///< With the keys of `section`.
    model,     ///< With those of its kind.
  };
  Kind kind = Kind::text;
  double least = 0;
  double most = std::numeric_limits<double>::infinity();
  Dimension dimension = Dimension::time;
  NameList names = NameList::schedules;
  Section section = Section::config;
  std::vector<Choice> choices{};
  std::vector<ValueForm> entry{};  ///< Of what holds entries: any of them.
  std::string_view pattern{};      ///< Of a text, as a regular expression; empty: any.
  std::string_view example{};      ///< Of such a text.
};

/// A key of a config: all that there is to say about it in a line.
struct ConfigKey {
  static constexpr std::string_view required = "required";  ///< As the default of what has none.

  std::string_view name{};
  std::vector<ValueForm> forms{};  ///< Any of them.
  std::string_view
      default_text{};  ///< The default in words or as a value; `required`; empty: none.
  std::string_view description{};
  std::vector<std::string_view> aliases{};     ///< Other names, Hugging Face's; one may be given.
  std::vector<std::string_view> instead_of{};  ///< Of a required key: keys that do as well.
};

struct ConfigSection {
  std::string_view name{};   ///< "pipeline", "kernel_efficiency".
  std::string_view place{};  ///< Where it stands: "cluster.device".
  std::string_view description{};
  std::vector<ConfigKey> keys{};
};

/// The one table of what a config may say. Readers ask it which keys to allow.
const ConfigSection& describe(Section section);

/// The names of a section's keys, each followed by its aliases.
const std::vector<std::string>& keys_of(Section section);
std::vector<std::string> keys_of(std::initializer_list<Section> parts);

}  // namespace pipesim
