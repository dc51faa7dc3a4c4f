#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "salus/edge/tests/server_fixture.h"

namespace salus::edge {
namespace {

using std::chrono::milliseconds;
using testing::Answer;
using testing::Client;
using testing::ServerTest;

class LimitsTest : public ServerTest {
  protected:
    /// Refused with that status, and the connection ends behind the answer.
    void expect_refused(std::string_view request, int status) {
        Client client = connect();
        const auto answer = client.ask(request);
        ASSERT_TRUE(answer) << request.substr(0, 200);
        EXPECT_EQ(answer->status, status) << request.substr(0, 200);
        EXPECT_EQ(answer->headers.at("connection"), "close");
        EXPECT_TRUE(client.ended()) << request.substr(0, 200);
    }
};

TEST_F(LimitsTest, SmugglingShapesAreRefused) {
    start([](const HttpRequest&) -> HttpResponse { throw std::logic_error("reached a handler"); });
    const std::string h = "Host: l\r\n";
    const std::vector<std::string> shapes = {
        "POST / HTTP/1.1\r\n" + h +
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h +
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: 5, 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: 0x5\r\n\r\nhello",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Content-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Content-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Content-Length : 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\n" + h +
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h +
            "Transfer-Encoding:\x0b"
            "chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        "POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        "POST / HTTP/1.0\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + "Content-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\n" + h + "X: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + "X: a\r\n\tb\r\n\r\n",
        "GET / HTTP/1.1\r\n X: a\r\n" + h + "\r\n",
        "GET / HTTP/1.1\r\n" + h + "X: a\nY: b\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + "X: a\rY: b\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + std::string("X: a\0b\r\n\r\n", 11),
        "GET / HTTP/1.1\r\n" + h + "X\x01: a\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + ": a\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + "X a\r\n\r\n",
        "GET / HTTP/1.1\r\n" + h + h + "\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET http://l/ HTTP/1.1\r\n" + h + "\r\n",
        "GET l:443 HTTP/1.1\r\n" + h + "\r\n",
        "GET * HTTP/1.1\r\n" + h + "\r\n",
        "GET  / HTTP/1.1\r\n" + h + "\r\n",
        "GET /  HTTP/1.1\r\n" + h + "\r\n",
        "GET\t/ HTTP/1.1\r\n" + h + "\r\n",
        " GET / HTTP/1.1\r\n" + h + "\r\n",
        "\r\nGET / HTTP/1.1\r\n" + h + "\r\n",
        "G@T / HTTP/1.1\r\n" + h + "\r\n",
        "GET / HTTP/1.1\r\n" + h + "Authorization: a\r\nAuthorization: b\r\n\r\n",
    };
    for (const std::string& shape : shapes)
        expect_refused(shape, 400);
    EXPECT_TRUE(counted("salus_refusals_total{limit=\"malformed\"} "));
}

TEST_F(LimitsTest, TargetsHaveOneSpelling) {
    start();
    for (const char* target :
         {"/a%00b", "/a?x=%00", "/a/../b",  "/a/./b", "/a/%2e%2e/b", "/a/%2E./b", "/..",
          "/a/..",  "//a",      "/a//b",    "/a%2fb", "/a%5cb",      "/a\\b",     "/a%",
          "/a%2",   "/a%zz",    "/a?x=%g0", "/a#b",   "/a\xc3\xa9",  "/.",        "/a?%"})
        expect_refused(get(target), 400);
    for (const char* target : {"/", "/a/", "/a...", "/...", "/a?x=../..", "/a?x=//&y=%2f",
                               "/fhir/Patient/a.b-C%7e", "/a?", "/a?b?c"})
        EXPECT_EQ(ask(get(target))->status, 200) << target;
}

TEST_F(LimitsTest, UnknownMethodsAndVersions) {
    start();
    for (const char* method : {"TRACE", "CONNECT", "OPTIONS", "BREW", "get"})
        expect_refused(std::string(method) + " / HTTP/1.1\r\nHost: l\r\n\r\n", 501);
    expect_refused("GET / HTTP/2.0\r\nHost: l\r\n\r\n", 505);
    expect_refused("GET / HTTP/1.2\r\nHost: l\r\n\r\n", 505);
    expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    const auto old = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ASSERT_TRUE(old);
    EXPECT_EQ(old->status, 200);
    EXPECT_EQ(old->headers.at("connection"), "close");
}

TEST_F(LimitsTest, SizesAreRefusedByTheirNames) {
    start();
    expect_refused(get("/" + std::string(limits::kTargetBytes, 'a')), 414);
    expect_refused(get("/" + std::string(limits::kHeaderBytes, 'a')), 414);
    expect_refused(get("/", "X: " + std::string(limits::kHeaderBytes, 'a') + "\r\n"), 431);
    std::string many;
    for (std::size_t i = 0; i < limits::kHeaderFields; ++i)
        many += "A: b\r\n";
    expect_refused(get("/", many), 431);
    const std::string large(limits::kApiBodyBytes + 1, ' ');
    expect_refused(post("/api/x", large), 413);
    expect_refused(post("/fhirx", large), 413);
    EXPECT_EQ(ask(post("/fhir/Patient", large))->status, 200);
    EXPECT_EQ(ask(post("/api/x", large.substr(1)))->status, 200);
    expect_refused("POST /fhir HTTP/1.1\r\nHost: l\r\nContent-Length: " +
                       std::to_string(limits::kBodyBytes + 1) + "\r\n\r\n",
                   413);
    expect_refused("POST /api HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       std::string("11000\r\n") + std::string(0x11000, 'x') + "\r\n0\r\n\r\n",
                   413);
}

TEST_F(LimitsTest, ABodyOf100MegabytesIsRefusedAtItsHead) {
    start();
    Client client = connect();
    client.send("POST /fhir HTTP/1.1\r\nHost: l\r\nContent-Length: 104857600\r\n\r\n");
    const std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 8; ++i)
        client.send(megabyte);
    EXPECT_EQ(client.read()->status, 413);
}

TEST_F(LimitsTest, ErrorsHaveTheFormOfTheirPath) {
    start();
    const auto fhir = ask(post("/fhir/Patient", std::string(10, 'x'), "Content-Length: 10\r\n"));
    EXPECT_THAT(fhir->body, ::testing::StartsWith(R"({"resourceType":"OperationOutcome")"));
    EXPECT_EQ(fhir->headers.at("content-type"), "application/fhir+json");
    const auto api = ask(get("/api/audit", "Host: again\r\n"));
    EXPECT_THAT(api->body, ::testing::StartsWith(R"({"error":{"code":"invalid","text":)"));
    EXPECT_EQ(api->headers.at("content-type"), "application/json");
}

TEST_F(LimitsTest, BodiesInFlightAreCapped) {
    options_.limits.body_bytes_in_flight = 300'000;
    start();
    Client first = connect();
    const std::string head = "POST /fhir HTTP/1.1\r\nHost: l\r\nContent-Length: 250000\r\n\r\n";
    first.send(head + std::string(200'000, 'x'));
    // The bytes of the first arrive in their own time; from then on the second finds no room.
    int status = 200;
    for (int i = 0; i < 1000 && status == 200; ++i)
        status = ask(post("/fhir", std::string(250'000, 'x')))->status;
    EXPECT_EQ(status, 503);
    EXPECT_EQ(first.ask(std::string(50'000, 'x'))->body, "POST /fhir? 250000");
    EXPECT_EQ(ask(post("/fhir", std::string(250'000, 'x')))->status, 200);
}

TEST_F(LimitsTest, ConnectionsAreCapped) {
    options_.limits.connections = 12;
    options_.limits.connections_per_address = 8;
    options_.operator_socket = folder_->path() + "/caps.sock";
    start();
    std::vector<Client> clients;
    for (int i = 0; i < 8; ++i)
        clients.push_back(connect());
    for (Client& client : clients)
        EXPECT_EQ(client.ask(get("/"))->status, 200);
    EXPECT_FALSE(connect().secure());
    EXPECT_TRUE(counted("salus_refusals_total{limit=\"connections_per_address\"} 1"));
    std::vector<Client> local;
    for (int i = 0; i < 4; ++i) {
        local.push_back(Client::unix_socket(options_.operator_socket));
        EXPECT_EQ(local.back().ask(get("/"))->status, 200);
    }
    EXPECT_FALSE(Client::unix_socket(options_.operator_socket).ask(get("/")));
    EXPECT_TRUE(counted("salus_refusals_total{limit=\"connections\"} 1"));
}

TEST_F(LimitsTest, SlowConnectionsAreCutAndOthersServed) {
    options_.limits.handshake = options_.limits.header = options_.limits.idle = milliseconds(1500);
    options_.limits.body_grace = milliseconds(1500);
    start();
    std::vector<Client> slow;
    for (int i = 0; i < 80; ++i)
        slow.push_back(Client::tcp(server_->port()));  // no handshake
    for (int i = 0; i < 80; ++i)
        slow.push_back(connect());  // no request
    for (int i = 0; i < 80; ++i) {  // half a head
        slow.push_back(connect());
        slow.back().send("GET / HTTP/1.1\r\nHost");
    }
    for (int i = 0; i < 80; ++i) {  // half a body
        slow.push_back(connect());
        slow.back().send("POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 100\r\n\r\nhalf");
    }
    EXPECT_EQ(ask(get("/"))->status, 200);
    for (Client& client : slow)
        EXPECT_TRUE(client.ended());
    EXPECT_TRUE(counted("salus_refusals_total{limit=\"deadline\"} 320"));
}

TEST_F(LimitsTest, TricklingAHeadDoesNotHelp) {
    options_.limits.header = milliseconds(400);
    start();
    Client client = connect();
    const auto begin = std::chrono::steady_clock::now();
    client.send("GET / HTTP/1.1\r\n");
    bool open = true;
    while (open && std::chrono::steady_clock::now() - begin < std::chrono::seconds(8)) {
        open = client.send("X: y\r\n");
        std::this_thread::sleep_for(
            milliseconds(20));  // the sender's pace, not a wait for the server
    }
    EXPECT_FALSE(open);
}

TEST_F(LimitsTest, ReadersThatNeverReadAreCut) {
    options_.limits.response = milliseconds(300);
    std::atomic<int> answered{0};
    start([&answered](const HttpRequest&) {
        ++answered;
        HttpResponse response;
        response.body.assign(32 << 20, 'x');
        return response;
    });
    Client client = connect();
    client.send(get("/"));
    EXPECT_TRUE(counted("salus_refusals_total{limit=\"deadline\"} 1"));
    EXPECT_EQ(answered, 1);
}

}  // namespace
}  // namespace salus::edge
