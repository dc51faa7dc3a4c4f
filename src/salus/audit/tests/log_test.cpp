#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <random>

#include "salus/audit/tests/support.h"
#include "salus/audit/verify.h"
#include "salus/core/encoding.h"

namespace salus::audit {
namespace {

constexpr char kOrigin[] = "salus/audit/7";

TenantLog open_log(const TemporaryFolder& folder) {
    auto log = TenantLog::open(folder.path() + "/7", kOrigin, test_signer());
    EXPECT_TRUE(log) << log.error().text();
    return std::move(*log);
}
void append_all(TenantLog& log, std::uint64_t to, std::uint64_t step) {
    while (log.head().size < to) {
        const std::uint64_t size = log.head().size;
        ASSERT_TRUE(log.append(entries(size, std::min(to, size + step))));
    }
}
VerifyReport verify(const TemporaryFolder& folder) {
    const auto report = verify_log(folder.path() + "/7");
    EXPECT_TRUE(report);
    return report.value_or(VerifyReport{});
}

TEST(TileNames, FollowTheSpecification) {
    const auto tile = [](unsigned level, std::uint64_t index, std::uint64_t width) {
        return TileName{TileName::Kind::hashes, level, index, width}.path();
    };
    EXPECT_EQ(tile(0, 0, 256), "tile/0/000");
    EXPECT_EQ(tile(0, 999, 5), "tile/0/999.p/5");
    EXPECT_EQ(tile(1, 1000, 256), "tile/1/x001/000");
    EXPECT_EQ(tile(2, 1234067, 256), "tile/2/x001/x234/067");
    EXPECT_EQ((TileName{TileName::Kind::entries, 0, 1234067, 112}.path()),
              "tile/entries/x001/x234/067.p/112");
    // The specification's example: a tree of 70,000.
    EXPECT_EQ(tile_width(70'000, 0, 272), 256U);
    EXPECT_EQ(tile_width(70'000, 0, 273), 112U);
    EXPECT_EQ(tile_width(70'000, 1, 0), 256U);
    EXPECT_EQ(tile_width(70'000, 1, 1), 17U);
    EXPECT_EQ(tile_width(70'000, 2, 0), 1U);
    EXPECT_EQ(tile_width(70'000, 2, 1), 0U);
    EXPECT_EQ(tile_width(256, 0, 0), 256U);
    EXPECT_EQ(tile_width(256, 0, 1), 0U);
    EXPECT_EQ(tile_width(256, 1, 0), 1U);
}

// C2SP signed-note, "Signatures": the key and the checkpoint of the Tessera test log.
constexpr char kTesseraKey[] =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

TEST(Log, ReadsAndVerifiesTheTesseraLog) {
    const TemporaryFolder folder;
    if (!unpack("tessera-log.tar.xz", folder.path()))
        GTEST_SKIP() << "no Tessera log: set SALUS_DATA";
    const std::string log = folder.path() + "/tessera-log/testdata/log";
    const auto report = verify_log(log, kTesseraKey);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->ok) << report->place << ": " << report->problem;
    EXPECT_EQ(report->tree_size, 15U);
    EXPECT_EQ(report->entries_checked, 15U);
    // Every older checkpoint has the root that our tiles give, and is consistent with the newest.
    const auto newest = parse_checkpoint(slurp(log + "/checkpoint"));
    ASSERT_TRUE(newest);
    for (std::uint64_t size = 1; size <= 15; ++size) {
        const std::string path = log + "/checkpoint." + std::to_string(size);
        if (!std::filesystem::exists(path)) continue;
        const auto older = verify_checkpoint(slurp(path), *VerifierKey::parse(kTesseraKey));
        ASSERT_TRUE(older) << path;
        EXPECT_EQ(older->size, size);
        EXPECT_EQ(read_right_edge(log, size)->root(), older->root);
        const auto proof = consistency_proof(size, newest->size, stored_subtrees(log, 15));
        ASSERT_TRUE(proof);
        EXPECT_TRUE(verify_consistency(*older, *newest, *proof));
    }
}

TEST(Log, KeyAndCheckpointRoundTripAndRefuseAnythingElse) {
    const auto signer = test_signer();
    const VerifierKey key{kOrigin, signer->public_key()};
    const auto parsed = VerifierKey::parse(key.to_string());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->key, key.key);
    const TreeHead head{12'345, leaf_hash(entry(1))};
    const std::string text = sign_checkpoint(kOrigin, head, *signer);
    const auto read = verify_checkpoint(text, key);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size, head.size);
    EXPECT_EQ(read->root, head.root);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string other = text;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_FALSE(verify_checkpoint(other, key)) << i;
        EXPECT_FALSE(verify_checkpoint(text.substr(0, i), key)) << i;
    }
    EXPECT_FALSE(verify_checkpoint(text + text, key));
    EXPECT_FALSE(verify_checkpoint(text, {kOrigin, test_signer(2)->public_key()}));
    EXPECT_FALSE(verify_checkpoint(text, {"salus/audit/8", signer->public_key()}));
}

std::map<std::string, std::string> content_of(const TemporaryFolder& folder) {
    std::map<std::string, std::string> files;
    for (const auto& file : files_below(folder.path()))
        files[std::filesystem::relative(file, folder.path())] = slurp(file);
    return files;
}

TEST(Log, AnyBatchingGivesTheSameRootAndTheSameFiles) {
    constexpr std::uint64_t kSize = 1'000;
    constexpr unsigned kRuns = 10;  // each writes and syncs some hundred files
    std::map<std::string, std::string> expected;
    for (unsigned seed = 0; seed < kRuns; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto below = [&](std::uint64_t end) { return random() % end; };
        const TemporaryFolder folder;
        auto log = std::make_optional(open_log(folder));
        while (log->head().size < kSize) {
            const std::uint64_t size = log->head().size;
            ASSERT_TRUE(log->append(entries(size, std::min(kSize, size + 1 + below(400)))));
            if (below(4) == 0) log = open_log(folder);  // the process is gone and back
        }
        EXPECT_TRUE(verify(folder).ok);
        EXPECT_EQ(verify(folder).entries_checked, kSize);
        log = open_log(folder);  // drops the partial tiles of the checkpoint before
        const auto files = content_of(folder);
        if (expected.empty()) expected = files;
        EXPECT_EQ(files, expected);
        EXPECT_TRUE(files.contains("7/tile/entries/003.p/232"));
        EXPECT_FALSE(files.contains("7/tile/entries/002.p"));
    }
}

TEST(Log, CrossesTheBoundaryOfASecondLevel) {
    const TemporaryFolder folder;
    auto log = open_log(folder);
    append_all(log, 65'530, 4'096);
    append_all(log, 65'545, 1);
    const auto report = verify(folder);
    EXPECT_TRUE(report.ok) << report.place << ": " << report.problem;
    EXPECT_EQ(report.tree_size, 65'545U);
    EXPECT_EQ(report.root_hash_base64, to_base64(log.head().root));
    const std::string path = folder.path() + "/7/";
    EXPECT_TRUE(std::filesystem::exists(path + "tile/1/000"));
    EXPECT_TRUE(std::filesystem::exists(path + "tile/2/000.p/1"));
    EXPECT_FALSE(std::filesystem::exists(path + "tile/1/000.p"));
    EXPECT_EQ(slurp(path + "tile/0/256.p/9").size(), 9U * 32);

    const SubtreeHash subtrees = stored_subtrees(folder.path() + "/7", 65'545);
    for (const std::uint64_t index : {0, 255, 256, 40'000, 65'535, 65'536, 65'544}) {
        const auto proof = inclusion_proof(index, 65'545, subtrees);
        ASSERT_TRUE(proof);
        EXPECT_TRUE(verify_inclusion(log.head(), index, leaf_hash(entry(index)), *proof)) << index;
    }
    const auto texts = read_entries(folder.path() + "/7", 65'534, 100);
    ASSERT_TRUE(texts);
    ASSERT_EQ(texts->size(), 11U);
    EXPECT_EQ(texts->front(), "entry 65534");
    EXPECT_EQ(texts->back(), "entry 65544");
    EXPECT_EQ(*log_size(folder.path() + "/7"), 65'545U);
}

TEST(Log, AFlippedBitAnywhereIsFoundAndPlaced) {
    const TemporaryFolder folder;
    auto log = open_log(folder);
    append_all(log, 500, 100);
    append_all(log, 600, 37);
    ASSERT_TRUE(verify(folder).ok);
    const auto files = files_below(folder.path());
    rc::check([&] {
        const auto& file = files[*rc::gen::inRange<std::size_t>(0, files.size())];
        const std::string content = slurp(file);
        std::string damaged = content;
        const auto at = *rc::gen::inRange<std::size_t>(0, content.size());
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << *rc::gen::inRange(0, 8)));
        spit(file, damaged);
        const auto report = verify(folder);
        spit(file, content);
        const std::string name = std::filesystem::relative(file, folder.path() + "/7");
        RC_ASSERT(!report.ok);
        RC_ASSERT(!report.problem.empty());
        if (name == "key.pub" || name == "checkpoint")
            RC_ASSERT(report.place == name || report.place == "checkpoint");
        else
            RC_ASSERT(report.place.substr(0, name.size()) == name);
    });
    EXPECT_TRUE(verify(folder).ok);
}

TEST(Log, NamesTheEntryThatWasChanged) {
    const TemporaryFolder folder;
    auto log = open_log(folder);
    append_all(log, 600, 600);
    const std::string bundle = folder.path() + "/7/tile/entries/001";
    std::string content = slurp(bundle);
    content.replace(content.find("entry 300"), 9, "entry 3OO");
    spit(bundle, content);
    const auto report = verify(folder);
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.place, "tile/entries/001, entry 300");
}

TEST(Log, MissingShortAndSurplusFilesAreFound) {
    const TemporaryFolder folder;
    auto log = open_log(folder);
    append_all(log, 600, 600);
    for (const auto& file : files_below(folder.path())) {
        const std::string name = std::filesystem::relative(file, folder.path() + "/7");
        const std::string content = slurp(file);
        std::filesystem::remove(file);
        EXPECT_FALSE(verify(folder).ok) << name;
        spit(file, content.substr(0, content.size() - 1));
        EXPECT_EQ(verify(folder).ok, name == "key.pub") << name;  // its newline may be missing
        spit(file, content + "x");
        EXPECT_FALSE(verify(folder).ok) << name;
        spit(file, content);
        ASSERT_TRUE(verify(folder).ok) << name;
    }
}

TEST(Log, ATrustedKeyKeptElsewhereUncoversAReplacedFolder) {
    const TemporaryFolder folder;
    auto log = open_log(folder);
    append_all(log, 10, 10);
    const std::string key = slurp(folder.path() + "/7/key.pub");
    EXPECT_TRUE(verify_log(folder.path() + "/7", key)->ok);
    std::filesystem::remove_all(folder.path() + "/7");
    auto forged = TenantLog::open(folder.path() + "/7", kOrigin, test_signer(2));
    ASSERT_TRUE(forged->append(entries(0, 9)));
    EXPECT_TRUE(verify_log(folder.path() + "/7")->ok);
    const auto report = verify_log(folder.path() + "/7", key);
    EXPECT_FALSE(report->ok);
    EXPECT_EQ(report->place, "key.pub");
}

TEST(Log, AnAbsentLogIsNotFoundAndHasNoEntries) {
    const TemporaryFolder folder;
    EXPECT_EQ(verify_log(folder.path() + "/7").error().code(), Errc::not_found);
    EXPECT_EQ(*log_size(folder.path() + "/7"), 0U);
    EXPECT_TRUE(read_entries(folder.path() + "/7", 0, 10)->empty());
}

TEST(Log, RefusesToContinueWhatDoesNotMatchItsCheckpoint) {
    const TemporaryFolder folder;
    {
        auto log = open_log(folder);
        append_all(log, 300, 300);
    }
    const std::string path = folder.path() + "/7/";
    const auto opens = [&] {
        return bool(TenantLog::open(folder.path() + "/7", kOrigin, test_signer()));
    };
    for (const char* name :
         {"checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"}) {
        const std::string content = slurp(path + name);
        std::string damaged = content;
        damaged[20] = static_cast<char>(damaged[20] ^ 4);
        spit(path + name, damaged);
        const auto log = TenantLog::open(folder.path() + "/7", kOrigin, test_signer());
        ASSERT_FALSE(log) << name;
        EXPECT_EQ(log.error().code(), Errc::integrity) << name;
        spit(path + name, content);
        EXPECT_TRUE(opens()) << name;
    }
    EXPECT_EQ(TenantLog::open(folder.path() + "/7", kOrigin, test_signer(2)).error().code(),
              Errc::integrity);
}

TEST(Log, RefusesToSignOverAForeignCheckpoint) {
    const TemporaryFolder folder;
    auto log = open_log(folder);
    append_all(log, 10, 10);
    const std::string older = slurp(folder.path() + "/7/checkpoint");
    append_all(log, 20, 10);
    spit(folder.path() + "/7/checkpoint", older);
    const auto outcome = log.append(entries(20, 21));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), Errc::integrity);
    EXPECT_EQ(slurp(folder.path() + "/7/checkpoint"), older);
}

TEST(Log, WhatACrashLeftBeforeTheCheckpointDoesNoHarm) {
    const TemporaryFolder folder;
    {
        auto log = open_log(folder);
        append_all(log, 250, 250);
    }
    const std::string checkpoint = slurp(folder.path() + "/7/checkpoint");
    // Tiles and bundles of a batch that was never signed, of other entries than the log gets later.
    {
        auto log = open_log(folder);
        ASSERT_TRUE(log.append(entries(10'000, 10'700)));
    }
    // The files of the older checkpoint were not removed yet when the crash came.
    {
        const TemporaryFolder other;
        auto log = open_log(other);
        append_all(log, 250, 250);
        std::filesystem::copy(other.path() + "/7/tile", folder.path() + "/7/tile",
                              std::filesystem::copy_options::recursive |
                                  std::filesystem::copy_options::overwrite_existing);
    }
    spit(folder.path() + "/7/checkpoint", checkpoint);
    EXPECT_TRUE(verify(folder).ok);
    append_all(*std::make_unique<TenantLog>(open_log(folder)), 800, 275);
    EXPECT_TRUE(verify(folder).ok);
    EXPECT_EQ(verify(folder).entries_checked, 800U);
    std::ignore = open_log(folder);
    const TemporaryFolder undisturbed;
    append_all(*std::make_unique<TenantLog>(open_log(undisturbed)), 800, 800);
    EXPECT_EQ(content_of(folder), content_of(undisturbed));
}

}  // namespace
}  // namespace salus::audit
