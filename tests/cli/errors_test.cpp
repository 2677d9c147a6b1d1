#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <regex>

#include "models/cluster/node_network.hpp"
#include "models/cluster/topology_config.hpp"
#include "schedules/orders/catalog.hpp"
#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

constexpr const char* unit = "examples/unit.json";
constexpr const char* gpipe = "examples/gpipe.json";

// What `simulate` says to that config. Nothing else may come of it: no output, no file.
std::string refused(const std::string& config, const std::vector<std::string>& settings,
                    const std::string& input = "") {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = {"simulate", config, "--out", folder / "out"};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  const ProcessResult result = run_pipesim(arguments, input);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK(std::filesystem::is_empty(folder.path()));
  return result.err;
}

std::string refused_text(const std::string& text) {
  return refused("-", {}, text);
}

// A config whose model or pipeline is to be wrong; the other section is sound.
std::string with_model(const std::string& model) {
  return R"({"model": )" + model + R"(, "pipeline": {"stages": 2, "micro_batches": 4}})";
}
std::string with_pipeline(const std::string& pipeline) {
  return R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1}, "pipeline": )" +
         pipeline + "}";
}

std::string refused_command(const std::vector<std::string>& arguments) {
  const ProcessResult result = run_pipesim(arguments);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  return result.err;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// All that cluster.interconnect can name, as `list` prints them.
std::string known_network_names() {
  std::vector<std::string> names;
  for (const Interconnect& known : known_interconnects()) names.push_back(known.name);
  for (const NodeNetwork& known : known_node_networks()) names.push_back(known.name);
  for (const KnownTopology& known : known_topologies()) names.emplace_back(known.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

constexpr const char* other_networks =
    "; or an object, such as {\"bandwidth\": \"25 GB/s\", \"latency\": \"5 us\"}\n";

std::string known_schedule_names() {
  return fmt::format("{}", fmt::join(schedule_names(), ", "));
}

}  // namespace

TEST_SUITE("cli/errors: the text") {
  constexpr const char* look_before =
      "\n  hint: look for a missing comma, quote or bracket just before this place\n";
  constexpr const char* close_all =
      "\n  hint: the text ends too early: close every brace, bracket and quote\n";

  TEST_CASE("an empty input says how a config begins") {
    const std::string text =
        ":1:1: the input is empty, got nothing\n"
        "  hint: a config is a JSON object with at least \"model\" and \"pipeline\"; examples/ has "
        "some to start from\n";
    CHECK(refused_text("") == "<stdin>" + text);
    CHECK(refused_text(" \n\t\r\n") == "<stdin>" + text);
    CHECK(refused("/dev/null", {}) == "/dev/null" + text);
  }

  TEST_CASE("truncated JSON gives the line and the column where it ends") {
    CHECK(refused_text("{\n  \"model\": [1, 2") ==
          "<stdin>:2:16: not valid JSON: unexpected end of input; expected ']', got the end of the "
          "input" +
              std::string(close_all));
    CHECK(refused_text("{\"model\": \"ml") ==
          "<stdin>:1:13: not valid JSON: invalid string: missing closing quote, got \"ml" +
              std::string(look_before));
  }

  TEST_CASE("every prefix of an example is refused, with a place in it") {
    const std::string text = read_text(PIPESIM_SOURCE_DIR "/examples/unit.json");
    const std::regex form("<stdin>:[1-6]:[0-9]+: [^\n]+, got [^\n]+\n  hint: [^\n]+\n");
    for (std::size_t size = 0; size + 2 < text.size(); size += 13) {
      CAPTURE(size);
      CHECK(std::regex_match(refused_text(text.substr(0, size)), form));
    }
  }

  TEST_CASE("what is not JSON is refused where it stands") {
    CHECK(refused_text("{\n  \"name\": nul}") ==
          "<stdin>:2:14: not valid JSON: invalid literal, got \"name\": nul}" +
              std::string(look_before));
    CHECK(refused_text("{\"name\": \"a\",}") ==
          "<stdin>:1:14: not valid JSON: unexpected '}'; expected string literal, got \"a\",}" +
              std::string(look_before));
    CHECK(refused_text("{\"name\": \"a\"\n\"model\": 1}") ==
          "<stdin>:2:7: not valid JSON: unexpected string literal; expected '}', got \"model\"" +
              std::string(look_before));
    CHECK(refused_text("{} {}") ==
          "<stdin>:1:4: not valid JSON: unexpected '{'; expected end of input, got {} {" +
              std::string(look_before));
  }

  TEST_CASE("bytes that are no text are refused without reaching the terminal") {
    const std::string error =
        refused_text(std::string("\x7f"
                                 "ELF\x02\x00\x1b[2J",
                                 9));
    CHECK(error ==
          "<stdin>:1:1: not valid JSON: invalid literal, got \\u007f" + std::string(look_before));
  }

  TEST_CASE("a key that stands twice is refused") {
    CHECK(refused_text("{\"model\": 1,\n \"model\": 2}") ==
          "<stdin>:2:8: the key stands twice in one object, got \"model\"\n"
          "  hint: keep only one of the two\n"
          "<stdin>: /pipeline: is required, got nothing\n"
          "  hint: for example {\"schedule\": \"gpipe\", \"stages\": 4, \"micro_batches\": 8}\n"
          "<stdin>: /model: must be an object, got 2\n"
          "  hint: write an object here; this is a number\n");
  }

  TEST_CASE("a number that no double can hold is refused") {
    CHECK(refused_text("{\"model\": -1e999}") ==
          "<stdin>:1:16: the number is too large, got -1e999\n"
          "  hint: numbers reach up to about 1.8e308\n");
  }

  TEST_CASE("nesting that would exhaust the stack is refused") {
    const std::string hint = "\n  hint: no config needs more than a few\n";
    CHECK(refused_text(repeated("[", 1'000'000)) ==
          "<stdin>:1:101: nested deeper than 100 levels, got [" + hint);
    CHECK(refused_text(repeated("{\"a\":", 101)) ==
          "<stdin>:1:501: nested deeper than 100 levels, got {" + hint);
    CHECK(refused_text(repeated("[", 100) + repeated("]", 100)) ==
          "<stdin>: /: must be an object, got " + repeated("[", 60) +
              "…\n  hint: write an object here; this is a list\n");
  }

  TEST_CASE("a config of more than 256 MiB is refused") {
    const ProcessResult result = run_shell("yes | head -c 268435457 | $PIPESIM simulate -");
    CHECK(result.exit_code == 2);
    CHECK(result.err ==
          "<stdin>: /: must be at most 256 MiB, got more\n"
          "  hint: give the path of a JSON file, such as examples/gpipe.json, or - for standard "
          "input\n");
  }

  TEST_CASE("a missing file and a directory are refused by name") {
    const std::string hint =
        "\n  hint: give the path of a JSON file, such as examples/gpipe.json, or - for standard "
        "input\n";
    CHECK(refused("examples/none.json", {}) ==
          "examples/none.json: /: cannot be opened, got No such file or directory" + hint);
    CHECK(refused("examples", {}) == "examples: /: must be a file, got a directory" + hint);
    CHECK(refused("", {}) == ": /: cannot be opened, got No such file or directory" + hint);
  }
}

TEST_SUITE("cli/errors: the keys") {
  TEST_CASE("what a config must have is named, with an example") {
    CHECK(refused_text("{}") ==
          "<stdin>: /model: is required, got nothing\n"
          "  hint: for example {\"kind\": \"mlp\", \"layer_sizes\": [128, 256, 10]}\n"
          "<stdin>: /pipeline: is required, got nothing\n"
          "  hint: give it: how the model is cut and run\n");
    CHECK(refused_text(R"({"model": {"kind": "mlp"}})") ==
          "<stdin>: /pipeline: is required, got nothing\n"
          "  hint: for example {\"schedule\": \"gpipe\", \"stages\": 4, \"micro_batches\": 8}\n"
          "<stdin>: /model/layer_sizes: is required, got nothing\n"
          "  hint: give it: widths: inputs, hidden layers, outputs\n");
    CHECK(refused_text(with_pipeline("{}")) ==
          "<stdin>: /pipeline/stages: is required, got nothing\n"
          "  hint: the number of pipeline stages, such as 4\n"
          "<stdin>: /pipeline/micro_batches: is required, got nothing\n"
          "  hint: give it, or micro_batch_size: must divide the batch size\n");
    CHECK(refused_text(with_pipeline(R"({"stages": 2})")) ==
          "<stdin>: /pipeline/micro_batches: is required, got nothing\n"
          "  hint: give it, or micro_batch_size\n");
    CHECK(refused_text(with_pipeline(R"({"stages": 2, "micro_batch_size": 2})")) ==
          "<stdin>: /training/batch_size: is required beside micro_batch_size, got nothing\n"
          "  hint: give it, or pipeline.micro_batches instead\n");
    CHECK(refused_text(with_model("{}")) ==
          "<stdin>: /model/kind: is required, got nothing\n"
          "  hint: the kind of model: mlp, transformer, …: pipesim list\n");
    CHECK(refused_text(with_model(R"({"kind": "stage_costs", "forward": 1})")) ==
          "<stdin>: /model/backward: is required, got nothing\n"
          "  hint: give it, or backward_input and backward_weight\n");
    CHECK(refused_text(
              with_model(R"({"kind": "stage_costs", "forward": 1, "backward_weight": 1})")) ==
          "<stdin>: /model/backward_weight: needs its counterpart, got 1\n"
          "  hint: give both backward_input and backward_weight, or backward alone\n"
          "<stdin>: /model/backward: is required, got nothing\n"
          "  hint: give it, or backward_input: what B takes; else the two parts\n");
  }

  TEST_CASE("an unknown key is answered with the nearest, and with all of them") {
    CHECK(refused_text(R"({"modle": 1})") ==
          "<stdin>: /modle: is not a known key, got 1\n"
          "  hint: did you mean \"model\"? known here: $schema, name, model, cluster, pipeline, "
          "training\n"
          "<stdin>: /pipeline: is required, got nothing\n"
          "  hint: for example {\"schedule\": \"gpipe\", \"stages\": 4, \"micro_batches\": 8}\n");
    CHECK(refused_text(with_pipeline(R"({"stages": 2, "microbatches": 4})")) ==
          "<stdin>: /pipeline/microbatches: is not a known key, got 4\n"
          "  hint: did you mean \"micro_batches\"? known here: schedule, schedule_file, stages, "
          "micro_batches, "
          "micro_batch_size, partition, recompute, recompute_placement, virtual_stages, "
          "group_size, communication, memory_limit, num_layers_in_first_pipeline_stage, "
          "num_layers_in_last_pipeline_stage\n");
  }

  TEST_CASE("a pointer escapes what a key may hold") {
    const std::string hint =
        "  hint: known here: $schema, name, model, cluster, pipeline, training\n"
        "<stdin>: /model: is required, got nothing\n"
        "  hint: for example {\"kind\": \"mlp\", \"layer_sizes\": [128, 256, 10]}\n"
        "<stdin>: /pipeline: is required, got nothing\n"
        "  hint: give it: how the model is cut and run\n";
    CHECK(refused_text(R"({"a/b~c\n\u001b": 1})") ==
          "<stdin>: /a~1b~0c\\u000a\\u001b: is not a known key, got 1\n" + hint);
  }

  TEST_CASE("an error has two lines, whatever it quotes") {
    CHECK(refused_text(
              with_pipeline(R"({"stages": 2, "micro_batches": 4, "schedule": "a\nb\u001b[2J"})")) ==
          "<stdin>: /pipeline/schedule: is not a known schedule, got \"a\\nb\\u001b[2J\"\n"
          "  hint: schedules: " +
              known_schedule_names() + "\n");
    CHECK(refused_text(
              with_pipeline(R"({"stages": 2, "micro_batches": 4, "schedule": "a\u0000b"})")) ==
          "<stdin>: /pipeline/schedule: is not a known schedule, got \"a\\u0000b\"\n"
          "  hint: schedules: " +
              known_schedule_names() + "\n");
  }

  TEST_CASE("a value of the wrong type says what belongs there") {
    CHECK(refused_text("[1, 2]") ==
          "<stdin>: /: must be an object, got [1,2]\n"
          "  hint: write an object here; this is a list\n");
    CHECK(refused(gpipe, {"pipeline=[]"}) ==
          "--set: /pipeline: must be an object, got []\n"
          "  hint: write an object here; this is a list\n");
    CHECK(refused(gpipe, {"name=3"}) ==
          "--set: /name: must be a text, got 3\n"
          "  hint: write a text here; this is a number\n");
    CHECK(refused(gpipe, {"pipeline.stages=\"4\""}) ==
          "--set: /pipeline/stages: must be a whole number, got \"4\"\n"
          "  hint: write a whole number here; this is a text\n");
    CHECK(refused(gpipe, {"pipeline.stages=2.5"}) ==
          "--set: /pipeline/stages: must be a whole number, got 2.5\n"
          "  hint: write a whole number from 1 to 16777216\n");
    CHECK(refused(gpipe, {"model.layer_sizes=256"}) ==
          "--set: /model/layer_sizes: must be a list, got 256\n"
          "  hint: write a list here; this is a number\n");
    CHECK(refused(gpipe, {"cluster.device=5"}) ==
          "--set: /cluster/device: must be a device's name, a device file or an object, got 5\n"
          "  hint: write a device's name, a device file or an object here; this is a number\n");
    CHECK(refused(gpipe, {"cluster.interconnect=true"}) ==
          "--set: /cluster/interconnect: must be an interconnect's name or an object, got true\n"
          "  hint: write an interconnect's name or an object here; this is true or false\n");
  }

  TEST_CASE("a word that is not known is answered with those that are") {
    CHECK(refused(gpipe, {"pipeline.schedule=1f2b"}) ==
          "--set: /pipeline/schedule: is not a known schedule, got \"1f2b\"\n"
          "  hint: did you mean \"1f1b\"? schedules: " +
              known_schedule_names() + "\n");
    CHECK(refused(gpipe, {"model.kind=transformers"}) ==
          "--set: /model/kind: is not known, got \"transformers\"\n"
          "  hint: did you mean \"transformer\"? model kinds: stage_costs, mlp, transformer, "
          "amoebanet_d, layers, profile\n");
    CHECK(refused(gpipe, {"model.activation=gelu"}) ==
          "--set: /model/activation: is not known, got \"gelu\"\n"
          "  hint: did you mean \"relu\"? activations: relu, tanh, linear\n");
    CHECK(refused(gpipe, {"cluster.device=A100-80GB"}) ==
          "--set: /cluster/device: is not a known device, got \"A100-80GB\"\n"
          "  hint: did you mean \"a100-80gb\"? devices: cpu-core, p40, p100, v100-16gb, "
          "v100-32gb, a100-40gb, a100-80gb, h100-80gb, h200, b200, tpu-v2, tpu-v3; or an object, "
          "such as {\"memory\": \"24 GiB\", \"flops\": \"165 TFLOP/s\", \"memory_bandwidth\": \"1 "
          "TB/s\"}, or a device file: pipesim calibrate writes one\n");
    CHECK(refused(gpipe, {"cluster.interconnect=nvlink"}) ==
          "--set: /cluster/interconnect: is not a known interconnect, got \"nvlink\"\n"
          "  hint: did you mean \"nvlink2\"? interconnects: " +
              known_network_names() + other_networks);
    CHECK(refused(gpipe, {"pipeline.partition=best"}) ==
          "--set: /pipeline/partition: is not known, got \"best\"\n"
          "  hint: partitions: uniform, balanced, memory\n");
    CHECK(refused(gpipe, {"training.optimizer=adamw"}) ==
          "--set: /training/optimizer: is not known, got \"adamw\"\n"
          "  hint: did you mean \"adam\"? optimizers: sgd, momentum, adam, rmsprop\n");
  }

  TEST_CASE("a name written in capitals finds its entry") {
    CHECK(refused(gpipe, {"cluster.interconnect=NVLink2"}) ==
          "--set: /cluster/interconnect: is not a known interconnect, got \"NVLink2\"\n"
          "  hint: did you mean \"nvlink2\"? interconnects: " +
              known_network_names() + other_networks);
  }
}

TEST_SUITE("cli/errors: the values") {
  TEST_CASE("a batch that does not divide names both numbers and the divisors nearby") {
    CHECK(refused(gpipe, {"pipeline.micro_batches=7"}) ==
          "--set: /pipeline/micro_batches: does not divide the batch size 32 (its divisors nearby: "
          "4 and 8), got 7\n"
          "  hint: set pipeline.micro_batches to 4 or 8, or training.batch_size to a multiple of "
          "7\n");
    CHECK(refused(gpipe, {"training.batch_size=7"}) ==
          "examples/gpipe.json: /pipeline/micro_batches: does not divide the batch size 7 (its "
          "divisors nearby: 7), got 8\n"
          "  hint: set pipeline.micro_batches to 7, or training.batch_size to a multiple of 8\n");
    CHECK(refused(unit, {"pipeline={\"stages\": 2, \"micro_batch_size\": 5}",
                         "training.batch_size=32"}) ==
          "--set: /pipeline/micro_batch_size: does not divide the batch size 32 (its divisors "
          "nearby: 4 and 8), got 5\n"
          "  hint: every micro-batch has the same number of samples: change one of the two\n");
    CHECK(refused(gpipe, {"pipeline.micro_batch_size=2", "pipeline.micro_batches=8"}) ==
          "--set: /pipeline/micro_batch_size: makes 16 micro-batches of the batch size 32, which "
          "does not agree with micro_batches, got 2\n"
          "  hint: give only one of micro_batch_size and micro_batches\n");
  }

  TEST_CASE("more stages than layers is refused") {
    const std::string text =
        ": /pipeline/stages: must not exceed the model's number of layers, 11, got 12\n"
        "  hint: every stage has at least one layer\n";
    CHECK(refused(gpipe, {"pipeline.stages=12", "cluster.devices=12"}) == "--set" + text);
    CHECK(refused_text(R"({
      "model": {"kind": "mlp", "layer_sizes": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]},
      "pipeline": {"stages": 12, "micro_batches": 4}})") == "<stdin>" + text);
  }

  TEST_CASE("the number of devices must agree with the stages") {
    CHECK(refused(gpipe, {"cluster.devices=3"}) ==
          "--set: /cluster/devices: must be stages × data_parallel, which is 4 × 1, got 3\n"
          "  hint: set it to 4, leave it out, or change pipeline.stages or "
          "training.data_parallel\n");
  }

  TEST_CASE("a bandwidth must be above zero") {
    const std::string hint =
        "\n  hint: a bandwidth is a number of bytes/s, or a text such as \"25 GB/s\" (B/s to TB/s, "
        "KiB/s to TiB/s, Mbit/s to Tbit/s); leave the key out where there is no limit\n";
    for (const char* value : {"-1", "0", "\"-1 GB/s\"", "\"0 Gbit/s\"", "-1e-300"}) {
      CAPTURE(value);
      CHECK(refused(gpipe, {std::string("cluster.interconnect={\"bandwidth\": ") + value + "}"}) ==
            std::string("--set: /cluster/interconnect/bandwidth: must be above 0, got ") + value +
                hint);
    }
    CHECK(refused(gpipe, {"cluster.interconnect={\"latency\": -1}"}) ==
          "--set: /cluster/interconnect/latency: must not be negative, got -1\n"
          "  hint: a duration is 0 or longer\n");
  }

  TEST_CASE("a unit that does not fit is refused") {
    const std::string hint =
        "\n  hint: a time is a number of seconds, or a text such as \"1.5 ms\" (s, ms, us, ns, ps, "
        "min, h)\n";
    for (const char* value :
         {"\"5 GiB\"", "\"5\"", "\"ms\"", "\"5 msec\"", "\"1e999 s\"", "\"nan s\"", "true", "{}"}) {
      CAPTURE(value);
      CHECK(refused(unit, {std::string("model.forward=") + value}) ==
            std::string("--set: /model/forward: must be a time, got ") + value + hint);
    }
    CHECK(refused(unit, {"model.stash_bytes=5 ms"}) ==
          "--set: /model/stash_bytes: must be a size in bytes, got \"5 ms\"\n"
          "  hint: a size in bytes is a number of bytes, or a text such as \"16 GiB\" (B, kB, MB, "
          "GB, TB, KiB, MiB, GiB, TiB)\n");
    CHECK(refused(gpipe, {"cluster.device={\"flops\": \"5 GB/s\"}"}) ==
          "--set: /cluster/device/flops: must be a compute rate, got \"5 GB/s\"\n"
          "  hint: a compute rate is a number of FLOP/s, or a text such as \"312 TFLOP/s\" "
          "(MFLOP/s to EFLOP/s)\n");
  }

  TEST_CASE("times that overflow are refused, alone and together") {
    CHECK(refused(unit, {"model.forward=1e300"}) ==
          "--set: /model/forward: is longer than can be simulated, got 1e+300\n"
          "  hint: all durations together must stay below 2^62 ps, about 53 days\n");
    const std::string together =
        ": /model: takes longer than can be simulated, got 2^62 ps or more\n"
        "  hint: all durations together must stay below 2^62 ps, about 53 days: check the units "
        "of times and rates, or use fewer micro-batches\n";
    CHECK(refused(unit, {"model.forward=4e6"}) == "examples/unit.json" + together);
    CHECK(refused(unit, {"model.transfer=4e6"}) == "examples/unit.json" + together);
    CHECK(refused(gpipe, {"cluster.interconnect={\"bandwidth\": 1e-300}"}) ==
          "examples/gpipe.json" + together);
  }

  TEST_CASE("sizes that overflow are refused, alone and together") {
    CHECK(refused(unit, {"model.stash_bytes=4611686018427387904"}) ==
          "--set: /model/stash_bytes: is larger than can be simulated, got 4611686018427387904\n"
          "  hint: all sizes together must stay below 2^62 bytes\n");
    const std::string together =
        ": /model: holds more bytes than can be simulated, got 2^62 or more\n"
        "  hint: all sizes together must stay below 2^62 bytes: check their units\n";
    CHECK(refused(unit, {"model.stash_bytes=1e18"}) == "examples/unit.json" + together);
    CHECK(refused(unit, {"model.parameter_bytes=\"2000 PB\""}) == "examples/unit.json" + together);
  }

  TEST_CASE("whole numbers that overflow are refused") {
    for (const char* value :
         {"16777217", "2147483648", "9223372036854775808", "1e300", "0", "-1"}) {
      CAPTURE(value);
      const std::string error = refused(unit, {std::string("pipeline.stages=") + value});
      const bool large = *value != '0' && *value != '-';
      CHECK(error == std::string("--set: /pipeline/stages: must be a whole number from 1 to "
                                 "16777216, got ") +
                         (std::string_view(value) == "1e300" ? "1e+300" : value) + "\n  hint: " +
                         (large ? "the largest that can be simulated is 16777216\n"
                                : "the smallest that makes sense is 1\n"));
    }
    CHECK(refused(unit, {"pipeline.micro_batches=2147483648"}) ==
          "--set: /pipeline/micro_batches: must be a whole number from 1, got 2147483648\n"
          "  hint: the largest that can be simulated is 2147483647\n");
  }

  TEST_CASE("more ops than this machine's memory holds are refused before they are built") {
    const std::string error =
        refused(unit, {"pipeline.stages=1000", "pipeline.micro_batches=2147483647"});
    CAPTURE(error);
    CHECK(std::regex_match(
        error,
        std::regex("--set: /pipeline/micro_batches: makes a schedule of 4294967294000 ops, which "
                   "needs [0-9]+\\.[0-9] GB of this machine's memory, got 2147483647\n"
                   "  hint: [0-9]+\\.[0-9] GB are available: simulate fewer stages or "
                   "micro-batches\n")));
  }

  TEST_CASE("a partition must have an entry for each stage and add up to the layers") {
    CHECK(refused(gpipe, {"pipeline.partition=[4, 4, 3]"}) ==
          "--set: /pipeline/partition: must have one entry for each of the 4 stages, got [4,4,3]\n"
          "  hint: this list has 3\n");
    CHECK(refused(gpipe, {"pipeline.partition=[1, 2, 3, 4]"}) ==
          "--set: /pipeline/partition: must add up to the model's 11 layers, got [1,2,3,4]\n"
          "  hint: these counts add up to 10\n");
    CHECK(refused(gpipe, {"pipeline.partition=[0, 4, 4, 3]"}) ==
          "--set: /pipeline/partition/0: must be a whole number from 1, got 0\n"
          "  hint: the smallest that makes sense is 1\n");
    CHECK(refused(unit, {"pipeline.partition=uniform"}) ==
          "--set: /pipeline/partition: has nothing to partition, got \"uniform\"\n"
          "  hint: a stage_costs model has stages, not layers\n");
  }

  TEST_CASE("a list of stage costs must have an entry for each stage") {
    CHECK(refused(unit, {"model.forward=[1, 2]"}) ==
          "--set: /model/forward: must have one entry for each of the 3 stages, got [1,2]\n"
          "  hint: this list has 2; a single value counts for every stage\n");
    CHECK(refused(unit, {"model.forward=[1, 2, -3]"}) ==
          "--set: /model/forward/2: must not be negative, got -3\n"
          "  hint: a duration is 0 or longer\n");
    CHECK(refused(unit, {"cluster.device=[\"p100\", \"p100\"]"}) ==
          "--set: /cluster/device: must have one entry for each of the 3 devices, got "
          "[\"p100\",\"p100\"]\n"
          "  hint: this list has 2\n");
  }

  TEST_CASE("a stash holds at least the stage's input") {
    CHECK(refused(unit, {"model.stash_bytes=5", "model.boundary_bytes=[1, 6, 1]"}) ==
          "--set: /model/stash_bytes: must be at least boundary_bytes, 6 on stage 1, got 5\n"
          "  hint: what F leaves for its backward includes the stage's input\n");
  }

  TEST_CASE("a figure that the device does not state is asked for") {
    CHECK(refused(gpipe, {"training.precision=bf16"}) ==
          "examples/gpipe.json: /cluster/device: states no bf16 rate, which the model's times "
          "need, got \"v100-16gb\"\n"
          "  hint: give the device as an object with \"flops\", or choose another device or "
          "training.precision\n");
  }

  TEST_CASE("of several devices the one that lacks a figure is named") {
    CHECK(
        refused(gpipe, {R"(cluster.device=["p100", "p100", {"flops": 1e12}, "p100"])"}) ==
        "--set: /cluster/device/2: states no memory bandwidth, which the model's times need, got "
        "\"custom device\"\n"
        "  hint: give the device as an object with \"memory_bandwidth\", or choose another device "
        "or training.precision\n");
  }

  TEST_CASE("a bandwidth in place of an interconnect's name is shown its place") {
    CHECK(refused(gpipe, {"cluster.interconnect=25 GB/s"}) ==
          "--set: /cluster/interconnect: is not a known interconnect, got \"25 GB/s\"\n"
          "  hint: a bandwidth stands in an object: {\"bandwidth\": \"25 GB/s\"}; interconnects: " +
              known_network_names() + "\n");
  }

  TEST_CASE("a straggler stands under its number, written in one way only") {
    for (const char* key : {"01", "-0", "+1", "1.0", " 1", "", "4", "x"}) {
      CAPTURE(key);
      CHECK(refused(gpipe, {fmt::format(R"(cluster.stragglers={{"1": 2, "{}": 3}})", key)}) ==
            fmt::format("--set: /cluster/stragglers/{}: is not under a device's number, got 3\n"
                        "  hint: devices are 0 to 3\n",
                        key));
    }
  }

  TEST_CASE("a device file that is missing, or wrong, is named") {
    const TemporaryFolder folder;
    const std::string config = folder / "config.json";
    write_text(config, R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1},
                           "cluster": {"device": "gpu.json"},
                           "pipeline": {"stages": 1, "micro_batches": 1}})");
    CHECK(refused(config, {}) ==
          config +
              ": /cluster/device: names a device file that does not exist, got \"gpu.json\"\n"
              "  hint: paths are relative to the config's folder: looked for " +
              folder / "gpu.json" + "\n");
    CHECK(refused(config, {"cluster.device=nope.json"}) ==
          "--set: /cluster/device: names a device file that does not exist, got \"nope.json\"\n"
          "  hint: paths given with --set are relative to the current folder or to the config's: "
          "looked for nope.json and " +
              folder / "nope.json" + "\n");
    CHECK(refused(config, {"cluster.device=/nope.json"})
              .ends_with(
                  "  hint: paths are relative to the current folder: looked for /nope.json\n"));
    write_text(folder / "gpu.json", R"({"memory": "16 GB/s"})");
    CHECK(refused(config, {}) ==
          folder / "gpu.json" +
              ": /memory: must be a size in bytes, got \"16 GB/s\"\n"
              "  hint: a size in bytes is a number of bytes, or a text such as \"16 GiB\" (B, kB, "
              "MB, GB, TB, KiB, MiB, GiB, TiB)\n");
    std::filesystem::remove(folder / "gpu.json");
    std::filesystem::create_directory(folder / "gpu.json");
    CHECK(refused(config, {}).substr(0, (folder / "gpu.json").size() + 36) ==
          folder / "gpu.json" + ": /: must be a file, got a directory");
  }
}

TEST_SUITE("cli/errors: --set") {
  TEST_CASE("a setting has a key, an equals sign and a value") {
    const std::string hint = "\n  hint: for example --set pipeline.micro_batches=16\n";
    CHECK(refused(unit, {"pipeline.stages"}) ==
          "--set: /: must have the form KEY=VALUE, got pipeline.stages" + hint);
    CHECK(refused(unit, {"=3"}) == "--set: /: must have the form KEY=VALUE, got =3" + hint);
    CHECK(refused(unit, {""}) == "--set: /: must have the form KEY=VALUE, got " + hint);
  }

  TEST_CASE("a path that leads nowhere is refused") {
    CHECK(refused(unit, {"model.forward.x=3"}) ==
          "--set: /model/forward/x: leads to no value of the config, got model.forward.x=3\n"
          "  hint: 1 stands there, which has no keys: set an object in its place\n");
    for (const char* index : {"12", "-1", "x", "4294967296", ""}) {
      CAPTURE(index);
      const std::string key = std::string("model.layer_sizes.") + index;
      CHECK(refused(gpipe, {key + "=3"}) == std::string("--set: /model/layer_sizes/") + index +
                                                ": leads to no value of the config, got " + key +
                                                "=3\n"
                                                "  hint: the list there has entries 0 to 11\n");
    }
  }

  TEST_CASE("an error in what --set wrote names --set, one beside it the file") {
    CHECK(refused(unit, {"pipeline.schedule=1f2b"}).substr(0, 7) == "--set: ");
    CHECK(refused(gpipe, {"pipeline.stages=2"}) ==
          "examples/gpipe.json: /cluster/devices: must be stages × data_parallel, which is 2 × 1, "
          "got 4\n"
          "  hint: set it to 2, leave it out, or change pipeline.stages or "
          "training.data_parallel\n");
  }

  TEST_CASE("a section that --set misspelt is blamed on --set") {
    CHECK(refused(unit, {"pipelin.stages=4"}) ==
          "--set: /pipelin: is not a known key, got {\"stages\":4}\n"
          "  hint: did you mean \"pipeline\"? known here: $schema, name, model, cluster, pipeline, "
          "training\n");
    CHECK(refused(unit, {"a/b=4"}) ==
          "--set: /a~1b: is not a known key, got 4\n"
          "  hint: known here: $schema, name, model, cluster, pipeline, training\n");
  }

  TEST_CASE("a key in the wrong section is answered with its place, not with a similar one") {
    for (const auto& [key, place] :
         {std::pair{"training.micro_batch_size", "pipeline.micro_batch_size"},
          {"training.recompute", "pipeline.recompute"},
          {"training.name", "name"},
          {"pipeline.tensor_parallel", "training.tensor_parallel"},
          {"pipeline.backward_input", "model.backward_input"},
          {"model.schedule", "pipeline.schedule"},
          {"cluster.memory", "cluster.device.memory"},
          {"cluster.bandwidth", "cluster.interconnect.bandwidth"},
          {"cluster.node_size", "cluster.interconnect.node_size"}}) {
      CAPTURE(key);
      const std::string error = refused(unit, {std::string(key) + "=1"});
      CAPTURE(error);
      CHECK(error.find(": is not a known key, got 1\n") != std::string::npos);
      CHECK(error.find(fmt::format("\n  hint: did you mean \"{}\"? known here: ", place)) !=
            std::string::npos);
    }
    CHECK(refused(unit, {"pipeline.memory=5"}).find("did you mean \"memory_limit\"?") !=
          std::string::npos);
  }

  TEST_CASE("a key outside of its section is answered with its place") {
    for (const auto& [key, place] : {std::pair{"micro_batches", "pipeline.micro_batches"},
                                     {"precision", "training.precision"},
                                     {"interconnect", "cluster.interconnect"},
                                     {"backward_input", "model.backward_input"}}) {
      CHECK(refused(unit, {std::string(key) + "=4"}) ==
            fmt::format("--set: /{}: is not a known key, got 4\n  hint: did you mean \"{}\"? known "
                        "here: $schema, name, model, cluster, pipeline, training\n",
                        key, place));
    }
    CHECK(refused(unit, {"layer_sizes=4"}) ==  // Of another kind of model.
          "--set: /layer_sizes: is not a known key, got 4\n"
          "  hint: known here: $schema, name, model, cluster, pipeline, training\n");
  }
}

TEST_SUITE("cli/errors: the command line") {
  constexpr const char* every_command =
      "commands: simulate, execute, calibrate, train, validate, compare, schedule, model, list, "
      "schema, completion, manual; pipesim --help tells more\n";

  // How a hint about something unexpected ends.
  std::string help(const std::string& command) {
    return "pipesim " + command +
           " --help lists the options; values of a config are set with --set, such as --set "
           "pipeline.schedule=1f1b\n";
  }

  TEST_CASE("a command is required") {
    const std::string hint = every_command;
    CHECK(refused_command({}) ==
          "command line: /: must begin with a command, got nothing\n  hint: " + hint);
    CHECK(refused_command({"plan"}) ==
          "command line: /: must begin with a command, got plan\n  hint: " + hint);
  }

  TEST_CASE("an unknown command is named, with the nearest") {
    CHECK(refused_command({"simulat", unit}) ==
          "command line: /: must begin with a command, got simulat\n"
          "  hint: did you mean \"simulate\"? commands: simulate, execute, calibrate, train, "
          "validate, compare, schedule, model, list, schema, completion, manual; pipesim --help "
          "tells more\n");
  }

  TEST_CASE("an option that stands before the command is shown its place") {
    CHECK(refused_command({"--json", "simulate", unit}) ==
          "command line: /: must begin with the command, got --json\n"
          "  hint: options stand behind it: pipesim simulate --json …\n");
  }

  TEST_CASE("an option without a command is named, with the nearest") {
    for (const auto& [option, meant] : {std::pair{"-V", "did you mean --version? "},
                                        {"--verion", "did you mean --version? "},
                                        {"-x", ""}}) {
      CHECK(refused_command({option}) ==
            fmt::format("command line: /: must begin with a command, got {}\n  hint: {}{}", option,
                        meant, every_command));
    }
  }

  TEST_CASE("an unknown option is named") {
    CHECK(refused_command({"simulate", unit, "--nope"}) ==
          "command line: /: holds an option that pipesim simulate does not take, got --nope\n"
          "  hint: " +
              help("simulate"));
  }

  TEST_CASE("an option that is nearly one is named with it, what stands behind it in its place") {
    CHECK(refused_command({"simulate", unit, "--htm", "x.html"}) ==
          "command line: /: holds an option that pipesim simulate does not take, got --htm x.html\n"
          "  hint: did you mean --html? " +
              help("simulate"));
  }

  TEST_CASE("a key of the config that stands as an option is answered with --set") {
    for (const char* value : {"--micro-batches=4", "pipeline.micro_batches=4"}) {
      const std::string error = refused_command({"simulate", unit, value});
      CAPTURE(error);
      CHECK(error.find("hint: did you mean --set pipeline.micro_batches=4? pipesim") !=
            std::string::npos);
    }
    CHECK(refused_command({"compare", unit, "--stages", "4"}) ==
          "command line: /: holds an option that pipesim compare does not take, got --stages 4\n"
          "  hint: did you mean --set pipeline.stages=4? " +
              help("compare"));
    CHECK(refused_command({"list", "--stages=4"}) ==
          "command line: /: holds an option that pipesim list does not take, got --stages=4\n"
          "  hint: pipesim list --help lists the options\n");
  }

  TEST_CASE("CONFIG is required, once") {
    for (const std::string command : {"simulate", "compare", "schedule"}) {
      CAPTURE(command);
      CHECK(refused_command({command}) ==
            "command line: /: CONFIG is required, got nothing\n"
            "  hint: pipesim " +
                command + " CONFIG: The config, a JSON file; - reads standard input\n");
      CHECK(refused_command({command, unit, gpipe}) ==
            "command line: /: holds an argument that pipesim " + command +
                " does not take, got examples/gpipe.json\n"
                "  hint: pipesim " +
                command + " takes one CONFIG; " + help(command));
    }
    CHECK(refused_command({"completion"}) ==
          "command line: /: SHELL is required, got nothing\n"
          "  hint: pipesim completion bash|zsh|fish: Whose script\n");
  }

  TEST_CASE("an option that needs a value says so") {
    CHECK(refused_command({"simulate", unit, "--set"}) ==
          "--set: /: needs a value, got nothing\n"
          "  hint: --set KEY=VALUE: Override a value of the config, such as "
          "pipeline.micro_batches=16; repeatable\n");
    CHECK(refused_command({"simulate", unit, "--schedule-file"}) ==
          "--schedule-file: /: needs a value, got nothing\n"
          "  hint: --schedule-file FILE: Run the schedule in this file, in PyTorch's CSV format, "
          "instead of the config's\n");
  }

  TEST_CASE("an option that takes no value says so") {
    CHECK(refused_command({"simulate", unit, "--json=maybe"}) ==
          "--json: /: takes no value, got maybe\n"
          "  hint: write --json alone, or leave it out\n");
  }

  TEST_CASE("an option that is given twice names both values") {
    CHECK(refused_command({"simulate", unit, "--out", "o1", "--out", "o2"}) ==
          "--out: /: may be given once, got o1 and o2\n"
          "  hint: give only one of them\n");
  }

  TEST_CASE("a value that an option does not take is answered with those that it takes") {
    CHECK(refused_command({"simulate", unit, "--color", "Always"}) ==
          "--color: /: is not known, got Always\n"
          "  hint: did you mean \"always\"? --color takes: auto, always, never\n");
    CHECK(refused_command({"schedule", unit, "--format", "xml"}) ==
          "--format: /: is not known, got xml\n"
          "  hint: --format takes: text, csv, json\n");
    for (const char* value : {"0", "100001", "x", "1.5", "1 not in range 2"}) {
      CAPTURE(value);
      CHECK(refused_command({"execute", gpipe, "--steps", value}) ==
            fmt::format("--steps: /: must be a whole number from 1 to 100000, got {}\n"
                        "  hint: --steps N: How many steps to run, after one to warm up; the "
                        "median is reported\n",
                        value));
    }
  }

  TEST_CASE("options that belong together, or exclude each other, say so") {
    CHECK(refused_command({"validate", "--published-data", "folder"}) ==
          "--published-data: /: needs --published beside it, got --published-data folder\n"
          "  hint: --published: Instead: hold published figures against predicted ones\n");
    CHECK(refused_command({"validate", "--published", "--stages", "4"}) ==
          "--stages: /: cannot stand beside --published, got both\n"
          "  hint: give only one of the two\n");
  }

  TEST_CASE("a list of numbers says what is wrong with it") {
    const auto error = [](const char* option, const char* list) {
      return refused_command({"validate", option, list});
    };
    for (const char* list : {"1..1000000", "1..65536,1"}) {
      CHECK(error("--stages", list) ==
            fmt::format("--stages: /: must be at most 65536 numbers, got \"{}\"\n"
                        "  hint: choose some of them, such as 1,10,100,1000\n",
                        list));
    }
    CHECK(error("--micro-batches", "8,4..2") ==
          "--micro-batches: /: must not run backwards, as 4..2 does, got \"8,4..2\"\n"
          "  hint: write 2..4\n");
    CHECK(error("--stages", "2,2147483648") ==
          "--stages: /: must be numbers up to 2147483647, got \"2,2147483648\"\n"
          "  hint: write one, a list or a range: 4 or 2,4,8 or 1..64\n");
  }

  TEST_CASE("every command that reads a config refuses a wrong one") {
    const std::string text =
        "--set: /pipeline/stages: must be a whole number from 1 to 16777216, got 0\n"
        "  hint: the smallest that makes sense is 1\n";
    for (const char* command : {"simulate", "compare", "schedule"}) {
      CAPTURE(command);
      CHECK(refused_command({command, unit, "--set", "pipeline.stages=0"}) == text);
      CHECK(refused_command({command, unit, "--set", "pipeline.stages=0", "--set", "name=x"}) ==
            text);
    }
  }
}

}  // namespace pipesim::test
