#include "salus/core/json.h"

#include <gtest/gtest.h>

namespace salus {
namespace {

std::string round_trip(std::string_view text) {
    auto document = JsonDocument::parse(text);
    if (!document) return "refused";
    std::string out;
    write_json(document->root(), out);
    return out;
}

TEST(Json, KeepsEveryTokenAsWritten) {
    EXPECT_EQ(round_trip(R"( { "a" : [ 1.10 , -0.0e+5 , true , null ] , "b" : "x\u00e9\n\"" } )"),
              R"({"a":[1.10,-0.0e+5,true,null],"b":"x\u00e9\n\""})");
}

TEST(Json, UnescapesText) {
    const auto document = JsonDocument::parse(R"({"b":"x\u00e9","c":{}, "d":[]})");
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root().string("b"), "x\u00e9");
    EXPECT_EQ(document->root()["c"].size(), 0U);
    EXPECT_FALSE(document->root()["z"].exists());
}

TEST(Json, Refuses) {
    for (const std::string_view text :
         {"", "1", "\"a\"", "{", "{}}", "{} {}", "[1,]", R"({"a":1,"a":2})", R"({"a":01})",
          R"({"a":1.})", R"({"a":+1})", R"({"a":tru})", R"({"a":nul})", "{\"a\":\"\xff\"}",
          "{\"a\":\"\x01\"}", R"({"a":NaN})", R"([1 2])", R"({"a" 1})"})
        EXPECT_EQ(round_trip(text), "refused") << text;
    EXPECT_EQ(round_trip(std::string(10'000, '[') + std::string(10'000, ']')), "refused");
    EXPECT_EQ(round_trip(std::string(64, '[') + std::string(64, ']')),
              std::string(64, '[') + std::string(64, ']'));
}

TEST(Json, FindsDuplicatesInLargeObjects) {
    std::string text = "{";
    for (int i = 0; i < 100; ++i)
        text += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_EQ(round_trip(text + "\"k50\":1}"), "refused");
    EXPECT_NE(round_trip(text + "\"other\":1}"), "refused");
}

TEST(Json, WriterEscapes) {
    JsonWriter json;
    json.begin_object().member("a", "q\"\\\n\x01").key("n").begin_array().value(1).value(true);
    json.end_array().end_object();
    EXPECT_EQ(json.str(), R"({"a":"q\"\\\n\u0001","n":[1,true]})");
}

}  // namespace
}  // namespace salus
