#include "models/cost/layer_time.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

const Source time_source{.file = "c.json"};

// 1 TFLOP/s in fp16 and 10 GB/s of memory; 4 ranks in a ring of 1 GB/s links of 1 us.
struct Place {
  Device device{.name = "slow", .memory_bandwidth = 1e10};
  Training training{.micro_batch_size = 2, .precision = Precision::fp16};
  GroupNetwork ring{};
  double slowdown = 1;

  Place() {
    device.flops[static_cast<std::size_t>(Precision::fp16)] = 1e12;
    ring.levels = {{.ranks = 4, .interconnect = {.bandwidth = 1e9, .latency = 1e-6}}};
  }
  LayerSite site() const {
    return {.device = device,
            .training = training,
            .source = time_source,
            .groups = {ring, {}, {}},
            .slowdown = slowdown};
  }
  double time(const Operator& op, std::int64_t samples = 2) const {
    return operator_seconds(op, site(), samples);
  }
  LayerTime layer(const Layer& layer, double host_time = 0) const {
    LayerSite at = site();
    at.host_time = host_time;
    return layer_times({.layers = {layer}}, at)[0];
  }
};

// 3 GFLOP and 5 MB a sample, 7 MB of weights.
constexpr Operator product{
    .flops = 3e9, .bytes = 5e6, .fixed_bytes = 7e6, .kernel = Kernel::forward, .weights = 3.5e6};
// 8 MB a sample among 4 ranks: 6 steps of 2 samples · 2 MB at 1 GB/s and 1 us.
constexpr Operator all_reduce{.bytes = 8e6, .kernel = Kernel::collective, .beside_product = true};
constexpr double all_reduce_time = 6 * (2 * 2e6 / 1e9 + 1e-6);

}  // namespace

TEST_SUITE("models/cost/layer_time") {
  TEST_CASE("without a curve: the larger of operations and bytes, and the launch overhead") {
    Place place;
    place.device.launch_overhead = 4e-6;
    CHECK(place.time(product) == doctest::Approx(6e-3 + 4e-6));
    const Operator wide{.flops = 1e8, .bytes = 5e6, .fixed_bytes = 7e6};
    CHECK(place.time(wide) == doctest::Approx((2 * 5e6 + 7e6) / 1e10 + 4e-6).epsilon(1e-12));
  }

  TEST_CASE("by a curve: both are added, each at its part, and the kernel's overhead") {
    Place place;
    place.device.launch_overhead = 1;  // Does not count beside a curve.
    place.device.efficiency =
        DeviceEfficiency{.product = {.compute = 0.5, .memory = 0.8, .overhead = 2e-6},
                         .attention = {.compute = 0.25, .memory = 2, .overhead = 3e-6},
                         .elementwise = {.compute = 0.1, .memory = 0.4, .overhead = 1e-6}};
    CHECK(place.time(product) ==
          doctest::Approx(2 * 3e9 / 0.5e12 + (2 * 5e6 + 7e6) / 0.8e10 + 2e-6).epsilon(1e-12));
    Operator attention = product;
    attention.kernel = Kernel::attention;
    CHECK(place.time(attention) ==
          doctest::Approx(2 * 3e9 / 0.25e12 + 17e6 / 2e10 + 3e-6).epsilon(1e-12));
    // What memory bounds: its operations count nothing.
    Operator other = product;
    other.kernel = Kernel::other;
    CHECK(place.time(other) == doctest::Approx(17e6 / 0.4e10 + 1e-6).epsilon(1e-12));
    Operator grouped = product;
    grouped.products = 5;
    CHECK(place.time(grouped) - place.time(product) == doctest::Approx(4 * 2e-6));
  }

  TEST_CASE("a straggler computes slower and communicates as others do") {
    Place place;
    const double once = place.time(product);
    place.slowdown = 1.5;
    CHECK(place.time(product) == doctest::Approx(1.5 * once));
    CHECK(place.time({.seconds = 2}) == 6);
    CHECK(place.time(all_reduce) == doctest::Approx(all_reduce_time));
  }

  TEST_CASE("what moves and computes nothing takes no time: a measured time is taken as it is") {
    Place place;
    place.device.launch_overhead = 1;
    CHECK(place.time({}) == 0);
    CHECK(place.time({.flops = 1e15, .seconds = 0.25}, 8) == 2);
  }

  TEST_CASE("a collective takes its group's ring, of all samples' bytes") {
    const Place place;
    CHECK(place.time(all_reduce) == doctest::Approx(all_reduce_time).epsilon(1e-12));
    Operator gather = all_reduce;
    gather.collective = Collective::all_gather;
    CHECK(place.time(gather) == doctest::Approx(all_reduce_time / 2).epsilon(1e-12));
    gather.group = LayerGroup::context;  // Of one rank.
    CHECK(place.time(gather) == 0);
  }

  TEST_CASE("a layer's passes are the sums of their operators") {
    const Place place;
    const LayerTime time = place.layer({.forward = {product, all_reduce},
                                        .backward_input = {product},
                                        .backward_weight = {product, product}});
    CHECK(time.forward == to_time(place.time(product)) + to_time(all_reduce_time));
    CHECK(time.backward_input == to_time(6e-3));
    CHECK(time.backward_weight == to_time(12e-3));
    CHECK(time.backward == to_time(18e-3));
    CHECK(time.deferred_weight == Time{});
  }

  TEST_CASE("products hide a part of the collectives beside them, in a backward of both") {
    Place place;
    place.device.efficiency = DeviceEfficiency{.hidden_communication = 0.5};
    const Layer layer{.forward = {product, all_reduce},
                      .backward_input = {product, all_reduce},
                      .backward_weight = {product}};
    const LayerTime time = place.layer(layer);
    const Time pass = to_time(place.time(product));
    const Time sum = to_time(all_reduce_time);
    CHECK(time.forward == pass + sum);
    CHECK(time.backward_input == pass + sum);
    CHECK(time.backward_weight == pass);
    CHECK(time.backward == 2 * pass + sum - to_time(all_reduce_time / 2));
    Layer alone = layer;
    alone.backward_input[1].beside_product = false;
    CHECK(place.layer(alone).backward == 2 * pass + sum);
  }

  TEST_CASE("each of a ring's messages runs beside an equal part of the work") {
    Place place;
    const auto ring_of = [](double bytes) {
      return Operator{.bytes = bytes, .kernel = Kernel::collective, .ring_steps = 3};
    };
    Operator attention{.flops = 4e9, .kernel = Kernel::fused_attention};  // 8 ms: 2 in each part.
    attention.in_ring = true;
    const auto forward = [&](double bytes) {
      return place.layer({.forward = {product, ring_of(bytes), attention, product}}).forward;
    };
    const Time products = 2 * to_time(6e-3);
    // 1 ms for a message of two samples, hidden; 5 ms, of which 2 are.
    CHECK(forward(0.5e6 - 500) == products + to_time(8e-3));
    CHECK(forward(2.5e6 - 500) == products + to_time(3 * 5e-3 + 2e-3));
    CHECK(place.time(ring_of(0.5e6 - 500)) == doctest::Approx(3e-3).epsilon(1e-12));
  }

  TEST_CASE("rings behind each other hide nothing beside each other's work") {
    Place place;
    Operator quick{.flops = 1e9, .kernel = Kernel::fused_attention};  // 2 ms.
    Operator slow{.flops = 8e9, .kernel = Kernel::fused_attention};   // 16 ms.
    quick.in_ring = slow.in_ring = true;
    const Operator ring{
        .bytes = 2e6 - 500, .kernel = Kernel::collective, .ring_steps = 1};  // 4 ms.
    CHECK(place.layer({.backward_input = {ring, slow, ring, quick}}).backward_input ==
          to_time(16e-3 + 4e-3 + 1e-3));
  }

  TEST_CASE("no more is hidden than the products take") {
    Place place;
    place.device.efficiency = DeviceEfficiency{.hidden_communication = 1};
    const Operator small{.flops = 1e6, .kernel = Kernel::input_gradient, .weights = 100};  // 2 us.
    const LayerTime time =
        place.layer({.backward_input = {small, all_reduce}, .backward_weight = {small}});
    CHECK(time.backward == to_time(all_reduce_time));
    // A kernel that is no product hides nothing.
    const LayerTime bare = place.layer({.backward_input = {{.bytes = 1e6}, all_reduce}});
    CHECK(bare.backward == bare.backward_input);
  }

  TEST_CASE("the host takes its time at least for each pass, and for a backward of both twice") {
    const Place place;
    const Layer layer{
        .forward = {product}, .backward_input = {product}, .backward_weight = {product}};
    const LayerTime quick = place.layer(layer, 1e-3);
    CHECK(quick == place.layer(layer));
    const LayerTime slow = place.layer(layer, 7e-3);
    CHECK(slow.forward == to_time(7e-3));
    CHECK(slow.backward_input == to_time(7e-3));
    CHECK(slow.backward_weight == to_time(7e-3));
    CHECK(slow.backward == to_time(14e-3));
    CHECK(place.layer({}, 7e-3).backward == to_time(14e-3));
  }

  TEST_CASE("a deferred weight gradient is of the whole batch at once") {
    Place place;
    place.training.batch_size = 10;
    place.training.deferred_weight_gradient = true;
    CHECK(place.layer({.backward_weight = {product}}).deferred_weight == to_time(10 * 3e-3));
  }

  TEST_CASE("times that are not finite stop at the limit") {
    Place place;
    place.device.efficiency = DeviceEfficiency{};
    place.ring.levels[0].interconnect.bandwidth = 1e-320;
    const LayerTime time = place.layer({.backward_input = {product, all_reduce}});
    CHECK(time.backward_input == Time::limit());
    CHECK(time.backward >= Time{});
  }

  TEST_CASE("a figure that the times need and the device lacks is asked for") {
    Place place;
    place.training.precision = Precision::bf16;
    CHECK_THROWS_WITH_AS(
        place.time(product),
        "c.json: /cluster/device: states no bf16 rate, which the model's times need, got "
        "\"slow\"\n  hint: give the device as an object with \"flops\", or choose another device "
        "or training.precision",
        InputError);
    Place bare;
    bare.device.memory_bandwidth.reset();
    CHECK_THROWS_WITH_AS(
        bare.time(product),
        "c.json: /cluster/device: states no memory bandwidth, which the model's times need, got "
        "\"slow\"\n  hint: give the device as an object with \"memory_bandwidth\", or choose "
        "another device or training.precision",
        InputError);
  }
}

}  // namespace pipesim
