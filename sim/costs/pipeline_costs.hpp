#pragma once

#include <map>
#include <memory>
#include <vector>

#include "models/cluster/replicas.hpp"
#include "models/config/config.hpp"
#include "models/cost/cost_model.hpp"

namespace pipesim {

/// Where the layers of the stages at that position of the pipeline run, on such a device. Refers to
/// both arguments.
LayerSite site_at(const Config& config, const Device& device, int position);

/// What stages of a network cost on the devices of any replica. Layers that are alike are costed
/// once for each kind of site: devices that are alike, and whose neighbours are reached alike.
/// Keeps references to the config and the kinds.
class PipelineCosts {
 public:
  PipelineCosts(const Config& config, Network network, const std::vector<Device>& kinds);

  /// Layers [first, last) on these devices at a position of the pipeline: O(last − first).
  StageCost cost(const StageDevices& devices, int position, std::size_t first, std::size_t last);

  /// Any range of layers there, in O(1). Lives as long as this.
  const LayerTotals& of_all_layers(const StageDevices& devices, int position);
  const Network& network() const { return *network_; }

 private:
  using Groups = std::array<GroupNetwork, layer_groups>;  // By LayerGroup.
  struct Site {
    const Groups* groups = nullptr;
    std::map<std::size_t, LayerTime> times{};  ///< By Layer, of those asked for so far.
    std::unique_ptr<LayerTotals> coster{};
  };

  const Config& config_;
  const std::vector<Device>& kinds_;
  std::shared_ptr<const Network> network_;
  std::shared_ptr<const LayerSizes> sizes_;
  double working_set_ = 0;
  std::vector<std::size_t> like_{};       ///< [layer]: the first that takes as long.
  std::vector<Groups> groups_{};          ///< Those that differ.
  std::vector<std::size_t> groups_at_{};  ///< [position]: in groups_.
  std::map<std::pair<StageDevices, std::size_t>, Site> sites_{};

  void find_groups();
  Site& site(const StageDevices& devices, int position);
  const LayerTime& time(const StageDevices& devices, Site& site, std::size_t layer) const;
  LayerTotals coster(const StageDevices& devices, Site& site, std::size_t first,
                     std::size_t last) const;
};

}  // namespace pipesim
