#include "models/settings/training.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

// Samples beyond this have no use, and products with bytes would overflow.
constexpr std::int64_t most_samples = std::int64_t{1} << 40;

// The divisors of `total` on either side of `wanted`, joined by a word.
std::string divisors_near(std::int64_t total, std::int64_t wanted, std::string_view word) {
  std::int64_t below = 1;
  std::int64_t above = total;
  for (std::int64_t low = 1; low <= total / low; ++low) {  // Divisors come in pairs.
    if (total % low != 0) continue;
    for (const std::int64_t divisor : {low, total / low}) {
      if (divisor <= wanted) below = std::max(below, divisor);
      if (divisor >= wanted) above = std::min(above, divisor);
    }
  }
  if (wanted > total) below = total;
  return below == above ? std::to_string(below) : fmt::format("{} {} {}", below, word, above);
}

void split_batch(const Field& config, const PipelineSettings& pipeline,
                 const std::optional<Field>& batch, Training& training) {
  const Field section = config.at("pipeline", "a config has this section");
  if (pipeline.micro_batch_size) {
    const Field size = section.at("micro_batch_size", "");
    if (!batch) {
      throw config.source()->error("/training/batch_size", "is required beside micro_batch_size",
                                   "nothing", "give it, or pipeline.micro_batches instead");
    }
    if (training.batch_size % *pipeline.micro_batch_size != 0) {
      throw size.error(
          fmt::format("does not divide the batch size {} (its divisors nearby: {})",
                      training.batch_size,
                      divisors_near(training.batch_size, *pipeline.micro_batch_size, "and")),
          "every micro-batch has the same number of samples: change one of the two");
    }
    const std::int64_t count = training.batch_size / *pipeline.micro_batch_size;
    if (count > std::numeric_limits<int>::max() ||
        (pipeline.micro_batches && *pipeline.micro_batches != count)) {
      throw size.error(fmt::format("makes {} micro-batches of the batch size {}, which does not "
                                   "agree with micro_batches",
                                   count, training.batch_size),
                       "give only one of micro_batch_size and micro_batches");
    }
    training.micro_batches = static_cast<int>(count);
  } else {
    training.micro_batches = *pipeline.micro_batches;
    if (!batch) training.batch_size = training.micro_batches;
    if (training.batch_size % training.micro_batches != 0) {
      throw section.at("micro_batches", "")
          .error(fmt::format("does not divide the batch size {} (its divisors nearby: {})",
                             training.batch_size,
                             divisors_near(training.batch_size, training.micro_batches, "and")),
                 fmt::format("set pipeline.micro_batches to {}, or training.batch_size to a "
                             "multiple of {}",
                             divisors_near(training.batch_size, training.micro_batches, "or"),
                             training.micro_batches));
    }
  }
  training.micro_batch_size = training.batch_size / training.micro_batches;
}

std::string digits_of(std::string_view word) {
  std::string digits;
  for (const char c : word) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits;
}

// The name that PyTorch's was meant to be, or that has a slip in its letters: other digits make
// another format.
std::string meant_precision(const std::string& word, std::vector<std::string> names) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> others = {
      {{"float64", "fp64"},
       {"double", "fp64"},
       {"float32", "fp32"},
       {"float16", "fp16"},
       {"half", "fp16"},
       {"bfloat16", "bf16"}}};
  for (const auto& [other, name] : others) names.emplace_back(other);
  const std::string near = closest(word, names);
  if (digits_of(near) != digits_of(word)) return "";
  for (const auto& [other, name] : others) {
    if (near == other) return std::string(name);
  }
  return near;
}

std::optional<Precision> read_precision(const Field& section, std::string_view key) {
  const auto field = section.find(key);
  if (!field) return std::nullopt;
  const std::vector<std::string> names(precision_names.begin(), precision_names.end());
  const auto found = std::ranges::find(names, field->text());
  if (found == names.end()) {
    const std::string meant = meant_precision(field->text(), names);
    throw field->error("is not known",
                       fmt::format("{}precisions: {}",
                                   meant.empty() ? "" : fmt::format("did you mean \"{}\"? ", meant),
                                   fmt::join(names, ", ")));
  }
  return static_cast<Precision>(found - names.begin());
}

// Half precision trains as Micikevicius et al. (arXiv:1710.03740): the optimizer works in fp32.
void read_precisions(const Field& section, Training& training) {
  if (const auto precision = read_precision(section, "precision")) training.precision = *precision;
  const bool half = bytes_per_element(training.precision) == 2;
  training.gradient_precision =
      read_precision(section, "gradient_precision").value_or(training.precision);
  training.optimizer_precision = read_precision(section, "optimizer_precision")
                                     .value_or(half ? Precision::fp32 : training.precision);
}

void read_optimizer(const Field& section, Training& training) {
  if (const auto field = section.find("optimizer")) {
    training.optimizer = static_cast<Optimizer>(field->pick("optimizers", optimizer_choices));
  }
  if (const auto field = section.find("bytes_per_parameter")) {
    training.bytes_per_parameter = field->number(0, 1024);
  }
}

void read_weight_gradient(const Field& section, const PipelineSettings& pipeline,
                          Training& training) {
  const auto field = section.find("weight_gradient");
  if (!field || field->pick("settings", weight_gradient_choices) == 0) return;
  if (pipeline.recompute != Recompute::none) {
    throw field->error(
        "keeps every activation until the end of the step, which re-computation "
        "does not",
        "set pipeline.recompute to \"none\", or weight_gradient to \"accumulated\"");
  }
  const bool replicas = training.data_parallel > 1;
  if (replicas || training.parallel.context > 1) {
    throw field->error(fmt::format("is fused with the update: nothing is left to sum over the {}",
                                   replicas ? "replicas" : "devices that share a sequence"),
                       fmt::format("set {} to 1, or weight_gradient to \"accumulated\"",
                                   replicas ? "data_parallel" : "context_parallel"));
  }
  if (expert_replicas(training) > 1) {
    throw field->error("is fused with the update: nothing is left to sum over experts' replicas",
                       "set expert_tensor_parallel to tensor_parallel, or weight_gradient to "
                       "\"accumulated\"");
  }
  training.deferred_weight_gradient = true;
}

// What the config calls its model, where it does; whether that is one is checked elsewhere.
std::string model_kind(const Field& config) {
  const auto model = config.find("model");
  const auto kind = model && model->is_object() ? model->find("kind") : std::nullopt;
  return kind && kind->is_text() ? kind->text() : std::string{};
}

std::optional<Field> read_batch_size(const Field& section, Training& training) {
  const auto batch = section.find("batch_size");
  const auto global = section.find("global_batch_size");
  if (batch) training.batch_size = batch->integer(1, most_samples);
  if (!global) return batch;
  const std::int64_t samples = global->integer(1, most_samples);
  if (batch && training.batch_size * training.data_parallel != samples) {
    throw global->error(fmt::format("is not batch_size {} times data_parallel {}",
                                    training.batch_size, training.data_parallel),
                        "give only one of batch_size and global_batch_size");
  }
  if (samples % training.data_parallel != 0) {
    throw global->error(
        fmt::format("must be a multiple of data_parallel {}", training.data_parallel),
        "every replica takes the same number of samples");
  }
  training.batch_size = samples / training.data_parallel;
  return global;
}

}  // namespace

int expert_tensor_ranks(const Training& training) {
  const Parallelism& parallel = training.parallel;
  if (parallel.expert_tensor) return *parallel.expert_tensor;
  return weight_replicas(training) % parallel.expert == 0 ? parallel.tensor : 1;
}

std::int64_t weight_replicas(const Training& training) {
  return std::int64_t{training.data_parallel} * training.parallel.context;
}

std::int64_t expert_replicas(const Training& training) {
  const std::int64_t ranks = weight_replicas(training) * training.parallel.tensor;
  const std::int64_t shares =
      std::int64_t{training.parallel.expert} * expert_tensor_ranks(training);
  return std::max<std::int64_t>(1, ranks / shares);
}

std::string_view name_of(Optimizer optimizer) {
  return optimizer_choices[static_cast<std::size_t>(optimizer)].name;
}

std::string_view weight_gradient_name(const Training& training) {
  return weight_gradient_choices[training.deferred_weight_gradient ? 1 : 0].name;
}

Training read_training(const Field& config, const PipelineSettings& pipeline) {
  Training training;
  std::optional<Field> batch;
  if (const auto section = config.find("training")) {
    section->allow_keys(keys_of(Section::training));
    if (const auto field = section->find("data_parallel")) {
      training.data_parallel = field->count(1 << 20);
    }
    training.parallel = read_parallelism(*section, model_kind(config), training.data_parallel);
    batch = read_batch_size(*section, training);
    read_optimizer(*section, training);
    read_precisions(*section, training);
    read_weight_gradient(*section, pipeline, training);
    if (const auto field = section->find("learning_rate")) {
      training.learning_rate = field->number(0, 1e6);
    }
    if (const auto field = section->find("epochs")) training.epochs = field->count();
    if (const auto field = section->find("samples"))
      training.samples = field->integer(1, most_samples);
    if (const auto field = section->find("seed")) training.seed = field->integer(0, bytes_limit);
  }
  split_batch(config, pipeline, batch, training);
  return training;
}

}  // namespace pipesim
