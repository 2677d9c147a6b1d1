#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipesim {

/// A word in small letters and without what separates its parts: "Num-Layers" is "numlayers".
std::string spelled(std::string_view word);

/// What another framework calls something, and the key of a config that means the same.
struct KeySynonym {
  std::string_view other{};  ///< Hugging Face's, Megatron-LM's, DeepSpeed's, torchtitan's, …
  std::string_view key{};    ///< Its name alone, without the section.
};

/// The one table of them, for hints. Words that a config accepts as they are stand with its keys.
const std::vector<KeySynonym>& key_synonyms();

/// The keys that mean what the word means, however it is spelled; most often none.
std::vector<std::string_view> keys_meant_by(std::string_view word);

}  // namespace pipesim
