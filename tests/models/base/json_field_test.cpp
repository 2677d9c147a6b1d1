#include "models/base/json_field.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "support/refusal.hpp"

namespace pipesim {

namespace {

Field field(std::string_view json, const std::vector<std::string>& overrides = {}) {
  return Field(parse_document(json, "c.json", overrides));
}

// What reading a document's "x" is answered with.
std::string refused(std::string_view json, const std::function<void(const Field&)>& read) {
  return test::refusal_of([&] { read(field(json).at("x", "")); });
}

void read_time(const Field& x) {
  x.time();
}
void read_bytes(const Field& x) {
  x.bytes();
}

}  // namespace

TEST_SUITE("models/base/json_field") {
  TEST_CASE("a missing key is an error with its pointer and the hint that was given") {
    CHECK_THROWS_WITH_AS(field(R"({"a": {}})").at("a", "").at("b", "write b"),
                         "c.json: /a/b: is required, got nothing\n  hint: write b", InputError);
    CHECK_FALSE(field("{}").find("a").has_value());
  }

  TEST_CASE("an unknown key is an error that suggests the nearest known one") {
    CHECK_THROWS_WITH_AS(field(R"({"stage": 4})").allow_keys({"schedule", "stages"}),
                         "c.json: /stage: is not a known key, got 4\n"
                         "  hint: did you mean \"stages\"? known here: schedule, stages",
                         InputError);
    CHECK_NOTHROW(field(R"({"stages": 4})").allow_keys({"schedule", "stages"}));
  }

  TEST_CASE("every value of the wrong type is named with its type") {
    const auto text = [](const Field& x) { x.text(); };
    CHECK(refused(R"({"x": 5})", text) ==
          "c.json: /x: must be a text, got 5\n  hint: write a text here; this is a number");
    CHECK(refused(R"({"x": true})", text) ==
          "c.json: /x: must be a text, got true\n  hint: write a text here; this is true or false");
    CHECK(refused(R"({"x": null})", text) == "c.json: /x: is required, got null\n  hint: ");
    CHECK(refused(R"({"x": {"a": 1}})", text) ==
          "c.json: /x: must be a text, got {\"a\":1}\n"
          "  hint: write a text here; this is an object");
    CHECK(refused(R"({"x": [1]})", [](const Field& x) { x.count(); }) ==
          "c.json: /x: must be a whole number, got [1]\n"
          "  hint: write a whole number here; this is a list");
    CHECK(refused(R"({"x": "a"})", [](const Field& x) { x.items(); }) ==
          "c.json: /x: must be a list, got \"a\"\n  hint: write a list here; this is a text");
    CHECK(refused(R"({"x": "a"})", [](const Field& x) { x.find("y"); }) ==
          "c.json: /x: must be an object, got \"a\"\n"
          "  hint: write an object here; this is a text");
    CHECK(refused(R"({"x": "a"})", [](const Field& x) { x.number(0, 1); }) ==
          "c.json: /x: must be a number, got \"a\"\n  hint: write a number here; this is a text");
  }

  TEST_CASE("a whole number may be written with a fraction of zero, but with no other") {
    CHECK(field("4").count() == 4);
    CHECK(field("4.0").count() == 4);
    CHECK(field("4e0").count() == 4);
    CHECK(refused(R"({"x": 4.5})", [](const Field& x) { x.count(); }) ==
          "c.json: /x: must be a whole number, got 4.5\n  hint: write a whole number from 1");
  }

  TEST_CASE("a whole number out of its range is answered with the bound that it crosses") {
    const auto to_ten = [](const Field& x) { x.integer(1, 10); };
    CHECK(field("1").integer(1, 10) == 1);
    CHECK(field("10").integer(1, 10) == 10);
    CHECK(refused(R"({"x": 0})", to_ten) ==
          "c.json: /x: must be a whole number from 1 to 10, got 0\n"
          "  hint: the smallest that makes sense is 1");
    CHECK(refused(R"({"x": 11})", to_ten) ==
          "c.json: /x: must be a whole number from 1 to 10, got 11\n"
          "  hint: the largest that can be simulated is 10");
    CHECK(refused(R"({"x": 1e300})", [](const Field& x) { x.count(); }) ==
          "c.json: /x: must be a whole number from 1, got 1e+300\n"
          "  hint: the largest that can be simulated is 2147483647");
    CHECK(refused(R"({"x": 18446744073709551615})", [](const Field& x) { x.count(); }) ==
          "c.json: /x: must be a whole number from 1, got 18446744073709551615\n"
          "  hint: the largest that can be simulated is 2147483647");
  }

  TEST_CASE("a number out of its range is answered with the range") {
    CHECK(field("0.5").number(0, 1) == 0.5);
    CHECK(refused(R"({"x": 2})", [](const Field& x) { x.number(0, 1); }) ==
          "c.json: /x: must be a number from 0 to 1, got 2\n  hint: choose one in that range");
  }

  TEST_CASE("a time is a number of seconds or a text with a unit") {
    CHECK(field("0.001").time() == 1000_us);
    CHECK(field(R"("1.5 ms")").time() == 1500_us);
    CHECK(field("0").time() == 0_ps);
    const std::string hint =
        "\n  hint: a time is a number of seconds, or a text such as \"1.5 ms\" (s, ms, us, ns, "
        "ps, min, h)";
    CHECK(refused(R"({"x": "5 GiB"})", read_time) ==
          "c.json: /x: must be a time, got \"5 GiB\"" + hint);
    CHECK(refused(R"({"x": [1]})", read_time) == "c.json: /x: must be a time, got [1]" + hint);
    CHECK(refused(R"({"x": -1})", read_time) ==
          "c.json: /x: must not be negative, got -1\n  hint: a duration is 0 or longer");
  }

  TEST_CASE("a time must stay below 2^62 ps") {
    CHECK(field("4611686").time().ps == 4'611'686'000'000'000'000);
    const std::string hint =
        "\n  hint: all durations together must stay below 2^62 ps, about 53 days";
    CHECK(refused(R"({"x": 4611687})", read_time) ==
          "c.json: /x: is longer than can be simulated, got 4611687" + hint);
    CHECK(refused(R"({"x": "1e308 h"})", read_time) ==
          "c.json: /x: is longer than can be simulated, got \"1e308 h\"" + hint);
  }

  TEST_CASE("a size is a number of bytes, or a text with a unit, rounded to whole bytes") {
    CHECK(field("10").bytes() == 10);
    CHECK(field("2.5").bytes() == 3);
    CHECK(field(R"("16 GiB")").bytes() == Bytes{16} << 30);
    CHECK(refused(R"({"x": "16 s"})", read_bytes) ==
          "c.json: /x: must be a size in bytes, got \"16 s\"\n"
          "  hint: a size in bytes is a number of bytes, or a text such as \"16 GiB\" (B, kB, MB, "
          "GB, TB, KiB, MiB, GiB, TiB)");
    CHECK(refused(R"({"x": "-1 GiB"})", read_bytes) ==
          "c.json: /x: must not be negative, got \"-1 GiB\"\n  hint: a size is 0 bytes or more");
    CHECK(refused(R"({"x": 4611686018427387904})", read_bytes) ==
          "c.json: /x: is larger than can be simulated, got 4611686018427387904\n"
          "  hint: all sizes together must stay below 2^62 bytes");
  }

  TEST_CASE("a rate must be above zero") {
    CHECK(field(R"("25 GB/s")").rate(Dimension::bandwidth) == 25e9);
    CHECK(refused(R"({"x": -5})", [](const Field& x) { x.rate(Dimension::bandwidth); }) ==
          "c.json: /x: must be above 0, got -5\n"
          "  hint: a bandwidth is a number of bytes/s, or a text such as \"25 GB/s\" (B/s to TB/s, "
          "KiB/s to TiB/s, Mbit/s to Tbit/s); leave the key out where there is no limit");
    CHECK(refused(R"({"x": 0})", [](const Field& x) { x.rate(Dimension::compute); }) ==
          "c.json: /x: must be above 0, got 0\n"
          "  hint: a compute rate is a number of FLOP/s, or a text such as \"312 TFLOP/s\" "
          "(MFLOP/s to EFLOP/s); leave the key out where there is no limit");
  }

  TEST_CASE("a choice is one of the known words") {
    CHECK(field(R"("lazy")").choice("placements", {"eager", "lazy"}) == "lazy");
    CHECK(refused(R"({"x": "layz"})",
                  [](const Field& x) {
                    x.choice("placements", {"eager", "lazy"});
                  }) ==
          "c.json: /x: is not known, got \"layz\"\n"
          "  hint: did you mean \"lazy\"? placements: eager, lazy");
  }

  TEST_CASE("a pointer follows RFC 6901: ~ and / in a key are escaped, entries have their index") {
    const Field root = field(R"({"a/b": {"m~n": [{"c": 1}, {"c": 2}]}})");
    const Field list = root.at("a/b", "").at("m~n", "");
    CHECK(list.pointer() == "/a~1b/m~0n");
    CHECK(list.items()[1].at("c", "").pointer() == "/a~1b/m~0n/1/c");
    CHECK(root.pointer() == "");
  }

  TEST_CASE("an object's entries are its values, each with its key and its place") {
    std::string seen;
    for (const auto& [key, value] : field(R"({"x": {"b/": 2, "a": 1}})").at("x", "").entries()) {
      seen += key + " " + value.pointer() + "\n";
    }
    CHECK(seen == "a /x/a\nb/ /x/b~1\n");
    CHECK(refused(R"({"x": [1]})", [](const Field& x) { x.entries(); }) ==
          "c.json: /x: must be an object, got [1]\n"
          "  hint: write an object here; this is a list");
  }

  TEST_CASE("control characters of a key or a value do not reach the terminal") {
    CHECK_THROWS_WITH_AS(field("{\"\\u001b[31m\": \"\\u001b\u009b\"}").allow_keys({}),
                         "c.json: /\\u001b[31m: is not a known key, got \"\\u001b\\u009b\"\n"
                         "  hint: known here: ",
                         InputError);
  }

  TEST_CASE("a long value is shown by its beginning, a large one by its size") {
    const auto number = [](const Field& x) { x.count(); };
    CHECK(refused("{\"x\": \"" + std::string(100, 'y') + "\"}", number) ==
          "c.json: /x: must be a whole number, got \"" + std::string(59, 'y') +
              "…\n  hint: write a whole number here; this is a text");
    CHECK(refused("{\"x\": [0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0]}", number) ==
          "c.json: /x: must be a whole number, got a list of 21 entries\n"
          "  hint: write a whole number here; this is a list");
  }

  TEST_CASE("what an override has set is blamed on --set") {
    CHECK_THROWS_WITH_AS(field(R"({"a": {"b": 1}})", {"a.b=-1"}).at("a", "").at("b", "").count(),
                         "--set: /a/b: must be a whole number from 1, got -1\n"
                         "  hint: the smallest that makes sense is 1",
                         InputError);
    CHECK_THROWS_WITH_AS(field("{}", {"a/b=1"}).allow_keys({"c"}),
                         "--set: /a~1b: is not a known key, got 1\n  hint: known here: c",
                         InputError);
  }
}

}  // namespace pipesim
