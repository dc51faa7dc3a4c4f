#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "salus/fhir/detail/store_codec.h"

namespace salus::fhir {
namespace {

constexpr std::string_view kText =
    R"({"resourceType":"Observation","id":"1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]}})";

RC_GTEST_PROP(StoreCodec, GivesBackWhatWentIn, (const std::string& text)) {
    Bytes packed;
    pack_body(text, packed);
    RC_ASSERT(packed.size() % kPaddingBytes == 0);
    const auto back = unpack_body(std::move(packed));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == text);
}

TEST(StoreCodec, SmallResourcesShrinkByTheDictionary) {
    Bytes packed;
    pack_body(kText, packed);
    EXPECT_LT(packed.size(), kText.size() * 2 / 3);
}

TEST(StoreCodec, LengthsShowInStepsAlone) {
    Bytes a, b;
    pack_body(R"({"resourceType":"Patient","gender":"male"})", a);
    pack_body(R"({"resourceType":"Patient","gender":"other"})", b);
    EXPECT_EQ(a.size(), b.size());
}

TEST(StoreCodec, RefusesWhatItDidNotMake) {
    EXPECT_EQ(unpack_body({}).error().code(), Errc::integrity);
    EXPECT_EQ(unpack_body({9, 0, 0, 0}).error().code(), Errc::integrity);
    EXPECT_EQ(unpack_body({1, 255, 255, 255}).error().code(), Errc::integrity);
    EXPECT_EQ(unpack_body({1, 4, 0, 0, 1, 2, 3, 4}).error().code(), Errc::integrity);
}

RC_GTEST_PROP(StoreCodec, DamageNeverCrashes, (Bytes noise)) {
    noise.insert(noise.begin(), 1);
    (void)unpack_body(std::move(noise));
}

}  // namespace
}  // namespace salus::fhir
