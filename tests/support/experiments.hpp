#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/step/experiment.hpp"

namespace pipesim::test {

/// The experiment that a config text describes; `file` is what errors call it.
Experiment experiment_from(std::string_view text, const std::vector<std::string>& settings = {});

/// The same of a file in examples/.
Experiment example(const std::string& name, const std::vector<std::string>& settings = {});

/// The configs in examples/.
std::vector<std::string> example_names();

/// Those whose steps have at most 20,000 ops, few enough to be walked through field by field.
std::vector<std::string> short_example_names();

/// A lane from text: "F0.1 B0.1" is F and B of micro-batch 1 in stage 0, "F0'.1" runs on the
/// stage's second copy, "F0.1+B0.0" is an overlapped pair, "SEND_F0.1" a send, "UNSHARD0" of no
/// micro-batch.
std::vector<Op> lane(std::string_view text);

/// A lane as text, short form: "F0 F1 B1 B0".
std::string text_of(const std::vector<Op>& lane);

/// Stages that cost the same, and free transfers between them.
StepCosts equal_costs(int stages, const StageCost& cost = {.forward = 1_ns, .backward = 2_ns});

/// One link, the bridge, that every message between two stages takes, of both copies.
SharedLinks one_bridge(int stages);

}  // namespace pipesim::test
