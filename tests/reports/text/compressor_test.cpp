#include "reports/text/compressor.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/commands/process.hpp"

using namespace pipesim;
using namespace pipesim::test;

TEST_SUITE_BEGIN("reports/text/compressor");

namespace {

std::string compressed(CompressedFormat format, std::string_view text, std::size_t piece) {
  std::string made;
  Compressor compressor(format, [&](std::string_view part) { made += part; });
  for (std::size_t at = 0; at < text.size(); at += piece) compressor.add(text.substr(at, piece));
  compressor.finish();
  return made;
}

std::string some_text(int lines) {
  std::string text;
  for (int line = 0; line < lines; ++line) text += fmt::format("line {} of {}\n", line, lines);
  return text;
}

}  // namespace

TEST_CASE("gunzip gives back what was compressed") {
  const TemporaryFolder folder;
  const std::string text = some_text(200'000);
  write_text(folder / "text.gz", compressed(CompressedFormat::gzip, text, 70'000));
  CHECK(run_shell("gunzip -c " + folder / "text.gz").out == text);
}

TEST_CASE("compressed bytes do not depend on the pieces that they were added in") {
  const std::string text = some_text(20'000);
  CHECK(compressed(CompressedFormat::zlib, text, 1) ==
        compressed(CompressedFormat::zlib, text, text.size()));
}

TEST_CASE("nothing, compressed by zlib, is eight bytes") {
  const std::string made = compressed(CompressedFormat::zlib, "", 1);
  CHECK(made == std::string("\x78\x9c\x03\x00\x00\x00\x00\x01", 8));
}

TEST_SUITE_END();
