#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "salus/fhir/detail/decimal.h"
#include "salus/fhir/detail/fold.h"
#include "salus/fhir/detail/primitives.h"
#include "salus/fhir/detail/time_range.h"

namespace salus::fhir::detail {
namespace {

TimeUs us(const char* text) {
    const auto range = parse_time(text);
    EXPECT_TRUE(range) << text;
    return range ? range->from : 0;
}

TEST(Formats, OfEachPrimitive) {
    struct Case {
        Kind kind;
        std::vector<const char*> good;
        std::vector<const char*> bad;
    };
    const std::vector<Case> cases = {
        {Kind::id, {"a", "A-1.b"}, {"", "a b", "ä", "a_b", "a/b"}},
        {Kind::code, {"final", "entered in error"}, {"", " a", "a ", "a  b", "a\x01"}},
        {Kind::string, {" ", "a\tb\r\nc", "Zoë"}, {"", "a\x07", "\x1b[0m"}},
        {Kind::uri, {"urn:x:1", "http://a/b?c"}, {"", "http://a b"}},
        {Kind::oid,
         {"urn:oid:1.2.840.0", "urn:oid:2.16"},
         {"urn:oid:3.1", "1.2.3", "urn:oid:1.02"}},
        {Kind::uuid,
         {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
         {"c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:c757873dec9a4326a141556f43239520"}},
        {Kind::base64,
         {"AAAA", "AA==", "AAA=", "AA AA\nAAAA"},
         {"", "A", "AAA", "A===", "AA=A", "A-_A"}},
        {Kind::date,
         {"2020", "2020-02", "2020-02-29", "0001"},
         {"", "20", "2020-", "2020-13", "2019-02-29", "1900-02-29", "0000", "2020-1-1",
          "2020-04-31", "2020-02-29T00:00:00Z"}},
        {Kind::date_time,
         {"2020", "2020-02-29T23:59:60Z", "2020-01-01T00:00:00.123456789+14:00"},
         {"2020-01-01T00:00:00", "2020-01-01T24:00:00Z", "2020-01-01T00:00Z",
          "2020-01-01T00:00:00+15:00", "2020-01-01T00:00:00+14:30", "2020-01-01 00:00:00Z",
          "2020-01-01T00:00:00.Z"}},
        {Kind::instant, {"2020-01-01T00:00:00Z"}, {"2020-01-01", "2020-01-01T00:00:00"}},
        {Kind::time, {"00:00:00", "23:59:59.5"}, {"24:00:00", "1:00:00", "00:00", "00:00:00Z"}},
    };
    for (const Case& c : cases) {
        for (const char* text : c.good)
            EXPECT_TRUE(is_valid_text(c.kind, text)) << static_cast<int>(c.kind) << " " << text;
        for (const char* text : c.bad)
            EXPECT_FALSE(is_valid_text(c.kind, text)) << static_cast<int>(c.kind) << " " << text;
    }
    EXPECT_FALSE(is_valid_text(Kind::string, std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_valid_text(Kind::id, std::string(65, 'a')));
}

TEST(Formats, OfNumbers) {
    for (const char* text : {"0", "-1", "2147483647", "-2147483648"})
        EXPECT_TRUE(is_valid_number(Kind::integer, text)) << text;
    for (const char* text : {"2147483648", "1.0", "1e2", "99999999999999999999"})
        EXPECT_FALSE(is_valid_number(Kind::integer, text)) << text;
    EXPECT_FALSE(is_valid_number(Kind::positive_int, "0"));
    EXPECT_FALSE(is_valid_number(Kind::unsigned_int, "-1"));
    for (const char* text : {"0.00", "-1.5e-10", "123456789012345678.123456789012345678"})
        EXPECT_TRUE(is_valid_number(Kind::decimal, text)) << text;
    EXPECT_FALSE(is_valid_number(Kind::decimal, std::string(65, '9')));
    EXPECT_FALSE(is_valid_number(Kind::decimal, "1e999999"));
}

TEST(Formats, NarrativesRunNothing) {
    for (const char* text : {"<div xmlns=\"http://www.w3.org/1999/xhtml\">Hello</div>",
                             "<div><p>a<br/>b</p><!-- c --></div>",
                             "<div><a href='https://a/b:c'>x</a><a href=\"#n\">y</a><img "
                             "src=\"data:image/png;base64,AA\"/></div>",
                             " <div>a &lt; b</div>\n"})
        EXPECT_TRUE(is_safe_xhtml(text)) << text;
    for (const char* text :
         {"", "Hello", "<p>a</p>", "<div>", "<div></div><div></div>", "<div></div>text",
          "<div><script>x</script></div>", "<div onclick=\"x\">a</div>", "<div ONCLICK='x'>a</div>",
          "<div><a href=\"javascript:x\">a</a></div>",
          "<div><a href=\"java&#115;cript:x\">a</a></div>", "<div><iframe src='x'/></div>",
          "<div><img src=x></div>", "<div><object/></div>", "<divx></divx>",
          "<div><style>a</style></div>", "<div><a href='data:text/html,x'>a</a></div>",
          "<!DOCTYPE x><div></div>", "<div><!-- </div>"})
        EXPECT_FALSE(is_safe_xhtml(text)) << text;
    EXPECT_FALSE(is_safe_xhtml(std::string_view("<div>\0</div>", 12)));
}

TEST(Time, PrecisionIsTheRangeItCovers) {
    EXPECT_EQ(us("1970"), 0);
    EXPECT_EQ(us("2000-03-01"), 951868800 * kSecondUs);
    const auto width = [](const char* text) {
        const auto range = parse_time(text);
        return range ? (range->to - range->from) / kSecondUs : -1;
    };
    EXPECT_EQ(width("2020"), 366 * 86400);
    EXPECT_EQ(width("2019"), 365 * 86400);
    EXPECT_EQ(width("2020-02"), 29 * 86400);
    EXPECT_EQ(width("2020-12"), 31 * 86400);
    EXPECT_EQ(width("2020-02-29"), 86400);
    EXPECT_EQ(width("2020-02-29T10:00"), 60);
    EXPECT_EQ(width("2020-02-29T10:00Z"), 60);
    EXPECT_EQ(width("2020-02-29T10:00:00+02:00"), 1);
    EXPECT_EQ(
        parse_time("2020-01-01T00:00:00.25Z")->to - parse_time("2020-01-01T00:00:00.25Z")->from,
        10'000);
}

TEST(Time, ZonesAreTakenToUtc) {
    EXPECT_EQ(us("2019-12-31T22:00:00-05:00"), us("2020-01-01T03:00:00Z"));
    EXPECT_EQ(us("2020-01-01T01:30:00+05:30"), us("2019-12-31T20:00:00Z"));
    EXPECT_EQ(us("2020-01-01T01:30:00"), us("2020-01-01T01:30:00Z"));
}

TEST(Time, WhatIsNoDateIsRefused) {
    for (const char* text :
         {"", "x", "2020-02-30", "2020-01-01T", "2020-01-01T1:00", "2020-01-01T10:00:00+2",
          "2020-01-01T10:00:00 02:00", "gt2020", "2020-01-01T10", "99999-01-01"})
        EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Time, MonthsAreCalendarMonthsInUtc) {
    const auto month = [](const char* text) { return month_of(us(text)); };
    EXPECT_EQ(month("2020-01-01"), 2020 * 12);
    EXPECT_EQ(month("2020-12-31T23:59:59Z"), 2020 * 12 + 11);
    EXPECT_EQ(month("2020-12-31T23:59:59-01:00"), 2021 * 12);
    EXPECT_EQ(month("1969-12-31"), 1969 * 12 + 11);
    EXPECT_EQ(month("0001-01-01"), 12);
    EXPECT_TRUE(rc::check("every date lies in its own month", [] {
        const int year = *rc::gen::inRange(1, 9999);
        const int m = *rc::gen::inRange(1, 13);
        const int day = *rc::gen::inRange(1, 29);
        char text[11];
        std::snprintf(text, sizeof text, "%04d-%02d-%02d", year, m, day);
        RC_ASSERT(month_of(parse_time(text)->from) == year * 12 + m - 1);
        RC_ASSERT(months_of(*parse_time(text)).last == year * 12 + m - 1);
    }));
}

TEST(Time, PrefixesFollowTheRanges) {
    const TimeRange year = *parse_time("2020");
    const TimeRange day = *parse_time("2020-05-05");
    const TimeRange across{us("2019-06-01"), us("2020-06-01")};
    const TimeRange open{us("2019-06-01"), std::numeric_limits<TimeUs>::max()};
    EXPECT_TRUE(compare(Prefix::eq, year, day));
    EXPECT_FALSE(compare(Prefix::eq, day, year));  // the target is less precise than the question
    EXPECT_TRUE(compare(Prefix::ne, day, year));
    EXPECT_TRUE(compare(Prefix::ge, year, day));
    EXPECT_TRUE(compare(Prefix::le, year, day));
    EXPECT_FALSE(compare(Prefix::gt, year, day));
    EXPECT_FALSE(compare(Prefix::eq, year, across));
    EXPECT_TRUE(compare(Prefix::lt, year, across));
    EXPECT_TRUE(compare(Prefix::ap, year, across));
    EXPECT_TRUE(compare(Prefix::gt, year, open));
    EXPECT_TRUE(compare(Prefix::sa, *parse_time("2019"), day));
    EXPECT_FALSE(compare(Prefix::sa, *parse_time("2020"), day));
    EXPECT_TRUE(compare(Prefix::eb, *parse_time("2021"), day));
}

Decimal dec(const std::string& text) {
    const auto value = Decimal::parse(text);
    EXPECT_TRUE(value) << text;
    return value.value_or(Decimal());
}

TEST(DecimalTest, ComparesExactly) {
    EXPECT_EQ(dec("0.1").compare(dec("0.10")), 0);
    EXPECT_EQ(dec("1e2").compare(dec("100")), 0);
    EXPECT_EQ(dec("-0").compare(dec("0.00")), 0);
    EXPECT_LT(dec("-2").compare(dec("-1")), 0);
    EXPECT_LT(dec("99.999999999999999999999").compare(dec("100")), 0);
    EXPECT_GT(dec("0.30000000000000000000000001").compare(dec("0.3")), 0);
    for (const char* text : {"", "-", ".", "1.", ".5", "1e", "1e5000", "0x10", "1 ", "NaN", "1,5"})
        EXPECT_FALSE(Decimal::parse(text)) << text;
    EXPECT_TRUE(rc::check("as integers do", [](int a, int b) {
        const int order = dec(std::to_string(a)).compare(dec(std::to_string(b)));
        RC_ASSERT(order == (a < b ? -1 : (a > b ? 1 : 0)));
    }));
}

TEST(DecimalTest, PrecisionIsPartOfEquality) {
    const auto equal = [](const char* searched, const char* target) {
        return compare(Prefix::eq, dec(searched), dec(target));
    };
    // The examples of R4 search.html 3.1.1.4.8.
    EXPECT_TRUE(equal("100", "99.5") && equal("100", "100.49") && !equal("100", "100.5"));
    EXPECT_TRUE(equal("100.00", "99.995") && !equal("100.00", "100.005"));
    EXPECT_TRUE(equal("1e2", "95") && equal("1e2", "104.9") && !equal("1e2", "105"));
    EXPECT_TRUE(equal("-5", "-5.4") && !equal("-5", "-5.6") && !equal("-5", "5"));
    EXPECT_TRUE(equal("0", "-0.5") && !equal("0", "0.5"));
    EXPECT_TRUE(compare(Prefix::gt, dec("100"), dec("100.0001")));
    EXPECT_FALSE(compare(Prefix::lt, dec("100"), dec("100")));
    EXPECT_TRUE(compare(Prefix::ap, dec("100"), dec("110")));
    EXPECT_FALSE(compare(Prefix::ap, dec("100"), dec("111")));
    EXPECT_TRUE(compare(Prefix::ap, dec("-100"), dec("-91")));
}

TEST(Fold, CaseAndAccentsDoNotCount) {
    EXPECT_EQ(fold("GARCÍA"), "garcia");
    EXPECT_EQ(fold("Garci\xcc\x81"
                   "a"),
              "garcia");  // decomposed
    EXPECT_EQ(fold("Straße"), "strasse");
    EXPECT_EQ(fold("Łukasz Ångström Øre"), "lukasz angstrom ore");
    EXPECT_EQ(fold("Ελένη ΣΑΣ"), fold("ελενη σας"));
    EXPECT_EQ(fold("ЁЛКА"), fold("елка"));
    EXPECT_EQ(fold("Nguyễn"), "nguyen");
    EXPECT_EQ(fold("山田太郎 😀"), "山田太郎 😀");
    EXPECT_TRUE(rc::check("folding twice is folding once", [](const std::string& text) {
        std::string ascii;
        for (const char c : text)
            ascii.push_back(static_cast<char>(c & 0x7f));
        RC_ASSERT(fold(fold(ascii)) == fold(ascii));
    }));
}

TEST(Fold, PrefixesAreCharactersNotBytes) {
    EXPECT_EQ(prefix_of("яблоко", 2), "яб");
    EXPECT_EQ(prefix_of("ab", 2), "ab");
    EXPECT_EQ(prefix_of("a", 2), "");
}

}  // namespace
}  // namespace salus::fhir::detail
