#include "salus/core/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "salus/core/clock.h"
#include "salus/core/id.h"

namespace salus {
namespace {

TEST(Encoding, Rfc4648Vectors) {
    EXPECT_EQ(to_base64(as_bytes("foobar")), "Zm9vYmFy");
    EXPECT_EQ(to_base64(as_bytes("fooba")), "Zm9vYmE=");
    EXPECT_EQ(to_base32(as_bytes("foobar")), "MZXW6YTBOI");
    EXPECT_EQ(to_hex(as_bytes("foo")), "666f6f");
    EXPECT_EQ(from_base64("Zm9vYmE="), to_bytes("fooba"));
    EXPECT_FALSE(from_base64("Zm9vYmF="));  // left-over bits
    EXPECT_FALSE(from_base64("Zm9vYmE"));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0G"));
}

TEST(Encoding, RoundTrips) {
    EXPECT_TRUE(rc::check([](const Bytes& bytes) {
        RC_ASSERT(from_hex(to_hex(bytes)) == bytes);
        RC_ASSERT(from_base64(to_base64(bytes)) == bytes);
        RC_ASSERT(from_base64url(to_base64url(bytes)) == bytes);
        RC_ASSERT(from_base32(to_base32(bytes)) == bytes);
    }));
}

TEST(Uuid, ParsesTheCanonicalFormOnly) {
    const auto id = Uuid::parse("01234567-89ab-cdef-0123-456789abcdef");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), "01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_FALSE(Uuid::parse("01234567-89AB-cdef-0123-456789abcdef"));
    EXPECT_FALSE(Uuid::parse("0123456789abcdef0123456789abcdef"));
}

TEST(Clock, Instant) {
    EXPECT_EQ(to_instant(1'700'000'000'123'456), "2023-11-14T22:13:20.123Z");
    EXPECT_EQ(to_instant(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace salus
