#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "salus/fhir/query.h"

namespace salus::fhir {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Form, DecodesPairs) {
    EXPECT_THAT(*parse_form("name=Ann%20Lee&given=Zo%C3%AB+B&x="),
                ElementsAre(Pair("name", "Ann Lee"), Pair("given", "Zoë B"), Pair("x", "")));
    EXPECT_THAT(*parse_form(""), ElementsAre());
    EXPECT_THAT(*parse_form("code=http://loinc.org|8867-4&date=ge2020"),
                ElementsAre(Pair("code", "http://loinc.org|8867-4"), Pair("date", "ge2020")));
    EXPECT_THAT(*parse_form("a=b=c"), ElementsAre(Pair("a", "b=c")));
}

TEST(Form, RefusesWhatIsNotText) {
    for (const char* text : {"a", "=b", "a=1&&b=2", "a=%", "a=%4", "a=%zz", "a=%00", "a=%ff",
                             "a=%c0%80", "a=%ed%a0%80", "a=%f5%80%80%80", "a=%e2%82", "%00=1", "&"})
        EXPECT_FALSE(parse_form(text)) << text;
    EXPECT_FALSE(parse_form(std::string_view("a=\0", 3)));
}

TEST(Form, AnyBytesAreAnsweredOrRefused) {
    EXPECT_TRUE(rc::check("no input breaks it", [](const std::string& text) {
        const auto pairs = parse_form(text);
        if (!pairs) return;
        for (const auto& [name, value] : *pairs) {
            RC_ASSERT(!name.empty());
            RC_ASSERT(value.find('\0') == std::string::npos);
        }
    }));
}

}  // namespace
}  // namespace salus::fhir
