#include "fuzz/json_mutation.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace pipesim::test {

namespace {

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

constexpr std::array<std::string_view, 44> words = {"\"kind\"",
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
                                                    "\"expert_tensor_parallel\"",
                                                    "\"cp_comm_type\"",
                                                    "\"p2p\"",
                                                    "\"all_gather\"",
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

// Tokens of the text: strings, numbers or words, or single characters.
std::vector<Part> tokens_of(const std::string& text) {
  const auto in_word = [&](std::size_t at) {
    const char c = text[at];
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+-._").find(c) != std::string_view::npos;
  };
  std::vector<Part> tokens;
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
  const std::vector<Part> tokens = tokens_of(text);
  if (tokens.empty()) return;
  Part a = tokens[below(random, tokens.size())];
  Part b = tokens[below(random, tokens.size())];
  if (a.first == b.first) return;
  if (a.first > b.first) std::swap(a, b);
  const std::string first = text.substr(a.first, a.size);
  const std::string second = text.substr(b.first, b.size);
  text.replace(b.first, b.size, first);
  text.replace(a.first, a.size, second);
}

// Replaces a number by an extreme value, or a string by another that means something.
void replace_value(std::string& text, Random& random, bool number) {
  std::vector<Part> values;
  for (const Part& token : tokens_of(text)) {
    const char c = text[token.first];
    if (number ? (c >= '0' && c <= '9') : c == '"') values.push_back(token);
  }
  if (values.empty()) return;
  const Part value = values[below(random, values.size())];
  text.replace(
      value.first, value.size,
      number ? extremes[below(random, extremes.size())] : words[below(random, words.size())]);
}

}  // namespace

void damage_json(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  switch (below(random, 16)) {
    case 0:
    case 1:
    case 2:
      return damage_bytes(text, at, random, 20);
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

}  // namespace pipesim::test
