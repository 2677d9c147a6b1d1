#include "support/models/random_configs.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schedules/orders/catalog.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

class Draw {
 public:
  explicit Draw(std::mt19937& random) : random_(random) {}

  RandomConfig config() {
    schedule_ = of<std::string>(schedule_names());
    stages_ = of<int>({1, 2, 2, 2, 3, 4, 4, 6});
    const KnownSchedule& known = *find_schedule(schedule_);
    virtual_stages_ = known.virtual_stages;
    json pipeline = {{"schedule", schedule_}, {"stages", stages_}};
    if (one_in(known.any_virtual_stages ? 2 : 8)) {
      virtual_stages_ = known.any_virtual_stages ? of<int>({1, 2, 3}) : known.virtual_stages;
      pipeline["virtual_stages"] = virtual_stages_;
    }
    json training = draw_training();
    const json model = draw_model();
    draw_pipeline(pipeline, training);
    json config = {{"model", model}, {"pipeline", pipeline}, {"cluster", draw_cluster()}};
    if (!training.empty()) config["training"] = training;
    return {.text = config.dump(), .settings = settings()};
  }

 private:
  std::mt19937& random_;
  std::string schedule_{};
  std::string kind_{};
  int stages_ = 1;
  int virtual_stages_ = 1;
  int layers_ = 0;
  int replicas_ = 1;
  int ranks_ = 1;  // That share a stage.

  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool one_in(std::size_t times) { return below(times) == 0; }
  template <class T>
  T of(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  int all_stages() const { return stages_ * virtual_stages_; }

  // One value for all, or one each.
  template <class T>
  json per_stage(const std::vector<T>& values) {
    if (one_in(2)) return of(values);
    json list = json::array();
    for (int s = 0; s < all_stages(); ++s) list.push_back(of(values));
    return list;
  }

  json draw_model() {
    kind_ = of<std::string>({"stage_costs", "stage_costs", "mlp", "transformer", "transformer",
                             "layers", "profile", "amoebanet_d"});
    if (kind_ == "stage_costs") return stage_costs();
    if (kind_ == "mlp") return mlp();
    if (kind_ == "transformer") return transformer();
    if (kind_ == "layers") return layer_list();
    if (kind_ == "profile") {
      layers_ = 7;
      return {{"kind", kind_},
              {"profile", PIPESIM_SOURCE_DIR "/examples/profiles/resnet_block.txt"},
              {"batch_size", 8}};
    }
    layers_ = 3 + 6;
    return {{"kind", kind_}, {"normal_cells", 3}, {"filters", 16}, {"image_size", 64}};
  }

  json stage_costs() {
    const std::vector<json> times{1, "1 ms", "7 ns", "1 ps", 0.1, "864 ms", "9.87 us", 0};
    const std::vector<json> bytes{0, 10, 1000, "3 MB", "19 GiB", 7};
    json model = {{"kind", kind_}, {"forward", per_stage(times)}};
    if (!one_in(3)) {
      model["backward_input"] = per_stage(times);
      model["backward_weight"] = per_stage(times);
    }
    if (!model.contains("backward_input") || one_in(4)) model["backward"] = per_stage(times);
    for (const char* key : {"recompute", "overlapped", "transfer"}) {
      if (one_in(4)) model[key] = per_stage(times);
    }
    if (one_in(2)) model["stash_bytes"] = per_stage(bytes);
    if (one_in(3)) model["boundary_bytes"] = one_in(2) ? json(0) : per_stage(bytes);
    if (one_in(4)) model["weight_stash_bytes"] = per_stage(bytes);
    if (one_in(2)) model["parameter_bytes"] = per_stage(bytes);
    return model;
  }

  json mlp() {
    json sizes = json::array();
    layers_ = std::max(1, all_stages() + static_cast<int>(below(8)) - 1);
    for (int l = 0; l <= layers_; ++l) sizes.push_back(of<int>({8, 16, 128, 1000, 4096}));
    return {{"kind", kind_}, {"layer_sizes", sizes}};
  }

  json transformer() {
    const int blocks = of<int>({2, 4, 6, 8, 12, 24});
    layers_ = blocks + 2;
    json model = {{"kind", kind_},
                  {"num_layers", blocks},
                  {"hidden_size", of<int>({8, 64, 256, 1024})},
                  {"num_attention_heads", of<int>({2, 4, 8})},
                  {"seq_length", of<int>({32, 128, 2048})},
                  {"vocab_size", of<int>({1000, 6282, 50257})}};
    if (one_in(3)) model["num_query_groups"] = of<int>({1, 2, 4});
    if (one_in(4)) model["use_flash_attn"] = true;
    if (one_in(6)) model.update({{"num_experts", 4}, {"moe_router_topk", 2}});
    if (one_in(5)) model["untie_embeddings_and_output_weights"] = true;
    return model;
  }

  json layer_list() {
    layers_ = std::max(1, all_stages() + static_cast<int>(below(6)) - 1);
    json layers = json::array();
    for (int l = 0; l < layers_; ++l) {
      json layer = {{"forward", of<double>({1e-3, 2e-3, 0.5})},
                    {"parameter_bytes", of<int>({0, 1000, 4'000'000})},
                    {"stash_bytes", of<int>({10, 1'000'000})},
                    {"output_bytes", of<int>({10, 1000})}};
      layer["backward"] = 3e-3;
      layers.push_back(layer);
    }
    return {{"kind", kind_}, {"layers", layers}};
  }

  json draw_training() {
    json training = json::object();
    if (one_in(3)) training["data_parallel"] = replicas_ = of<int>({2, 3, 4});
    if (one_in(4)) {
      const int tensor = of<int>({2, 4});
      training["tensor_parallel"] = tensor;
      ranks_ *= tensor;
      if (one_in(2)) training["sequence_parallel"] = true;
    }
    if (one_in(8)) {
      training["context_parallel"] = 2;
      ranks_ *= 2;
    }
    if (one_in(8)) training["expert_parallel"] = 2;
    if (one_in(3)) training["optimizer"] = of<std::string>({"adam", "sgd", "momentum"});
    if (one_in(4)) training["precision"] = of<std::string>({"fp16", "bf16"});
    if (one_in(5)) training["zero_stage"] = of<int>({0, 1, 2, 3});
    if (one_in(8)) training["bytes_per_parameter"] = 18;
    if (one_in(6)) training["weight_gradient"] = "deferred";
    if (one_in(8)) training["overlap_grad_reduce"] = true;
    return training;
  }

  void draw_pipeline(json& pipeline, json& training) {
    const int samples = of<int>({1, 1, 2, 3});
    const int micro_batches = of<int>({1, 2, 4, 4, 6, 8, 12});
    if (one_in(4)) {
      pipeline["micro_batch_size"] = samples;
      training[one_in(2) ? "batch_size" : "global_batch_size"] = samples * micro_batches;
    } else {
      pipeline["micro_batches"] = micro_batches;
      if (one_in(2)) training["batch_size"] = samples * micro_batches;
      if (one_in(8)) training["global_batch_size"] = samples * micro_batches * replicas_;
    }
    if (training.contains("global_batch_size")) {
      training.erase("batch_size");
      training["global_batch_size"] = samples * micro_batches * replicas_;
    }
    if (one_in(2)) {
      pipeline["recompute"] =
          of<std::string>({"none", "full", "except_last", "layers", "selective"});
    }
    if (one_in(6)) pipeline["recompute_placement"] = "lazy";
    if (one_in(5)) pipeline["communication"] = of<std::string>({"blocking", "rendezvous"});
    if (one_in(8)) pipeline["group_size"] = of<int>({1, 2, 4});
    if (schedule_ == "zb_auto" || schedule_ == "zb_v") {
      if (one_in(2)) pipeline["memory_limit"] = of<json>({"2 micro-batches", "40 GiB", 1000000});
    }
    if (kind_ == "stage_costs") return;
    const auto wanted = below(6);
    if (wanted == 0) pipeline["partition"] = of<std::string>({"uniform", "balanced", "memory"});
    if (wanted == 1) pipeline["partition"] = counts();
    if (wanted == 2) {
      if (!one_in(3))
        pipeline["num_layers_in_first_pipeline_stage"] = virtual_stages_ * of<int>({1, 2});
      if (!one_in(3))
        pipeline["num_layers_in_last_pipeline_stage"] = virtual_stages_ * of<int>({1, 2});
    }
  }

  // Layers of each stage, all that there are.
  json counts() {
    std::vector<int> list(static_cast<std::size_t>(all_stages()), 1);
    for (int rest = layers_ - all_stages(); rest > 0; --rest) ++list[below(list.size())];
    return list;
  }

  json draw_cluster() {
    const json device =
        of<json>({"p100",
                  "a100-80gb",
                  "v100-16gb",
                  {{"memory", 1}, {"flops", 1e13}, {"memory_bandwidth", 1e12}},
                  {{"memory", "2 MB"}, {"flops", 1e13}, {"memory_bandwidth", 1e12}},
                  {{"memory", "40 MB"}, {"flops", 1e13}, {"memory_bandwidth", 1e12}},
                  {{"memory", "500 MB"}, {"flops", 1e13}, {"memory_bandwidth", 1e12}},
                  {{"memory", "20 GiB"}, {"flops", 1e13}, {"memory_bandwidth", 1e12}}});
    json cluster = {{"device", device}};
    const int listed = one_in(2) ? stages_ : stages_ * replicas_ * ranks_;
    if (one_in(4)) cluster["device"] = std::vector<json>(static_cast<std::size_t>(listed), device);
    if (one_in(10)) {
      cluster["device"] = json::array();
      for (int d = 0; d < listed; ++d) {
        cluster["device"].push_back(of<json>({device, "p100", "v100-16gb"}));
      }
    }
    if (one_in(12)) cluster["stragglers"] = {{"0", of<double>({1, 1.5})}};
    if (one_in(3)) {
      cluster["interconnect"] =
          of<json>({"nvlink3",
                    "ib-hdr",
                    "dgx-a100",
                    {{"bandwidth", 1e9}, {"latency", 1e-5}},
                    {{"node_size", 2}, {"intra_node", "nvlink3"}, {"inter_node", "ib-hdr"}}});
    }
    if (one_in(5)) cluster["devices"] = stages_ * replicas_ * ranks_;
    if (one_in(8)) cluster["host_time_per_layer"] = "1 ms";
    return cluster;
  }

  // Of a key that the config may have, or has the alternative of.
  std::vector<std::string> settings() {
    std::vector<std::string> set;
    if (!one_in(4)) return set;
    for (std::size_t more = 1 + below(2); more > 0; --more) {
      set.push_back(of<std::string>(
          {"pipeline.schedule=1f1b", "pipeline.schedule=gpipe", "pipeline.micro_batches=4",
           "pipeline.micro_batch_size=1", "pipeline.partition=uniform", "pipeline.partition=memory",
           "pipeline.recompute=except_last", "pipeline.memory_limit=null", "training.batch_size=12",
           "training.global_batch_size=24", "pipeline.virtual_stages=null", "cluster.device=p100",
           "pipeline.num_layers_in_first_pipeline_stage=1"}));
    }
    return set;
  }
};

}  // namespace

RandomConfig random_config(std::mt19937& random) {
  return Draw(random).config();
}

}  // namespace pipesim::test
