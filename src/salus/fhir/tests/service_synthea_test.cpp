#include <algorithm>
#include <map>
#include <set>

#include "src/salus/fhir/tests/fhir_data.h"
#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

/// Seconds since 1970 of a dateTime with a zone, by hand: the oracle shares no code with the
/// search.
std::int64_t seconds_of(std::string_view text) {
    const auto number = [&](std::size_t at, std::size_t size) {
        return std::atoll(std::string(text.substr(at, size)).c_str());
    };
    std::int64_t year = number(0, 4);
    const std::int64_t month = number(5, 2), day = number(8, 2);
    const std::int64_t shifted = (month + 9) % 12;
    year -= month <= 2;
    const std::int64_t days = 365 * year + year / 4 - year / 100 + year / 400 +
                              (153 * shifted + 2) / 5 + day - 1 - 719468;
    std::int64_t seconds = days * 86400 + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
    const char sign = text[text.size() - 6];
    if (sign == '+' || sign == '-') {
        const std::int64_t zone =
            number(text.size() - 5, 2) * 3600 + number(text.size() - 2, 2) * 60;
        seconds += sign == '+' ? -zone : zone;
    }
    return seconds;
}

std::string whose(JsonView resource) {
    for (const char* member : {"subject", "patient"})
        if (const auto text = resource[member].string("reference"); !text.empty())
            return std::string(text);
    return {};
}

class Synthea : public ServiceTest {
  protected:
    void import_all() {
        const test::DataArchive archive("synthea-r4-compact.tar.xz");
        documents = archive.documents();
        if (documents.empty()) GTEST_SKIP() << "synthea-r4-compact.tar.xz is not there";
        std::stable_partition(documents.begin(), documents.end(), [](const JsonDocument& d) {
            return d.root().string("type") == "batch";  // practitioners and organisations first
        });
        for (const JsonDocument& document : documents) {
            std::string text;
            write_json(document.root(), text);
            const Response response = post("/", text);
            ASSERT_EQ(response.status, 200) << response.body.substr(0, 2000);
            EXPECT_EQ(response.body.find(R"("status":"4)"), std::string::npos);
            for (const JsonView entry : document.root()["entry"])
                resources.push_back(entry["resource"]);
        }
    }
    std::string stored_patient(JsonView patient) {
        for (const JsonView identifier : patient["identifier"]) {
            if (identifier.string("system") != "http://hl7.org/fhir/sid/us-ssn") continue;
            const Response found =
                get("/Patient", "identifier=" + std::string(identifier.string("system")) + "|" +
                                    std::string(identifier.string("value")));
            EXPECT_EQ(total_of(found), 1);
            const auto document = JsonDocument::parse(found.body);
            return std::string((*document->root()["entry"].begin())["resource"].string("id"));
        }
        return {};
    }

    std::vector<JsonDocument> documents;
    std::vector<JsonView> resources;
};

TEST_F(Synthea, TotalsAreThoseOfThePlainFiles) {
    import_all();
    if (IsSkipped()) return;
    std::map<std::string, std::int64_t> types;
    for (const JsonView resource : resources)
        ++types[std::string(resource.string("resourceType"))];
    for (const auto& [type, count] : types)
        EXPECT_EQ(total_of(get("/" + type, "_summary=count")), count) << type;

    for (const JsonDocument& document : documents) {
        if (document.root().string("type") == "batch") continue;
        std::string urn, id;
        std::map<std::string, std::int64_t> expected;
        for (const JsonView entry : document.root()["entry"])
            if (entry["resource"].string("resourceType") == "Patient") {
                urn = entry.string("fullUrl");
                id = stored_patient(entry["resource"]);
            }
        ASSERT_FALSE(id.empty());
        for (const JsonView entry : document.root()["entry"]) {
            const JsonView resource = entry["resource"];
            if (whose(resource) != urn) continue;
            const std::string type(resource.string("resourceType"));
            const std::string base = "/" + type + "?patient=" + id;
            ++expected[base];
            if (type != "Observation") continue;
            std::set<std::string> codes;
            for (const JsonView coding : resource["code"]["coding"])
                codes.emplace(std::string(coding.string("system")) + "|" +
                              std::string(coding.string("code")));
            for (const std::string& code : codes)
                ++expected[base + "&code=" + code];
            for (const JsonView category : resource["category"])
                for (const JsonView coding : category["coding"])
                    ++expected[base + "&category=" + std::string(coding.string("code"))];
            const std::int64_t at = seconds_of(resource.string("effectiveDateTime"));
            if (at >= seconds_of("2015-01-01T00:00:00Z")) ++expected[base + "&date=ge2015"];
            if (at < seconds_of("2012-07-01T00:00:00Z")) ++expected[base + "&date=lt2012-07"];
            if (at >= seconds_of("2014-01-01T00:00:00Z") && at < seconds_of("2015-01-01T00:00:00Z"))
                ++expected[base + "&date=2014"];
        }
        for (const auto& [query, count] : expected) {
            const std::size_t mark = query.find('?');
            EXPECT_EQ(total_of(get(query.substr(0, mark), query.substr(mark + 1))), count) << query;
        }
    }
}

TEST_F(Synthea, PagesTogetherAreTheWholeAnswer) {
    import_all();
    if (IsSkipped()) return;
    for (const std::string query : {"status=final", "date=ge2010", "code=8302-2,8867-4"}) {
        std::set<std::string> seen;
        std::int64_t total = -1;
        std::string next = query + "&_count=37";
        while (!next.empty()) {
            const Response page = get("/Observation", next);
            ASSERT_EQ(page.status, 200) << page.body;
            EXPECT_EQ(page.body.find("relation\":\"next\",\"url\":\"" + query), std::string::npos);
            const auto document = JsonDocument::parse(page.body);
            if (total < 0) total = total_of(page);
            EXPECT_EQ(total_of(page), total);
            next.clear();
            for (const JsonView link : document->root()["link"])
                if (link.string("relation") == "next") {
                    const std::string url(link.string("url"));
                    next = url.substr(url.find('?') + 1);
                }
            for (const JsonView entry : document->root()["entry"])
                EXPECT_TRUE(seen.emplace(entry.string("fullUrl")).second);
        }
        EXPECT_EQ(static_cast<std::int64_t>(seen.size()), total) << query;
        EXPECT_GT(total, 37) << query;
    }
}

TEST_F(Synthea, CursorsAreTheirCallersAlone) {
    import_all();
    if (IsSkipped()) return;
    const Response page = get("/Observation", "status=final&_count=5");
    const auto document = JsonDocument::parse(page.body);
    std::string cursor;
    for (const JsonView link : document->root()["link"])
        if (link.string("relation") == "next")
            cursor = std::string(link.string("url")).substr(link.string("url").find('?') + 1);
    ASSERT_FALSE(cursor.empty());
    EXPECT_EQ(get("/Observation", cursor).status, 200);
    EXPECT_EQ(get("/Patient", cursor).status, 400);
    EXPECT_EQ(get("/Observation", cursor + "A").status, 400);
    const identity::Caller other(TestAccess::key(), tenant,
                                 identity::Caller::Client{ClientId(2), client.client()->scopes});
    EXPECT_EQ(get_as(other, "/Observation", cursor).status, 400);
    EXPECT_EQ(get_as(World::client(world.make_tenant()), "/Observation", cursor).status, 400);
}

}  // namespace
}  // namespace salus::fhir::testing
