#pragma once

#include <memory>
#include <vector>

#include "models/config.hpp"
#include "models/cost_model.hpp"

namespace pipesim {

/// What stages of a network cost on each device of a pipeline. Devices that are alike, and whose
/// neighbours are reached alike, share an entry.
class StageCosters {
 public:
  /// `devices`: those of the pipeline, one entry that all share or one for each.
  StageCosters(const Config& config, Network network, std::vector<Device> devices);

  const StageCoster& on(int device) const {
    return *costers_[by_device_[static_cast<std::size_t>(device)]];
  }
  const Network& network() const { return *network_; }

 private:
  std::shared_ptr<const Training> training_;
  std::shared_ptr<const Network> network_;
  std::vector<Device> devices_;
  std::vector<std::unique_ptr<StageCoster>> costers_{};
  std::vector<std::size_t> by_device_{};
};

}  // namespace pipesim
