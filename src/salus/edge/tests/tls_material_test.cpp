#include "salus/edge/tls_material.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "salus/core/fs.h"
#include "salus/edge/detail/certificates.h"
#include "salus/edge/tests/server_fixture.h"

namespace salus::edge {
namespace {

namespace fs = std::filesystem;

class TlsMaterialTest : public ::testing::Test {
  protected:
    [[nodiscard]] Result<TlsMaterial> ensure(const std::vector<std::string>& names = {}) const {
        return ensure_tls(folder_.path(), names, clock_);
    }
    [[nodiscard]] std::string text(const char* name) const {
        const auto bytes = read_file(file(name));
        return bytes ? std::string(as_text(*bytes)) : std::string();
    }
    [[nodiscard]] std::string file(const char* name) const { return folder_.path() + "/" + name; }
    [[nodiscard]] unsigned mode(const char* name) const {
        struct stat info {};
        ::stat(file(name).c_str(), &info);
        return info.st_mode & 0777;
    }

    testing::TempFolder folder_;
    FakeClock clock_{SystemClock().now_us()};
};

TEST_F(TlsMaterialTest, MakesACaAndACertificateOnce) {
    const auto made = ensure({"clinic.example", "192.0.2.7", "0.0.0.0"});
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->ca_is_new);
    EXPECT_EQ(mode("ca.key"), 0600U);
    EXPECT_EQ(mode("server.key"), 0600U);
    const auto server = detail::load_certificate(made->certificate_file);
    const auto ca = detail::load_certificate(made->ca_file);
    ASSERT_TRUE(server && ca);
    EXPECT_TRUE(detail::is_signed_by(*server, *ca));
    for (const char* name : {"localhost", "127.0.0.1", "::1", "clinic.example", "192.0.2.7"})
        EXPECT_TRUE(detail::covers(*server, name)) << name;
    EXPECT_FALSE(detail::covers(*server, "0.0.0.0"));
    EXPECT_FALSE(detail::covers(*server, "other.example"));
    EXPECT_LE(made->not_after_us, clock_.now_us() + 397 * kDayUs);

    const std::string before = text("server.pem");
    const auto again = ensure({"clinic.example", "192.0.2.7"});
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->ca_is_new);
    EXPECT_EQ(text("server.pem"), before);
}

TEST_F(TlsMaterialTest, RenewsTheCertificateAndKeepsTheCa) {
    ASSERT_TRUE(ensure());
    const std::string ca = text("ca.pem");
    const std::string server = text("server.pem");
    clock_.advance_us(366 * kDayUs);
    ASSERT_TRUE(ensure());
    EXPECT_EQ(text("server.pem"), server);
    clock_.advance_us(2 * kDayUs);  // less than thirty days are left
    const auto renewed = ensure();
    ASSERT_TRUE(renewed);
    EXPECT_NE(text("server.pem"), server);
    EXPECT_EQ(text("ca.pem"), ca);
    EXPECT_FALSE(renewed->ca_is_new);
    ASSERT_TRUE(ensure({"new-name.example"}));
    EXPECT_EQ(text("ca.pem"), ca);

    clock_.advance_us(3700 * kDayUs);
    const auto new_ca = ensure();
    ASSERT_TRUE(new_ca);
    EXPECT_TRUE(new_ca->ca_is_new);
    EXPECT_NE(text("ca.pem"), ca);
}

TEST_F(TlsMaterialTest, RepairsAHalfWrittenPairAndServesWithoutTheCaKey) {
    ASSERT_TRUE(ensure());
    fs::remove(file("server.key"));
    ASSERT_TRUE(ensure());
    EXPECT_TRUE(detail::load_identity(file("server.pem"), file("server.key")));
    fs::remove(file("ca.key"));
    EXPECT_TRUE(ensure());
    const auto cant_sign = ensure({"another.example"});
    ASSERT_FALSE(cant_sign);
    EXPECT_EQ(cant_sign.error().code(), Errc::invalid);
}

TEST_F(TlsMaterialTest, UsesCustomFilesAfterChecks) {
    const auto ca = detail::make_ca(clock_.now_us());
    ASSERT_TRUE(ca);
    const auto own = detail::make_server(*ca, {"clinic.example"}, clock_.now_us());
    ASSERT_TRUE(own);
    ASSERT_TRUE(detail::store_identity(*own, file("custom.pem"), file("custom.key")));
    const auto used = ensure();
    ASSERT_TRUE(used);
    EXPECT_TRUE(used->custom);
    EXPECT_EQ(used->certificate_file, file("custom.pem"));
    EXPECT_TRUE(used->ca_file.empty());
    EXPECT_FALSE(fs::exists(file("ca.pem")));

    clock_.advance_us(400 * kDayUs);
    EXPECT_EQ(ensure().error().code(), Errc::invalid);  // expired
    clock_.advance_us(-800 * kDayUs);
    EXPECT_EQ(ensure().error().code(), Errc::invalid);  // not yet valid
    clock_.advance_us(400 * kDayUs);

    const auto other = detail::make_server(*ca, {"clinic.example"}, clock_.now_us());
    ASSERT_TRUE(detail::store_identity(*other, file("other.pem"), file("custom.key")));
    EXPECT_EQ(ensure().error().code(), Errc::invalid);  // another certificate's key
    fs::remove(file("custom.key"));
    EXPECT_EQ(ensure().error().code(), Errc::invalid);  // one of two
}

}  // namespace
}  // namespace salus::edge
