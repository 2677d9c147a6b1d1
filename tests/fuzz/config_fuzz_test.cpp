#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "reports/chrome_trace.hpp"
#include "reports/json_text.hpp"
#include "reports/memory_csv.hpp"
#include "reports/summary_json.hpp"
#include "reports/summary_text.hpp"
#include "reports/timeline_json.hpp"
#include "sim/run.hpp"
#include "support/places.hpp"
#include "support/process.hpp"

namespace pipesim::test {

namespace {

using Random = std::mt19937;  // The same numbers on every machine, unlike the distributions.

std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

// Numbers and words that a config is unlikely to be tried with.
constexpr std::array<std::string_view, 24> extremes = {"-1",
                                                       "0",
                                                       "-0",
                                                       "1",
                                                       "2",
                                                       "1e300",
                                                       "-1e300",
                                                       "1e-320",
                                                       "0.5",
                                                       "1e999",
                                                       "null",
                                                       "true",
                                                       "[]",
                                                       "{}",
                                                       "\"\"",
                                                       "\"1e-12 s\"",
                                                       "1e18",
                                                       "1e6",
                                                       "[1]",
                                                       "\"4 GiB\"",
                                                       "16777216",
                                                       "2147483647",
                                                       "4611686018427387904",
                                                       "9223372036854775808"};

constexpr std::array<std::string_view, 40> words = {"\"kind\"",
                                                    "\"mlp\"",
                                                    "\"layers\"",
                                                    "\"stage_costs\"",
                                                    "\"gpipe\"",
                                                    "\"1f1b\"",
                                                    "\"balanced\"",
                                                    "\"memory\"",
                                                    "\"full\"",
                                                    "\"except_last\"",
                                                    "\"lazy\"",
                                                    "\"recompute_placement\"",
                                                    "\"recompute\"",
                                                    "\"v100-16gb\"",
                                                    "\"tpu-v2\"",
                                                    "\"ib-hdr\"",
                                                    "\"partition\"",
                                                    "\"data_parallel\"",
                                                    "\"micro_batch_size\"",
                                                    "\"micro_batches\"",
                                                    "\"selective\"",
                                                    "\"transformer\"",
                                                    "\"fp64\"",
                                                    "\"bf16\"",
                                                    "\"zb_v\"",
                                                    "\"interleaved_1f1b\"",
                                                    "\"tensor_parallel\"",
                                                    "\"context_parallel\"",
                                                    "\"expert_parallel\"",
                                                    "\"sequence_parallel\"",
                                                    "\"zero_stage\"",
                                                    "\"hidden_size\"",
                                                    "\"num_query_groups\"",
                                                    "\"kv_channels\"",
                                                    "\"logits_chunk_size\"",
                                                    "\"use_flash_attn\"",
                                                    "\"num_experts\"",
                                                    "\"num_layers_in_first_pipeline_stage\"",
                                                    "\"a\\u0000b\"",
                                                    "\"a\\nb\""};

// A token of the text: a string, a number or word, or one character.
struct Token {
  std::size_t first = 0;
  std::size_t size = 0;
};

std::vector<Token> tokens_of(const std::string& text) {
  const auto in_word = [&](std::size_t at) {
    const char c = text[at];
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+-._").find(c) != std::string_view::npos;
  };
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (text[at] == '"') {
      const std::size_t quote = text.find('"', end);
      end = quote == text.npos ? text.size() : quote + 1;
    } else if (in_word(at)) {
      while (end < text.size() && in_word(end)) ++end;
    }
    if (text[at] != ' ' && text[at] != '\n') tokens.push_back({.first = at, .size = end - at});
    at = end;
  }
  return tokens;
}

void swap_tokens(std::string& text, Random& random) {
  const std::vector<Token> tokens = tokens_of(text);
  if (tokens.empty()) return;
  Token a = tokens[below(random, tokens.size())];
  Token b = tokens[below(random, tokens.size())];
  if (a.first == b.first) return;
  if (a.first > b.first) std::swap(a, b);
  const std::string first = text.substr(a.first, a.size);
  const std::string second = text.substr(b.first, b.size);
  text.replace(b.first, b.size, first);
  text.replace(a.first, a.size, second);
}

// Replaces a number by an extreme value, or a string by another that means something.
void replace_value(std::string& text, Random& random, bool number) {
  std::vector<Token> values;
  for (const Token& token : tokens_of(text)) {
    const char c = text[token.first];
    if (number ? (c >= '0' && c <= '9') : c == '"') values.push_back(token);
  }
  if (values.empty()) return;
  const Token value = values[below(random, values.size())];
  text.replace(
      value.first, value.size,
      number ? extremes[below(random, extremes.size())] : words[below(random, words.size())]);
}

void mutate(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  switch (below(random, 16)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
      return;
    case 1:
      text.erase(at, 1 + below(random, 20));
      return;
    case 2:
      text.insert(at, 1, static_cast<char>(below(random, 256)));
      return;
    case 3:
      text.insert(at, text.substr(below(random, text.size() + 1), below(random, 40)));
      return;
    case 4:
      return swap_tokens(text, random);
    case 5:
    case 6:
    case 7:
      return replace_value(text, random, false);
    default:
      return replace_value(text, random, true);
  }
}

// A transformer that shares its layers in every way.
constexpr std::string_view transformer = R"({
  "model": {"kind": "transformer", "num_layers": 8, "hidden_size": 32, "num_attention_heads": 4,
            "num_query_groups": 4, "kv_channels": 8, "ffn_hidden_size": 64, "seq_length": 16,
            "vocab_size": 60, "position_embedding_type": "rope", "normalization": "RMSNorm",
            "swiglu": true, "add_bias_linear": false, "attention_dropout": 0.1,
            "hidden_dropout": 0, "untie_embeddings_and_output_weights": false},
  "cluster": {"device": {"flops": 1e12, "memory_bandwidth": 1e11, "memory": "4 GiB",
                         "efficiency": {"product": {"compute": 0.5, "overhead": 1e-6},
                                        "hidden_communication": 0.5}},
              "interconnect": {"node_size": 4, "intra_node": {"bandwidth": 1e9, "latency": 1e-6},
                               "inter_node": "ib-hdr"},
              "host_time_per_layer": 1e-5},
  "pipeline": {"schedule": "1f1b", "stages": 2, "micro_batches": 4, "recompute": "layers",
               "num_layers_in_first_pipeline_stage": 3},
  "training": {"batch_size": 8, "data_parallel": 2, "tensor_parallel": 2, "context_parallel": 2,
               "sequence_parallel": true, "zero_stage": 1, "overlap_grad_reduce": true,
               "precision": "bf16", "gradient_precision": "fp32", "optimizer": "adam"}})";

void write_all_reports(const Experiment& experiment, const Run& run) {
  Output nowhere([](std::string_view) {});
  write_summary_text(nowhere, experiment, run, {}, {});
  write_timeline_json(nowhere, experiment, run);
  write_chrome_trace(nowhere, experiment, run);
  write_memory_csv(nowhere, experiment, run);
  nowhere.append(to_text(summary_json(experiment, run, {})));
}

// What became of a text: "ran", "large" when it was left out, the error, or what should never be.
std::string outcome_of(const std::string& text) {
  constexpr std::int64_t most_ops = 3000;
  try {
    const Config config = read_config(parse_document(text, "config.json"));
    const std::int64_t ops =
        std::int64_t{config.pipeline.all_stages()} * config.training.micro_batches;
    if (ops > most_ops) return "large";
    const Experiment experiment = assemble(config);
    write_all_reports(experiment, simulate(experiment));
    return "ran";
  } catch (const InputError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("never: ") + error.what();
  }
}

bool is_sound_error(const std::string& text) {
  const auto hint = text.find("\n  hint: ");
  return text.starts_with("config.json:") && hint != text.npos &&
         text.substr(0, hint).find(", got ") != text.npos && hint + 9 < text.size() &&
         std::count(text.begin(), text.end(), '\n') == 1;
}

struct Counts {
  int ran = 0;
  int refused = 0;
};

void try_damaged(const std::string& sound, int trials, Random& random, Counts& counts) {
  REQUIRE(outcome_of(sound) == "ran");
  for (int i = 0; i < trials; ++i) {
    std::string text = sound;
    for (std::size_t times = 1 + below(random, 3); times > 0; --times) mutate(text, random);
    const std::string outcome = outcome_of(text);
    if (outcome == "large") continue;
    if (outcome == "ran") {
      ++counts.ran;
      continue;
    }
    ++counts.refused;
    if (!is_sound_error(outcome)) {
      CAPTURE(text);
      CAPTURE(outcome);
      FAIL_CHECK("neither ran nor was refused in two lines");
    }
  }
}

// Replicas of a pipeline over a tree of half- and full-duplex links, some of them double.
constexpr const char* over_a_tree = R"({
  "name": "tree",
  "model": { "kind": "layers", "input_bytes": "1 MB", "layers": [
    { "forward": "1 ms", "backward": "2 ms", "output_bytes": "1 MB", "parameter_bytes": "4 MB" },
    { "forward": "1 ms", "backward": "2 ms", "output_bytes": "1 MB", "parameter_bytes": "4 MB" } ] },
  "cluster": { "order": "tp-cp-dp-pp", "stragglers": { "1": 1.5 }, "topology": {
    "name": "desk", "devices": ["a", "b", "c", "d"], "switches": ["left", "right", "host"],
    "links": [
      { "between": ["a", "left"], "interconnect": "pcie3" },
      { "between": ["b", "left"], "interconnect": "pcie3", "duplex": "half" },
      { "between": ["c", "right"], "interconnect": { "bandwidth": "8 GB/s", "latency": "5 us" } },
      { "between": ["d", "right"], "interconnect": "pcie4", "duplex": "full" },
      { "between": ["left", "host"], "interconnect": "pcie4", "count": 2 },
      { "between": ["host", "right"], "interconnect": "ideal", "count": 1 } ] } },
  "pipeline": { "schedule": "1f1b", "stages": 2, "micro_batches": 4 },
  "training": { "batch_size": 8, "data_parallel": 2 } })";

}  // namespace

TEST_SUITE("fuzz") {
  TEST_CASE("a damaged config runs, or is refused in two lines, and nothing else") {
    Random random(20260101);
    Counts counts;
    try_damaged(std::string(transformer), 2000, random, counts);
    for (const char* name : {"unit", "gpipe", "imbalanced", "giant", "does_not_fit"}) {
      try_damaged(read_text(std::string(PIPESIM_SOURCE_DIR "/examples/") + name + ".json"), 2000,
                  random, counts);
    }
    // The damage is neither so light nor so heavy that one of the two paths goes untested.
    CHECK(counts.ran >= 500);
    CHECK(counts.refused >= 500);
  }

  TEST_CASE("a damaged topology runs, or is refused in two lines, and nothing else") {
    Random random(4096);
    Counts counts;
    try_damaged(over_a_tree, 4000, random, counts);
    CHECK(counts.ran >= 100);  // Most of its text is names and links, which must agree.
    CHECK(counts.refused >= 500);
  }

  TEST_CASE("a damaged setting is refused in two lines or taken") {
    Random random(7);
    const std::string config = read_text(PIPESIM_SOURCE_DIR "/examples/gpipe.json");
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
      std::string setting = "model.layer_sizes.1=[1, {\"a\": \"5 GiB\"}]";
      for (std::size_t times = 1 + below(random, 8); times > 0; --times) mutate(setting, random);
      std::erase(setting, '\0');  // A command line holds none.
      try {
        parse_document(config, "config.json", {setting});
      } catch (const InputError& error) {
        ++refused;
        CAPTURE(setting);
        const std::string_view text = error.what();
        CHECK(text.starts_with("--set: /"));
        CHECK(text.find("\n  hint: ") != text.npos);
      }
    }
    CHECK(refused >= 500);
  }
}

}  // namespace pipesim::test
