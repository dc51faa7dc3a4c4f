#include "salus/access/care.h"

#include <gtest/gtest.h>

#include "tests/support/clinic.h"

namespace salus::access {
namespace {

using test::Clinic;

class CareTest : public testing::Test {
  protected:
    Clinic& clinic = Clinic::shared();
    TenantContext tenant = clinic.new_tenant();
    CareIndex care{clinic.pool(), clinic.clock()};
    TimeUs now_us = clinic.clock().now_us();
    PractitionerId jane{Uuid({1})};
    PractitionerId joe{Uuid({2})};

    static PatientId patient(std::uint8_t n) { return PatientId(Uuid({9, n})); }
    static CareIndex::Source source(std::uint8_t n, std::vector<CareLink> links,
                                    bool is_new = false) {
        return {3, Uuid({8, n}), std::move(links), is_new};
    }
    void write(const std::vector<CareIndex::Source>& sources) {
        auto tx = clinic.pool().tenant(tenant);
        ASSERT_TRUE(tx);
        CareIndex::replace(*tx, sources);
        const auto done = tx->commit();
        ASSERT_TRUE(done) << done.error().text();
        care.forget(tenant.id());
    }
    std::vector<PatientId> of(PractitionerId practitioner) {
        const auto patients = care.patients(tenant, practitioner);
        EXPECT_TRUE(patients);
        return patients ? **patients : std::vector<PatientId>();
    }
    using Patients = std::vector<PatientId>;
};

TEST_F(CareTest, ASourceIsReplacedAsAWhole) {
    write({source(1, {{jane, patient(2)}, {jane, patient(1)}}, true)});
    write({source(2, {{joe, patient(1)}}, true), source(3, {{jane, patient(3)}}, true)});
    EXPECT_EQ(of(jane), (Patients{patient(1), patient(2), patient(3)}));
    EXPECT_EQ(of(joe), (Patients{patient(1)}));
    write({source(1, {{joe, patient(2)}}), source(3, {})});
    EXPECT_EQ(of(jane), Patients{});
    EXPECT_EQ(of(joe), (Patients{patient(1), patient(2)}));
}

TEST_F(CareTest, TwoSourcesOfOneRelationshipAreIndependent) {
    write({source(1, {{jane, patient(1)}}, true), source(2, {{jane, patient(1)}}, true)});
    write({source(1, {})});
    EXPECT_EQ(of(jane), Patients{patient(1)});
    write({source(2, {})});
    EXPECT_EQ(of(jane), Patients{});
}

TEST_F(CareTest, RelationshipsBeginAndEnd) {
    write({source(1,
                  {{jane, patient(1), 0, now_us + 300'000},
                   {jane, patient(2), now_us + 600'000, INT64_MAX},
                   {jane, patient(3), 0, now_us},
                   {jane, patient(4), 5, 5}},
                  true)});
    EXPECT_EQ(of(jane), Patients{patient(1)});
    clinic.clock().set_us(now_us + 299'999);
    EXPECT_EQ(of(jane), Patients{patient(1)});
    clinic.clock().set_us(now_us + 300'000);
    EXPECT_EQ(of(jane), Patients{});
    clinic.clock().set_us(now_us + 1'300'000);  // The list of then is a second old.
    EXPECT_EQ(of(jane), Patients{patient(2)});
}

TEST_F(CareTest, OneSourceMayStateARelationshipTwice) {
    write({source(1,
                  {{jane, patient(1), 0, now_us + kSecondUs},
                   {jane, patient(1), 0, now_us + 4 * kSecondUs},
                   {jane, patient(1), now_us + 6 * kSecondUs, now_us + 8 * kSecondUs}},
                  true)});
    clinic.clock().set_us(now_us + 3 * kSecondUs);
    EXPECT_EQ(of(jane), Patients{patient(1)});
    clinic.clock().set_us(now_us + 5 * kSecondUs);  // Between the two periods.
    EXPECT_EQ(of(jane), Patients{});
    clinic.clock().set_us(now_us + 7 * kSecondUs);
    EXPECT_EQ(of(jane), Patients{patient(1)});
}

TEST_F(CareTest, OtherNodesFollowWithinASecond) {
    CareIndex node(clinic.pool(), clinic.clock());
    EXPECT_TRUE((*node.patients(tenant, jane))->empty());
    write({source(1, {{jane, patient(1)}}, true)});
    EXPECT_EQ(of(jane), Patients{patient(1)});  // Here: at once.
    clinic.clock().advance_us(kSecondUs);
    EXPECT_EQ(**node.patients(tenant, jane), Patients{patient(1)});
}

TEST_F(CareTest, AnotherTenantsRelationshipsAreNobodysHere) {
    write({source(1, {{jane, patient(1)}}, true)});
    const TenantContext elsewhere = clinic.new_tenant();
    EXPECT_TRUE((*care.patients(elsewhere, jane))->empty());
    // A source of the same key elsewhere leaves this one alone.
    auto tx = clinic.pool().tenant(elsewhere);
    const CareIndex::Source same = source(1, {});
    CareIndex::replace(*tx, {&same, 1});
    ASSERT_TRUE(tx->commit());
    care.forget(tenant.id());
    EXPECT_EQ(of(jane), Patients{patient(1)});
}

TEST_F(CareTest, ThousandsInOneTransaction) {
    std::vector<CareIndex::Source> sources;
    for (int i = 0; i < 4'000; ++i) {
        const auto high = static_cast<std::uint8_t>(i / 256);
        const auto low = static_cast<std::uint8_t>(i % 256);
        sources.push_back(
            {4, Uuid({7, high, low}), {{jane, PatientId(Uuid({6, high, low}))}}, i % 2 == 0});
    }
    write(sources);
    const Patients listed = of(jane);
    EXPECT_EQ(listed.size(), 4'000U);
    EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
    write(sources);
    EXPECT_EQ(of(jane).size(), 4'000U);
}

}  // namespace
}  // namespace salus::access
