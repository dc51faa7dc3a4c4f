#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "salus/cli/import_bundle.h"
#include "salus/cli/import_source.h"

namespace salus::cli {
namespace {

namespace fs = std::filesystem;

class ImportTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/salus-import-XXXXXX";
        ASSERT_NE(::mkdtemp(path), nullptr);
        folder_ = path;
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
        std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    }
    void shell(const std::string& command) const {
        ASSERT_EQ(std::system(("cd " + folder_ + " && " + command).c_str()), 0);
    }
    std::vector<Document> read(const std::string& name) {
        std::vector<Document> documents;
        auto reader = DocumentReader::open({folder_ + "/" + name});
        EXPECT_TRUE(reader);
        reader->read(
            [&](Document&& document, const ReadProgress&) {
                documents.push_back(std::move(document));
                return true;
            },
            [&](const std::string& file, const std::string&) { refused_.push_back(file); });
        return documents;
    }
    std::string folder_;
    std::vector<std::string> refused_;
};

TEST_F(ImportTest, AFolderIsReadInTheOrderOfItsNames) {
    write("in/b.json", "{}");
    write("in/0-first.json", "{}");
    write("in/a.json", "{}");
    write("in/readme.txt", "not data");
    const auto documents = read("in");
    ASSERT_EQ(documents.size(), 3U);
    EXPECT_TRUE(documents[0].is_seed());
    EXPECT_FALSE(documents[1].is_seed());
    EXPECT_TRUE(documents[1].name.ends_with("/a.json"));
    EXPECT_TRUE(refused_.empty());
}

TEST_F(ImportTest, PackedFilesAndArchivesReadTheSame) {
    write("one.json", R"({"resourceType":"Patient"})");
    shell(
        "gzip -k one.json && bzip2 -k one.json && xz -k one.json && tar cf t.tar one.json && "
        "tar cJf t.tar.xz one.json && tar czf t.tgz one.json");
    for (const char* name :
         {"one.json", "one.json.gz", "one.json.bz2", "one.json.xz", "t.tar", "t.tar.xz", "t.tgz"}) {
        const auto documents = read(name);
        ASSERT_EQ(documents.size(), 1U) << name;
        EXPECT_EQ(documents[0].text, R"({"resourceType":"Patient"})") << name;
    }
}

TEST_F(ImportTest, LinesComeInPieces) {
    std::string text;
    for (int i = 1; i <= 1200; ++i)
        text += "{\"n\":" + std::to_string(i) + "}\n";
    text.pop_back();  // the last line without its end
    write("many.ndjson", text);
    const auto documents = read("many.ndjson");
    ASSERT_EQ(documents.size(), 3U);
    EXPECT_EQ(documents[1].first_line, 501U);
    EXPECT_TRUE(documents[1].text.starts_with("{\"n\":501}\n"));
    EXPECT_TRUE(documents[2].text.ends_with("{\"n\":1200}\n"));
}

TEST_F(ImportTest, DamageIsReportedAndTheRestIsRead) {
    write("in/a.json.gz", "this is no gzip");
    write("in/b.json", "{}");
    shell(
        "head -c 100000 /dev/zero | tr '\\0' 'x' > c.json && tar czf whole.tgz c.json && "
        "head -c 150 whole.tgz > in/c.tgz");
    EXPECT_EQ(read("in").size(), 2U);  // raw text under a packed name reads as itself
    EXPECT_EQ(refused_.size(), 1U);
    EXPECT_EQ(DocumentReader::open({folder_ + "/absent"}).error().code, "not-found");
}

TEST(Prepare, BundlesGoAsTheyAre) {
    const std::string text = R"( {"resourceType" : "Bundle", "type":"transaction", "entry":[]})";
    const auto prepared = prepare({Document::Kind::json, "x", text, 0});
    ASSERT_TRUE(prepared);
    EXPECT_EQ(prepared->body, text);
    EXPECT_FALSE(prepared->wrapped);
    // The type behind the entries, and one that only looks like a Bundle's.
    EXPECT_FALSE(prepare({Document::Kind::json, "x",
                          R"({"resourceType":"Bundle","entry":[],"type":"batch"})", 0})
                     ->wrapped);
    EXPECT_TRUE(prepare({Document::Kind::json, "x",
                         R"({"id":"a","contained":[{"resourceType":"Bundle","type":"batch"}],
                             "resourceType":"Basic"})",
                         0})
                    ->wrapped);
}

TEST(Prepare, ResourcesArePutUnderTheirIds) {
    const auto prepared = prepare({Document::Kind::lines, "x",
                                   "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n\n"
                                   "{\"resourceType\":\"Group\"}\n",
                                   7});
    ASSERT_TRUE(prepared);
    EXPECT_EQ(prepared->body, R"({"resourceType":"Bundle","type":"transaction","entry":[)"
                              R"({"resource":{"resourceType":"Patient","id":"a"},)"
                              R"("request":{"method":"PUT","url":"Patient/a"}},)"
                              R"({"resource":{"resourceType":"Group"},)"
                              R"("request":{"method":"POST","url":"Group"}}]})");
    const auto broken =
        prepare({Document::Kind::lines, "x", "{\"resourceType\":\"Group\"}\n{oops\n", 7});
    EXPECT_EQ(broken.error().text, "Line 8 is no FHIR resource in JSON.");
}

TEST(Prepare, ACollectionKeepsItsTemporaryNames) {
    const auto prepared =
        prepare({Document::Kind::json, "x",
                 R"({"resourceType":"Bundle","type":"collection","entry":[)"
                 R"({"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"a"}}]})",
                 0});
    ASSERT_TRUE(prepared);
    EXPECT_EQ(prepared->body,
              R"({"resourceType":"Bundle","type":"transaction","entry":[)"
              R"({"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"a"},)"
              R"("request":{"method":"POST","url":"Patient"}}]})");
}

TEST(Prepare, NarrowKeepsTheNamedEntriesAndTheirPlaces) {
    auto prepared = prepare(
        {Document::Kind::json, "x",
         R"({"resourceType":"Bundle","type":"batch","entry":[{"a":0},{"a":1},{"a":2}]})", 0});
    ASSERT_TRUE(prepared);
    narrow(*prepared, {0, 2});
    EXPECT_EQ(prepared->body,
              R"({"resourceType":"Bundle","type":"batch","entry":[{"a":0},{"a":2}]})");
    EXPECT_EQ(prepared->position(1), 2U);
    narrow(*prepared, {2});
    EXPECT_EQ(prepared->position(0), 2U);
}

}  // namespace
}  // namespace salus::cli
