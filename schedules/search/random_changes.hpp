#pragma once

#include <random>

#include "schedules/search/dispatch.hpp"

namespace pipesim {

/// Small changes of what a search has found, drawn at random: the same ones on every machine.
class RandomChanges {
 public:
  explicit RandomChanges(const PipelineShape& shape) : shape_(shape) {}

  /// One to three changes of what one device prefers, or all devices of a range, or of the span:
  /// to no limit, or between the least and the current cost.
  DispatchPolicy changed(DispatchPolicy policy, Time least_cost, Time cost);

  /// One to three steps moved by up to six slots in their lanes; the lanes may be such that they
  /// can't be run.
  std::vector<Lane> changed(std::vector<Lane> lanes);

 private:
  int below(int n);
  bool coin() { return below(2) == 1; }
  void change_device(DispatchPolicy& policy, int device, int what, int value);

  PipelineShape shape_;
  std::mt19937 random_{};
};

}  // namespace pipesim
