#include "sim/execute/train.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include "support/models/networks.hpp"

namespace pipesim {

namespace {

using test::PipelinedMlp;

Experiment two_epochs(int stages) {
  Experiment experiment = assemble(PipelinedMlp{.stages = stages});
  experiment.config.training.samples = 24;  // Of 8 a mini-batch.
  experiment.config.training.epochs = 2;
  experiment.config.training.learning_rate = 0.1;
  return experiment;
}

TrainingLosses losses_of(const Experiment& experiment) {
  return train(experiment, [](const TrainingProgress&) {}).losses;
}

}  // namespace

TEST_SUITE("sim/execute/train") {
  TEST_CASE("the mean of an epoch's losses") {
    CHECK(mean({1.0, 2.0, 6.0}) == 3.0);
  }

  TEST_CASE("each mini-batch is reported with its loss, in order") {
    std::vector<double> reported;
    const TrainingLosses losses =
        train(two_epochs(2), [&](const TrainingProgress& progress) {
          CHECK(progress.epoch == static_cast<int>(reported.size()) / 3);
          CHECK(progress.mini_batch == static_cast<int>(reported.size()) % 3);
          CHECK(progress.mini_batches == 3);
          reported.push_back(progress.loss);
        }).losses;
    REQUIRE(losses.size() == 2);
    REQUIRE(losses[0].size() == 3);
    std::vector<double> all = losses[0];
    all.insert(all.end(), losses[1].begin(), losses[1].end());
    CHECK(reported == all);
  }

  TEST_CASE("the losses are the same bits however the network is cut") {
    const TrainingLosses once = losses_of(two_epochs(1));
    for (int stages = 2; stages <= 5; ++stages) CHECK(losses_of(two_epochs(stages)) == once);
  }

  TEST_CASE("without a learning rate every epoch has the same losses, one for each mini-batch") {
    Experiment experiment = two_epochs(2);
    experiment.config.training.learning_rate = 0;
    const TrainingLosses losses = losses_of(experiment);
    CHECK(losses[0] == losses[1]);
    CHECK(losses[0][0] != losses[0][1]);
    CHECK(losses[0][1] != losses[0][2]);
  }
}

}  // namespace pipesim
