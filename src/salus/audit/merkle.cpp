#include "salus/audit/merkle.h"

#include <algorithm>
#include <bit>

namespace salus::audit {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;  // RFC 6962 section 2.1
constexpr std::uint8_t kNodePrefix = 0x01;

/// Entries [begin, end). In the recursion of RFC 6962 every left half is a complete, aligned
/// subtree.
Result<Hash> range_hash(std::uint64_t begin, std::uint64_t end, const SubtreeHash& subtree) {
    const std::uint64_t count = end - begin;
    if (std::has_single_bit(count)) {
        const auto level = static_cast<unsigned>(std::countr_zero(count));
        return subtree(level, begin >> level);
    }
    const std::uint64_t half = std::bit_floor(count);
    SALUS_TRY(const Hash left, range_hash(begin, begin + half, subtree));
    SALUS_TRY(const Hash right, range_hash(begin + half, end, subtree));
    return node_hash(left, right);
}

/// The split of RFC 6962: the largest power of two smaller than `count`, for count > 1.
std::uint64_t split(std::uint64_t count) {
    return std::bit_floor(count - 1);
}

/// The walk of RFC 9162 from a node at `position` up to the root above node `last` of the same
/// level.
struct Walk {
    std::uint64_t position;
    std::uint64_t last;

    [[nodiscard]] bool at_root() const { return last == 0; }
    /// The sibling of the next step is on the left.
    [[nodiscard]] bool sibling_left() const { return (position & 1) != 0 || position == last; }
    void up() {
        position >>= 1;
        last >>= 1;
    }
    /// After a left sibling: levels at which the node has no sibling of its own are passed over.
    void skip() {
        while ((position & 1) == 0 && position != 0)
            up();
    }
};

}  // namespace

Hash leaf_hash(ByteView entry) {
    thread_local Bytes input;
    input.assign(1, kLeafPrefix);
    append(input, entry);
    return crypto::sha256(input);
}

Hash node_hash(const Hash& left, const Hash& right) {
    std::array<std::uint8_t, 1 + 2 * sizeof(Hash)> input;
    input[0] = kNodePrefix;
    std::copy(left.begin(), left.end(), input.begin() + 1);
    std::copy(right.begin(), right.end(), input.begin() + 1 + sizeof(Hash));
    return crypto::sha256(input);
}

Hash empty_root() {
    return crypto::sha256({});
}

Hash root_of(std::span<const Hash> nodes) {
    if (nodes.size() == 1) return nodes[0];
    const std::size_t half = split(nodes.size());
    return node_hash(root_of(nodes.first(half)), root_of(nodes.subspan(half)));
}

Result<Hash> root_at(std::uint64_t size, const SubtreeHash& subtree) {
    if (size == 0) return empty_root();
    return range_hash(0, size, subtree);
}

Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                          const SubtreeHash& subtree) {
    if (index >= size) return fail(Errc::invalid, "The tree has no entry of that index.");
    std::vector<Hash> proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + split(end - begin);
        const bool left = index < middle;
        SALUS_TRY(const Hash sibling,
                  left ? range_hash(middle, end, subtree) : range_hash(begin, middle, subtree));
        proof.push_back(sibling);
        (left ? end : begin) = middle;
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t new_size,
                                            const SubtreeHash& subtree) {
    if (old_size == 0 || old_size > new_size)
        return fail(Errc::invalid, "There is no consistency proof between trees of these sizes.");
    std::vector<Hash> proof;
    std::uint64_t begin = 0;
    std::uint64_t end = new_size;
    while (end != old_size) {
        const std::uint64_t middle = begin + split(end - begin);
        const bool left = old_size <= middle;
        SALUS_TRY(const Hash sibling,
                  left ? range_hash(middle, end, subtree) : range_hash(begin, middle, subtree));
        proof.push_back(sibling);
        (left ? end : begin) = middle;
    }
    // The verifier has the old root: it is left out where it is a subtree of the new tree itself.
    if (begin != 0) {
        SALUS_TRY(const Hash start, range_hash(begin, end, subtree));
        proof.push_back(start);
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

bool verify_inclusion(const TreeHead& tree, std::uint64_t index, const Hash& leaf,
                      std::span<const Hash> proof) {
    if (index >= tree.size) return false;
    Walk walk{index, tree.size - 1};
    Hash root = leaf;
    for (const Hash& sibling : proof) {
        if (walk.at_root()) return false;
        if (walk.sibling_left()) {
            root = node_hash(sibling, root);
            walk.skip();
        } else {
            root = node_hash(root, sibling);
        }
        walk.up();
    }
    return walk.at_root() && root == tree.root;
}

bool verify_consistency(const TreeHead& older, const TreeHead& newer, std::span<const Hash> proof) {
    if (older.size == 0 || older.size > newer.size) return false;
    if (older.size == newer.size) return proof.empty() && older.root == newer.root;
    Walk walk{older.size - 1, newer.size - 1};
    while ((walk.position & 1) != 0)
        walk.up();
    Hash old_root = older.root;
    if (!std::has_single_bit(older.size)) {
        if (proof.empty()) return false;
        old_root = proof[0];
        proof = proof.subspan(1);
    }
    Hash new_root = old_root;
    for (const Hash& sibling : proof) {
        if (walk.at_root()) return false;
        if (walk.sibling_left()) {
            old_root = node_hash(sibling, old_root);
            new_root = node_hash(sibling, new_root);
            walk.skip();
        } else {
            new_root = node_hash(new_root, sibling);
        }
        walk.up();
    }
    return walk.at_root() && old_root == older.root && new_root == newer.root;
}

}  // namespace salus::audit
