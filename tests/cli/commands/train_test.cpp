#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "support/commands/process.hpp"
#include "support/commands/terminal.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

constexpr const char* gpipe_config = "examples/gpipe.json";

ProcessResult train(const std::vector<std::string>& settings,
                    const std::vector<std::string>& options = {}) {
  std::vector<std::string> arguments = {"train", gpipe_config};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_pipesim(arguments);
}

json trained(const std::vector<std::string>& settings) {
  const ProcessResult result = train(settings, {"--json"});
  CAPTURE(result.err);
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  return json::parse(result.out);
}

std::string train_refusal(const std::vector<std::string>& settings) {
  const ProcessResult result = train(settings);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  return result.err;
}

// What is said before work that takes over a minute.
bool is_only_the_notice(const std::string& text) {
  return text.starts_with("pipesim: training takes about ") &&
         text.ends_with(" on this machine; Ctrl-C ends it\n") &&
         std::ranges::count(text, '\n') == 1;
}

// As a terminal ends its lines.
std::string without_returns(std::string text) {
  std::erase(text, '\r');
  return text;
}

}  // namespace

TEST_SUITE("cli/commands/train") {
  TEST_CASE("the mission's network learns: the mean loss falls from epoch to epoch") {
    const json run = trained({});
    REQUIRE(run["mean_losses"].size() == 3);
    CHECK(run["mean_losses"][1] < run["mean_losses"][0]);
    CHECK(run["mean_losses"][2] < run["mean_losses"][1]);
    for (int epoch = 0; epoch < 3; ++epoch) {
      const std::vector<double> losses = run["losses"][epoch];
      REQUIRE(losses.size() == 256 / 32);
      double sum = 0;
      for (const double loss : losses) sum += loss;
      CHECK(run["mean_losses"][epoch] == sum / 8);
    }
  }

  TEST_CASE("the losses are the same bits for 1, 2 and 4 stages, in every run") {
    const json losses = trained({})["losses"];
    for (const char* stages : {"1", "2", "4"}) {
      for (const char* schedule : {"gpipe", "1f1b"}) {
        CAPTURE(stages);
        CAPTURE(schedule);
        const std::vector<std::string> settings = {std::string("pipeline.stages=") + stages,
                                                   std::string("cluster.devices=") + stages,
                                                   std::string("pipeline.schedule=") + schedule};
        const json once = trained(settings)["losses"];
        CHECK(once == trained(settings)["losses"]);
        if (std::string(schedule) == "gpipe") CHECK(once == losses);
      }
    }
  }

  TEST_CASE("the summary says what was trained, how, and how fast") {
    json run = trained({"training.precision=fp64", "training.optimizer=adam"});
    CHECK(run["losses"].size() == 3);
    CHECK(run["samples_per_s"] == 3 * 256 / run["elapsed_s"].get<double>());
    for (const char* measured : {"losses", "mean_losses", "elapsed_s", "samples_per_s"}) {
      run.erase(measured);
    }
    CHECK(run == json{{"name", "gpipe-k4-m8"},
                      {"command", "train"},
                      {"clock", "wall"},
                      {"schedule", "gpipe"},
                      {"stages", 4},
                      {"virtual_stages", 1},
                      {"micro_batches", 8},
                      {"batch_size", 32},
                      {"recompute", "none"},
                      {"weight_gradient", "accumulated"},
                      {"epochs", 3},
                      {"samples", 256},
                      {"seed", 42},
                      {"precision", "fp64"},
                      {"optimizer", "adam"},
                      {"learning_rate", 0.001},
                      {"deadlock", nullptr},
                      {"fits_memory", true}});
  }

  TEST_CASE("the text has a line for each epoch, and the time in the end") {
    const json losses = trained({})["mean_losses"];
    const ProcessResult result = train({});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    std::istringstream lines(result.out);
    std::string line;
    std::getline(lines, line);
    CHECK(line == "gpipe-k4-m8: gpipe, 4 stages, 8 micro-batches");
    std::getline(lines, line);
    CHECK(line == "256 samples in batches of 32, fp32, sgd with a learning rate of 0.001");
    std::getline(lines, line);
    CHECK(line.empty());
    for (int epoch = 1; epoch <= 3; ++epoch) {
      const std::string start = "epoch " + std::to_string(epoch) + " of 3  mean loss ";
      std::getline(lines, line);
      CAPTURE(line);
      REQUIRE(line.starts_with(start));
      CHECK(
          std::stod(line.substr(start.size())) ==
          doctest::Approx(losses[static_cast<std::size_t>(epoch) - 1].get<double>()).epsilon(1e-5));
    }
    std::getline(lines, line);
    CHECK(line.empty());
    std::getline(lines, line);
    CHECK(line.starts_with("768 samples in "));
    CHECK(line.ends_with(" samples/s, on 4 threads"));
    CHECK(!std::getline(lines, line));
  }

  TEST_CASE("--quiet trains and says nothing") {
    const ProcessResult result = train({}, {"--quiet"});
    CHECK(result.exit_code == 0);
    CHECK(result.out.empty());
    CHECK(result.err.empty());
  }

  TEST_CASE("a loss that is not finite is null, and said in words") {
    const json run = trained({"training.learning_rate=1e6", "training.epochs=2"});
    CHECK(run["losses"][0][0].is_number());
    CHECK(run["losses"][1][7].is_null());
    CHECK(run["mean_losses"] == json{nullptr, nullptr});
    const std::string text = train({"training.learning_rate=1e6", "training.epochs=2"}).out;
    CHECK(text.find("epoch 1 of 2  mean loss not finite\n"
                    "epoch 2 of 2  mean loss not finite\n") != std::string::npos);
    CHECK(
        text.ends_with("the loss left the range of fp32 in epoch 1, mini-batch 2 of 8: try a "
                       "smaller training.learning_rate\n"));
  }

  TEST_CASE("a schedule that deadlocks is reported, and trains nothing") {
    const std::vector<std::string> settings = {"training.samples=60", "training.batch_size=6",
                                               "pipeline.micro_batches=6",
                                               "pipeline.communication=blocking"};
    const std::vector<std::string> crossed = {"--schedule-file",
                                              "examples/schedules/cross_wired.csv"};
    const ProcessResult text = train(settings, crossed);
    CHECK(text.exit_code == 3);
    CHECK(text.out.find("\ndeadlock after ") != std::string::npos);
    const ProcessResult result = train(settings, {crossed[0], crossed[1], "--json"});
    CHECK(result.exit_code == 3);
    const json run = json::parse(result.out);
    CHECK(run["deadlock"].is_string());
    CHECK(run["losses"].empty());
    CHECK(run["samples_per_s"].is_null());
    CHECK(train(settings, {crossed[0], crossed[1], "--svg", "-"}).out.ends_with("</svg>\n"));
  }

  TEST_CASE("what the devices' memory does not hold is trained all the same, and said") {
    const std::string device =
        R"(cluster.device={"memory": 1000000, "flops": 1e12, "memory_bandwidth": 1e11})";
    const ProcessResult text = train({device});
    CHECK(text.exit_code == 3);
    CHECK(text.out.find("the devices' memory does not hold it: device 0 runs out of its ") !=
          std::string::npos);
    const ProcessResult result = train({device}, {"--json"});
    CHECK(result.exit_code == 3);
    CHECK(json::parse(result.out)["fits_memory"] == false);
    CHECK(json::parse(result.out)["losses"].size() == 3);
  }

  TEST_CASE("samples that do not fill mini-batches are refused") {
    CHECK(train_refusal({"training.samples=100"}) ==
          "--set: /training/samples: must be a multiple of the batch size 32, got 100\n"
          "  hint: every step takes a whole mini-batch: change one of the two\n");
  }

  TEST_CASE("a training whose reader has left ends, quietly") {
    const ProcessResult result =
        run_shell("cd '" PIPESIM_SOURCE_DIR
                  "' && timeout 60 $PIPESIM train examples/gpipe.json --set "
                  "training.epochs=10000000 | head -n 1");
    CHECK(result.exit_code == 0);
    CHECK(result.out == "gpipe-k4-m8: gpipe, 4 stages, 8 micro-batches\n");
    CHECK(is_only_the_notice(result.err));
  }

  TEST_CASE("an interrupt ends it with 130") {
    const ProcessResult result = run_shell("cd '" PIPESIM_SOURCE_DIR
                                           "' && timeout --preserve-status -s INT 0.3 $PIPESIM "
                                           "train examples/gpipe.json --json "
                                           "--set training.epochs=10000000");
    CHECK(result.exit_code == 130);
    CHECK(result.out.empty());
    CHECK(is_only_the_notice(result.err));
  }

  TEST_CASE("a terminal shows progress, unless it is to be quiet") {
    const std::string long_training =
        "$PIPESIM train examples/gpipe.json --json --set training.epochs=10000000";
    const TerminalResult result = run_on_terminal(long_training, {.type_at = " left"});
    CHECK(result.exit_code == 130);
    const auto line = result.shown.find("\r\033[Ktraining, epoch ");
    REQUIRE(line != std::string::npos);
    CHECK(is_only_the_notice(without_returns(result.shown.substr(0, line))));
    CHECK(result.shown.find(" samples/s  ") != std::string::npos);
    CHECK(result.shown.ends_with(" left^C\r\033[K"));
    CHECK(result.shown.find('\n', line) == std::string::npos);
    CHECK(run_on_terminal("timeout -s INT 1.5 " + long_training + " --quiet").shown.empty());
  }
}

}  // namespace pipesim::test
