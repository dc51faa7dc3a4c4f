#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "salus/audit/detail/audit_event.h"
#include "salus/audit/detail/record_codec.h"
#include "salus/core/encoding.h"
#include "salus/core/json.h"
#include "salus/core/limits.h"

namespace salus::audit {
namespace {

/// Keys of a tenant, as far as records need them.
class PseudonymKeys final : public keys::TenantKeys {
  public:
    [[nodiscard]] TenantId tenant() const override { return TenantId(1); }
    [[nodiscard]] Bytes seal(const keys::Place&, ByteView) const override { return {}; }
    [[nodiscard]] Result<Bytes> open(const keys::Place&, ByteView) const override {
        return fail(Errc::unsupported, "Not here.");
    }
    [[nodiscard]] const crypto::HmacKey& index() const override { return key_; }
    [[nodiscard]] const crypto::HmacKey& audit() const override { return key_; }
    [[nodiscard]] std::uint32_t generation() const override { return 1; }

  private:
    crypto::HmacKey key_{Secret(Bytes(32, 9))};
};
const PseudonymKeys& test_keys() {
    static const PseudonymKeys keys;
    return keys;
}

Uuid uuid(std::uint32_t n) {
    std::array<std::uint8_t, 16> bytes{};
    for (int i = 0; i < 4; ++i)
        bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> (8 * i));
    return Uuid(bytes);
}

Record sample(Event event) {
    Record record;
    record.at_us = 1'767'225'600'123'456;  // 2026-01-01T00:00:00.123456Z
    record.event = event;
    record.agent = {Agent::Kind::person, 42};
    record.patients = {PatientId(uuid(7))};
    record.entities = {{"Observation", uuid(8), 3}};
    record.reason = "under care";
    return record;
}

std::vector<Bytes> rows_of(const Record& record) {
    std::vector<Bytes> rows;
    EXPECT_TRUE(encode(record, test_keys(), rows));
    return rows;
}
std::string event_of(ByteView row) {
    const auto stored = decode(row);
    EXPECT_TRUE(stored);
    std::string text;
    render(*stored, uuid(99), text);
    return text;
}
JsonDocument parsed(const std::string& text) {
    auto document = JsonDocument::parse(text);
    EXPECT_TRUE(document) << text;
    return std::move(*document);
}

TEST(Record, SurvivesTheOutbox) {
    Record record = sample(Event::search);
    record.outcome = Outcome::denied;
    record.agent = {Agent::Kind::client, 1'234'567};
    record.entities = {
        {"Observation", uuid(1), 1}, {"Patient", uuid(7), 2}, {"Observation", uuid(2), 0}};
    record.resource_type = "Observation";
    record.sealed_query = {1, 2, 3};
    record.request_id = uuid(5);
    const auto rows = rows_of(record);
    ASSERT_EQ(rows.size(), 1U);
    const auto stored = decode(rows[0]);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->at_us, record.at_us);
    EXPECT_EQ(stored->event, record.event);
    EXPECT_EQ(stored->outcome, record.outcome);
    EXPECT_EQ(stored->agent.kind, record.agent.kind);
    EXPECT_EQ(stored->agent.id, record.agent.id);
    EXPECT_EQ(stored->request_id, record.request_id);
    EXPECT_EQ(stored->resource_type, "Observation");
    EXPECT_EQ(stored->reason, "under care");
    EXPECT_TRUE(std::ranges::equal(stored->sealed_query, record.sealed_query));
    const Pseudonym patient = pseudonym(test_keys(), uuid(7));
    EXPECT_EQ(stored->patients, std::vector{patient});
    ASSERT_EQ(stored->entities.size(), 3U);
    EXPECT_EQ(stored->entities[0].key, uuid(1));
    EXPECT_EQ(stored->entities[1].type, "Patient");
    EXPECT_EQ(stored->entities[1].key, patient);
    EXPECT_EQ(stored->entities[2].type, "Observation");
    EXPECT_EQ(stored->entities[2].version, 0);
}

TEST(Record, ThePatientIsNowhereInTheRowOrTheEvent) {
    Record record = sample(Event::read);
    record.entities = {{"Patient", uuid(7), 1}};
    const auto rows = rows_of(record);
    const Uuid patient = uuid(7);
    const auto& key = patient.bytes();
    EXPECT_EQ(std::search(rows[0].begin(), rows[0].end(), key.begin(), key.end()), rows[0].end());
    const std::string event = event_of(rows[0]);
    EXPECT_EQ(event.find(patient.to_string()), std::string::npos);
    const std::string name = pseudonym(test_keys(), uuid(7)).to_string();
    EXPECT_NE(event.find("Patient/" + name + "/_history/1"), std::string::npos);
}

RC_GTEST_PROP(Record, AnyBytesGiveARecordOrIntegrity, (Bytes bytes, bool own)) {
    if (own) {
        const auto rows = rows_of(sample(Event::read));
        const auto at = *rc::gen::inRange<std::size_t>(0, rows[0].size());
        Bytes row = rows[0];
        row.resize(at);
        append(row, bytes);
        bytes = row;
    }
    const auto stored = decode(bytes);
    if (!stored) {
        RC_ASSERT(stored.error().code() == Errc::integrity);
        return;
    }
    std::string text;
    render(*stored, uuid(1), text);
    RC_ASSERT(text.size() > 100U);
}

TEST(Record, ARowOfAReadIsSmall) {
    EXPECT_LE(rows_of(sample(Event::read))[0].size(), 90U);
}

TEST(AuditEvent, OfAReadFollowsTheProfile) {
    const auto document = parsed(event_of(rows_of(sample(Event::read))[0]));
    const JsonView event = document.root();
    EXPECT_EQ(event.string("resourceType"), "AuditEvent");
    EXPECT_EQ(event.string("id"), uuid(99).to_string());
    EXPECT_EQ((*event["meta"]["profile"].begin()).text(),
              "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead");
    EXPECT_EQ(event["type"].string("code"), "rest");
    EXPECT_EQ((*event["subtype"].begin()).string("code"), "read");
    EXPECT_EQ(event.string("action"), "R");
    EXPECT_EQ(event.string("recorded"), "2026-01-01T00:00:00.123Z");
    EXPECT_EQ(event.string("outcome"), "0");
    EXPECT_EQ(event.string("outcomeDesc"), "under care");
    std::vector<std::string_view> agents;
    for (const JsonView agent : event["agent"])
        agents.push_back((*agent["type"]["coding"].begin()).string("code"));
    EXPECT_EQ(agents, (std::vector<std::string_view>{"110152", "110153", "IRCP"}));
    std::vector<std::string_view> kinds;
    for (const JsonView entity : event["entity"])
        kinds.push_back(entity["type"].string("code"));
    EXPECT_EQ(kinds, (std::vector<std::string_view>{"1", "2"}));
    JsonView data;
    for (const JsonView entity : event["entity"])
        data = entity;
    EXPECT_EQ(data["what"].string("reference"),
              "Observation/" + uuid(8).to_string() + "/_history/3");
}

/// The elements that R4 requires, and the order in which its definition has them.
void check_shape(JsonView event) {
    static const std::vector<std::string_view> order = {
        "resourceType", "id",      "meta",        "type",  "subtype", "action",
        "recorded",     "outcome", "outcomeDesc", "agent", "source",  "entity"};
    auto next = order.begin();
    std::set<std::string_view> present;
    for (const JsonView member : event) {
        next = std::find(next, order.end(), member.key());
        ASSERT_NE(next, order.end()) << member.key();
        present.insert(member.key());
    }
    for (const char* required : {"type", "recorded", "agent", "source"})
        EXPECT_TRUE(present.contains(required)) << required;
    EXPECT_TRUE(event["source"]["observer"].exists());
    ASSERT_GT(event["agent"].size(), 0U);
    std::size_t requestors = 0;
    for (const JsonView agent : event["agent"]) {
        ASSERT_TRUE(agent["requestor"].exists());
        EXPECT_TRUE(agent["who"].exists());
        if (agent["requestor"].text() == "true") ++requestors;
    }
    EXPECT_EQ(requestors, 1U);
    for (const JsonView entity : event["entity"])
        EXPECT_GT(entity.size(), 0U);
}

TEST(AuditEvent, OfEveryKindIsWellFormed) {
    std::set<std::string> seen;
    for (int event = 0; event <= static_cast<int>(Event::key_change); ++event)
        for (const auto kind : {Agent::Kind::person, Agent::Kind::client,
                                Agent::Kind::platform_operator, Agent::Kind::unknown})
            for (const auto outcome : {Outcome::success, Outcome::denied, Outcome::failed})
                for (const std::size_t entities : {0, 1, 3}) {
                    Record record = sample(static_cast<Event>(event));
                    record.agent.kind = kind;
                    record.outcome = outcome;
                    record.entities.assign(entities, {"Observation", uuid(3), 1});
                    record.resource_type = "Observation";
                    if (record.event == Event::search) record.sealed_query = {1, 2, 3};
                    const std::string text = event_of(rows_of(record)[0]);
                    const auto document = parsed(text);
                    check_shape(document.root());
                    seen.insert(text);
                    EXPECT_EQ(document.root().string("outcome"), outcome == Outcome::success ? "0"
                                                                 : outcome == Outcome::denied
                                                                     ? "4"
                                                                     : "8");
                    EXPECT_TRUE(outcome == Outcome::success || !document.root()["meta"].exists());
                }
    EXPECT_GT(seen.size(), 400U);
}

TEST(AuditEvent, OfASearchNamesThePatientTheQueryAndWhatWasDisclosed) {
    Record record = sample(Event::search);
    record.entities = {{"Observation", uuid(1), 1}, {"Observation", uuid(2), 70'000}};
    record.resource_type = "Observation";
    record.sealed_query = {0xDE, 0xAD};
    const auto document = parsed(event_of(rows_of(record)[0]));
    const JsonView event = document.root();
    EXPECT_TRUE(
        (*event["meta"]["profile"].begin()).text().ends_with("IHE.BasicAudit.PatientQuery"));
    EXPECT_EQ(event.string("action"), "E");
    std::vector<JsonView> entities;
    for (const JsonView entity : event["entity"])
        entities.push_back(entity);
    ASSERT_EQ(entities.size(), 3U);
    EXPECT_EQ(entities[0]["what"]["identifier"].string("value"),
              pseudonym(test_keys(), uuid(7)).to_string());
    const JsonView detail = *entities[1]["detail"].begin();
    EXPECT_EQ(detail.string("type"), "Observation");
    const auto list = from_base64(detail.string("valueBase64Binary"));
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 40U);
    EXPECT_TRUE(std::equal(list->begin(), list->begin() + 16, uuid(1).bytes().begin()));
    EXPECT_EQ(Bytes(list->begin() + 36, list->end()), (Bytes{0, 1, 0x11, 0x70}));
    EXPECT_EQ(entities[2].string("query"), "3q0=");
    EXPECT_EQ(entities[2]["role"].string("code"), "24");
    EXPECT_EQ(entities[2].string("description"), "Observation");
}

TEST(AuditEvent, OfATransactionIsCompact) {
    Record record = sample(Event::transaction);
    record.entities.clear();
    for (std::uint32_t i = 0; i < 750; ++i)
        record.entities.push_back({i % 2 == 0 ? "Observation" : "Claim", uuid(i), 1});
    const auto rows = rows_of(record);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_LE(rows[0].size(), 750U * 19);
    const std::string text = event_of(rows[0]);
    EXPECT_LE(text.size(), 750U * 30);
    check_shape(parsed(text).root());
}

TEST(AuditEvent, OfAnythingFitsIntoAnEntryAndNothingIsLost) {
    constexpr std::size_t kEntities = 25'000;
    static std::vector<std::string> names;
    for (int i = 0; names.size() < 148; ++i)
        names.push_back("AnUncommonlyLongResourceTypeName" + std::to_string(i));
    for (const std::size_t query : {0, 24'000}) {
        Record record = sample(Event::batch);
        record.entities.clear();
        record.patients.clear();
        record.sealed_query.assign(query, 0x5A);
        for (std::uint32_t i = 0; i < kEntities; ++i) {
            record.entities.push_back({names[i % names.size()], uuid(i), 2});
            if (i < 9'000) record.patients.emplace_back(uuid(i));
        }
        std::size_t entities = 0;
        std::size_t patients = 0;
        std::set<std::string> requests;
        for (const Bytes& row : rows_of(record)) {
            EXPECT_LT(event_of(row).size(), limits::kAuditEntryBytes);
            const auto stored = decode(row);
            entities += stored->entities.size();
            patients += stored->patients.size();
            requests.insert(stored->request_id.to_string());
        }
        EXPECT_EQ(entities, kEntities);
        EXPECT_EQ(patients, 9'000U);
        EXPECT_EQ(requests.size(), 1U);
        EXPECT_FALSE(requests.contains(Uuid().to_string()));
    }
    Record record = sample(Event::search);
    record.sealed_query.assign(24'001, 0);
    std::vector<Bytes> rows;
    EXPECT_EQ(encode(record, test_keys(), rows).error().code(), Errc::too_large);
}

TEST(AuditEvent, EscapesWhatStandsInADamagedRow) {
    Record record = sample(Event::read);
    record.reason = "a \"quoted\"\n reason";
    record.entities = {{"Obser\"vation", uuid(1), 1}};
    const auto document = parsed(event_of(rows_of(record)[0]));
    EXPECT_EQ(document.root().string("outcomeDesc"), record.reason);
}

}  // namespace
}  // namespace salus::audit
