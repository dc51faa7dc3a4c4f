#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "salus/core/result.h"
#include "salus/crypto/mac.h"

/// The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashes, proofs and their verification.
/// Pure functions, thread-safe.
namespace salus::audit {

using Hash = crypto::Digest;

/// Leaves and nodes are hashed with different first bytes, so that no node passes for an entry.
Hash leaf_hash(ByteView entry);
Hash node_hash(const Hash& left, const Hash& right);
/// The root of the tree without entries: SHA-256 of nothing.
Hash empty_root();
/// The root over `nodes`, which stand for complete subtrees of one size. Not empty.
Hash root_of(std::span<const Hash> nodes);

/// The root of the complete subtree of 2^level entries that starts at entry index * 2^level.
using SubtreeHash = std::function<Result<Hash>(unsigned level, std::uint64_t index)>;

/// The root of the first `size` entries. Errors: those of `subtree`.
Result<Hash> root_at(std::uint64_t size, const SubtreeHash& subtree);
/// RFC 6962 section 2.1.1: the audit path of entry `index` in the tree of `size` entries.
/// Errors: invalid (index outside the tree), those of `subtree`.
Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                          const SubtreeHash& subtree);
/// RFC 6962 section 2.1.2: that the tree of `old_size` entries is the beginning of that of
/// `new_size`. Errors: invalid (old_size is 0 or above new_size), those of `subtree`.
Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t new_size,
                                            const SubtreeHash& subtree);

/// A tree as a checkpoint names it.
struct TreeHead {
    std::uint64_t size = 0;
    Hash root{};
};

/// RFC 9162 section 2.1.3.2. The proof must have exactly the hashes that are needed.
bool verify_inclusion(const TreeHead& tree, std::uint64_t index, const Hash& leaf,
                      std::span<const Hash> proof);
/// RFC 9162 section 2.1.4.2. From the empty tree nothing can be proven, so only the empty tree
/// agrees.
bool verify_consistency(const TreeHead& older, const TreeHead& newer, std::span<const Hash> proof);

}  // namespace salus::audit
