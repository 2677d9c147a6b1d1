#pragma once

#include <span>

#include "models/keys/config_keys.hpp"

namespace pipesim {

/// How the table of keys writes the forms of values.
namespace form {

using Kind = ValueForm::Kind;

inline constexpr std::string_view required = ConfigKey::required;

constexpr double most_count = std::numeric_limits<int>::max();

inline ValueForm text() {
  return {};
}
inline ValueForm text_like(std::string_view pattern, std::string_view example) {
  return {.pattern = pattern, .example = example};
}
inline ValueForm path(std::string_view pattern = "", std::string_view example = "") {
  return {.kind = Kind::path, .pattern = pattern, .example = example};
}
inline ValueForm boolean() {
  return {.kind = Kind::boolean};
}
inline ValueForm integer(double least = 1, double most = most_count) {
  return {.kind = Kind::integer, .least = least, .most = most};
}
inline ValueForm number(double least, double most) {
  return {.kind = Kind::number, .least = least, .most = most};
}
inline ValueForm one_of(std::span<const Choice> choices) {
  return {.kind = Kind::choice, .choices = {choices.begin(), choices.end()}};
}
inline ValueForm name_of(NameList names) {
  return {.kind = Kind::name, .names = names};
}
inline ValueForm time() {
  return {.kind = Kind::quantity, .dimension = Dimension::time};
}
inline ValueForm bytes() {
  return {.kind = Kind::quantity, .dimension = Dimension::bytes};
}
inline ValueForm bandwidth() {
  return {.kind = Kind::quantity, .dimension = Dimension::bandwidth};
}
inline ValueForm compute_rate() {
  return {.kind = Kind::quantity, .dimension = Dimension::compute};
}
inline ValueForm object(Section section) {
  return {.kind = Kind::object, .section = section};
}
inline ValueForm list_of(std::vector<ValueForm> entry, double least = 0) {
  return {.kind = Kind::list, .least = least, .entry = std::move(entry)};
}
inline ValueForm list_of(ValueForm entry, double least = 0) {
  return list_of(std::vector{std::move(entry)}, least);
}
inline ValueForm by_rank(ValueForm entry) {
  return {.kind = Kind::by_rank, .entry = {std::move(entry)}};
}

}  // namespace form

/// The table's parts, each in a file of its own.
ConfigSection model_section(Section section);
ConfigSection transformer_section(Section section);
ConfigSection cluster_section(Section section);
ConfigSection network_section(Section section);
ConfigSection pipeline_section();
ConfigSection training_section();

}  // namespace pipesim
