#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "salus/audit/detail/tenant_log.h"
#include "salus/core/bytes.h"

namespace salus::audit {

/// A folder of the test's own, gone with the object.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        path_ = (std::filesystem::temp_directory_path() / "salus-audit-XXXXXX").string();
        if (::mkdtemp(path_.data()) == nullptr) std::abort();
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline void spit(const std::filesystem::path& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
}

inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

/// Unpacks $SALUS_DATA/audit/<name>; false where the data is not present.
inline bool unpack(const std::string& name, const std::string& into) {
    const char* root = std::getenv("SALUS_DATA");
    const std::string archive = std::string(root ? root : SALUS_DATA_DEFAULT) + "/audit/" + name;
    if (!std::filesystem::exists(archive)) return false;
    return std::system(("tar xJf '" + archive + "' -C '" + into + "'").c_str()) == 0;
}

inline std::shared_ptr<const crypto::SigningKey> test_signer(std::uint8_t seed = 1) {
    return std::make_shared<crypto::SigningKey>(Secret(Bytes(32, seed)));
}

/// Entry number n of a made-up log.
inline Bytes entry(std::uint64_t n) {
    return to_bytes("entry " + std::to_string(n));
}
inline std::vector<Bytes> entries(std::uint64_t from, std::uint64_t to) {
    std::vector<Bytes> made;
    for (; from < to; ++from)
        made.push_back(entry(from));
    return made;
}

}  // namespace salus::audit
