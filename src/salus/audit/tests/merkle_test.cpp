#include "salus/audit/merkle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <charconv>

#include "salus/audit/tests/support.h"
#include "salus/core/encoding.h"
#include "salus/core/json.h"

namespace salus::audit {
namespace {

std::optional<Hash> hash_in(std::string_view base64) {
    const auto bytes = from_base64(base64);
    Hash hash{};
    if (!bytes || bytes->size() != hash.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    return hash;
}

/// A case of transparency-dev/merkle. A proof with a hash of a wrong length can't even be said
/// here, so it is refused; a root of a wrong length ("don't care") is replaced by its hash, equal
/// where it was.
class Case {
  public:
    explicit Case(const std::filesystem::path& file) : document_(JsonDocument::parse(slurp(file))) {
        EXPECT_TRUE(document_) << file;
        for (const JsonView item : root()["proof"]) {
            if (const auto hash = hash_in(item.text()))
                proof.push_back(*hash);
            else
                speakable = false;
        }
    }
    [[nodiscard]] JsonView root() const { return document_->root(); }
    [[nodiscard]] std::uint64_t number(std::string_view name) const {
        const std::string_view text = root()[name].text();
        std::uint64_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    }
    Hash hash(std::string_view name) {
        const auto found = hash_in(root().string(name));
        if (!found) speakable = false;
        return found.value_or(Hash{});
    }
    /// Some cases have "don't care" for a root: its hash is equal where the text was.
    [[nodiscard]] Hash any_hash(std::string_view name) const {
        const std::string_view text = root().string(name);
        return hash_in(text).value_or(crypto::sha256(as_bytes(text)));
    }
    [[nodiscard]] bool wanted() const { return root()["wantErr"].text() == "false"; }

    std::vector<Hash> proof;
    bool speakable = true;

  private:
    Result<JsonDocument> document_;
};

TEST(Merkle, AgreesWithTheInclusionCases) {
    const TemporaryFolder folder;
    if (!unpack("merkle-testdata.tar.xz", folder.path()))
        GTEST_SKIP() << "no Merkle cases: set SALUS_DATA";
    std::size_t count = 0;
    for (const auto& file : files_below(folder.path())) {
        if (file.string().find("/inclusion/") == std::string::npos) continue;
        Case test(file);
        const TreeHead tree{test.number("treeSize"), test.hash("root")};
        const Hash leaf = test.hash("leafHash");
        const bool verified =
            test.speakable && verify_inclusion(tree, test.number("leafIdx"), leaf, test.proof);
        EXPECT_EQ(verified, test.wanted()) << file;
        ++count;
    }
    EXPECT_GT(count, 50U);
}

TEST(Merkle, AgreesWithTheConsistencyCases) {
    const TemporaryFolder folder;
    if (!unpack("merkle-testdata.tar.xz", folder.path()))
        GTEST_SKIP() << "no Merkle cases: set SALUS_DATA";
    std::size_t count = 0;
    for (const auto& file : files_below(folder.path())) {
        if (file.string().find("/consistency/") == std::string::npos) continue;
        Case test(file);
        const TreeHead older{test.number("size1"), test.any_hash("root1")};
        const TreeHead newer{test.number("size2"), test.any_hash("root2")};
        const bool verified = test.speakable && verify_consistency(older, newer, test.proof);
        EXPECT_EQ(verified, test.wanted()) << file;
        ++count;
    }
    EXPECT_GT(count, 50U);
}

/// RFC 6962 section 2.1, word by word, over the entries themselves.
Hash textbook_root(std::span<const Bytes> entries) {
    if (entries.empty()) return empty_root();
    if (entries.size() == 1) return leaf_hash(entries[0]);
    std::size_t k = 1;
    while (k * 2 < entries.size())
        k *= 2;
    return node_hash(textbook_root(entries.first(k)), textbook_root(entries.subspan(k)));
}

SubtreeHash over(const std::vector<Bytes>& entries) {
    return [&entries](unsigned level, std::uint64_t index) -> Result<Hash> {
        const std::uint64_t count = std::uint64_t{1} << level;
        return textbook_root(std::span(entries).subspan(index * count, count));
    };
}

RC_GTEST_PROP(Merkle, GeneratedInclusionProofsVerifyAndNoOthers, ()) {
    const auto size = *rc::gen::inRange<std::uint64_t>(1, 200);
    const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
    const auto all = entries(0, size);
    const TreeHead tree{size, textbook_root(all)};
    RC_ASSERT(*root_at(size, over(all)) == tree.root);
    auto proof = *inclusion_proof(index, size, over(all));
    const Hash leaf = leaf_hash(entry(index));
    RC_ASSERT(verify_inclusion(tree, index, leaf, proof));
    RC_ASSERT(!verify_inclusion(tree, index, leaf_hash(entry(size)), proof));
    RC_ASSERT(!verify_inclusion(tree, size, leaf, proof));
    proof.push_back(leaf);
    RC_ASSERT(!verify_inclusion(tree, index, leaf, proof));
    proof.pop_back();
    if (proof.empty()) return;
    const auto which = *rc::gen::inRange<std::size_t>(0, proof.size());
    proof[which][*rc::gen::inRange<std::size_t>(0, 32)] ^= 0x40;
    RC_ASSERT(!verify_inclusion(tree, index, leaf, proof));
}

RC_GTEST_PROP(Merkle, GeneratedConsistencyProofsVerifyAndNoOthers, ()) {
    const auto new_size = *rc::gen::inRange<std::uint64_t>(1, 200);
    const auto old_size = *rc::gen::inRange<std::uint64_t>(1, new_size + 1);
    const auto all = entries(0, new_size);
    const TreeHead newer{new_size, textbook_root(all)};
    const TreeHead older{old_size, textbook_root(std::span(all).first(old_size))};
    auto proof = *consistency_proof(old_size, new_size, over(all));
    RC_ASSERT(verify_consistency(older, newer, proof));
    auto other = entries(0, old_size);
    other.back().push_back('!');
    RC_ASSERT(!verify_consistency({old_size, textbook_root(other)}, newer, proof));
    proof.push_back(newer.root);
    RC_ASSERT(!verify_consistency(older, newer, proof));
}

TEST(Merkle, RefusesProofsThatDoNotExist) {
    const auto all = entries(0, 5);
    EXPECT_EQ(inclusion_proof(5, 5, over(all)).error().code(), Errc::invalid);
    EXPECT_EQ(consistency_proof(0, 5, over(all)).error().code(), Errc::invalid);
    EXPECT_EQ(consistency_proof(5, 4, over(all)).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace salus::audit
