#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <string>

#include "salus/edge/detail/body.h"
#include "salus/edge/detail/connections.h"
#include "salus/edge/detail/poller.h"
#include "salus/edge/detail/request_head.h"
#include "salus/edge/detail/slots.h"
#include "salus/edge/detail/tls_stream.h"
#include "salus/edge/metrics.h"
#include "salus/edge/server.h"

namespace salus::edge::detail {

using Executor = boost::asio::io_context::executor_type;
template <typename T>
using Task = boost::asio::awaitable<T, Executor>;
inline constexpr boost::asio::use_awaitable_t<Executor> kAwait{};

/// What all connections of a server share. Outlives them.
struct Shared {
    Shared(ServerOptions o, Handler h, Metrics& m)
        : options(std::move(o)),
          handler(std::move(h)),
          metrics(m),
          connections(options.limits),
          slots(options.limits.workers),
          budget(options.limits.body_bytes_in_flight) {}
    const ServerOptions options;
    const Handler handler;
    Metrics& metrics;
    SslContext tls;
    Poller poller;
    Connections connections;
    Slots slots;
    ByteBudget budget;
};

/// One connection from the handshake to its end: a coroutine that reads a request, calls the
/// handler on the thread that it is on, writes the answer, and goes on with the next request in
/// order.
class Session {
  public:
    Session(Shared& shared, Accepted accepted, Listener listener);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Serves until either side ends it.
    static Task<void> serve(std::unique_ptr<Session> session);

  private:
    enum class Next : std::uint8_t { go_on, hang_up, linger };
    struct Arrival;  ///< the request being served

    [[nodiscard]] bool admitted();
    Task<void> wait(Io need) { return shared_.poller.wait(waitable_, need, kAwait); }
    Task<bool> handshake();
    Task<bool> fill();
    Task<bool> write(std::string_view bytes);
    Task<Next> serve_one();
    Task<Next> read_head(Arrival& arrival);
    Task<Next> read_body(Arrival& arrival);
    Task<Next> read_chunked(Arrival& arrival);
    Task<Next> read_sized(Arrival& arrival, std::size_t length);
    Task<Next> answer(Arrival& arrival);
    Task<Next> respond(const HttpResponse& response, bool keep_alive, bool without_body);
    Task<Next> refuse(const Refusal& refusal, std::string_view limit);
    Task<bool> take_slot();
    Task<void> linger();
    HttpResponse call(const HttpRequest& request) const;
    void set_deadline(std::chrono::milliseconds from_now);
    void set_body_deadline(const Arrival& arrival, std::size_t received);
    void drop_front(std::size_t bytes);
    [[nodiscard]] std::string_view unread() const { return {in_.get(), used_}; }

    Shared& shared_;
    Fd fd_;
    Waitable waitable_;
    Stream stream_;
    ConnectionEntry entry_;
    const Listener listener_;
    const bool loopback_;
    std::unique_ptr<char[]> in_;  ///< limits::kHeaderBytes: a head, and bodies that fit behind it
    std::size_t used_ = 0;
    RequestHead head_;
    HttpRequest request_;  ///< kept for its vector's memory
    std::string out_;
};

}  // namespace salus::edge::detail
