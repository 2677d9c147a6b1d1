#include "models/device/device.hpp"

#include <doctest/doctest.h>

#include "models/config/config.hpp"
#include "support/commands/process.hpp"

namespace pipesim {

namespace {

Device device(std::string_view json) {
  return read_device(Field(parse_document(json, "c.json")));
}

const Device& listed(std::string_view name) {
  for (const Device& known : known_devices()) {
    if (known.name == name) return known;
  }
  throw std::logic_error("no such device");
}

}  // namespace

TEST_SUITE("models/device/device") {
  TEST_CASE("the known devices, in the order in which they are listed") {
    std::string names;
    for (const Device& known : known_devices()) names += known.name + " ";
    CHECK(names ==
          "cpu-core p40 p100 v100-16gb v100-32gb a100-40gb a100-80gb h100-80gb h200 b200 tpu-v2 "
          "tpu-v3 ");
  }

  TEST_CASE("every known device says where its figures are from") {
    for (const Device& known : known_devices()) {
      CAPTURE(known.name);
      CHECK(known.source.size() >= 20);
      CHECK(known.memory_bandwidth.value_or(0) >= 1e9);
      CHECK(known.peak(Precision::fp32).value_or(0) >= 1e11);
    }
  }

  TEST_CASE("the figures of the data sheets") {
    CHECK_FALSE(listed("cpu-core").memory.has_value());
    CHECK(listed("p100").memory == Bytes{16} << 30);
    CHECK(listed("p100").memory_bandwidth == 732e9);
    CHECK(listed("p100").peak(Precision::fp32) == 9.3e12);
    CHECK(listed("p100").peak(Precision::fp64) == 4.7e12);
    CHECK(listed("p100").peak(Precision::fp16) == 18.7e12);
    CHECK(listed("v100-16gb").memory == Bytes{16} << 30);
    CHECK(listed("v100-32gb").memory == Bytes{32} << 30);
    CHECK(listed("v100-16gb").peak(Precision::fp32) == 15.7e12);
    CHECK(listed("v100-16gb").peak(Precision::fp16) == 125e12);
    CHECK(listed("v100-16gb").memory_bandwidth == 900e9);
    CHECK(listed("a100-40gb").memory == Bytes{40} << 30);
    CHECK(listed("a100-40gb").memory_bandwidth == 1555e9);
    CHECK(listed("a100-80gb").memory == Bytes{80} << 30);
    CHECK(listed("a100-80gb").memory_bandwidth == 2039e9);
    CHECK(listed("a100-80gb").peak(Precision::fp32) == 19.5e12);
    CHECK(listed("a100-80gb").peak(Precision::bf16) == 312e12);
    CHECK(listed("h100-80gb").memory == Bytes{80} << 30);
    CHECK(listed("h100-80gb").memory_bandwidth == 3350e9);
    CHECK(listed("h100-80gb").peak(Precision::fp32) == 67e12);
    CHECK(listed("tpu-v2").memory == Bytes{8} << 30);
    CHECK(listed("tpu-v2").peak(Precision::bf16) == 23e12);
    CHECK(listed("tpu-v3").memory == Bytes{16} << 30);
    CHECK(listed("tpu-v3").peak(Precision::bf16) == 61.5e12);
    CHECK_FALSE(listed("v100-16gb").peak(Precision::bf16).has_value());
  }

  TEST_CASE("a name stands for a known device, and an unknown one is answered with the list") {
    CHECK(device(R"("a100-80gb")").memory == Bytes{80} << 30);
    CHECK_THROWS_WITH_AS(
        device(R"("v100-16g")"),
        "c.json: /: is not a known device, got \"v100-16g\"\n"
        "  hint: did you mean \"v100-16gb\"? devices: cpu-core, p40, p100, v100-16gb, "
        "v100-32gb, a100-40gb, a100-80gb, h100-80gb, h200, b200, tpu-v2, tpu-v3; or an object, "
        "such as {\"memory\": \"24 GiB\", \"flops\": \"165 TFLOP/s\", \"memory_bandwidth\": \"1 "
        "TB/s\"}, or a device file: pipesim calibrate writes one",
        InputError);
    CHECK_THROWS_WITH_AS(device("5"),
                         "c.json: /: must be a device's name, a device file or an object, got 5\n"
                         "  hint: write a device's name, a device file or an object here; this is "
                         "a number",
                         InputError);
  }

  TEST_CASE("a device may be described in full: one rate counts for every precision") {
    const Device custom = device(
        R"({"name": "mine", "memory": "2 GiB", "flops": "3 TFLOP/s",
            "memory_bandwidth": "4 GB/s", "launch_overhead": "5 us", "source": "measured"})");
    CHECK(custom.name == "mine");
    CHECK(custom.memory == Bytes{2} << 30);
    CHECK(custom.memory_bandwidth == 4e9);
    CHECK(custom.launch_overhead == 5e-6);
    CHECK(custom.source == "measured");
    for (const Precision precision :
         {Precision::fp64, Precision::fp32, Precision::fp16, Precision::bf16}) {
      CHECK(custom.peak(precision) == 3e12);
    }
  }

  TEST_CASE("rates may be given by precision: what is absent stays absent") {
    const Device custom = device(R"({"flops": {"fp32": 1e12, "bf16": "2 TFLOPS"}})");
    CHECK(custom.name == "custom device");
    CHECK(custom.peak(Precision::fp32) == 1e12);
    CHECK(custom.peak(Precision::bf16) == 2e12);
    CHECK_FALSE(custom.peak(Precision::fp16).has_value());
    CHECK_FALSE(custom.memory.has_value());
    CHECK_FALSE(custom.memory_bandwidth.has_value());
    CHECK(custom.launch_overhead == 0);
    CHECK_THROWS_WITH_AS(device(R"({"flops": {"fp8": 1}})"),
                         "c.json: /flops/fp8: is not a known key, got 1\n"
                         "  hint: known here: fp64, fp32, fp16, bf16",
                         InputError);
    CHECK_THROWS_WITH_AS(
        device(R"({"memory_bandwidth": -1})"),
        "c.json: /memory_bandwidth: must be above 0, got -1\n"
        "  hint: a bandwidth is a number of bytes/s, or a text such as \"25 GB/s\" (B/s to TB/s, "
        "KiB/s to TiB/s, Mbit/s to Tbit/s); leave the key out where there is no limit",
        InputError);
  }

  TEST_CASE("a device file is found relative to the config's folder") {
    const test::TemporaryFolder folder;
    test::write_text(folder / "small.json", "// mine\n{\"memory\": \"1 GiB\", \"flops\": 7}");
    test::write_text(folder / "c.json", R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward": 1},
      "cluster": {"device": "small.json"},
      "pipeline": {"stages": 2, "micro_batches": 2}})");
    const Config config = read_config(read_document(folder / "c.json"));
    CHECK(config.cluster.device(1).memory == Bytes{1} << 30);
    CHECK(config.cluster.device(1).peak(Precision::fp16) == 7.0);
  }

  TEST_CASE("a mistake in a device file is reported with that file's name") {
    const test::TemporaryFolder folder;
    test::write_text(folder / "bad.json", R"({"memory": "1 s"})");
    const Document document = parse_document(R"("./bad.json")", folder / "c.json");
    CHECK_THROWS_WITH_AS(
        read_device(Field(document)),
        (folder.path() +
         "/./bad.json: /memory: must be a size in bytes, got \"1 s\"\n"
         "  hint: a size in bytes is a number of bytes, or a text such as \"16 GiB\" (B, kB, MB, "
         "GB, TB, KiB, MiB, GiB, TiB)")
            .c_str(),
        InputError);
  }

  TEST_CASE("a device file that does not exist is reported with the path that was tried") {
    const test::TemporaryFolder folder;
    const Document document = parse_document(R"("none.json")", folder / "c.json");
    CHECK_THROWS_WITH_AS(read_device(Field(document)),
                         ((folder / "c.json") +
                          ": /: names a device file that does not exist, got \"none.json\"\n"
                          "  hint: paths are relative to the config's folder: looked for " +
                          (folder / "none.json"))
                             .c_str(),
                         InputError);
  }
}

}  // namespace pipesim
