#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <string>

#include "salus/edge/routes.h"

namespace salus::edge {
namespace {

constexpr std::string_view kMethods[] = {"get", "put", "post", "delete", "patch"};

YAML::Node document() {
    return YAML::LoadFile(std::string(SALUS_SOURCE_DIR) + "/docs/openapi.yaml");
}

std::set<std::string> documented() {
    std::set<std::string> routes;
    for (const auto& path : document()["paths"])
        for (const auto& member : path.second) {
            std::string method = member.first.as<std::string>();
            if (std::ranges::find(kMethods, method) == std::end(kMethods)) continue;
            std::ranges::transform(method, method.begin(),
                                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
            routes.insert(method + " " + path.first.as<std::string>());
        }
    return routes;
}

TEST(OpenApi, SaysWhatIsThereAndNothingElse) {
    std::set<std::string> served;
    for (const RouteName& route : route_names())
        served.insert(std::string(route.method) + " " + std::string(route.path));
    EXPECT_EQ(documented(), served);
}

/// Follows "#/a/b/c".
bool resolves(YAML::Node node, const std::string& reference) {
    for (std::size_t at = 2; at <= reference.size();) {
        const std::size_t end = std::min(reference.find('/', at), reference.size());
        const YAML::Node next = node[reference.substr(at, end - at)];
        if (!next) return false;
        node.reset(next);
        at = end + 1;
    }
    return true;
}

void check_references(const YAML::Node& node, const YAML::Node& root) {
    if (node.IsSequence())
        for (const auto& item : node)
            check_references(item, root);
    if (!node.IsMap()) return;
    for (const auto& member : node) {
        if (member.first.as<std::string>() == "$ref") {
            const std::string reference = member.second.as<std::string>();
            EXPECT_TRUE(reference.starts_with("#/") && resolves(root, reference)) << reference;
        }
        check_references(member.second, root);
    }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
    const YAML::Node root = document();
    check_references(root, root);
}

TEST(OpenApi, PathParametersAreDeclared) {
    const YAML::Node root = document();
    for (const auto& path : root["paths"]) {
        const std::string text = path.first.as<std::string>();
        const auto braces = static_cast<std::size_t>(std::ranges::count(text, '{'));
        const YAML::Node parameters = path.second["parameters"];
        EXPECT_EQ(parameters ? parameters.size() : 0, braces) << text;
    }
}

}  // namespace
}  // namespace salus::edge
