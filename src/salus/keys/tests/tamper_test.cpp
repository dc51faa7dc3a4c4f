#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <stdlib.h>

#include <filesystem>

#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "salus/crypto/random.h"
#include "salus/keys/detail/file_format.h"
#include "salus/keys/detail/hierarchy.h"
#include "salus/keys/detail/snapshot.h"
#include "salus/keys/keystore.h"

namespace salus::keys {
namespace {

using detail::Label;
using detail::Purpose;

/// A keystore file's parts without the passphrase, whose hashing takes too long for a loop.
class TamperTest : public ::testing::Test {
  protected:
    static detail::Model model() {
        const Secret root = crypto::random_secret(32);
        detail::Model model;
        model.revision = 3;
        model.salt = Bytes(16, 1);
        model.root = detail::Wrapper(root, {Purpose::passphrase}).wrap(root, {Purpose::root});
        return model;
    }

    const Secret root_ = crypto::random_secret(32);
    const detail::Wrapper wrapper_{root_, {Purpose::root}};
    const crypto::HmacKey file_key_{root_.clone()};
    static constexpr TenantId kClinic{7};
    static constexpr TenantId kOther{8};
};

TEST_F(TamperTest, TheFileFormatRoundTrips) {
    detail::Model before = model();
    before.tenants[kClinic] = detail::new_tenant(wrapper_, kClinic, 1);
    ASSERT_TRUE(detail::add_generation(wrapper_, kClinic, 2, before.tenants[kClinic]));
    before.tenants[kOther] = {};  // destroyed
    const std::string text = detail::encode(before, file_key_);
    const auto parsed = detail::parse(text);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(detail::authentic(*parsed, file_key_));
    EXPECT_EQ(detail::encode(parsed->model, file_key_), text);
    EXPECT_TRUE(parsed->model.tenants.at(kOther).destroyed());
}

TEST_F(TamperTest, EveryFlippedBitOfTheFileIsNoticed) {
    detail::Model whole = model();
    whole.tenants[kClinic] = detail::new_tenant(wrapper_, kClinic, 1);
    const std::string text = detail::encode(whole, file_key_);
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const int bit : {0, 1, 5, 7}) {
            std::string changed = text;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            const auto parsed = detail::parse(changed);
            if (parsed) {  // only the MAC itself is not under the checksum
                EXPECT_FALSE(detail::authentic(*parsed, file_key_)) << at;
                continue;
            }
            const Errc code = parsed.error().code();
            EXPECT_TRUE(code == Errc::integrity || code == Errc::wrong_version) << at;
        }
    }
}

TEST_F(TamperTest, EveryCutAndEveryAdditionIsNoticed) {
    const std::string text = detail::encode(model(), file_key_);
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(detail::parse(std::string_view(text).substr(0, size))) << size;
    EXPECT_FALSE(detail::parse(text + "x"));
    EXPECT_FALSE(detail::parse(text + "\n"));
    EXPECT_FALSE(detail::parse(text + text));
}

TEST_F(TamperTest, AnotherVersionIsNamedAsSuch) {
    EXPECT_EQ(detail::parse("salus-keystore/2\n{}\n").error().code(), Errc::wrong_version);
    EXPECT_EQ(detail::parse("something else\n").error().code(), Errc::integrity);
    EXPECT_EQ(detail::parse("").error().code(), Errc::integrity);
}

TEST_F(TamperTest, AnyBodyGivesAnAnswer) {
    EXPECT_TRUE(rc::check([](const std::string& junk) { RC_ASSERT(!detail::parse_body(junk)); }));
    const std::string head = R"({"revision":1,"kdf":"argon2id m=65536 t=3 p=1","salt":"AA==",)";
    for (const std::string_view rest :
         {R"("tenants":[]})", R"("root":{},"tenants":[]})", R"("root":[],"tenants":{}})",
          R"("root":{"sealed":"AA==","commitment":"00"},"tenants":[]})"})
        EXPECT_EQ(detail::parse_body(head + std::string(rest)).error().code(), Errc::integrity);
}

// Somebody who knows the root's MAC key is outside the model, but each wrapping stands alone too.
TEST_F(TamperTest, AWrappedKeyOutOfPlaceDoesNotUnwrap) {
    const detail::TenantRecord good = detail::new_tenant(wrapper_, kClinic, 1);
    const auto opens = [&](TenantId tenant, const detail::TenantRecord& record) {
        return detail::Snapshot::unwrap(wrapper_, tenant, record, detail::Binding::on).has_value();
    };
    EXPECT_TRUE(opens(kClinic, good));
    EXPECT_FALSE(opens(kOther, good));

    detail::TenantRecord changed = good;
    changed.generations[0].number = 2;
    EXPECT_FALSE(opens(kClinic, changed));
    changed = good;
    std::swap(changed.index, changed.audit);
    EXPECT_FALSE(opens(kClinic, changed));
    changed = good;
    changed.signing = detail::new_tenant(wrapper_, kClinic, 1).signing;
    EXPECT_FALSE(opens(kClinic, changed));
    changed = good;
    changed.generations[0].key.commitment[31] ^= 1;
    EXPECT_FALSE(opens(kClinic, changed));
    changed = good;
    changed.index.commitment[0] ^= 1;
    EXPECT_FALSE(opens(kClinic, changed));
}

TEST_F(TamperTest, EveryFlippedBitOfAWrappedKeyIsNoticed) {
    const Secret key = crypto::random_secret(32);
    const Label label{Purpose::tenant, kClinic, 1};
    const detail::WrappedKey good = wrapper_.wrap(key, label);
    ASSERT_TRUE(wrapper_.unwrap(good, label));
    for (std::size_t bit = 0; bit < good.sealed.size() * 8; ++bit) {
        detail::WrappedKey changed = good;
        changed.sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(wrapper_.unwrap(changed, label)) << bit;
    }
}

/// The whole way through the passphrase, with an attacker who mends the checksum.
TEST(KeystoreTamper, AMendedChecksumDoesNotHelp) {
    std::string name = (std::filesystem::temp_directory_path() / "salus-tamper-XXXXXX").string();
    const std::string folder = mkdtemp(name.data());
    const std::string path = folder + "/keystore";
    const FakeClock clock(1);
    const auto open = [&] { return Keystore::open(path, Secret(to_bytes("phrase")), clock); };
    ASSERT_TRUE((*open())->create_tenant(TenantId(7)));
    const std::string good(as_text(*read_file(path)));

    const auto opens_with = [&](std::string_view member) -> Errc {
        std::string text = good;
        const std::size_t at = text.find(member);
        EXPECT_NE(at, std::string::npos) << member;
        char& digit = text[at + member.size()];
        digit = digit == '1' ? '2' : '1';
        const std::size_t end = text.find("sha256 ");
        const auto sum = crypto::sha256(as_bytes(std::string_view(text).substr(0, end)));
        text.replace(end + 7, 64, to_hex(sum));
        EXPECT_TRUE(write_file_atomic(path, as_bytes(text)));
        const auto keystore = open();
        return keystore ? Errc::usage : keystore.error().code();
    };
    EXPECT_EQ(opens_with("\"salt\":\""), Errc::wrong_passphrase);
    EXPECT_EQ(opens_with("\"passphrase_commitment\":\""), Errc::wrong_passphrase);
    EXPECT_EQ(opens_with("\"root\":{\"sealed\":\""), Errc::integrity);
    EXPECT_EQ(opens_with("\"revision\":"), Errc::integrity);
    EXPECT_EQ(opens_with("\"tenant\":"), Errc::integrity);
    EXPECT_EQ(opens_with("\"created_us\":"), Errc::integrity);
    EXPECT_EQ(opens_with("\"index\":{\"sealed\":\""), Errc::integrity);
    EXPECT_EQ(opens_with("hmac "), Errc::integrity);
    ASSERT_TRUE(write_file_atomic(path, as_bytes(good)));
    EXPECT_TRUE(open());
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace salus::keys
