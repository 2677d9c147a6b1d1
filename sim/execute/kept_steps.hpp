#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace pipesim {

/// An evenly spread sample of the steps that ran, so that memory does not grow with their number.
/// It holds every step until `most` of them are there; then it drops every second one, and from
/// then on keeps every second, every fourth, … of those that follow.
template <class Step>
class KeptSteps {
 public:
  struct Kept {
    std::size_t number = 0;  ///< Of the step; counts from 0.
    Step step{};
  };

  /// `most`: at least 2.
  explicit KeptSteps(std::size_t most) : most_(most) {}

  void add(Step step) {
    const std::size_t number = seen_++;
    if (number % stride_ != 0) return;
    if (kept_.size() == most_) thin_out();
    if (number % stride_ == 0) kept_.push_back({.number = number, .step = std::move(step)});
  }

  std::vector<Kept>& kept() { return kept_; }
  const std::vector<Kept>& kept() const { return kept_; }

 private:
  std::size_t most_;
  std::size_t seen_ = 0;
  std::size_t stride_ = 1;
  std::vector<Kept> kept_{};

  void thin_out() {
    stride_ *= 2;
    std::erase_if(kept_, [&](const Kept& kept) { return kept.number % stride_ != 0; });
  }
};

/// How many steps of so many ops are kept: what 256 MiB hold of their intervals, 5 to 64.
std::size_t most_kept_steps(std::size_t ops);

}  // namespace pipesim
