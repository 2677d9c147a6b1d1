#include "models/device/interconnect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

std::size_t index_of(Collective collective) {
  return static_cast<std::size_t>(collective);
}

// One figure for all of them, or an object of figures by collective. A link that is used beyond its
// data sheet would be a slip: 1 is the most.
double part(const Field& field) {
  constexpr double least = 1e-6;
  return field.number(least, 1);
}

ByCollective read_efficiencies(const Field& field) {
  ByCollective parts;
  if (!field.is_object()) {
    parts.fill(part(field));
    return parts;
  }
  field.allow_keys(keys_of(Section::collective_efficiency));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (const auto given = field.find(collective_names[i])) parts[i] = part(*given);
  }
  return parts;
}

// A single time is an all-reduce's; the others, which do half of it, take half.
ByCollective read_latencies(const Field& field) {
  ByCollective times;
  if (!field.is_object()) {
    const double whole = seconds(field.time());
    times.fill(whole / 2);
    times[index_of(Collective::all_reduce)] = whole;
    return times;
  }
  field.allow_keys(keys_of(Section::collective_latency));
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (const auto given = field.find(collective_names[i])) times[i] = seconds(given->time());
  }
  return times;
}

Interconnect read_described(const Field& field) {
  field.allow_keys(keys_of(Section::interconnect));
  Interconnect custom{.name = "custom interconnect"};
  if (const auto name = field.find("name")) custom.name = name->text();
  if (const auto rate = field.find("bandwidth"))
    custom.bandwidth = rate->rate(Dimension::bandwidth);
  if (const auto time = field.find("latency")) custom.latency = seconds(time->time());
  if (const auto value = field.find("efficiency")) custom.efficiency = part(*value);
  if (const auto value = field.find("collective_efficiency")) {
    custom.collective_efficiency = read_efficiencies(*value);
  }
  if (const auto value = field.find("collective_latency")) {
    custom.collective_latency = read_latencies(*value);
  }
  if (const auto rate = field.find("shard_bandwidth")) {
    custom.shard_bandwidth = rate->rate(Dimension::bandwidth);
  }
  if (const auto source = field.find("source")) custom.source = source->text();
  return custom;
}

}  // namespace

std::optional<double> Interconnect::rate(Collective collective) const {
  if (!bandwidth) return std::nullopt;
  return *bandwidth * collective_efficiency[index_of(collective)].value_or(efficiency);
}

TransferCost transfer_cost(const Interconnect& interconnect, Bytes bytes) {
  TransferCost cost{.latency = to_time(interconnect.latency)};
  if (interconnect.bandwidth) {
    const double rate = *interconnect.bandwidth * interconnect.efficiency;
    cost.occupancy = to_time(static_cast<double>(bytes) / rate);
  }
  return cost;
}

double ring_seconds(Collective collective, double bytes, int ranks,
                    const Interconnect& interconnect, double share) {
  if (ranks < 2) return 0;
  const bool all_reduce = collective == Collective::all_reduce;
  const double steps = (all_reduce ? 2.0 : 1.0) * (ranks - 1);
  const double step_bytes = bytes / ranks;
  const std::optional<double> rate = interconnect.rate(collective);
  const double step = rate ? step_bytes / (*rate * share) : 0;
  const double passes = all_reduce ? 1 : 0.5;
  const double shard =
      interconnect.shard_bandwidth ? passes * step_bytes / *interconnect.shard_bandwidth : 0;
  const std::optional<double>& fixed = interconnect.collective_latency[index_of(collective)];
  if (fixed) return *fixed + steps * step + shard;
  return steps * (interconnect.latency + step) + shard;
}

Time ring_all_reduce(const Interconnect& interconnect, Bytes bytes, int ranks) {
  return to_time(
      ring_seconds(Collective::all_reduce, static_cast<double>(bytes), ranks, interconnect));
}

const Interconnect& known_interconnect(std::string_view name) {
  const std::vector<Interconnect>& known = known_interconnects();
  const auto found = std::ranges::find(known, name, &Interconnect::name);
  if (found == known.end()) throw std::logic_error("no such interconnect: " + std::string(name));
  return *found;
}

InputError unknown_interconnect(const Field& field, const std::vector<std::string>& names) {
  const std::string word = field.text();
  constexpr std::string_view problem = "is not a known interconnect";
  if (parse_quantity(word, Dimension::bandwidth)) {
    return field.error(problem,
                       fmt::format("a bandwidth stands in an object: {{\"bandwidth\": {}}}; "
                                   "interconnects: {}",
                                   in_quotes(word), fmt::join(names, ", ")));
  }
  return field.error(problem, suggestion(word, "interconnects", names) +
                                  R"(; or an object, such as {"bandwidth": "25 GB/s", )"
                                  R"("latency": "5 us"})");
}

Interconnect read_interconnect(const Field& field) {
  if (field.is_object()) return read_described(field);
  if (!field.is_text()) throw field.wrong_type("an interconnect's name or an object");
  const std::string name = field.text();
  std::vector<std::string> names;
  for (const Interconnect& known : known_interconnects()) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  throw unknown_interconnect(field, names);
}

}  // namespace pipesim
