#include "salus/access/gate.h"

#include <gtest/gtest.h>

#include "tests/support/clinic.h"

namespace salus::access {
namespace {

using identity::Caller;
using identity::Role;
using test::Clinic;

constexpr std::int16_t kCareTeam = 1;

class GateTest : public testing::Test {
  protected:
    Clinic& clinic = Clinic::shared();
    TenantContext tenant = clinic.new_tenant();
    CareIndex care{clinic.pool(), clinic.clock()};
    Gate gate{clinic.recorder(), care, clinic.clock()};
    PatientId mine{clinic_uuid(1)};
    PatientId other{clinic_uuid(2)};
    Caller physician = person(Role::physician);
    Caller front_desk = person(Role::admin_staff);
    Caller officer = person(Role::security_officer);

    static Uuid clinic_uuid(std::uint8_t n) { return Uuid({0xc1, 0, 0, 0, 0, 0, 0x70, n}); }
    [[nodiscard]] Caller person(Role role) const {
        return {TestAccess::key(), tenant,
                Caller::Person{PersonId(11), role, PractitionerId(clinic_uuid(9))}};
    }
    [[nodiscard]] static Target observation(std::uint8_t n, std::vector<PatientId> patients) {
        return {"Observation", DataClass::clinical, clinic_uuid(n), 1, std::move(patients)};
    }
    void take_into_care(PatientId patient, TimeUs until_us = INT64_MAX) {
        auto tx = clinic.pool().tenant(tenant);
        const CareIndex::Source source{
            kCareTeam, Uuid({7}), {{PractitionerId(clinic_uuid(9)), patient, 0, until_us}}};
        CareIndex::replace(*tx, {&source, 1});
        ASSERT_TRUE(tx->commit());
        care.forget(tenant.id());
    }
    [[nodiscard]] std::size_t events() { return clinic.audit_log(tenant.id()).size(); }
    [[nodiscard]] std::size_t audited(std::string_view text) {
        return clinic.audited(tenant.id(), text);
    }
};

TEST_F(GateTest, AReadIsCoveredAndRecorded) {
    take_into_care(mine);
    const auto before = events();
    const Target target = observation(3, {mine});
    const auto decision = gate.permit_read(physician, audit::Event::read, target);
    ASSERT_TRUE(decision);
    EXPECT_TRUE(decision->covers(tenant.id(), target.key, Action::read));
    EXPECT_FALSE(decision->covers(tenant.id(), target.key, Action::update));
    EXPECT_FALSE(decision->covers(tenant.id(), clinic_uuid(4), Action::read));
    EXPECT_FALSE(decision->covers(TenantId(tenant.id().value() + 1), target.key, Action::read));
    EXPECT_EQ(events(), before + 1);
    EXPECT_EQ(audited("role, patient under care"), 1U);
}

TEST_F(GateTest, AnotherPatientLooksAbsentAndTheRefusalIsRecorded) {
    take_into_care(mine);
    const auto denied = gate.permit_read(physician, audit::Event::read, observation(3, {other}));
    EXPECT_EQ(denied.error().code(), Errc::not_found);
    EXPECT_EQ(audited("patient not under care"), 1U);
}

TEST_F(GateTest, ARoleWithoutAccessIsToldSo) {
    for (const Caller& caller : {front_desk, officer}) {
        const auto denied = gate.permit_read(caller, audit::Event::read, observation(3, {mine}));
        EXPECT_EQ(denied.error().code(), Errc::denied);
    }
    EXPECT_EQ(audited("role has no access to this class of data"), 2U);
}

TEST_F(GateTest, EveryPatientOfAResourceMustBeUnderCare) {
    take_into_care(mine);
    EXPECT_FALSE(gate.permit_read(physician, audit::Event::read, observation(3, {mine, other})));
    EXPECT_FALSE(gate.permit_read(physician, audit::Event::read, observation(3, {})));
}

TEST_F(GateTest, CareEndsWhenItSays) {
    const TimeUs until_us = clinic.clock().now_us() + 500'000;
    take_into_care(mine, until_us);
    EXPECT_TRUE(gate.permit_read(physician, audit::Event::read, observation(3, {mine})));
    clinic.clock().set_us(until_us);  // The cached list is younger than a second, and ends as well.
    EXPECT_FALSE(gate.permit_read(physician, audit::Event::read, observation(3, {mine})));
}

TEST_F(GateTest, ASearchIsOneRecordForEachPatient) {
    take_into_care(mine);
    const Caller client(
        TestAccess::key(), tenant,
        Caller::Client{ClientId(5), {{"Observation", false, false, false, false, true}}});
    const auto before = events();
    const std::vector<Target> results{observation(3, {mine}), observation(4, {other}),
                                      observation(5, {mine})};
    const auto decision = gate.permit_search(client, "Observation", {1, 2, 3}, results);
    ASSERT_TRUE(decision);
    for (const Target& target : results)
        EXPECT_TRUE(decision->covers(tenant.id(), target.key, Action::search));
    EXPECT_EQ(events(), before + 2);

    const auto nothing = gate.permit_search(client, "Observation", {1, 2, 3}, {});
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->covers(tenant.id(), clinic_uuid(3), Action::search));
    EXPECT_EQ(events(), before + 3);
}

TEST_F(GateTest, OneResultOutsideCareRefusesThePage) {
    take_into_care(mine);
    const std::vector<Target> results{observation(3, {mine}), observation(4, {other})};
    EXPECT_EQ(gate.permit_search(physician, "Observation", {}, results).error().code(),
              Errc::not_found);
    EXPECT_EQ(audited("patient not under care"), 2U);
}

TEST_F(GateTest, AScopeIsTheCareListAndARefusedOneIsRecorded) {
    take_into_care(mine);
    const auto own = gate.search_scope(physician, DataClass::clinical, "Observation");
    ASSERT_TRUE(own);
    EXPECT_EQ(own->reach(), Reach::under_care);
    EXPECT_EQ(own->patients(), std::vector<PatientId>{mine});
    const auto all = gate.search_scope(front_desk, DataClass::demographics, "Patient");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->reach(), Reach::tenant);
    EXPECT_EQ(all->tenant(), tenant.id());
    EXPECT_TRUE(all->patients().empty());
    const auto before = events();
    EXPECT_EQ(gate.search_scope(front_desk, DataClass::clinical, "Observation").error().code(),
              Errc::denied);
    EXPECT_EQ(events(), before + 1);
}

TEST_F(GateTest, AWritesRecordTravelsWithItsTransaction) {
    take_into_care(mine);
    const Target target = observation(3, {mine});
    const auto before = events();
    for (const bool commit : {false, true}) {
        auto tx = clinic.pool().tenant(tenant);
        ASSERT_TRUE(tx);
        const auto decision =
            gate.permit_write(physician, *tx, audit::Event::create, Action::create, {&target, 1});
        ASSERT_TRUE(decision);
        EXPECT_TRUE(decision->covers(tenant.id(), target.key, Action::create));
        if (commit) {
            ASSERT_TRUE(tx->commit());
        }
    }
    EXPECT_EQ(events(), before + 1);
}

TEST_F(GateTest, ARefusedWriteIsRecordedThoughItsTransactionIsNot) {
    take_into_care(mine);
    const std::vector<Target> targets{observation(3, {mine}), observation(4, {other})};
    {
        auto tx = clinic.pool().tenant(tenant);
        const auto denied =
            gate.permit_write(physician, *tx, audit::Event::transaction, Action::create, targets);
        EXPECT_EQ(denied.error().code(), Errc::not_found);
    }
    EXPECT_EQ(audited("patient not under care"), 2U);
}

TEST_F(GateTest, AWriteIntoAnotherTenantsTransactionIsADefect) {
    const TenantContext elsewhere = clinic.new_tenant();
    auto tx = clinic.pool().tenant(elsewhere);
    const Target target = observation(3, {mine});
    EXPECT_EQ(gate.permit_write(physician, *tx, audit::Event::create, Action::create, {&target, 1})
                  .error()
                  .code(),
              Errc::internal);
}

TEST_F(GateTest, ANewPatientMayBeRegisteredButNotCharted) {
    const PatientId fresh(clinic_uuid(30));
    const Target patient{"Patient", DataClass::demographics, fresh.value(), 1, {fresh}};
    const Target chart = observation(31, {fresh});
    for (const Role role : {Role::physician, Role::nurse, Role::admin_staff}) {
        auto tx = clinic.pool().tenant(tenant);
        EXPECT_TRUE(gate.permit_write(person(role), *tx, audit::Event::create, Action::create,
                                      {&patient, 1}));
        EXPECT_FALSE(gate.permit_write(person(role), *tx, audit::Event::create, Action::create,
                                       {&chart, 1}));
    }
}

TEST_F(GateTest, ReferenceDataOfAPatientIsThePatients) {
    take_into_care(mine);
    const Target implant{"Device", DataClass::reference, clinic_uuid(40), 1, {other}};
    const Target own{"Device", DataClass::reference, clinic_uuid(41), 1, {mine}};
    const Target shelf{"Device", DataClass::reference, clinic_uuid(42), 1, {}};
    EXPECT_TRUE(gate.permit_read(physician, audit::Event::read, shelf));
    EXPECT_TRUE(gate.permit_read(physician, audit::Event::read, own));
    EXPECT_EQ(gate.permit_read(physician, audit::Event::read, implant).error().code(),
              Errc::not_found);
    EXPECT_EQ(gate.permit_read(front_desk, audit::Event::read, implant).error().code(),
              Errc::not_found);
}

TEST_F(GateTest, WithoutARecordThereIsNoDecision) {
    take_into_care(mine);
    db::Pool gone({"host=/nonexistent user=salus_app", "host=/nonexistent user=salus_operator"},
                  clinic.log());
    audit::Recorder deaf(gone, clinic.keystore(), clinic.log());
    Gate blind(deaf, care, clinic.clock());
    const Target target = observation(3, {mine});
    EXPECT_EQ(blind.permit_read(physician, audit::Event::read, target).error().code(),
              Errc::unavailable);
    EXPECT_EQ(blind.permit_search(physician, "Observation", {}, {&target, 1}).error().code(),
              Errc::unavailable);
    auto tx = clinic.pool().tenant(tenant);
    for (const Target& refused : {observation(4, {other}), observation(5, {})})
        EXPECT_EQ(
            blind.permit_write(physician, *tx, audit::Event::update, Action::update, {&refused, 1})
                .error()
                .code(),
            Errc::unavailable);
}

TEST_F(GateTest, WithoutACareListThereIsNoDecision) {
    db::Pool gone({"host=/nonexistent user=salus_app", "host=/nonexistent user=salus_operator"},
                  clinic.log());
    CareIndex unknown(gone, clinic.clock());
    Gate blind(clinic.recorder(), unknown, clinic.clock());
    EXPECT_EQ(
        blind.permit_read(physician, audit::Event::read, observation(3, {mine})).error().code(),
        Errc::unavailable);
    EXPECT_EQ(blind.search_scope(physician, DataClass::clinical, "Observation").error().code(),
              Errc::unavailable);
}

}  // namespace
}  // namespace salus::access
