#include "sim/published/sources/pipedream.hpp"

#include <doctest/doctest.h>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::published {

namespace {

// Three layers in a chain, 3, 5 and 4 ms forward and backward together, without weights.
constexpr const char* chain =
    "node1 -- First -- forward_compute_time=1.000, backward_compute_time=2.000, "
    "activation_size=1000.000, parameter_size=0.000\n"
    "node2 -- Second -- forward_compute_time=2.000, backward_compute_time=3.000, "
    "activation_size=1000.000, parameter_size=0.000\n"
    "node3 -- Third -- forward_compute_time=1.000, backward_compute_time=3.000, "
    "activation_size=1000.000, parameter_size=0.000\n"
    "\tnode1 -- node2\n\tnode2 -- node3\n";

constexpr const char* columns =
    "machines,straight_pipeline,transfer_time,bandwidth,bottleneck_s,replication\n";

DataFiles with_chain(const test::TemporaryFolder& folder, const std::string& rows) {
  test::write_text(folder / "vgg16.txt", chain);
  test::write_text(folder / "pipedream_vgg16.csv", columns + rows);
  return data_files_in(folder.path(), {vgg16_profile});
}

}  // namespace

TEST_SUITE("sim/published/sources/pipedream") {
  TEST_CASE(
      "replicas share the whole of a chain: straight, it is cut where the slower part is least") {
    const test::TemporaryFolder folder;
    const DataFiles data = with_chain(folder,
                                      "1,0,0,1e9,0.012,1\n"
                                      "2,0,0,1e9,0.006,2\n"
                                      "2,1,0,1e9,0.008,1 1\n"
                                      "3,1,0,1e9,0.005,1 1 1\n");
    const Comparison times = pipedream_bottlenecks(data);
    REQUIRE(times.rows.size() == 4);
    CHECK(times.rows[0].label == "1 machine, 1 GB/s");
    CHECK(times.rows[3].label == "3 machines, 1 GB/s, straight");
    CHECK(verdicts(times).front().found == 0);
    const Comparison replicas = pipedream_replications(data);
    CHECK(replicas.rows[1].predicted_text == "2");
    CHECK(replicas.rows[2].predicted_text == "1 1");
    CHECK(verdicts(replicas).front().found == 0);
  }

  TEST_CASE("a nanosecond off agrees, more does not: another replication is wrong") {
    const test::TemporaryFolder folder;
    const DataFiles data = with_chain(folder,
                                      "2,0,0,1e9,0.0060000009,2\n"
                                      "2,0,0,1e9,0.0060000011,1 1\n");
    const std::vector<Row> times = pipedream_bottlenecks(data).rows;
    CHECK(agrees(times[0]));
    CHECK_FALSE(agrees(times[1]));
    const std::vector<Row> replicas = pipedream_replications(data).rows;
    CHECK(agrees(replicas[0]));
    CHECK_FALSE(agrees(replicas[1]));
  }

  TEST_CASE("without the profile both tables are skipped, and say what they need") {
    for (const Comparison& comparison :
         {pipedream_bottlenecks(DataFiles{}), pipedream_replications(DataFiles{})}) {
      CHECK(comparison.skipped ==
            "needs PipeDream's profile as DIR/vgg16.txt: --published-data DIR");
      CHECK(comparison.rows.empty());
      CHECK(holds(comparison));
    }
  }

  TEST_CASE("more machines than a profile can be divided on are refused at their row") {
    const test::TemporaryFolder folder;
    const DataFiles data = with_chain(folder, "1000000,0,0,1e9,0.006,2\n");
    CHECK_THROWS_WITH_AS(pipedream_bottlenecks(data),
                         (folder / "pipedream_vgg16.csv" +
                          ":2: column \"machines\": must be at most 21845 for this profile, got "
                          "\"1000000\"\n  hint: ask for fewer machines")
                             .c_str(),
                         InputError);
  }

  TEST_CASE("VGG-16 is divided as PipeDream's own optimizer divides it, in all 32 rows") {
    const std::string folder = PIPESIM_SOURCE_DIR "/../shared/data/pipedream";
    DataFiles data{.folder = folder};
    if (!data.external(vgg16_profile)) {
      MESSAGE("skipped: there is no " << folder << "/" << vgg16_profile);
      return;
    }
    for (const Comparison& comparison :
         {pipedream_bottlenecks(data), pipedream_replications(data)}) {
      CHECK(comparison.rows.size() == 32);
      CHECK(verdicts(comparison).front().found == 0);
    }
  }
}

}  // namespace pipesim::published
