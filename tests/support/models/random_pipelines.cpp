#include "support/models/random_pipelines.hpp"

#include <string>
#include <vector>

#include "support/schedules/zero_bubble.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

class PipelineDrawer {
 public:
  PipelineDrawer(std::mt19937& random, const PipelineDraw& wanted)
      : random_(random), wanted_(wanted), stages_(draw(random, 1, wanted.most_stages)) {}

  json config() {
    const bool layers = one_in(4);
    json pipeline = {{"stages", stages_},
                     {"micro_batches", draw(random_, 1, wanted_.most_micro_batches)},
                     {"virtual_stages", wanted_.virtual_stages}};
    if (one_in(2)) pipeline["recompute"] = one_in(2) ? "full" : "except_last";
    if (one_in(3)) pipeline["recompute_placement"] = "lazy";
    if (one_in(4)) pipeline["communication"] = one_in(2) ? "blocking" : "rendezvous";
    if (layers && wanted_.partitions && one_in(2)) {
      pipeline["partition"] = one_in(2) ? "balanced" : "memory";
    }
    json config = {{"model", layers ? layer_model() : stage_model()},
                   {"pipeline", std::move(pipeline)}};
    if (!config["pipeline"].contains("recompute") && one_in(8)) {
      config["training"]["weight_gradient"] = "deferred";
    }
    config["cluster"]["device"] = json::object();
    if (layers) add_cluster(config);
    return config;
  }

 private:
  std::mt19937& random_;
  PipelineDraw wanted_;
  int stages_ = 1;

  bool one_in(int times) { return draw(random_, 1, times) == 1; }
  int all_stages() const { return stages_ * wanted_.virtual_stages; }

  // One figure for all stages, or one each.
  json figure(int low, int high, const char* unit) {
    const auto one = [&] { return std::to_string(draw(random_, low, high)) + unit; };
    if (one_in(2)) return one();
    json list = json::array();
    for (int s = 0; s < all_stages(); ++s) list.push_back(one());
    return list;
  }

  json stage_model() {
    json model = {{"kind", "stage_costs"},
                  {"forward", figure(1, 100, " us")},
                  {"backward_input", figure(1, 100, " us")},
                  {"backward_weight", figure(0, 100, " us")}};
    if (one_in(2)) model["transfer"] = figure(0, 60, " us");
    if (one_in(3)) model["recompute"] = figure(0, 100, " us");
    if (one_in(4)) model["overlapped"] = figure(1, 100, " us");
    if (one_in(6)) model["backward"] = figure(1, 150, " us");
    if (one_in(6)) return model;  // Without bytes.
    model["stash_bytes"] = figure(20, 40, " B");
    model["boundary_bytes"] = one_in(3) ? json(0) : figure(1, 20, " B");
    model["weight_stash_bytes"] = one_in(3) ? json(0) : figure(1, 20, " B");
    if (one_in(2)) model["parameter_bytes"] = figure(0, 300, " B");
    return model;
  }

  json layer_model() {
    json layers = json::array();
    for (int l = draw(random_, all_stages(), 2 * all_stages()); l > 0; --l) {
      layers.push_back({{"forward", std::to_string(draw(random_, 1, 100)) + " us"},
                        {"backward_input", std::to_string(draw(random_, 1, 100)) + " us"},
                        {"backward_weight", std::to_string(draw(random_, 0, 100)) + " us"},
                        {"parameter_bytes", draw(random_, 0, 5000)},
                        {"stash_bytes", draw(random_, 0, 5000)},
                        {"output_bytes", draw(random_, 0, 5000)}});
    }
    return {{"kind", "layers"}, {"layers", std::move(layers)}};
  }

  void add_cluster(json& config) {
    config["cluster"]["interconnect"] = {{"bandwidth", draw(random_, 1, 100) * 1e6},
                                         {"latency", std::to_string(draw(random_, 0, 20)) + " us"}};
    if (!config.contains("training") && one_in(3)) {
      config["training"]["data_parallel"] = 2;
      config["training"]["zero_stage"] = draw(random_, 0, 3);
      config["training"]["overlap_grad_reduce"] = one_in(2);
    }
    if (one_in(4)) {
      config["cluster"]["stragglers"][std::to_string(draw(random_, 0, stages_ - 1))] = 1.5;
    }
  }
};

}  // namespace

json random_pipeline(std::mt19937& random, const PipelineDraw& draw) {
  return PipelineDrawer(random, draw).config();
}

}  // namespace pipesim::test
