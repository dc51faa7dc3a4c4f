#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "salus/core/json.h"

namespace salus::fhir::test {

/// Third-party test data, unpacked into a folder that goes with the object. Empty where it is
/// absent.
class DataArchive {
  public:
    explicit DataArchive(const std::string& name) {
        const char* root = std::getenv("SALUS_DATA");
        const std::string archive = std::string(root ? root : SALUS_DATA_DEFAULT) + "/fhir/" + name;
        if (!std::filesystem::exists(archive)) return;
        std::string folder = std::filesystem::temp_directory_path() / "salus-fhir-XXXXXX";
        if (mkdtemp(folder.data()) == nullptr) return;
        folder_ = folder;
        const std::string command = "tar -xf '" + archive + "' -C '" + folder_.string() + "'";
        if (std::system(command.c_str()) != 0) folder_.clear();
    }
    ~DataArchive() {
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }
    DataArchive(const DataArchive&) = delete;
    DataArchive& operator=(const DataArchive&) = delete;

    /// The documents of the *.json files under `below` that are JSON.
    [[nodiscard]] std::vector<JsonDocument> documents(const std::string& below = {}) const {
        std::vector<JsonDocument> found;
        if (folder_.empty()) return found;
        for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / below)) {
            if (file.path().extension() != ".json") continue;
            std::ifstream in(file.path());
            const std::string text{std::istreambuf_iterator<char>(in), {}};
            if (auto document = JsonDocument::parse(text)) found.push_back(std::move(*document));
        }
        return found;
    }

  private:
    std::filesystem::path folder_;
};

/// The resources of a bundle, or the one resource.
inline std::vector<JsonView> resources_of(const JsonDocument& document) {
    const JsonView root = document.root();
    if (root.string("resourceType") != "Bundle" || !root["entry"].exists()) return {root};
    std::vector<JsonView> found;
    for (const JsonView entry : root["entry"])
        if (entry["resource"].exists()) found.push_back(entry["resource"]);
    return found;
}

}  // namespace salus::fhir::test
