#include "models/network/given_stages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

template <class T>
PerStage<T> read_per_stage(const Field& field, int stages, T (Field::*read)() const) {
  if (!field.is_list()) return {.values = {(field.*read)()}};
  PerStage<T> result{.values = {}};
  for (const Field& item : field.items()) result.values.push_back((item.*read)());
  if (result.values.size() != static_cast<std::size_t>(stages)) {
    throw field.error(fmt::format("must have one entry for each of the {} stages", stages),
                      fmt::format("this list has {}; a single value counts for every stage",
                                  result.values.size()));
  }
  return result;
}

template <class T>
PerStage<T> sum(const PerStage<T>& a, const PerStage<T>& b) {
  PerStage<T> result{.values = {}};
  const std::size_t size = std::max(a.values.size(), b.values.size());
  for (std::size_t i = 0; i < size; ++i) {
    result.values.push_back(capped_sum(a[static_cast<int>(i)], b[static_cast<int>(i)]));
  }
  return result;
}

void read_backward(const Field& model, int stages, GivenStages& costs) {
  const auto whole = model.find("backward");
  const auto input = model.find("backward_input");
  const auto weight = model.find("backward_weight");
  if (input.has_value() != weight.has_value()) {
    const auto& given = input ? input : weight;
    throw given->error("needs its counterpart",
                       "give both backward_input and backward_weight, or backward alone");
  }
  if (input) {
    costs.backward_input = read_per_stage(*input, stages, &Field::time);
    costs.backward_weight = read_per_stage(*weight, stages, &Field::time);
    costs.backward = sum(*costs.backward_input, *costs.backward_weight);
  }
  if (whole) {
    costs.backward = read_per_stage(*whole, stages, &Field::time);
  } else if (!input) {
    model.at("backward", "give it, or backward_input and backward_weight");
  }
}

// The stage's input is part of the stash: a stash that is not given is the input alone.
void check_stash(const Field& model, int stages, GivenStages& costs) {
  const auto stash = model.find("stash_bytes");
  if (!stash) costs.stash = costs.boundary;
  const auto entries = static_cast<int>(std::max(
      {costs.stash.values.size(), costs.boundary.values.size(), costs.weight_stash.values.size()}));
  for (int s = 0; s < std::min(stages, entries); ++s) {
    if (costs.stash[s] < costs.boundary[s]) {
      throw stash->error(
          fmt::format("must be at least boundary_bytes, {} on stage {}", costs.boundary[s], s),
          "what F leaves for its backward includes the stage's input");
    }
    if (costs.weight_stash[s] > costs.stash[s]) {
      throw model.at("weight_stash_bytes", "")
          .error(fmt::format("must be at most stash_bytes, {} on stage {}", costs.stash[s], s),
                 "what I leaves for W is a part of what F leaves for I");
    }
  }
}

}  // namespace

GivenStages read_given_stages(const Field& model, int stages) {
  model.allow_keys(keys_of({Section::model, Section::stage_costs}));
  GivenStages costs;
  costs.forward = read_per_stage(model.at("forward", "the time of one micro-batch in a stage"),
                                 stages, &Field::time);
  read_backward(model, stages, costs);
  costs.recompute = costs.forward;

  const auto times = [&](std::string_view key, PerStage<Time>& target) {
    if (const auto field = model.find(key)) target = read_per_stage(*field, stages, &Field::time);
  };
  const auto bytes = [&](std::string_view key, PerStage<Bytes>& target) {
    if (const auto field = model.find(key)) target = read_per_stage(*field, stages, &Field::bytes);
  };
  times("recompute", costs.recompute);
  if (const auto field = model.find("overlapped")) {
    costs.overlapped = read_per_stage(*field, stages, &Field::time);
  }
  times("transfer", costs.transfer);
  bytes("boundary_bytes", costs.boundary);
  bytes("stash_bytes", costs.stash);
  bytes("weight_stash_bytes", costs.weight_stash);
  bytes("parameter_bytes", costs.parameters);
  check_stash(model, stages, costs);
  return costs;
}

namespace {

std::int64_t raw(Time time) {
  return time.ps;
}
std::int64_t raw(Bytes bytes) {
  return bytes;
}
template <class T>
T part_of(T whole, int parts, int index) {
  const std::int64_t total = raw(whole);
  return T{total / parts + (index < total % parts ? 1 : 0)};
}

template <class T>
PerStage<T> divided(const PerStage<T>& whole, int stages, int parts) {
  PerStage<T> result{.values = {}};
  for (int s = 0; s < stages; ++s) {
    for (int i = 0; i < parts; ++i) result.values.push_back(part_of(whole[s], parts, i));
  }
  return result;
}

template <class T>
PerStage<T> joined(const PerStage<T>& whole, int stages, int parts) {
  PerStage<T> result{.values = {}};
  for (int s = 0; s < stages; s += parts) {
    T total{};
    for (int i = 0; i < parts; ++i) total = capped_sum(total, whole[s + i]);
    result.values.push_back(total);
  }
  return result;
}

// Entry s of the new is entry `of(s)` of the old.
template <class T, class Of>
PerStage<T> taken(const PerStage<T>& values, int count, Of of) {
  PerStage<T> result{.values = {}};
  for (int s = 0; s < count; ++s) result.values.push_back(values[of(s)]);
  return result;
}

}  // namespace

GivenStages recut(const GivenStages& costs, int stages, int wanted) {
  if (stages == wanted) return costs;
  const bool divides = wanted > stages;
  const int parts = divides ? wanted / stages : stages / wanted;
  const auto cut = [&]<class T>(const PerStage<T>& values) {
    return divides ? divided(values, stages, parts) : joined(values, stages, parts);
  };
  const auto cut_if = [&](const std::optional<PerStage<Time>>& values) {
    return values ? std::optional(cut(*values)) : std::nullopt;
  };
  const auto input_of = [&](int s) { return divides ? s / parts : s * parts; };
  const auto hop_of = [&](int s) {
    return divides ? std::min(s / parts, stages - 1) : s * parts + parts - 1;
  };
  GivenStages result{.forward = cut(costs.forward),
                     .backward = cut(costs.backward),
                     .backward_input = cut_if(costs.backward_input),
                     .backward_weight = cut_if(costs.backward_weight),
                     .recompute = cut(costs.recompute),
                     .overlapped = cut_if(costs.overlapped),
                     .transfer = taken(costs.transfer, wanted, hop_of),
                     .stash = cut(costs.stash),
                     .weight_stash = cut(costs.weight_stash),
                     .boundary = taken(costs.boundary, wanted, input_of),
                     .parameters = cut(costs.parameters)};
  // One value may stand for all; every part then has one of its own.
  for (PerStage<Bytes>* bytes : {&result.stash, &result.weight_stash}) {
    bytes->values.resize(static_cast<std::size_t>(wanted), bytes->values.front());
  }
  for (int s = 0; s < wanted; ++s) {
    Bytes& stash = result.stash.values[static_cast<std::size_t>(s)];
    stash = std::max(stash, result.boundary[s]);
    Bytes& waiting = result.weight_stash.values[static_cast<std::size_t>(s)];
    waiting = std::min(waiting, stash);
  }
  return result;
}

}  // namespace pipesim
