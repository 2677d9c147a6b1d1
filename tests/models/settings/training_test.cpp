#include "models/settings/training.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/refusal.hpp"

namespace pipesim {

namespace {

Training training(std::string_view json) {
  const Field config(parse_document(json, "c.json"));
  return read_training(config, read_pipeline(config.at("pipeline", "")));
}

std::string training_refusal(std::string_view json) {
  return test::refusal_of([&] { static_cast<void>(training(json)); });
}

}  // namespace

TEST_SUITE("models/settings/training") {
  TEST_CASE("without a training section every micro-batch is one sample, updated by plain sgd") {
    const Training plain = training(R"({"pipeline": {"stages": 2, "micro_batches": 8}})");
    CHECK(plain.batch_size == 8);
    CHECK(plain.micro_batch_size == 1);
    CHECK(plain.micro_batches == 8);
    CHECK(plain.data_parallel == 1);
    CHECK(plain.optimizer == Optimizer::sgd);
    CHECK(plain.precision == Precision::fp32);
    CHECK_FALSE(plain.bytes_per_parameter.has_value());
  }

  TEST_CASE("a batch is split into equal micro-batches, by their number or by their size") {
    const Training by_number = training(
        R"({"pipeline": {"stages": 2, "micro_batches": 8}, "training": {"batch_size": 32}})");
    CHECK(by_number.micro_batches == 8);
    CHECK(by_number.micro_batch_size == 4);
    const Training by_size = training(
        R"({"pipeline": {"stages": 2, "micro_batch_size": 8}, "training": {"batch_size": 32}})");
    CHECK(by_size.micro_batches == 4);
    CHECK(by_size.micro_batch_size == 8);
    const Training by_both = training(R"({
      "pipeline": {"stages": 2, "micro_batch_size": 8, "micro_batches": 4},
      "training": {"batch_size": 32}})");
    CHECK(by_both.micro_batches == 4);
  }

  TEST_CASE("a number of micro-batches that does not divide the batch names the divisors nearby") {
    CHECK(training_refusal(
              R"({"pipeline": {"stages": 2, "micro_batches": 7},
                "training": {"batch_size": 32}})") ==
          "c.json: /pipeline/micro_batches: does not divide the batch size 32 (its divisors "
          "nearby: 4 and 8), got 7\n  hint: set pipeline.micro_batches to 4 or 8, or "
          "training.batch_size to a multiple of 7");
    CHECK(training_refusal(
              R"({"pipeline": {"stages": 2, "micro_batches": 40},
                "training": {"batch_size": 32}})") ==
          "c.json: /pipeline/micro_batches: does not divide the batch size 32 (its divisors "
          "nearby: 32), got 40\n  hint: set pipeline.micro_batches to 32, or "
          "training.batch_size to a multiple of 40");
  }

  TEST_CASE("a micro-batch size that does not divide the batch names the divisors nearby") {
    CHECK(training_refusal(
              R"({"pipeline": {"stages": 2, "micro_batch_size": 5},
                "training": {"batch_size": 24}})") ==
          "c.json: /pipeline/micro_batch_size: does not divide the batch size 24 (its divisors "
          "nearby: 4 and 6), got 5\n  hint: every micro-batch has the same number of samples: "
          "change one of the two");
  }

  TEST_CASE("a micro-batch size needs a batch size, and must agree with the micro-batches") {
    CHECK(training_refusal(R"({"pipeline": {"stages": 2, "micro_batch_size": 5}})") ==
          "c.json: /training/batch_size: is required beside micro_batch_size, got nothing\n"
          "  hint: give it, or pipeline.micro_batches instead");
    CHECK(training_refusal(R"({"pipeline": {"stages": 2, "micro_batch_size": 8, "micro_batches": 8},
                      "training": {"batch_size": 32}})") ==
          "c.json: /pipeline/micro_batch_size: makes 4 micro-batches of the batch size 32, which "
          "does not agree with micro_batches, got 8\n"
          "  hint: give only one of micro_batch_size and micro_batches");
  }

  TEST_CASE("a global batch is shared by the replicas") {
    const Training shared = training(R"({"pipeline": {"stages": 2, "micro_batches": 4},
                                         "training": {"global_batch_size": 96,
                                                      "data_parallel": 3}})");
    CHECK(shared.batch_size == 32);
    CHECK(shared.micro_batch_size == 8);
    CHECK(shared.data_parallel == 3);
    CHECK(training_refusal(R"({"pipeline": {"stages": 2, "micro_batches": 4},
                      "training": {"global_batch_size": 97, "data_parallel": 3}})") ==
          "c.json: /training/global_batch_size: must be a multiple of data_parallel 3, got 97\n"
          "  hint: every replica takes the same number of samples");
    CHECK(training_refusal(R"({"pipeline": {"stages": 2, "micro_batches": 4},
                      "training": {"global_batch_size": 96, "batch_size": 96,
                                   "data_parallel": 3}})") ==
          "c.json: /training/global_batch_size: is not batch_size 96 times data_parallel 3, "
          "got 96\n  hint: give only one of batch_size and global_batch_size");
    CHECK(training(R"({"pipeline": {"stages": 2, "micro_batches": 4},
                       "training": {"global_batch_size": 96, "batch_size": 32,
                                    "data_parallel": 3}})")
              .batch_size == 32);
  }

  TEST_CASE("optimizer and precision are chosen by name") {
    const auto with = [](const std::string& settings) {
      return training(R"({"pipeline": {"stages": 2, "micro_batches": 4}, "training": {)" +
                      settings + "}}");
    };
    CHECK(with(R"("optimizer": "sgd")").optimizer == Optimizer::sgd);
    CHECK(with(R"("optimizer": "momentum")").optimizer == Optimizer::momentum);
    CHECK(with(R"("optimizer": "adam")").optimizer == Optimizer::adam);
    CHECK(with(R"("optimizer": "rmsprop")").optimizer == Optimizer::rmsprop);
    CHECK(with(R"("precision": "fp64")").precision == Precision::fp64);
    CHECK(with(R"("precision": "fp16")").precision == Precision::fp16);
    CHECK(with(R"("precision": "bf16")").precision == Precision::bf16);
    CHECK(with(R"("bytes_per_parameter": 18)").bytes_per_parameter == 18.0);
    CHECK(with(R"("learning_rate": 0.5)").learning_rate == 0.5);
    CHECK(with(R"("epochs": 3)").epochs == 3);
    CHECK(with(R"("samples": 512)").samples == 512);
    CHECK(with(R"("seed": 0)").seed == 0);
    CHECK(training_refusal(R"({"pipeline": {"stages": 2, "micro_batches": 4},
                      "training": {"optimizer": "adamw"}})") ==
          "c.json: /training/optimizer: is not known, got \"adamw\"\n"
          "  hint: did you mean \"adam\"? optimizers: sgd, momentum, adam, rmsprop");
  }

  TEST_CASE("what is not simulated is refused unless it is off") {
    const auto refused_with = [](const std::string& setting) {
      return training_refusal(R"({"pipeline": {"stages": 2, "micro_batches": 4}, "training": {)" +
                              setting + "}}");
    };
    CHECK(refused_with(R"("tensor_parallel": 1, "zero_stage": 0)") == "accepted");
    CHECK(refused_with(R"("weight_gradient": "accumulated")") == "accepted");
    CHECK(refused_with(R"("tensor_parallel": 2)") ==
          "c.json: /training/tensor_parallel: is not simulated for this kind of model, "
          "got 2\n  hint: set tensor_parallel to 1, or leave it out");
  }

  TEST_CASE("a deferred weight gradient excludes re-computation and replicas") {
    const auto deferred = [](const std::string& pipeline, const std::string& settings) {
      return R"({"pipeline": {"stages": 2, "micro_batches": 4)" + pipeline +
             R"(}, "training": {"weight_gradient": "deferred")" + settings + "}}";
    };
    CHECK(training(deferred("", "")).deferred_weight_gradient);
    CHECK(training(deferred(R"(, "recompute": "none")", R"(, "data_parallel": 1)"))
              .deferred_weight_gradient);
    CHECK(training_refusal(deferred(R"(, "recompute": "except_last")", "")) ==
          "c.json: /training/weight_gradient: keeps every activation until the end of the step, "
          "which re-computation does not, got \"deferred\"\n"
          "  hint: set pipeline.recompute to \"none\", or weight_gradient to \"accumulated\"");
    CHECK(training_refusal(deferred("", R"(, "data_parallel": 2)")) ==
          "c.json: /training/weight_gradient: is fused with the update: nothing is left to sum "
          "over the replicas, got \"deferred\"\n"
          "  hint: set data_parallel to 1, or weight_gradient to \"accumulated\"");
  }

  TEST_CASE("half precision is updated in fp32: other precisions as they are, unless it is said") {
    const auto with = [](const std::string& settings) {
      return training(R"({"pipeline": {"stages": 2, "micro_batches": 4}, "training": {)" +
                      settings + "}}");
    };
    for (const std::string half : {"fp16", "bf16"}) {
      const Training mixed = with(R"("precision": ")" + half + '"');
      CHECK(mixed.gradient_precision == mixed.precision);
      CHECK(mixed.optimizer_precision == Precision::fp32);
    }
    for (const std::string full : {"fp32", "fp64"}) {
      const Training plain = with(R"("precision": ")" + full + '"');
      CHECK(plain.gradient_precision == plain.precision);
      CHECK(plain.optimizer_precision == plain.precision);
    }
    const Training chosen =
        with(R"("precision": "bf16", "gradient_precision": "fp32", "optimizer_precision": "bf16")");
    CHECK(chosen.gradient_precision == Precision::fp32);
    CHECK(chosen.optimizer_precision == Precision::bf16);
    CHECK(training_refusal(R"({"pipeline": {"stages": 2, "micro_batches": 4},
                      "training": {"gradient_precision": "fp8"}})") ==
          "c.json: /training/gradient_precision: is not known, got \"fp8\"\n"
          "  hint: precisions: fp64, fp32, fp16, bf16");
  }

  TEST_CASE("a precision by another name, or with a slip, is answered with its own") {
    for (const auto& [given, meant] : {std::pair{"bfloat16", "bf16"},
                                       {"float16", "fp16"},
                                       {"half", "fp16"},
                                       {"double", "fp64"},
                                       {"BF16", "bf16"},
                                       {"ft32", "fp32"}}) {
      CAPTURE(given);
      CHECK(training_refusal(fmt::format(R"({{"pipeline": {{"stages": 2, "micro_batches": 4}},
                                     "training": {{"precision": "{}"}}}})",
                                         given))
                .ends_with(fmt::format(
                    "hint: did you mean \"{}\"? precisions: fp64, fp32, fp16, bf16", meant)));
    }
  }

  TEST_CASE("a deferred weight gradient excludes devices that share a sequence") {
    CHECK(training_refusal(R"({"model": {"kind": "transformer"},
                      "pipeline": {"stages": 2, "micro_batches": 4},
                      "training": {"weight_gradient": "deferred", "context_parallel": 2}})") ==
          "c.json: /training/weight_gradient: is fused with the update: nothing is left to sum "
          "over the devices that share a sequence, got \"deferred\"\n"
          "  hint: set context_parallel to 1, or weight_gradient to \"accumulated\"");
  }

  TEST_CASE("an optimizer keeps a value for momentum, two for adam") {
    CHECK(states_per_parameter(Optimizer::sgd) == 0);
    CHECK(states_per_parameter(Optimizer::momentum) == 1);
    CHECK(states_per_parameter(Optimizer::adam) == 2);
    CHECK(states_per_parameter(Optimizer::rmsprop) == 1);
  }
}

}  // namespace pipesim
