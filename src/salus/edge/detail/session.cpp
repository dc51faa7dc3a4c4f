#include "salus/edge/detail/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/response_head.h"

namespace salus::edge::detail {
namespace {

constexpr std::size_t kInBytes = limits::kHeaderBytes;
constexpr std::size_t kRecordBytes = 16 * 1024;  ///< RFC 8446 5.1: one TLS record
constexpr Refusal kBodyTooLarge{413, "The request body is larger than the limit."};
constexpr Refusal kBadChunks{400, "The chunked request body is not well-formed.",
                             "Send no chunk extensions and no trailer fields."};
constexpr Refusal kNoRoom{503, "The server holds as many request bodies as it can.",
                          "Send the request again in a moment."};
constexpr Refusal kBusy{503, "Every worker of the server is busy.",
                        "Send the request again in a moment."};
constexpr Refusal kDefect{500, "The request could not be answered because of a defect in salus."};

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

/// Under one of the prefixes: the prefix itself, or a path below it.
bool is_under(const std::vector<std::string>& prefixes, std::string_view path) {
    return std::ranges::any_of(prefixes, [&](const std::string& prefix) {
        return path.starts_with(prefix) &&
               (path.size() == prefix.size() || path[prefix.size()] == '/');
    });
}

/// The path of a head that was not parsed, only to choose the form of its error.
std::string_view guess_path(std::string_view data) {
    const std::size_t space = data.find(' ');
    if (space == std::string_view::npos) return {};
    data.remove_prefix(space + 1);
    return data.substr(0, data.find_first_of(" ?\r\n"));
}

}  // namespace

struct Session::Arrival {
    explicit Arrival(ByteBudget& budget) : body(budget) {}
    std::size_t consumed = 0;  ///< bytes of in_ that belong to this request
    std::int64_t body_start_ms = 0;
    bool large_body = false;  ///< its path takes limits.body_bytes
    BodyBuffer body;
    std::string_view body_view;
    std::chrono::steady_clock::time_point start;
};

Session::Session(Shared& shared, Accepted accepted, Listener listener)
    : shared_(shared),
      fd_(std::move(accepted.fd)),
      waitable_(fd_.get()),
      stream_(fd_.get(), listener == Listener::tls ? shared.tls.get() : nullptr),
      entry_(fd_.get(), accepted.address),
      listener_(listener),
      loopback_(accepted.loopback) {
    shared_.metrics.connection_opened();
}

Session::~Session() {
    shared_.connections.remove(entry_);
    shared_.metrics.connection_closed();
}

Task<void> Session::serve(std::unique_ptr<Session> session) {
    Session& self = *session;
    if (!self.admitted()) co_return;
    // The peer speaks first. The wait also moves the coroutine from the listener's thread to a
    // worker.
    self.set_deadline(self.shared_.options.limits.handshake);
    co_await self.wait(Io::want_read);
    if (!co_await self.handshake()) co_return;
    self.in_ = std::make_unique_for_overwrite<char[]>(kInBytes);
    Next next = Next::go_on;
    while (next == Next::go_on)
        next = co_await self.serve_one();
    self.stream_.finish_writing();
    if (next == Next::linger) co_await self.linger();
}

bool Session::admitted() {
    using Admission = Connections::Admission;
    switch (shared_.connections.add(entry_, listener_ == Listener::tls)) {
        case Admission::admitted:
            return stream_.ok();
        case Admission::too_many:
            shared_.metrics.refused("connections");
            return false;
        case Admission::too_many_of_address:
            break;
    }
    shared_.metrics.refused("connections_per_address");
    return false;
}

void Session::set_deadline(std::chrono::milliseconds from_now) {
    entry_.set_deadline(now_ms() + from_now.count());
}

/// The whole body has limits.body; beyond a grace, the sender must keep kBodyBytesPerSecond.
void Session::set_body_deadline(const Arrival& arrival, std::size_t received) {
    const ServerLimits& limits = shared_.options.limits;
    const auto earned =
        static_cast<std::int64_t>(received * 1000 / salus::limits::kBodyBytesPerSecond);
    entry_.set_deadline(
        arrival.body_start_ms +
        std::min<std::int64_t>(limits.body.count(), limits.body_grace.count() + earned));
}

Task<bool> Session::handshake() {
    while (true) {
        const IoResult result = stream_.handshake();
        if (result.state == Io::done) co_return true;
        if (result.state == Io::closed) {
            shared_.metrics.refused("handshake");
            co_return false;
        }
        co_await wait(result.state);
    }
}

/// At least one byte more in in_, which has room. False: the peer is gone.
Task<bool> Session::fill() {
    // After an answer there is nothing to read yet, so waiting comes first and saves a system call.
    Io need = stream_.has_buffered() ? Io::done : Io::want_read;
    while (true) {
        if (need != Io::done) co_await wait(need);
        const IoResult result = stream_.read({in_.get() + used_, kInBytes - used_});
        if (result.state == Io::done) {
            used_ += result.bytes;
            co_return true;
        }
        if (result.state == Io::closed) co_return false;
        need = result.state;
    }
}

/// Writes all of `bytes`. A deadline is set only when the peer does not take them at once.
Task<bool> Session::write(std::string_view bytes) {
    const ServerLimits& limits = shared_.options.limits;
    std::int64_t start = 0;
    std::int64_t written = 0;
    while (!bytes.empty()) {
        const IoResult result = stream_.write(bytes);
        if (result.state == Io::closed) co_return false;
        if (result.state == Io::done) {
            bytes.remove_prefix(result.bytes);
            written += static_cast<std::int64_t>(result.bytes);
            continue;
        }
        if (start == 0) start = now_ms();
        const std::int64_t earned =
            written * 1000 / static_cast<std::int64_t>(salus::limits::kBodyBytesPerSecond);
        entry_.set_deadline(start + std::min<std::int64_t>(limits.response.count(),
                                                           limits.body_grace.count() + earned));
        co_await wait(result.state);
    }
    entry_.set_deadline(ConnectionEntry::kNever);
    co_return true;
}

void Session::drop_front(std::size_t bytes) {
    used_ -= bytes;
    if (used_ > 0) std::memmove(in_.get(), in_.get() + bytes, used_);
}

Task<Session::Next> Session::serve_one() {
    Arrival arrival(shared_.budget);
    Next next = co_await read_head(arrival);
    if (next != Next::go_on) co_return next;
    arrival.start = std::chrono::steady_clock::now();
    if (head_.chunked || head_.content_length.value_or(0) > 0) {
        next = co_await read_body(arrival);
        if (next != Next::go_on) co_return next;
    }
    entry_.set_deadline(ConnectionEntry::kNever);
    next = co_await answer(arrival);
    if (next == Next::go_on) drop_front(arrival.consumed);
    co_return next;
}

Task<Session::Next> Session::read_head(Arrival& arrival) {
    std::size_t searched = 0;
    if (used_ == 0) {
        set_deadline(shared_.options.limits.idle);
        entry_.set_idle(true);
        // Idle first, then the question: either a drain sees it idle, or it sees the drain.
        const bool goes_on = !shared_.connections.draining() && co_await fill();
        entry_.set_idle(false);
        if (!goes_on) co_return Next::hang_up;
    }
    std::size_t end = find_head_end(unread(), searched);
    if (end == 0) set_deadline(shared_.options.limits.header);
    while (end == 0) {
        if (used_ == kInBytes) co_return co_await refuse(oversized_head(unread()), "header_bytes");
        searched = used_;
        if (!co_await fill()) co_return Next::hang_up;
        end = find_head_end(unread(), searched);
    }
    arrival.consumed = end;
    if (const auto refusal = parse_head({in_.get(), end}, head_))
        co_return co_await refuse(*refusal, refusal->status == 400 ? "malformed" : "header_bytes");

    request_.listener = listener_;
    request_.from_loopback = loopback_;
    request_.method = head_.method;
    request_.path = head_.path;
    request_.query = head_.query;
    request_.body = {};
    request_.headers.swap(head_.headers);
    co_return Next::go_on;
}

Task<Session::Next> Session::read_body(Arrival& arrival) {
    const ServerLimits& limits = shared_.options.limits;
    arrival.large_body = is_under(shared_.options.large_body_prefixes, request_.path);
    const std::size_t limit = arrival.large_body ? limits.body_bytes : limits.api_body_bytes;
    const std::uint64_t length = head_.content_length.value_or(0);
    if (length > limit) co_return co_await refuse(kBodyTooLarge, "body_bytes");

    if (shared_.options.admission && (head_.chunked || length > limits.api_body_bytes)) {
        entry_.set_deadline(ConnectionEntry::kNever);
        if (!co_await take_slot()) co_return co_await refuse(kBusy, "workers");
        std::optional<HttpResponse> turned_away;
        try {
            turned_away = shared_.options.admission(request_);
        } catch (...) {  // a defect admits nobody
            turned_away = problem(request_.path, kDefect);
        }
        shared_.slots.give_back();
        if (turned_away) co_return co_await respond(*turned_away, false, false);
    }
    arrival.body_start_ms = now_ms();
    set_body_deadline(arrival, 0);
    const bool all_here = !head_.chunked && arrival.consumed + length <= used_;
    if (head_.expects_continue && !all_here) {
        if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return Next::hang_up;
        set_body_deadline(arrival, 0);
    }
    if (head_.chunked) co_return co_await read_chunked(arrival);
    co_return co_await read_sized(arrival, static_cast<std::size_t>(length));
}

Task<Session::Next> Session::read_sized(Arrival& arrival, std::size_t length) {
    const std::size_t start = arrival.consumed;
    if (start + length <= kInBytes) {  // behind its head, where it arrived
        while (used_ < start + length) {
            if (!co_await fill()) co_return Next::hang_up;
            set_body_deadline(arrival, used_ - start);
        }
        arrival.consumed += length;
        request_.body = unread().substr(start, length);
        co_return Next::go_on;
    }
    BodyBuffer& body = arrival.body;
    if (!body.reserve(length) || !body.append(unread().substr(start)))
        co_return co_await refuse(kNoRoom, "body_bytes_in_flight");
    arrival.consumed = used_;
    while (body.size() < length) {
        const IoResult result = stream_.read(body.room().first(length - body.size()));
        if (result.state == Io::closed) co_return Next::hang_up;
        if (result.state != Io::done) {
            co_await wait(result.state);
            continue;
        }
        if (!body.commit(result.bytes)) co_return co_await refuse(kNoRoom, "body_bytes_in_flight");
        set_body_deadline(arrival, body.size());
    }
    request_.body = body.view();
    co_return Next::go_on;
}

Task<Session::Next> Session::read_chunked(Arrival& arrival) {
    const ServerLimits& limits = shared_.options.limits;
    ChunkDecoder decoder(arrival.large_body ? limits.body_bytes : limits.api_body_bytes);
    // The head stays at the front; the chunks pass through the rest of the buffer.
    const std::size_t start = arrival.consumed;
    if (start == kInBytes) co_return co_await refuse(oversized_head(unread()), "header_bytes");
    while (true) {
        std::string_view arrived = unread().substr(start);
        using State = ChunkDecoder::State;
        const State state = decoder.feed(arrived, arrival.body);
        switch (state) {
            case State::more:
                break;
            case State::done:
                arrival.consumed = used_ - arrived.size();
                request_.body = arrival.body.view();
                co_return Next::go_on;
            case State::malformed:
                co_return co_await refuse(kBadChunks, "malformed");
            case State::too_large:
                co_return co_await refuse(kBodyTooLarge, "body_bytes");
            case State::over_budget:
                co_return co_await refuse(kNoRoom, "body_bytes_in_flight");
        }
        used_ = start;
        if (!co_await fill()) co_return Next::hang_up;
        set_body_deadline(arrival, arrival.body.size());
    }
}

Task<bool> Session::take_slot() {
    if (shared_.slots.try_take()) co_return true;
    const std::int64_t until_ms = now_ms() + shared_.options.limits.slot.count();
    if (co_await shared_.slots.wait(until_ms, kAwait)) co_return true;
    // The sweep resumed it, on its own thread: back to a worker.
    co_await wait(Io::want_write);
    co_return false;
}

HttpResponse Session::call(const HttpRequest& request) const {
    try {
        return shared_.handler(request);
    } catch (...) {  // rooms return results; what is thrown all the same must not end the server
        return problem(request.path, kDefect);
    }
}

Task<Session::Next> Session::answer(Arrival& arrival) {
    HttpResponse response;
    if (contains(shared_.options.light_paths, request_.path)) {
        response = call(request_);
    } else if (co_await take_slot()) {
        response = call(request_);
        shared_.slots.give_back();
    } else {
        shared_.metrics.refused("workers");
        response = problem(request_.path, kBusy);
    }
    const bool keep_alive = head_.keep_alive && !shared_.connections.draining();
    const Next next = co_await respond(response, keep_alive, head_.is_head);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - arrival.start;
    shared_.metrics.request(response.route, response.status, taken.count());
    request_.headers.swap(head_.headers);
    co_return next;
}

Task<Session::Next> Session::respond(const HttpResponse& response, bool keep_alive,
                                     bool without_body) {
    out_.clear();
    const HttpResponse* sent = &response;
    HttpResponse defect;
    if (!write_response_head(response, keep_alive, out_)) {
        defect = problem(request_.path, kDefect);
        sent = &defect;
        if (!write_response_head(defect, keep_alive, out_)) co_return Next::hang_up;
    }
    std::string_view body = sent->body;
    if (without_body || !may_have_body(sent->status)) body = {};
    // Head and body share the first record, so that a small answer is one write.
    const std::size_t together =
        std::min(body.size(), kRecordBytes - std::min(kRecordBytes, out_.size()));
    out_ += body.substr(0, together);
    if (!co_await write(out_) || !co_await write(body.substr(together))) co_return Next::hang_up;
    co_return keep_alive ? Next::go_on : Next::linger;
}

Task<Session::Next> Session::refuse(const Refusal& refusal, std::string_view limit) {
    shared_.metrics.refused(limit);
    const HttpResponse response = problem(guess_path(unread()), refusal);
    shared_.metrics.request("other", refusal.status, 0);
    co_return co_await respond(response, false, false);
}

/// Reads on and drops what comes until the peer has finished too: closing with bytes unread would
/// reset the connection, and the answer might never arrive (RFC 9112 9.6).
Task<void> Session::linger() {
    set_deadline(shared_.options.limits.linger);
    while (true) {
        const ssize_t n = ::recv(fd_.get(), in_.get(), kInBytes, 0);
        if (n == 0) co_return;
        if (n < 0 && errno != EAGAIN && errno != EINTR) co_return;
        if (n < 0) co_await wait(Io::want_read);
    }
}

}  // namespace salus::edge::detail
