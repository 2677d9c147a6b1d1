#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

#include "models/base/document.hpp"
#include "models/cluster/cluster.hpp"
#include "models/network/given_stages.hpp"
#include "models/network/mlp.hpp"
#include "models/network/network.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "models/settings/training.hpp"
#include "models/transformer/transformer.hpp"

namespace pipesim {

enum class Section;  // models/keys/config_keys.hpp

/// Everything that a config says, checked section by section.
struct Config {
  std::string name{};
  std::string model_kind{};  ///< As in known_model_kinds().
  std::variant<GivenStages, Network> model{};
  std::optional<Mlp> mlp{};  ///< What the model can be executed as; its Network is in `model`.
  std::optional<Transformer> transformer{};  ///< What the Network in `model` is made of.
  Cluster cluster{};
  PipelineSettings pipeline{};
  Training training{};
  SourcePtr source{};
  std::shared_ptr<const nlohmann::json> text{};  ///< As it was read, for reports that show it.

  bool has_layers() const { return std::holds_alternative<Network>(model); }
};

/// Reads a config. `default_stages`: what schedules ask for; without it one stage a device.
/// Throws InputError: every key that is unknown or stands twice or is required and missing, every
/// value of a wrong type, and of what else is wrong the first.
Config read_config(const Document& document, const DefaultVirtualStages& default_stages = {});

/// The same of a document whose model section is that of `like`, of which what follows from the
/// section alone is taken: layers that are listed or profiled are not read again.
Config read_config_like(const Document& document, const DefaultVirtualStages& default_stages,
                        const Config& like);

/// The ranks that the config asks for, in the cluster's order.
RankGrid rank_grid(const Config& config);

/// How the experts lie on them.
ExpertGrid expert_grid(const Config& config);

}  // namespace pipesim
