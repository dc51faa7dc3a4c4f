#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "salus/db/testing/test_database.h"

namespace salus::db {
namespace {

class ParamsTest : public ::testing::Test {
  protected:
    /// Sends a value through the server and back.
    Rows echo(Sql sql, const Params& params) {
        auto tx = database_.pool().platform();
        if (!tx) return {};
        auto rows = tx->query(sql, params);
        EXPECT_TRUE(rows);
        return rows ? std::move(*rows) : Rows();
    }
    TestDatabase& database_ = TestDatabase::instance();
};

Uuid uuid_of(const std::array<std::uint8_t, 16>& bytes) {
    return Uuid(bytes);
}

TEST_F(ParamsTest, NumbersComeBack) {
    for (const std::int64_t v : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                                 std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) {
        const auto small = static_cast<std::int16_t>(v);
        const auto middle = static_cast<std::int32_t>(v);
        const Rows rows =
            echo("SELECT $1, $2, $3, $4", Params().i16(small).i32(middle).i64(v).boolean(v < 0));
        EXPECT_EQ(rows.i16(0, 0), small);
        EXPECT_EQ(rows.i32(0, 1), middle);
        EXPECT_EQ(rows.i64(0, 2), v);
        EXPECT_EQ(rows.boolean(0, 3), v < 0);
    }
}

TEST_F(ParamsTest, EmptyIsNotNull) {
    const Rows rows = echo(
        "SELECT $1, $2, $3, $4",
        Params().text("").bytes({}).i64(std::optional<std::int64_t>()).uuid(std::optional<Uuid>()));
    EXPECT_FALSE(rows.is_null(0, 0));
    EXPECT_TRUE(rows.text(0, 0).empty());
    EXPECT_FALSE(rows.is_null(0, 1));
    EXPECT_TRUE(rows.bytes(0, 1).empty());
    EXPECT_TRUE(rows.is_null(0, 2));
    EXPECT_TRUE(rows.is_null(0, 3));
}

TEST_F(ParamsTest, BytesAndUuidsComeBack) {
    rc::check([this](const Bytes& bytes, const std::array<std::uint8_t, 16>& id) {
        const Rows rows = echo("SELECT $1, $2", Params().bytes(bytes).uuid(uuid_of(id)));
        const ByteView back = rows.bytes(0, 0);
        RC_ASSERT(std::equal(back.begin(), back.end(), bytes.begin(), bytes.end()));
        RC_ASSERT(rows.uuid(0, 1) == uuid_of(id));
    });
}

TEST_F(ParamsTest, ArraysComeBackAsRows) {
    rc::check([this](const std::vector<std::int64_t>& longs, const std::vector<Bytes>& blobs) {
        std::vector<std::int32_t> ints(longs.begin(), longs.end());
        std::vector<std::int16_t> shorts(longs.begin(), longs.end());
        std::vector<std::string> texts;
        for (const std::int64_t v : longs)
            texts.push_back(std::to_string(v));
        const Rows rows = echo("SELECT a, b, c, d FROM unnest($1, $2, $3, $4) AS t (a, b, c, d)",
                               Params().i64s(longs).i32s(ints).i16s(shorts).texts(texts));
        RC_ASSERT(rows.size() == longs.size());
        for (std::size_t i = 0; i < longs.size(); ++i) {
            RC_ASSERT(rows.i64(i, 0) == longs[i]);
            RC_ASSERT(rows.i32(i, 1) == ints[i]);
            RC_ASSERT(rows.i16(i, 2) == shorts[i]);
            RC_ASSERT(rows.text(i, 3) == texts[i]);
        }
        const Rows back = echo("SELECT b FROM unnest($1) AS b", Params().bytea_array(blobs));
        RC_ASSERT(back.size() == blobs.size());
        for (std::size_t i = 0; i < blobs.size(); ++i)
            RC_ASSERT(as_text(back.bytes(i, 0)) == as_text(ByteView(blobs[i])));
    });
}

TEST_F(ParamsTest, ArraysOfUuidsKeepTheirGaps) {
    const Uuid one = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");
    const std::vector<std::optional<Uuid>> some = {one, std::nullopt, Uuid()};
    const std::vector<Uuid> all = {Uuid(), one, one};
    const Rows rows =
        echo("SELECT a, b FROM unnest($1, $2) AS t (a, b)", Params().uuids(some).uuids(all));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows.uuid(0, 0), one);
    EXPECT_TRUE(rows.is_null(1, 0));
    EXPECT_EQ(rows.uuid(2, 0), Uuid());
    EXPECT_EQ(rows.uuid(2, 1), one);
}

TEST(RowsDeathTest, AColumnOfAnotherTypeIsADefect) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(static_cast<void>(Rows().i64(0, 0)), "a column was read");
}

}  // namespace
}  // namespace salus::db
