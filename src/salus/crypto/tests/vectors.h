#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "salus/core/encoding.h"
#include "salus/core/json.h"

namespace salus::crypto::testing {

inline Bytes unhex(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes) throw std::invalid_argument("not hexadecimal");
    return std::move(*bytes);
}

/// A file of third-party vectors from $SALUS_DATA/crypto, or nothing where they are not present.
inline std::optional<JsonDocument> wycheproof(const std::string& name) {
    const char* root = std::getenv("SALUS_DATA");
    std::ifstream file(std::string(root ? root : SALUS_DATA_DEFAULT) + "/crypto/wycheproof_" +
                       name + ".json");
    if (!file) return std::nullopt;
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    auto document = JsonDocument::parse(text);
    if (!document) return std::nullopt;
    return std::move(*document);
}

/// Calls `check(group, test)` for every vector and returns how many there were.
template <typename Check>
std::size_t for_each_vector(const JsonDocument& document, Check check) {
    std::size_t count = 0;
    for (const JsonView group : document.root()["testGroups"]) {
        for (const JsonView test : group["tests"]) {
            SCOPED_TRACE("tcId " + std::string(test["tcId"].text()));
            check(group, test);
            ++count;
        }
    }
    return count;
}

}  // namespace salus::crypto::testing
