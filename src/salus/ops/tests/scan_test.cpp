#include "salus/ops/scan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "salus/core/encoding.h"

namespace salus::ops {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kCanary = "Zyxomma-petiolatum-42";

class ScanTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/salus-scan-XXXXXX";
        ASSERT_NE(::mkdtemp(path), nullptr);
        root_ = path;
        fs::create_directories(root_ + "/pg/base/1");
        needles_.add(kCanary);
    }
    void TearDown() override { fs::remove_all(root_); }
    void plant(const std::string& bytes) {
        std::ofstream(root_ + "/pg/base/1/2619", std::ios::binary) << bytes;
    }
    std::string root_;
    Needles needles_;
};

TEST_F(ScanTest, FindsEveryFormAndNamesThePlace) {
    const std::string plain(kCanary);
    std::string lower = plain;
    for (char& c : lower)
        c = static_cast<char>(::tolower(c));
    std::string wide;
    for (const char c : plain)
        wide += std::string{c, '\0'};
    const std::pair<std::string, std::string> forms[] = {
        {"plain", plain},
        {"lower case", lower},
        {"hexadecimal", to_hex(as_bytes(plain))},
        {"base64", to_base64(as_bytes("{\"family\":\"" + plain + "\",\"use\":\"official\"}"))},
        {"base64", to_base64(as_bytes("x" + plain + "y"))},
        {"base64", to_base64url(as_bytes("xy" + plain + "z"))},
        {"UTF-16LE", wide},
        {"UTF-16BE", std::string(1, '\0') + wide.substr(0, wide.size() - 1)},
        {"reversed", std::string(plain.rbegin(), plain.rend())}};
    for (const auto& [encoding, bytes] : forms) {
        plant(std::string(1000, 'q') + bytes + std::string(50, '\0'));
        const auto report = scan_tree(root_, needles_);
        ASSERT_TRUE(report);
        ASSERT_EQ(report->hits.size(), 1U) << encoding;
        EXPECT_EQ(report->hits[0].encoding, encoding);
        EXPECT_EQ(report->hits[0].file, root_ + "/pg/base/1/2619");
        EXPECT_GE(report->hits[0].offset, 1000U);
        EXPECT_LT(report->hits[0].offset, 1020U);
    }
}

TEST_F(ScanTest, FindsACanaryOnABlockBorder) {
    for (const std::size_t before : {(4U << 20) - 10, (4U << 20) + 3, 4U << 20}) {
        plant(std::string(before, 'q') + std::string(kCanary) + "tail");
        const auto report = scan_tree(root_, needles_);
        ASSERT_TRUE(report);
        ASSERT_EQ(report->hits.size(), 1U);
        EXPECT_EQ(report->hits[0].offset, before);
    }
}

TEST_F(ScanTest, CleanBytesAreClean) {
    plant(std::string(100'000, 'q') + std::string(kCanary.substr(0, kCanary.size() - 1)));
    const auto report = scan_tree(root_, needles_);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->hits.empty());
    EXPECT_EQ(report->files, 1U);
    EXPECT_EQ(report->bytes, 100'000 + kCanary.size() - 1);
}

TEST_F(ScanTest, NothingToLookForProvesNothing) {
    Needles none;
    none.add("short");
    EXPECT_EQ(scan_tree(root_, none).error().code(), Errc::invalid);
}

TEST_F(ScanTest, WhatCantBeReadIsNotClean) {
    plant("secret");
    ::chmod((root_ + "/pg/base/1/2619").c_str(), 0);
    ::chmod(root_.c_str(), 0755);
    const pid_t child = ::fork();
    if (child == 0) {
        // Root reads everything: the child is nobody.
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
        const auto report = scan_tree(root_, needles_);
        ::_exit(!report && report.error().code() == Errc::denied ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

RC_GTEST_PROP(Needles, FindsWhatAPlainSearchFinds, ()) {
    const auto text = *rc::gen::container<std::string>(
        static_cast<std::size_t>(*rc::gen::inRange(8, 20)), rc::gen::elementOf(std::string("abc")));
    const auto hay = *rc::gen::container<std::string>(400, rc::gen::elementOf(std::string("abc")));
    Needles needles;
    needles.add(text);
    const bool planted = *rc::gen::arbitrary<bool>();
    const std::string bytes = planted ? hay + text + hay : hay;
    Needles::Match match{};
    const bool found = needles.find(as_bytes(bytes), 0, match);
    RC_ASSERT(found || bytes.find(text) == std::string::npos);
    if (found && match.encoding == "plain") RC_ASSERT(bytes.find(text) == match.offset);
}

}  // namespace
}  // namespace salus::ops
