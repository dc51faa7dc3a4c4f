#include "salus/cli/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "salus/cli/context.h"
#include "salus/cli/external_dsn.h"
#include "salus/cli/process.h"

namespace salus::cli {
namespace {

namespace fs = std::filesystem;

class ConfigTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/salus-config-XXXXXX";
        ASSERT_NE(::mkdtemp(path), nullptr);
        folder_ = path;
        before_ = fs::current_path();
        fs::current_path(folder_);
        ::setenv("XDG_CONFIG_HOME", (folder_ + "/xdg").c_str(), 1);
        ::unsetenv("SALUS_HOME");
        ::unsetenv("SALUS_LISTEN");
    }
    void TearDown() override {
        fs::current_path(before_);
        fs::remove_all(folder_);
    }
    static void write(const std::string& path, const std::string& text) {
        if (fs::path(path).has_parent_path()) fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path) << text;
    }
    std::string folder_;
    fs::path before_;
};

TEST_F(ConfigTest, TheNearerSettingWins) {
    write("xdg/salus/config.yaml", "home: /from/xdg\nlisten: 127.0.0.1:1\ndsn: host=xdg\n");
    write("salus.yaml", "home: /from/here\nlisten: 127.0.0.1:2\n");
    ::setenv("SALUS_LISTEN", "127.0.0.1:3", 1);
    Context context;
    context.home = "/from/flag";
    ASSERT_TRUE(context.complete());
    EXPECT_EQ(context.home, "/from/flag");
    EXPECT_EQ(context.listen, "127.0.0.1:3");
    EXPECT_EQ(context.dsn, "host=xdg");
    ::unsetenv("SALUS_LISTEN");
    Context other;
    ASSERT_TRUE(other.complete());
    EXPECT_EQ(other.home, "/from/here");
    EXPECT_EQ(other.listen, "127.0.0.1:2");
    EXPECT_EQ(other.output, "table");
}

TEST_F(ConfigTest, AMisspeltKeyIsRefused) {
    write("salus.yaml", "lisen: 127.0.0.1:2\n");
    EXPECT_EQ(merged_config().error().code, "invalid");
    write("salus.yaml", "home: [a, b]\n");
    EXPECT_EQ(merged_config().error().code, "invalid");
    write("salus.yaml", "home: [open\n");
    EXPECT_EQ(merged_config().error().code, "invalid");
    write("salus.yaml", "");
    EXPECT_TRUE(merged_config());
}

TEST(Dsn, RolesAreOursAndPasswordsAreNot) {
    EXPECT_EQ(ExternalDsn::parse("host=db dbname=s")->for_role("salus_app"),
              "host=db dbname=s user=salus_app");
    EXPECT_EQ(ExternalDsn::parse("postgresql://db/s")->for_owner(),
              "postgresql://db/s?user=salus_owner");
    EXPECT_EQ(
        ExternalDsn::parse("postgresql://admin@db/s?connect_timeout=3")->for_role("salus_app"),
        "postgresql://admin@db/s?connect_timeout=3&user=salus_app");
    EXPECT_EQ(ExternalDsn::parse("host=db user=admin")->for_owner(), "host=db user=admin");
    for (const char* text : {"host=db password=x", "postgresql://a:b@db/s", "host", "nonsense=1"})
        EXPECT_EQ(ExternalDsn::parse(text).error().code(), Errc::usage) << text;
}

TEST(Listen, AddressesAreReadStrictly) {
    EXPECT_EQ(parse_listen("127.0.0.1:8443")->url(), "https://127.0.0.1:8443");
    EXPECT_EQ(parse_listen("[::1]:443")->url(), "https://[::1]:443");
    EXPECT_EQ(parse_listen("0.0.0.0:8443")->url(), "https://127.0.0.1:8443");
    for (const char* text : {"8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
                             "localhost:8443", "127.0.0.1:84 43", ":8443"})
        EXPECT_EQ(parse_listen(text).error().code, "usage") << text;
}

TEST(Listen, AFreePortIsFoundAndATakenOneNamed) {
    auto free = parse_listen("127.0.0.1:0");
    ASSERT_TRUE(free);
    ASSERT_TRUE(claim(*free));
    EXPECT_NE(free->port, 0);
}

TEST(Failure, IsReadFromWhatServersSay) {
    const Failure own = failure_of_answer(
        409, R"({"error":{"code":"conflict","text":"It exists.","next":"Take another name."}})");
    EXPECT_EQ(own.exit_code, 6);
    EXPECT_EQ(own.text, "It exists.");
    EXPECT_EQ(own.next_step, "Take another name.");
    const Failure fhir = failure_of_answer(
        404, R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"Not there."}]})");
    EXPECT_EQ(fhir.exit_code, 5);
    EXPECT_EQ(fhir.text, "Not there.");
    EXPECT_EQ(failure_of_answer(502, "<html>").exit_code, 1);
}

}  // namespace
}  // namespace salus::cli
