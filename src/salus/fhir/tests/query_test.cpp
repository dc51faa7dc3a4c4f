#include "salus/fhir/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace salus::fhir {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const crypto::HmacKey& index_key() {
    static const crypto::HmacKey key(Secret(Bytes(32, 1)));
    return key;
}

Result<Query> parse(ResourceType type, std::string_view form) {
    SALUS_TRY(auto pairs, parse_form(form));
    return Query::parse(type, pairs);
}

/// One resource that queries are put to.
class Resource {
  public:
    explicit Resource(const char* json) : document_(JsonDocument::parse(json)) {
        type_ = parse_type(document_->root().string("resourceType"));
    }
    /// Does the query match? A query that does not parse fails the test.
    [[nodiscard]] bool is(std::string_view form) const {
        const auto query = parse(*type_, form);
        EXPECT_TRUE(query) << form;
        return query && query->matches(document_->root().string("id"), document_->root());
    }

  private:
    Result<JsonDocument> document_;
    std::optional<ResourceType> type_;
};

const Resource& ann() {
    static const Resource patient(R"({"resourceType":"Patient","id":"p1",
        "meta":{"lastUpdated":"2024-05-06T07:08:09.123Z","tag":[{"system":"t","code":"x"}],
                "profile":["http://p/a|1.0"]},
        "extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[
            {"url":"ombCategory",
             "valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"2106-3"}}]}],
        "identifier":[{"system":"http://mrn","value":"42"},{"value":"no-system"}],
        "active":true,"gender":"female","birthDate":"1980-02-29",
        "name":[{"use":"official","family":"García Márquez","given":["Ann","Zoë"]}],
        "telecom":[{"system":"phone","value":"555-1234"},
                   {"system":"email","value":"ann@example.org"}],
        "address":[{"use":"home","line":["1 Main St"],"city":"Köln","postalCode":"50667"}],
        "generalPractitioner":[{"reference":"Practitioner/d1"}],
        "managingOrganization":{"reference":"https://else.where/fhir/Organization/o1"}})");
    return patient;
}

const Resource& pressure() {
    static const Resource observation(R"({"resourceType":"Observation","id":"o1","status":"final",
        "category":[{"coding":[{"system":"http://cat","code":"vital-signs"},{"code":"bare"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}],
                "text":"Pulse, resting"},
        "subject":{"reference":"Patient/p1"},
        "encounter":{"reference":"Encounter/e1/_history/3"},
        "effectiveDateTime":"2020-03-01T01:30:00+05:00",
        "valueQuantity":{"value":72.50,"unit":"beats","system":"http://unitsofmeasure.org","code":"/min"}})");
    return observation;
}

TEST(QueryMatch, Tokens) {
    EXPECT_TRUE(pressure().is("code=8867-4"));
    EXPECT_TRUE(pressure().is("code=http://loinc.org|8867-4"));
    EXPECT_TRUE(pressure().is("code=http://loinc.org|"));
    EXPECT_FALSE(pressure().is("code=http://snomed|8867-4"));
    EXPECT_FALSE(pressure().is("code=|8867-4"));
    EXPECT_FALSE(pressure().is("code=8867"));
    EXPECT_TRUE(pressure().is("category=|bare"));
    EXPECT_TRUE(pressure().is("code=1,8867-4,3"));
    EXPECT_FALSE(pressure().is("code:not=1,8867-4"));
    EXPECT_TRUE(pressure().is("code:not=1"));
    EXPECT_TRUE(pressure().is("code:text=pulse"));
    EXPECT_TRUE(pressure().is("code:text=HEART"));
    EXPECT_FALSE(pressure().is("code:text=rate"));
    EXPECT_TRUE(pressure().is("status=final"));
    EXPECT_TRUE(pressure().is("status=http://hl7.org/fhir/observation-status|final"));
    EXPECT_FALSE(pressure().is("status=http://other|final"));
    EXPECT_FALSE(pressure().is("status=|final"));
    EXPECT_TRUE(ann().is("identifier=42"));
    EXPECT_TRUE(ann().is("identifier=http://mrn|42"));
    EXPECT_TRUE(ann().is("identifier=http://mrn|"));
    EXPECT_TRUE(ann().is("identifier=|no-system"));
    EXPECT_FALSE(ann().is("identifier=|42"));
    EXPECT_TRUE(ann().is("active=true"));
    EXPECT_TRUE(ann().is("email=ann@example.org"));
    EXPECT_FALSE(ann().is("phone=ann@example.org"));
    EXPECT_TRUE(ann().is("deceased=false"));
    EXPECT_FALSE(ann().is("deceased=true"));
    EXPECT_TRUE(ann().is("race=2106-3"));
    EXPECT_TRUE(ann().is("_tag=t|x"));
    EXPECT_TRUE(ann().is("_id=a,p1"));
    EXPECT_FALSE(ann().is("_id=P1"));
}

TEST(QueryMatch, Strings) {
    EXPECT_TRUE(ann().is("name=garcia"));
    EXPECT_TRUE(ann().is("name=ZO%C3%8B"));
    EXPECT_TRUE(ann().is("family=garcia%20m"));
    EXPECT_FALSE(ann().is("family=marquez"));
    EXPECT_TRUE(ann().is("family:contains=marquez"));
    EXPECT_TRUE(ann().is("given:exact=Ann"));
    EXPECT_FALSE(ann().is("given:exact=ann"));
    EXPECT_FALSE(ann().is("name=official"));  // a code of the name, not a part of it
    EXPECT_TRUE(ann().is("address=koln"));
    EXPECT_TRUE(ann().is("address=1+main"));
    EXPECT_TRUE(ann().is("address-city=koln"));
    EXPECT_FALSE(ann().is("address-city=50667"));
    EXPECT_TRUE(ann().is("address-postalcode=506"));
}

TEST(QueryMatch, References) {
    EXPECT_TRUE(pressure().is("patient=p1"));
    EXPECT_TRUE(pressure().is("patient=Patient/p1"));
    EXPECT_TRUE(pressure().is("subject=Patient/p1"));
    EXPECT_TRUE(pressure().is("subject:Patient=p1"));
    EXPECT_TRUE(pressure().is("subject=p1"));
    EXPECT_FALSE(pressure().is("subject=Group/p1"));
    EXPECT_FALSE(pressure().is("subject:Group=p1"));
    EXPECT_TRUE(pressure().is("encounter=e1"));
    EXPECT_TRUE(ann().is("general-practitioner=Practitioner/d1"));
    EXPECT_TRUE(ann().is("organization=https://else.where/fhir/Organization/o1"));
    EXPECT_FALSE(ann().is("organization=Organization/o1"));  // another server's
}

TEST(QueryMatch, DatesInUtc) {
    // 2020-02-29T20:30:00Z
    EXPECT_TRUE(pressure().is("date=2020-02-29"));
    EXPECT_TRUE(pressure().is("date=2020-02"));
    EXPECT_FALSE(pressure().is("date=2020-03-01"));
    EXPECT_TRUE(pressure().is("date=2020-03-01T01:30%2B05:00"));
    EXPECT_TRUE(pressure().is("date=2020-03-01T01:30+05:00"));
    EXPECT_TRUE(pressure().is("date=ge2020-02-29&date=lt2020-03"));
    EXPECT_TRUE(pressure().is("date=lt2020-03-01"));
    EXPECT_FALSE(pressure().is("date=gt2020-02-29"));
    EXPECT_TRUE(pressure().is("date=ne2019,2021"));
    EXPECT_TRUE(ann().is("birthdate=1980-02-29"));
    EXPECT_TRUE(ann().is("birthdate=1980"));
    EXPECT_FALSE(ann().is("birthdate=1980-02-28"));
    EXPECT_TRUE(ann().is("_lastUpdated=2024-05-06"));
    EXPECT_FALSE(ann().is("_lastUpdated=gt2024-05-06T07:08:09.123Z"));
}

TEST(QueryMatch, Periods) {
    const Resource open(R"({"resourceType":"Encounter","id":"e","status":"in-progress",
        "class":{"code":"AMB"},"period":{"start":"2020-06-15"}})");
    EXPECT_TRUE(open.is("date=ge2030"));
    EXPECT_TRUE(open.is("date=lt2020-07-01"));
    EXPECT_FALSE(open.is("date=lt2020-06"));
    EXPECT_FALSE(open.is("date=2020"));  // it does not end in 2020
    EXPECT_TRUE(open.is("date=sa2020-06-14"));
    EXPECT_FALSE(open.is("date=eb2100"));
}

TEST(QueryMatch, Quantities) {
    EXPECT_TRUE(pressure().is("value-quantity=72.5"));
    EXPECT_TRUE(pressure().is("value-quantity=73"));  // to two digits
    EXPECT_FALSE(pressure().is("value-quantity=72.51"));
    EXPECT_TRUE(pressure().is("value-quantity=gt72.49"));
    EXPECT_FALSE(pressure().is("value-quantity=gt72.50"));
    EXPECT_TRUE(pressure().is("value-quantity=72.5|http://unitsofmeasure.org|/min"));
    EXPECT_TRUE(pressure().is("value-quantity=72.5||beats"));
    EXPECT_FALSE(pressure().is("value-quantity=72.5||mg"));
    const Resource risk(R"({"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"},
        "onsetRange":{"low":{"value":40},"high":{"value":50}}})");
    EXPECT_TRUE(risk.is("onset-age=gt45"));
    EXPECT_TRUE(risk.is("onset-age=lt45"));
    EXPECT_FALSE(risk.is("onset-age=gt50"));
    EXPECT_FALSE(risk.is("onset-age=45"));
}

TEST(QueryMatch, Uris) {
    EXPECT_TRUE(ann().is("_profile=http://p/a"));
    EXPECT_TRUE(ann().is("_profile=http://p/a|1.0"));
    EXPECT_FALSE(ann().is("_profile=http://p/a|2.0"));
    EXPECT_TRUE(ann().is("_profile:below=http://p"));
}

TEST(QueryMatch, Missing) {
    EXPECT_TRUE(ann().is("death-date:missing=true"));
    EXPECT_FALSE(ann().is("gender:missing=true"));
    EXPECT_TRUE(ann().is("gender:missing=false"));
}

TEST(QueryMatch, EscapesAndAnds) {
    const Resource odd(
        R"({"resourceType":"Patient","id":"p","identifier":[{"system":"a|b","value":"c,d\\e"}]})");
    EXPECT_TRUE(odd.is("identifier=c%5C,d%5C%5Ce"));
    EXPECT_TRUE(odd.is("identifier=a%5C|b|c%5C,d%5C%5Ce"));
    EXPECT_FALSE(odd.is("identifier=c"));
    EXPECT_TRUE(ann().is("given=ann&given=zoe"));
    EXPECT_FALSE(ann().is("given=ann&given=bob"));
}

TEST(QueryParse, RefusesWhatItDoesNotKnow) {
    const auto code = [](ResourceType type, std::string_view form) {
        const auto query = parse(type, form);
        return query ? Errc::internal : query.error().code();
    };
    using enum ResourceType;
    for (const auto* form :
         {"nme=x", "Name=x", "phonetic=x", "birthdate=x", "birthdate=2020-13", "birthdate=zz2020",
          "name=", "gender=", "identifier=a|b|c", "gender=|", "general-practitioner=a/b",
          "name=a%5Cb", "name=a%5C", "_id=", "name=a,,b", "gender:missing=yes", "name=%CC%81"})
        EXPECT_EQ(code(Patient, form), Errc::invalid) << form;
    for (const auto* form :
         {"general-practitioner.name=x", "_has:Observation:patient:code=x",
          "_include=Patient:organization", "_sort=name", "gender:exact=x", "name:not=x",
          "birthdate:contains=2", "name:Patient=x", "general-practitioner:Zebra=1"})
        EXPECT_EQ(code(Patient, form), Errc::unsupported) << form;
    EXPECT_EQ(code(Observation, "value-quantity=5|mg"), Errc::invalid);
    EXPECT_EQ(code(Observation, "value-quantity=abc"), Errc::invalid);
    EXPECT_EQ(code(Observation, "subject:Patient=Group/1"), Errc::invalid);
    std::string many = "code=x";
    for (int i = 0; i < 300; ++i)
        many += ",x";
    EXPECT_EQ(code(Observation, many), Errc::too_large);
}

Query::Plan plan(ResourceType type, std::string_view form) {
    const auto query = parse(type, form);
    EXPECT_TRUE(query) << form;
    return query ? query->plan(index_key()) : Query::Plan{};
}

TEST(QueryPlan, OfAPatientsObservationsIsExact) {
    const auto p =
        plan(ResourceType::Observation,
             "patient=p1&category=http://cat|vital-signs&code=8867-4,8480-6&status=final");
    EXPECT_TRUE(p.exact);
    EXPECT_TRUE(p.has_patients);
    ASSERT_THAT(p.patients, SizeIs(1));
    EXPECT_EQ(p.patients[0].value(), resource_key(index_key(), ResourceType::Patient, "p1"));
    EXPECT_THAT(p.codes, SizeIs(4));  // with the number that says that the patient is the subject
    EXPECT_THAT(p.tokens, IsEmpty());
}

TEST(QueryPlan, OfDatesAsksForMonths) {
    const auto year =
        plan(ResourceType::Observation, "patient=p1&date=ge2020-01-01&date=le2020-12-31");
    EXPECT_FALSE(year.exact);
    ASSERT_THAT(year.codes, SizeIs(2));
    EXPECT_THAT(year.codes[1], SizeIs(13));  // twelve months, and what is longer than they say
    EXPECT_THAT(plan(ResourceType::Observation, "date=ge2020").codes, IsEmpty());
    EXPECT_THAT(plan(ResourceType::Observation, "date=ge2000&date=lt2020").codes, IsEmpty());
    EXPECT_THAT(plan(ResourceType::Observation, "date=2019,2021").codes, SizeIs(1));
    EXPECT_THAT(plan(ResourceType::Patient, "birthdate=1980-02-29").tokens, SizeIs(1));
}

TEST(QueryPlan, OfSelectiveValuesUsesTheTokenTable) {
    const auto p = plan(ResourceType::Patient, "family=garcia&gender=female&identifier=42");
    EXPECT_THAT(p.tokens, SizeIs(2));
    EXPECT_THAT(p.codes, SizeIs(1));
    EXPECT_FALSE(p.exact);
    for (const auto token : p.tokens[0])
        EXPECT_LT(token, 1 << 24);  // alone it names no one
    EXPECT_THAT(plan(ResourceType::Patient, "family=g").tokens, IsEmpty());
    EXPECT_EQ(plan(ResourceType::Patient, "family=garcia").tokens,
              plan(ResourceType::Patient, "name=GARC%C3%8DA").tokens);
}

TEST(QueryPlan, OfIds) {
    const auto p = plan(ResourceType::Patient, "_id=a,b&_id=b,c");
    EXPECT_TRUE(p.has_ids && p.exact);
    EXPECT_THAT(p.ids, SizeIs(1));
    const auto none = plan(ResourceType::Patient, "_id=not%20an%20id");
    EXPECT_TRUE(none.has_ids && none.exact);
    EXPECT_THAT(none.ids, IsEmpty());
}

TEST(QueryPlan, OfLastUpdatedIsARangeOfTheRow) {
    const auto p =
        plan(ResourceType::Observation, "patient=p1&_lastUpdated=ge2024-01-01&_lastUpdated=lt2025");
    EXPECT_TRUE(p.exact);
    EXPECT_EQ(p.updated_from_us, 1704067200 * kSecondUs);
    EXPECT_EQ(p.updated_to_us, 1735689600 * kSecondUs);
}

TEST(QueryPlan, ClaimsExactnessOnlyWhereItHolds) {
    for (const auto* form :
         {"patient=p1&date=2020", "subject=p1", "subject=Group/g", "patient=p1&code=http://l|",
          "patient=p1&code:not=x", "patient=p1&value-quantity=5", "patient=p1&patient=p2",
          "patient=p1&performer=Practitioner/1", "patient:missing=true"})
        EXPECT_FALSE(plan(ResourceType::Observation, form).exact) << form;
    EXPECT_TRUE(plan(ResourceType::Observation, "").exact);
    EXPECT_TRUE(plan(ResourceType::Observation,
                     "patient=p1&status=http://hl7.org/fhir/observation-status|final")
                    .exact);
    EXPECT_FALSE(plan(ResourceType::Observation, "status=http://other|final").exact);
}

}  // namespace
}  // namespace salus::fhir
