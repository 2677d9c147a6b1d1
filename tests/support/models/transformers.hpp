#pragma once

#include <string>
#include <vector>

#include "models/config/config.hpp"

namespace pipesim {

/// A config of a transformer: `model` and `training` are the insides of those sections.
Config transformer_config(const std::string& model, const std::string& training = "");

/// The insides of `model` for models whose sizes are published.
extern const std::string llama3_70b;
extern const std::string llama3_405b;
extern const std::string mixtral_8x7b;
extern const std::string deepseek_v2;
extern const std::string deepseek_v2_lite;
extern const std::string deepseek_v3;

/// Of all layers of a config's model.
double parameters_of(const Config& config);

/// The operators of a kind in a pass.
std::vector<Operator> operators_of(const std::vector<Operator>& pass, Kernel kernel);

}  // namespace pipesim
