#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <thread>

#include "salus/db/migrations.h"
#include "salus/fhir/detail/store_prepare.h"
#include "src/salus/fhir/tests/fhir_data.h"
#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

using Seconds = std::chrono::duration<double>;

double now() {
    return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A durable database of its own (fsync on), so that the numbers mean something.
struct Bench {
    Bench() {
        std::string folder = std::filesystem::temp_directory_path() / "salus-measure-XXXXXX";
        root = mkdtemp(folder.data());
        db::PostgresOptions options;
        options.data_dir = root + "/pg";
        options.socket_dir = root + "/run";
        options.log_file = root + "/postgres.log";
        server = std::move(*db::PrivatePostgres::start(options, log));
        EXPECT_TRUE(db::migrate(server->dsn("salus_owner"), log));
        db::PoolOptions pools;
        pools.dsn_app = server->dsn("salus_app");
        pools.dsn_operator = server->dsn("salus_operator");
        pool = std::make_unique<db::Pool>(pools, log);
        keystore =
            std::move(*keys::Keystore::open(root + "/keystore", Secret(to_bytes("pass")), clock));
        recorder = std::make_unique<audit::Recorder>(*pool, *keystore, log);
        care = std::make_unique<access::CareIndex>(*pool, clock);
        gate = std::make_unique<access::Gate>(*recorder, *care, clock);
        service = std::make_unique<Service>(ServiceOptions{kBase}, *pool, *keystore, *gate, *care,
                                            clock, log);
    }
    ~Bench() {
        service.reset();
        recorder.reset();
        pool.reset();
        server.reset();
        std::filesystem::remove_all(root);
    }
    std::string root;
    Logger log{"/dev/null"};
    SystemClock clock;
    std::unique_ptr<db::PrivatePostgres> server;
    std::unique_ptr<db::Pool> pool;
    std::unique_ptr<keys::Keystore> keystore;
    std::unique_ptr<audit::Recorder> recorder;
    std::unique_ptr<access::CareIndex> care;
    std::unique_ptr<access::Gate> gate;
    std::unique_ptr<Service> service;
};

Response ask(Bench& bench, const identity::Caller& who, Method method, std::string_view path,
             std::string_view query, std::string_view body) {
    Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.body = body;
    request.content_type = kJson;
    return bench.service->handle(who, request);
}

template <typename Work>
void report(const char* what, int threads, double seconds, Work work) {
    std::atomic<bool> stop = false;
    std::vector<std::vector<double>> times(static_cast<std::size_t>(threads));
    std::vector<std::thread> running;
    const double start = now();
    for (int i = 0; i < threads; ++i)
        running.emplace_back([&, i] {
            unsigned state = 12345U + static_cast<unsigned>(i);
            while (!stop) {
                state = state * 1664525U + 1013904223U;
                const double began = now();
                work(state >> 8);
                times[static_cast<std::size_t>(i)].push_back(now() - began);
            }
        });
    std::this_thread::sleep_for(Seconds(seconds));
    stop = true;
    for (std::thread& thread : running)
        thread.join();
    const double took = now() - start;
    std::vector<double> all;
    for (const auto& part : times)
        all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end());
    std::printf("%-34s %2d threads %9.0f/s  p50 %.2f ms  p99 %.2f ms\n", what, threads,
                static_cast<double>(all.size()) / took, all[all.size() / 2] * 1e3,
                all[all.size() * 99 / 100] * 1e3);
}

/// CPU seconds of this thread: others on the box don't count.
double cpu() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The CPU of a resource's way from text to row, on one thread.
void measure_prepare(const keys::TenantKeys& keys, const std::vector<std::string>& bundles) {
    const References references(kBase);
    Preparer preparer(keys, references);
    double parse = 0, check = 0, prepare = 0;
    std::size_t count = 0, sealed = 0;
    for (std::size_t i = 0; i < bundles.size(); ++i) {
        const double t0 = cpu();
        const auto document = JsonDocument::parse(bundles[i]);
        parse += cpu() - t0;
        for (const JsonView entry : document->root()["entry"]) {
            const JsonView resource = entry["resource"];
            const double t1 = cpu();
            EXPECT_TRUE(validate(resource).empty());
            const double t2 = cpu();
            WriteOp op;
            std::vector<Issue> issues;
            const ResourceType type = *parse_type(resource.string("resourceType"));
            preparer.run({{type, Uuid()}, "0199aaaa-0000-7000-8000-000000000000", 1, 1, resource},
                         op, issues);
            prepare += cpu() - t2;
            check += t2 - t1;
            sealed += op.body.size();
            ++count;
        }
    }
    const double n = static_cast<double>(count);
    std::printf(
        "parse %.1f us, validate %.1f us, serialise+seal+index %.1f us a resource; "
        "sealed %.0f B\n",
        parse / n * 1e6, check / n * 1e6, prepare / n * 1e6, static_cast<double>(sealed) / n);
}

/// Not a test of behaviour: prints how fast and how large the store is. SALUS_MEASURE=1 runs it.
TEST(StoreMeasure, ImportReadSearch) {
    if (std::getenv("SALUS_MEASURE") == nullptr) GTEST_SKIP() << "SALUS_MEASURE is not set";
    const test::DataArchive archive("synthea-r4-uscore-120p.tar.xz");
    std::vector<std::string> seeds, patients;
    std::size_t resources = 0, bytes = 0;
    {
        for (const JsonDocument& document : archive.documents()) {
            std::string text;
            write_json(document.root(), text);
            for (const JsonView entry : document.root()["entry"]) {
                std::string plain;
                write_json(entry["resource"], plain);
                bytes += plain.size();
                ++resources;
            }
            (document.root().string("type") == "batch" ? seeds : patients).push_back(text);
        }
    }
    if (resources == 0) GTEST_SKIP() << "synthea-r4-uscore-120p.tar.xz is not there";
    Bench bench;
    auto tx = bench.pool->platform();
    const auto row =
        tx->query("INSERT INTO tenant (name, created_us) VALUES ('m', 0) RETURNING tenant_id");
    ASSERT_TRUE(row);
    const TenantContext tenant(TestAccess::key(), TenantId(row->i64(0, 0)));
    ASSERT_TRUE(tx->commit());
    ASSERT_TRUE(bench.keystore->create_tenant(tenant.id()));
    const identity::Caller client = World::client(tenant);

    measure_prepare(**bench.keystore->tenant(tenant.id()), patients);
    if (std::string_view(std::getenv("SALUS_MEASURE")) == "prepare") return;

    const double start = now();
    for (const std::string& seed : seeds)
        ASSERT_EQ(ask(bench, client, Method::post, "/", "", seed).status, 200);
    const double seeded = now();
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> importers;
    for (int i = 0; i < 2; ++i)
        importers.emplace_back([&] {
            for (std::size_t n = next++; n < patients.size(); n = next++) {
                const Response response = ask(bench, client, Method::post, "/", "", patients[n]);
                EXPECT_EQ(response.status, 200) << response.body.substr(0, 500);
            }
        });
    for (std::thread& importer : importers)
        importer.join();
    const double done = now();
    std::printf("seeds %.2f s; %zu resources (%.1f MB) in %.2f s: %.0f resources/s\n",
                seeded - start, resources - 778, static_cast<double>(bytes) / 1e6, done - seeded,
                static_cast<double>(resources - 778) / (done - seeded));

    std::vector<std::string> ids, whose;
    const Response everyone = ask(bench, client, Method::get, "/Patient", "_count=1000", "");
    const auto people = JsonDocument::parse(everyone.body);
    for (const JsonView person : people->root()["entry"]) {
        whose.push_back("patient=" + std::string(person["resource"].string("id")) +
                        "&category=laboratory&_count=50");
        const Response page = ask(bench, client, Method::get, "/Observation", whose.back(), "");
        const auto found = JsonDocument::parse(page.body);
        for (const JsonView entry : found->root()["entry"])
            ids.push_back("/Observation/" + std::string(entry["resource"].string("id")));
    }
    if (const char* script = std::getenv("SALUS_MEASURE_SQL")) {
        EXPECT_EQ(std::system(("/usr/lib/postgresql/15/bin/psql '" +
                               bench.server->dsn("salus_app") + "' -f " + script)
                                  .c_str()),
                  0);
    }
    const auto read = [&](unsigned n) {
        ASSERT_EQ(ask(bench, client, Method::get, ids[n % ids.size()], "", "").status, 200);
    };
    report("read by id", 1, 3, read);
    report("read by id", 8, 4, read);
    report("Observation?patient&category, 50", 8, 4, [&](unsigned n) {
        ASSERT_EQ(
            ask(bench, client, Method::get, "/Observation", whose[n % whose.size()], "").status,
            200);
    });
    report("Observation?patient&date, 50", 8, 4, [&](unsigned n) {
        const std::string query = whose[n % whose.size()] + "&date=ge2012-03-05";
        ASSERT_EQ(ask(bench, client, Method::get, "/Observation", query, "").status, 200);
    });
    report("Practitioner?identifier", 8, 4, [&](unsigned n) {
        const std::string query = "identifier=http://hl7.org/fhir/sid/us-npi|99999" +
                                  std::to_string(99989 - n % 190 * 10);
        ASSERT_EQ(ask(bench, client, Method::get, "/Practitioner", query, "").status, 200);
    });
    const std::string created =
        R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":")" +
        whose[0].substr(8, whose[0].find('&') - 8) +
        R"("},"effectiveDateTime":"2024-05-06T10:00:00Z","valueQuantity":{"value":72.5,"unit":"/min"}})";
    const auto create = [&](unsigned) {
        ASSERT_EQ(ask(bench, client, Method::post, "/Observation", "", created).status, 201);
    };
    for (const int threads : {1, 8, 32})
        report("create", threads, 3, create);
    const std::string psql =
        "/usr/lib/postgresql/15/bin/psql '" + bench.server->dsn("salus_super") +
        "' -Atc \"select relname, pg_total_relation_size(oid), pg_table_size(oid), "
        "pg_indexes_size(oid), reltuples::bigint from pg_class where relkind='r' and "
        "relnamespace='public'::regnamespace and pg_total_relation_size(oid) > 65536\"";
    EXPECT_EQ(std::system(("echo 'table|total|table|indexes|rows'; " + psql).c_str()), 0);
}

}  // namespace
}  // namespace salus::fhir::testing
