#pragma once

#include "models/base/json_field.hpp"
#include "models/keys/config_keys.hpp"

namespace pipesim {

/// A document whose slips are known: every key that is not known where it stands, and the document
/// as it would be without them, for who wants to know what else is wrong with it.
struct Proofread {
  Mistakes mistakes{};   ///< The document's own first, then its unknown keys.
  Document corrected{};  ///< Misspelt keys have the name that they were probably meant to have.
  std::vector<std::string> renamed{};  ///< Pointers of those.
};

/// Holds a document whose root is a `section` against the table of keys, objects inside objects,
/// too.
Proofread proofread(const Document& document, Section section);

/// Keys that are required and missing, and values of a type that their key never has. Readers find
/// more, but stop at the first.
Mistakes plain_mistakes(const Document& document, Section section);

/// Adds to what proofreading found what a reader of the corrected document threw, and what is
/// plainly wrong beside that; leaves out what follows from a guessed name.
void add_other_mistakes(const InputError& thrown, Section section, Proofread& read);

/// Reads a document: `read` gets its root. Throws everything that is wrong with it at once.
template <class Read>
auto read_all(const Document& document, Section section, Read&& read) {
  Proofread proof = proofread(document, section);
  try {
    auto result = read(Field(proof.corrected));
    if (proof.mistakes.none()) return result;
  } catch (const InputError& error) {
    add_other_mistakes(error, section, proof);
  }
  throw proof.mistakes.error(document.source->file);
}

}  // namespace pipesim
