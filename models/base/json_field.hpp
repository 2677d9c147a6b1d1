#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/base/document.hpp"
#include "models/base/input_error.hpp"
#include "models/base/units.hpp"

namespace pipesim {

/// A word that a config may choose, and in a line what it chooses; empty where it needs none.
struct Choice {
  std::string_view name{};
  std::string_view description{};
};

/// One value of a JSON document together with its place in it. Every read checks the type and the
/// range; what does not pass is an InputError with the pointer, the value and a hint.
class Field {
 public:
  /// Throws the document's mistakes, if it has any.
  explicit Field(const Document& document);

  const std::string& pointer() const { return pointer_; }
  const SourcePtr& source() const { return source_; }

  bool is_text() const;
  bool is_number() const;
  bool is_list() const;
  bool is_object() const;
  bool is_boolean() const;
  bool is_null() const;

  /// This is an object and has no keys but these; each unknown one is answered with the nearest.
  void allow_keys(const std::vector<std::string>& keys) const;

  /// The value under `key`, which must be there. `hint` says what to write when it is not.
  Field at(std::string_view key, std::string_view hint) const;
  /// The value under `key`, if there is one; null is as absent.
  std::optional<Field> find(std::string_view key) const;
  /// The entries of a list.
  std::vector<Field> items() const;
  /// The values of an object with their keys, in the keys' order.
  std::vector<std::pair<std::string, Field>> entries() const;

  std::string text() const;
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  int count(int most = std::numeric_limits<int>::max()) const;  ///< A whole number from 1.
  double number(double least, double most) const;
  bool boolean() const;
  Time time() const;                       ///< From 0 to below 2^62 ps.
  Bytes bytes() const;                     ///< From 0 to below 2^62, rounded to whole bytes.
  double rate(Dimension dimension) const;  ///< Above 0: a bandwidth or a compute rate.

  /// The text, which must be one of `known`.
  std::string choice(std::string_view plural, const std::vector<std::string>& known) const;

  /// Where among `known` the text stands, which must be one of them.
  std::size_t pick(std::string_view plural, std::span<const Choice> known) const;

  InputError error(std::string_view problem, std::string_view hint) const;
  InputError wrong_type(std::string_view expected) const;
  /// That this object lacks a key which is required.
  InputError missing(std::string_view key, std::string_view hint) const;

 private:
  std::shared_ptr<const nlohmann::json> document_;
  const nlohmann::json* value_;
  std::string pointer_;
  SourcePtr source_;

  Field(const Field& parent, const nlohmann::json& value, std::string_view key);
  double quantity(Dimension dimension) const;
  std::string shown() const;
};

/// The value under one of two names for the same, such as Megatron-LM's and Hugging Face's.
std::optional<Field> find_either(const Field& object, std::string_view key, std::string_view other);

}  // namespace pipesim
