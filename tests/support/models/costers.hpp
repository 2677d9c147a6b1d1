#pragma once

#include <memory>

#include "sim/costs/pipeline_costs.hpp"

namespace pipesim::test {

/// The costs of a config's layers on the devices of its only pipeline, none of them a straggler.
class Costers {
 public:
  explicit Costers(Config config)
      : config_(std::make_unique<const Config>(std::move(config))),
        costers_(*config_, std::get<Network>(config_->model), config_->cluster.kinds) {}

  const LayerTotals& on(int device) {
    const bool alike = config_->cluster.kinds.size() == 1;
    return costers_.of_all_layers({{.kind = alike ? 0 : device}}, device);
  }

 private:
  std::unique_ptr<const Config> config_;
  PipelineCosts costers_;
};

}  // namespace pipesim::test
