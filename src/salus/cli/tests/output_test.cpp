#include "salus/cli/output.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace salus::cli {
namespace {

JsonDocument parse(std::string_view text) {
    auto document = JsonDocument::parse(text);
    EXPECT_TRUE(document);
    return std::move(*document);
}

TEST(Output, TableLinesUp) {
    const auto rows = parse(R"([{"name":"riverside","id":1},{"name":"käse","id":12,"note":null}])");
    EXPECT_EQ(
        render(rows.root(), Format::table, {{"name", "NAME"}, {"id", "ID"}, {"note", "NOTE"}}),
        "NAME       ID  NOTE\n"
        "riverside  1   -\n"
        "käse       12  -\n");
}

TEST(Output, ATerminalIsNotObeyed) {
    const auto rows = parse("[{\"name\":\"a\\u001b[2Jb\"}]");
    EXPECT_EQ(render(rows.root(), Format::table, {{"name", "NAME"}}), "NAME\na?[2Jb\n");
}

TEST(Output, JsonIsTheSameValueIndented) {
    const auto value = parse(R"({"a":[1.50,{"b":"x\"y"}],"c":{},"d":[]})");
    const std::string text = render(value.root(), Format::json, {});
    EXPECT_EQ(text.find("1.50") == std::string::npos, false);
    std::string minified;
    write_json(parse(text).root(), minified);
    EXPECT_EQ(minified, R"({"a":[1.50,{"b":"x\"y"}],"c":{},"d":[]})");
}

TEST(Output, YamlReadsBackAsTheSameTexts) {
    const auto value = parse(
        R"({"plain":"riverside","yes":"yes","number":"007","empty":"","colon":"a: b","quote":"\"#",
            "line":"a\nb","list":["x",{"k":"v"}],"none":[],"flag":true})");
    const YAML::Node back = YAML::Load(render(value.root(), Format::yaml, {}));
    for (const JsonView member : value.root()) {
        if (!member.is(JsonKind::string)) continue;
        EXPECT_EQ(back[std::string(member.key())].as<std::string>(), member.text());
    }
    EXPECT_EQ(back["yes"].Tag(), "!");  // quoted: a text, not a truth
    EXPECT_EQ(back["list"][1]["k"].as<std::string>(), "v");
    EXPECT_TRUE(back["none"].IsSequence());
    EXPECT_TRUE(back["flag"].as<bool>());
}

}  // namespace
}  // namespace salus::cli
