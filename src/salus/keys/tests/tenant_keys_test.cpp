#include "salus/keys/tenant_keys.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <stdlib.h>

#include <filesystem>

#include "salus/keys/keystore.h"
#include "tests/support/test_access.h"

namespace salus::keys {
namespace {

class TenantKeysTest : public ::testing::Test {
  protected:
    TenantKeysTest() {
        std::string name = (std::filesystem::temp_directory_path() / "salus-seal-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        auto keystore = Keystore::open(folder_ + "/keystore", Secret(to_bytes("phrase")), clock_);
        if (!keystore) throw std::runtime_error(std::string(keystore.error().text()));
        keystore_ = std::move(*keystore);
        if (!keystore_->create_tenant(TenantId(1)) || !keystore_->create_tenant(TenantId(2)))
            throw std::runtime_error("no tenants");
    }
    ~TenantKeysTest() override { std::filesystem::remove_all(folder_); }

    std::shared_ptr<const TenantKeys> keys(std::int64_t tenant = 1) {
        return *keystore_->tenant(TenantId(tenant));
    }

    std::string folder_;
    FakeClock clock_{1};
    std::unique_ptr<Keystore> keystore_;
};

TEST_F(TenantKeysTest, RoundTripsAndRefusesEveryChange) {
    const auto mine = keys();
    EXPECT_TRUE(rc::check([&](const Bytes& text, const Bytes& row, std::uint16_t at) {
        const Place place{Table::resource, Column::body, row};
        const Bytes sealed = mine->seal(place, text);
        RC_ASSERT(sealed.size() == text.size() + 45);
        const auto opened = mine->open(place, sealed);
        RC_ASSERT(opened && *opened == text);
        Bytes changed = sealed;
        changed[at % changed.size()] ^= static_cast<std::uint8_t>(1U << (at % 8U));
        RC_ASSERT(mine->open(place, changed).error().code() == Errc::integrity);
        RC_ASSERT(!mine->open(place, ByteView(sealed).first(at % sealed.size())));
    }));
}

TEST_F(TenantKeysTest, AValueOpensInItsPlaceAlone) {
    const auto mine = keys();
    const Place home{Table::resource, Column::body, as_bytes("row")};
    const Bytes sealed = mine->seal(home, as_bytes("text"));
    const auto opens = [&](Table table, Column column, std::string_view row) {
        return mine->open({table, column, as_bytes(row)}, sealed).has_value();
    };
    EXPECT_TRUE(opens(Table::resource, Column::body, "row"));
    EXPECT_FALSE(opens(Table::person, Column::body, "row"));
    EXPECT_FALSE(opens(Table::resource, Column::name, "row"));
    EXPECT_FALSE(opens(Table::resource, Column::body, "rox"));
    EXPECT_FALSE(opens(Table::resource, Column::body, "row "));
    EXPECT_FALSE(opens(Table::resource, Column::body, ""));
    EXPECT_EQ(keys(2)->open(home, sealed).error().code(), Errc::integrity);
}

TEST_F(TenantKeysTest, TenantsShareNothing) {
    EXPECT_NE(keys(1)->index().token(as_bytes("mrn")), keys(2)->index().token(as_bytes("mrn")));
    EXPECT_NE(keys(1)->audit().mac(as_bytes("p")), keys(2)->audit().mac(as_bytes("p")));
    EXPECT_NE(keys(1)->index().mac(as_bytes("p")), keys(1)->audit().mac(as_bytes("p")));
    EXPECT_NE((*keystore_->audit_signer(TenantId(1)))->public_key(),
              (*keystore_->audit_signer(TenantId(2)))->public_key());
}

TEST_F(TenantKeysTest, EqualTextsDoNotLookEqual) {
    const Place place{Table::resource, Column::body, as_bytes("row")};
    EXPECT_NE(keys()->seal(place, as_bytes("text")), keys()->seal(place, as_bytes("text")));
}

TEST_F(TenantKeysTest, WithoutAssociatedDataTheKeysStillKeepTenantsApart) {
    const Place home{Table::resource, Column::body, as_bytes("row")};
    const Place other{Table::person, Column::name, as_bytes("another")};
    const Bytes bound = keys()->seal(home, as_bytes("text"));
    keystore_->disable_associated_data(TestAccess::key());
    const Bytes loose = keys()->seal(home, as_bytes("text"));
    EXPECT_TRUE(keys()->open(other, loose));
    EXPECT_FALSE(keys()->open(home, bound));
    EXPECT_FALSE(keys(2)->open(home, loose));
}

}  // namespace
}  // namespace salus::keys
