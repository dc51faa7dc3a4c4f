// Every cell of the matrix, twice: the product (the generated table, the judge and the Gate)
// against an evaluator written from the prose of catalog/access/roles.yaml, which shares no code
// with it.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <iostream>
#include <thread>

#include "salus/access/detail/judge.h"
#include "salus/access/gate.h"
#include "tests/support/clinic.h"

namespace salus::access {
namespace {

using identity::Caller;
using identity::Role;

constexpr Action kActions[] = {Action::read, Action::search, Action::create, Action::update,
                               Action::remove};
constexpr DataClass kClasses[] = {DataClass::demographics, DataClass::scheduling,
                                  DataClass::coverage, DataClass::clinical, DataClass::reference};

/// Whose the target is, as the caller sees it.
enum class Relation { own, not_own, nobody, two_own, mixed };
constexpr Relation kRelations[] = {Relation::own, Relation::not_own, Relation::nobody,
                                   Relation::two_own, Relation::mixed};

struct Cell {
    Caller caller;
    Action action;
    Target target;
    Relation relation;
    bool same_tenant;
};

enum class Answer { allow, denied, not_found };

// ---- The second evaluator: prose, in the order in which the file tells it. ----

struct Prose {
    const Cell& cell;

    [[nodiscard]] bool looks_up() const {
        return cell.action == Action::read || cell.action == Action::search;
    }
    [[nodiscard]] bool names_patient() const { return cell.relation != Relation::nobody; }
    [[nodiscard]] bool all_in_care() const {
        return cell.same_tenant && cell.caller.person()->practitioner.has_value() &&
               (cell.relation == Relation::own || cell.relation == Relation::two_own);
    }

    [[nodiscard]] Answer client() const {
        const auto* client = cell.caller.client();
        for (const auto& scope : client->scopes) {
            if (scope.resource_type != "*" && scope.resource_type != cell.target.type) continue;
            if ((scope.read && cell.action == Action::read) ||
                (scope.search && cell.action == Action::search) ||
                (scope.create && cell.action == Action::create) ||
                (scope.update && cell.action == Action::update) ||
                (scope.remove && cell.action == Action::remove))
                return Answer::allow;
        }
        return Answer::denied;
    }

    [[nodiscard]] Answer carer(bool may_delete_clinical) const {
        if (cell.target.type == "Patient" && cell.action == Action::create) return Answer::allow;
        const bool clinical = cell.target.data_class == DataClass::clinical;
        if (cell.target.data_class == DataClass::reference) {
            if (!looks_up()) return Answer::denied;
            if (!names_patient() || all_in_care()) return Answer::allow;
            return Answer::not_found;
        }
        if (cell.action == Action::remove && !(clinical && may_delete_clinical))
            return Answer::denied;
        return all_in_care() ? Answer::allow : Answer::not_found;
    }

    [[nodiscard]] Answer front_desk() const {
        switch (cell.target.data_class) {
            case DataClass::clinical:
                return Answer::denied;
            case DataClass::reference:
                if (!looks_up()) return Answer::denied;
                return names_patient() ? Answer::not_found : Answer::allow;
            default:
                return cell.action == Action::remove ? Answer::denied : Answer::allow;
        }
    }

    [[nodiscard]] Answer answer() const {
        if (cell.caller.client()) return client();
        switch (cell.caller.person()->role) {
            case Role::physician:
                return carer(true);
            case Role::nurse:
                return carer(false);
            case Role::admin_staff:
                return front_desk();
            case Role::security_officer:
                return Answer::denied;
        }
        return Answer::denied;
    }
};

// ---- The cells. ----

const PatientId kOwn(Uuid({1}));
const PatientId kSecondOwn(Uuid({2}));
const PatientId kStranger(Uuid({3}));
const PractitionerId kPractitioner(Uuid({9}));

std::vector<PatientId> patients_of(Relation relation) {
    switch (relation) {
        case Relation::own:
            return {kOwn};
        case Relation::not_own:
            return {kStranger};
        case Relation::nobody:
            return {};
        case Relation::two_own:
            return {kOwn, kSecondOwn};
        case Relation::mixed:
            return {kOwn, kStranger};
    }
    return {};
}

std::string_view type_of(DataClass data_class) {
    switch (data_class) {
        case DataClass::demographics:
            return "RelatedPerson";
        case DataClass::scheduling:
            return "Appointment";
        case DataClass::coverage:
            return "Coverage";
        case DataClass::clinical:
            return "Observation";
        case DataClass::reference:
            return "Medication";
    }
    return "";
}

/// Four roles with and without a Practitioner; clients with each set of letters, for all types, for
/// one type, and for a type next to a narrower scope for all.
std::vector<Caller> callers(TenantContext tenant) {
    std::vector<Caller> all;
    for (const Role role :
         {Role::physician, Role::nurse, Role::admin_staff, Role::security_officer}) {
        all.emplace_back(TestAccess::key(), tenant,
                         Caller::Person{PersonId(1), role, kPractitioner});
        all.emplace_back(TestAccess::key(), tenant,
                         Caller::Person{PersonId(1), role, std::nullopt});
    }
    for (unsigned bits = 0; bits < 32; ++bits) {
        const auto scope = [&](std::string type) {
            return identity::ClientScope{std::move(type), (bits & 1) != 0, (bits & 2) != 0,
                                         (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0};
        };
        for (const auto& scopes : std::vector<std::vector<identity::ClientScope>>{
                 {scope("*")},
                 {scope("Observation")},
                 {scope("Patient"), {"*", false, true, false, false, false}}})
            all.emplace_back(TestAccess::key(), tenant, Caller::Client{ClientId(1), scopes});
    }
    return all;
}

void add_cells(std::vector<Cell>& cells, const Caller& caller, bool same_tenant) {
    for (const Action action : kActions)
        for (const DataClass data_class : kClasses)
            for (const Relation relation : kRelations) {
                std::vector<std::string_view> types{type_of(data_class)};
                if (data_class == DataClass::demographics) types.push_back("Patient");
                for (const std::string_view type : types)
                    cells.push_back({caller,
                                     action,
                                     {type, data_class, Uuid({7}), 1, patients_of(relation)},
                                     relation,
                                     same_tenant});
            }
}

/// What the Gate gives for the tenant whose target it is.
struct Outcome {
    Answer answer;
    bool covers;
};

Result<AccessDecision> ask(Gate& gate, db::Pool& pool, const Cell& cell) {
    const std::span<const Target> targets(&cell.target, 1);
    if (cell.action == Action::read)
        return gate.permit_read(cell.caller, audit::Event::read, cell.target);
    if (cell.action == Action::search)
        return gate.permit_search(cell.caller, cell.target.type, {}, targets);
    SALUS_TRY(db::TenantTx tx, pool.tenant(cell.caller.tenant()));
    SALUS_TRY(auto decision,
              gate.permit_write(cell.caller, tx, audit::Event::update, cell.action, targets));
    return decision;  // The transaction is rolled back: only the answer counts here.
}

Outcome gate_outcome(Gate& gate, db::Pool& pool, const Cell& cell, TenantId target_tenant) {
    const auto decision = ask(gate, pool, cell);
    if (decision)
        return {Answer::allow, decision->covers(target_tenant, cell.target.key, cell.action) &&
                                   !decision->covers(target_tenant, Uuid({8}), cell.action)};
    const Errc code = decision.error().code();
    EXPECT_TRUE(code == Errc::denied || code == Errc::not_found) << decision.error().text();
    return {code == Errc::denied ? Answer::denied : Answer::not_found, false};
}

TEST(Matrix, JudgeAgreesWithTheProseInEveryCell) {
    const TenantContext tenant(TestAccess::key(), TenantId(1));
    std::vector<Cell> cells;
    for (const Caller& caller : callers(tenant))
        add_cells(cells, caller, true);
    const std::vector<PatientId> care{kOwn, kSecondOwn};
    std::size_t mismatches = 0;
    for (const Cell& cell : cells) {
        const auto* person = cell.caller.person();
        const auto verdict =
            detail::judge(cell.caller, cell.action, cell.target,
                          person && person->practitioner ? std::span<const PatientId>(care)
                                                         : std::span<const PatientId>());
        const Answer answer = verdict.allowed                ? Answer::allow
                              : verdict.code == Errc::denied ? Answer::denied
                                                             : Answer::not_found;
        if (answer != Prose{cell}.answer() || verdict.reason.empty()) ++mismatches;
    }
    std::cout << "access matrix, pure: " << cells.size() << " cells, " << mismatches
              << " mismatches\n";
    EXPECT_EQ(mismatches, 0U);
}

TEST(Matrix, GateAgreesWithTheProseInEveryCellOfTwoTenants) {
    test::Clinic& clinic = test::Clinic::shared();
    const TenantContext here = clinic.new_tenant();
    const TenantContext elsewhere = clinic.new_tenant();
    CareIndex care(clinic.pool(), clinic.clock());
    Gate gate(clinic.recorder(), care, clinic.clock());
    {
        auto tx = clinic.pool().tenant(here);
        ASSERT_TRUE(tx);
        const CareIndex::Source source{
            1, Uuid({5}), {{kPractitioner, kOwn}, {kPractitioner, kSecondOwn}}, true};
        CareIndex::replace(*tx, {&source, 1});
        ASSERT_TRUE(tx->commit());
    }
    std::vector<Cell> cells;
    for (const Caller& caller : callers(here))
        add_cells(cells, caller, true);
    for (const Caller& caller : callers(elsewhere))
        add_cells(cells, caller, false);

    std::atomic<std::size_t> next{0}, mismatches{0}, allowed{0};
    const auto work = [&] {
        for (std::size_t i; (i = next++) < cells.size();) {
            const Outcome outcome = gate_outcome(gate, clinic.pool(), cells[i], here.id());
            // Whatever a caller of another tenant is granted, it never covers this tenant's target.
            const bool covers = outcome.answer == Answer::allow && cells[i].same_tenant;
            if (outcome.answer != Prose{cells[i]}.answer() || outcome.covers != covers)
                ++mismatches;
            if (outcome.covers) ++allowed;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back(work);
    for (auto& thread : threads)
        thread.join();
    std::cout << "access matrix, Gate: " << cells.size() << " cells, " << allowed << " allowed, "
              << mismatches << " mismatches\n";
    EXPECT_EQ(mismatches, 0U);
}

TEST(Matrix, UnknownWordsReachNothing) {
    const TenantContext tenant(TestAccess::key(), TenantId(1));
    for (const Caller& caller : callers(tenant)) {
        EXPECT_EQ(reach(caller, static_cast<Action>(5), DataClass::reference, "Patient"),
                  Reach::none);
        EXPECT_EQ(reach(caller, Action::read, static_cast<DataClass>(5), "Patient"), Reach::none);
    }
    for (const int role : {0, 5, 255}) {
        const Caller caller(TestAccess::key(), tenant,
                            Caller::Person{PersonId(1), static_cast<Role>(role), kPractitioner});
        for (const Action action : kActions)
            for (const DataClass data_class : kClasses)
                EXPECT_EQ(reach(caller, action, data_class, "Patient"), Reach::none);
    }
}

}  // namespace
}  // namespace salus::access
