#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "models/base/input_error.hpp"
#include "models/base/key_synonyms.hpp"
#include "models/config/config.hpp"
#include "models/device/device.hpp"
#include "models/keys/config_keys.hpp"
#include "models/keys/model_kinds.hpp"
#include "support/draws.hpp"

namespace pipesim {

namespace {

using Words = std::vector<std::string>;

int any(std::mt19937& random, int most) {
  return std::uniform_int_distribution<int>(0, most)(random);
}

// A letter more, less or another, or two neighbours swapped.
std::string with_slip(std::string word, std::mt19937& random) {
  const auto letter = [&] { return static_cast<char>('a' + any(random, 25)); };
  const auto at = static_cast<std::size_t>(any(random, static_cast<int>(word.size()) - 1));
  switch (any(random, 3)) {
    case 0:
      return word.insert(at, 1, letter());
    case 1:
      return word.erase(at, 1);
    case 2:
      word[at] = letter();
      return word;
    default:
      if (at + 1 < word.size()) std::swap(word[at], word[at + 1]);
      return word;
  }
}

// The keys of each object that a config is made of, of a model by its kind.
std::vector<Words> key_lists() {
  std::vector<Words> lists;
  for (const ModelKind& kind : known_model_kinds()) {
    Words words = keys_of(Section::model);
    for (const Section section : kind.sections) {
      words.insert(words.end(), keys_of(section).begin(), keys_of(section).end());
    }
    lists.push_back(words);
  }
  for (const Section section :
       {Section::config, Section::pipeline, Section::training, Section::cluster, Section::device,
        Section::interconnect, Section::nodes, Section::topology, Section::efficiency}) {
    lists.push_back(keys_of(section));
  }
  return lists;
}

const Words& keys_of_transformer() {
  static const Words words = keys_of({Section::model, Section::transformer,
                                      Section::latent_attention, Section::mixture_of_experts});
  return words;
}

// The share of misspelt words that lead back to their own.
double found_share(const std::vector<Words>& lists, int slips, std::size_t shortest) {
  std::mt19937 random(20261128);
  int tried = 0;
  int found = 0;
  while (tried < test::draws(4000)) {
    const Words& words =
        lists[static_cast<std::size_t>(any(random, static_cast<int>(lists.size()) - 1))];
    const std::string& meant =
        words[static_cast<std::size_t>(any(random, static_cast<int>(words.size()) - 1))];
    if (spelled(meant).size() < shortest) continue;
    std::string word = meant;
    for (int i = 0; i < slips; ++i) word = with_slip(word, random);
    const auto is_word = [&](const std::string& other) { return spelled(other) == spelled(word); };
    if (word != meant && std::ranges::any_of(words, is_word))
      continue;  // Another one, or the same.
    ++tried;
    const bool right = closest(word, words) == meant;
    found += right ? 1 : 0;
    if (!right && std::getenv("PIPESIM_SHOW") != nullptr) {
      MESSAGE(word << " of " << meant << " leads to " << closest(word, words));
    }
  }
  return static_cast<double>(found) / tried;
}

}  // namespace

TEST_SUITE("models/base/closest_word") {
  TEST_CASE("a slip or two in a key lead back to it") {
    CHECK(found_share(key_lists(), 1, 5) > 0.985);
    CHECK(found_share(key_lists(), 2, 5) > 0.95);
    CHECK(found_share(key_lists(), 1, 3) > 0.97);
  }

  TEST_CASE("a slip in the name of a device or an interconnect leads back to it") {
    Words devices;
    for (const Device& device : known_devices()) devices.push_back(device.name);
    Words links;
    for (const Interconnect& link : known_interconnects()) links.push_back(link.name);
    CHECK(found_share({devices, links}, 1, 5) > 0.9);
  }

  TEST_CASE("a product is known by what its name begins with, however a vendor goes on") {
    Words devices;
    for (const Device& device : known_devices()) devices.push_back(device.name);
    CHECK(closest("H100-SXM", devices) == "h100-80gb");
    CHECK(closest("A100-SXM4-80GB", devices) == "a100-80gb");
    CHECK(closest("nvidia_v100", devices) == "v100-16gb");
    CHECK(closest("NVIDIA-H100-80GB-HBM3", devices) == "h100-80gb");
    CHECK(closest("gaudi-x", devices) == "");
  }

  TEST_CASE("random words lead nowhere") {
    std::mt19937 random(7);
    const std::vector<Words> lists = key_lists();
    int found = 0;
    for (int i = 0; i < test::draws(4000); ++i) {
      std::string word(static_cast<std::size_t>(3 + any(random, 13)), 'a');
      for (char& c : word) c = static_cast<char>('a' + any(random, 25));
      found += closest(word, lists[static_cast<std::size_t>(i) % lists.size()]).empty() ? 0 : 1;
    }
    CHECK(found < test::draws(4000) / 100);
  }

  TEST_CASE("keys of other frameworks lead to what means the same, or nowhere") {
    const std::map<std::string, std::string> meant = {
        {"num_kv_heads", "num_query_groups"},
        {"n_kv_heads", "num_query_groups"},
        {"num_local_experts", "num_experts"},
        {"num_moe_experts", "num_experts"},
        {"n_layer", "num_layers"},
        {"n_layers", "num_layers"},
        {"num_heads", "num_attention_heads"},
        {"n_heads", "num_attention_heads"},
        {"d_model", "hidden_size"},
        {"dim", "hidden_size"},
        {"n_inner", "ffn_hidden_size"},
        {"d_ff", "ffn_hidden_size"},
        {"ffn_dim", "ffn_hidden_size"},
        {"n_positions", "max_position_embeddings"},
        {"seq_len", "seq_length"},
        {"sequence_length", "seq_length"},
        {"attn_pdrop", "attention_dropout"},
        {"resid_pdrop", "hidden_dropout"},
        {"activation_function", "hidden_act"},
        {"share_embeddings_and_output_weights", "tie_word_embeddings"},
        {"attn_implementation", "use_flash_attn"},
        {"moe_topk", "moe_router_topk"},
        {"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"},
        {"vocabulary_size", "vocab_size"},
        {"disable_bias_linear", "add_bias_linear"},
        {"num_shared_experts", "n_shared_experts"},
        {"head_size", "kv_channels"},
        {"norm_type", "normalization"}};
    for (const auto& [word, key] : meant) {
      CAPTURE(word);
      CHECK(closest(word, keys_of_transformer()) == key);
    }
    for (const std::string word : {"architectures",
                                   "attention_bias",
                                   "mlp_bias",
                                   "bos_token_id",
                                   "eos_token_id",
                                   "pad_token_id",
                                   "initializer_range",
                                   "model_type",
                                   "pretraining_tp",
                                   "rms_norm_eps",
                                   "layer_norm_eps",
                                   "layer_norm_epsilon",
                                   "rope_scaling",
                                   "rope_theta",
                                   "rotary_base",
                                   "rotary_percent",
                                   "transformers_version",
                                   "use_cache",
                                   "sliding_window",
                                   "use_sliding_window",
                                   "max_window_layers",
                                   "output_router_logits",
                                   "router_aux_loss_coef",
                                   "router_jitter_noise",
                                   "aux_loss_alpha",
                                   "seq_aux",
                                   "norm_topk_prob",
                                   "scoring_func",
                                   "topk_method",
                                   "topk_group",
                                   "n_group",
                                   "routed_scaling_factor",
                                   "moe_layer_freq",
                                   "ep_size_per_node",
                                   "qkv_bias",
                                   "clip_qkv",
                                   "logit_scale",
                                   "embedding_multiplier",
                                   "residual_multiplier",
                                   "final_logit_softcapping",
                                   "attn_logit_softcapping",
                                   "query_pre_attn_scalar",
                                   "quantization_config",
                                   "auto_map",
                                   "name_or_path",
                                   "gradient_clipping",
                                   "weight_decay",
                                   "adam_beta1",
                                   "adam_beta2",
                                   "adam_eps",
                                   "clip_grad",
                                   "lr_decay_style",
                                   "min_lr",
                                   "warmup_steps",
                                   "lr_warmup_fraction",
                                   "log_interval",
                                   "save_interval",
                                   "eval_interval",
                                   "eval_iters",
                                   "data_path",
                                   "split",
                                   "tokenizer_type",
                                   "tokenizer_model",
                                   "vocab_file",
                                   "merge_file",
                                   "tensorboard_dir",
                                   "load",
                                   "save",
                                   "distributed_backend",
                                   "num_workers",
                                   "train_iters",
                                   "lr_decay_iters",
                                   "apply_query_key_layer_scaling",
                                   "attention_softmax_in_fp32",
                                   "masked_softmax_fusion",
                                   "bias_gelu_fusion",
                                   "bias_dropout_fusion",
                                   "init_method_std",
                                   "moe_aux_loss_coeff",
                                   "moe_z_loss_coeff",
                                   "moe_token_dispatcher_type",
                                   "moe_grouped_gemm",
                                   "moe_router_load_balancing_type",
                                   "moe_token_drop_policy",
                                   "steps_per_print",
                                   "wall_clock_breakdown",
                                   "zero_allow_untested_optimizer",
                                   "contiguous_gradients",
                                   "reduce_scatter",
                                   "allgather_bucket_size",
                                   "offload_optimizer",
                                   "offload_param",
                                   "flops_profiler",
                                   "comms_logger",
                                   "monitor_config",
                                   "compile",
                                   "enable_fp8_linear",
                                   "float8",
                                   "job",
                                   "profiling",
                                   "metrics",
                                   "description",
                                   "dump_folder",
                                   "print_args",
                                   "tiktoken",
                                   "dataset",
                                   "dataset_path",
                                   "max_norm",
                                   "norm_eps",
                                   "multiple_of",
                                   "ffn_dim_multiplier",
                                   "depth_init",
                                   "use_flex_attn",
                                   "attn_mask_type",
                                   "use_qk_norm",
                                   "qk_layernorm",
                                   "partial_rotary_factor",
                                   "use_parallel_residual",
                                   "parallel_attn",
                                   "new_decoder_architecture",
                                   "alibi",
                                   "multi_query",
                                   "is_decoder",
                                   "chunk_size_feed_forward",
                                   "diversity_penalty",
                                   "do_sample",
                                   "early_stopping",
                                   "forced_bos_token_id",
                                   "label2id",
                                   "length_penalty",
                                   "max_length",
                                   "min_length",
                                   "no_repeat_ngram_size",
                                   "num_beams",
                                   "output_attentions",
                                   "prefix",
                                   "problem_type",
                                   "pruned_heads",
                                   "remove_invalid_values",
                                   "repetition_penalty",
                                   "return_dict",
                                   "temperature",
                                   "top_p",
                                   "torchscript",
                                   "typical_p",
                                   "use_bfloat16"}) {
      CAPTURE(word);
      CHECK(closest(word, keys_of_transformer()) == "");
    }
  }

  TEST_CASE("keys of other frameworks' pipelines lead to those of the section that has them") {
    const std::map<std::string, std::string> pipeline = {
        {"pipeline_model_parallel_size", "stages"},
        {"pipeline_parallel_degree", "stages"},
        {"pipeline_model_parallel_layout", "partition"},
        {"gradient_accumulation_steps", "micro_batches"},
        {"num_microbatches", "micro_batches"},
        {"train_micro_batch_size_per_gpu", "micro_batch_size"},
        {"per_device_train_batch_size", "micro_batch_size"},
        {"virtual_pipeline_model_parallel_size", "virtual_stages"},
        {"pipeline_parallel_schedule", "schedule"},
        {"pipeline_parallel_schedule_csv", "schedule_file"},
        {"decoder_first_pipeline_num_layers", "num_layers_in_first_pipeline_stage"},
        {"recompute_granularity", "recompute"},
        {"activation_checkpointing", "recompute"},
        {"microbatch_group_size_per_virtual_pipeline_stage", "group_size"}};
    for (const auto& [word, key] : pipeline) {
      CAPTURE(word);
      CHECK(closest(word, keys_of(Section::pipeline)) == key);
    }
    const std::map<std::string, std::string> training = {
        {"tensor_model_parallel_size", "tensor_parallel"},
        {"tp", "tensor_parallel"},
        {"data_parallel_replicate_degree", "data_parallel"},
        {"expert_model_parallel_size", "expert_parallel"},
        {"context_parallel_degree", "context_parallel"},
        {"train_batch_size", "global_batch_size"},
        {"torch_dtype", "precision"},
        {"lr", "learning_rate"},
        {"use_distributed_optimizer", "zero_stage"},
        {"overlap_comm", "overlap_grad_reduce"},
        {"weight_decay", ""},
        {"momentum", ""},
        {"warmup", ""}};
    for (const auto& [word, key] : training) {
      CAPTURE(word);
      CHECK(closest(word, keys_of(Section::training)) == key);
    }
  }

  TEST_CASE("every synonym leads to a key of the table, and none is a key itself") {
    std::set<std::string, std::less<>> keys;
    for (int i = 0; i < section_count; ++i) {
      const Words& own = keys_of(static_cast<Section>(i));
      keys.insert(own.begin(), own.end());
    }
    std::set<std::pair<std::string, std::string_view>> pairs;
    for (const auto& [other, key] : key_synonyms()) {
      CAPTURE(other);
      CAPTURE(key);
      CHECK(keys.contains(key));
      CHECK(spelled(other) != spelled(key));
      CHECK(pairs.emplace(spelled(other), key).second);
    }
  }

  TEST_CASE("a long word is compared with nothing, and spelling counts for nothing") {
    CHECK(closest(std::string(101, 's'), {"stages"}) == "");
    CHECK(closest("Num-Layers", {"num_layers"}) == "num_layers");
    CHECK(closest("DualPipeV", {"dualpipe", "dualpipe_v"}) == "dualpipe_v");
    CHECK(closest("stgaes", {"stages"}) == "stages");
  }
}

}  // namespace pipesim
