#include "salus/edge/server.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "salus/edge/detail/session.h"

namespace salus::edge {
namespace {

namespace asio = boost::asio;
using detail::Executor;
using detail::kAwait;
using detail::Session;
using detail::Task;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr std::chrono::milliseconds kSweepPeriod{100};
constexpr std::chrono::milliseconds kExhaustedPause{50};  ///< out of descriptors: let some go first
constexpr int kAcceptsPerWake = 64;                       ///< then others get the thread

/// Every connection takes a descriptor, and the database and logs need theirs.
void raise_descriptor_limit(std::size_t connections) {
    rlimit limit{};
    const rlim_t wanted = connections + 256;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(limit.rlim_max, wanted);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Signals go to main's thread; SIGPIPE of a closed socket is an error of its write and nothing
/// else.
void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP})
        ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct Server::Impl {
    Impl(ServerOptions options, Handler handler, Metrics& metrics, Logger& logger)
        : shared(std::move(options), std::move(handler), metrics), log(logger) {}

    Result<void> open();
    void run();
    void drain();
    void stop_listening();
    Task<void> accept_from(int fd, Listener kind);
    Task<void> sweep();

    detail::Shared shared;
    Logger& log;
    std::mutex mutex;  ///< of start and drain
    bool started = false;
    std::atomic<bool> stopping{false};
    std::uint16_t port = 0;
    // Destroyed before `shared`, which the coroutines in it refer to.
    asio::io_context io;
    std::vector<int> listeners;  ///< owned by their coroutines; here to be shut down
    std::vector<std::thread> threads;
};

Result<void> Server::Impl::open() {
    const ServerOptions& options = shared.options;
    if (!shared.poller.ok()) return fail(Errc::unavailable, "No file descriptors are left.");
    SALUS_TRY(shared.tls, detail::make_tls_context(options.certificate_file, options.key_file));
    SALUS_TRY(detail::Fd tcp, detail::listen_tcp(options.address, options.port));
    port = detail::local_port(tcp);
    detail::Fd local;
    if (!options.operator_socket.empty()) {
        SALUS_TRY(local, detail::listen_unix(options.operator_socket));
    }
    raise_descriptor_limit(options.limits.connections);
    listeners.push_back(tcp.get());
    asio::co_spawn(io, accept_from(tcp.release(), Listener::tls), asio::detached);
    if (local.ok()) {
        listeners.push_back(local.get());
        asio::co_spawn(io, accept_from(local.release(), Listener::operator_socket), asio::detached);
    }
    asio::co_spawn(io, sweep(), asio::detached);
    return {};
}

Task<void> Server::Impl::accept_from(int fd, Listener kind) {
    Descriptor listener(io.get_executor(), fd);
    Timer pause(io.get_executor());
    boost::system::error_code ignored;
    while (!stopping) {
        co_await listener.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, ignored));
        bool exhausted = false;
        for (int i = 0; i < kAcceptsPerWake && !stopping && !exhausted; ++i) {
            auto accepted = kind == Listener::tls ? detail::accept_tcp(fd, exhausted)
                                                  : detail::accept_unix(fd, exhausted);
            if (!accepted.fd.ok()) break;
            asio::co_spawn(
                io, Session::serve(std::make_unique<Session>(shared, std::move(accepted), kind)),
                asio::detached);
        }
        if (!exhausted) continue;
        log.warn("Out of file descriptors: connections have to wait.");
        pause.expires_after(kExhaustedPause);
        co_await pause.async_wait(asio::redirect_error(kAwait, ignored));
    }
}

Task<void> Server::Impl::sweep() {
    Timer timer(io.get_executor());
    boost::system::error_code ignored;
    while (true) {
        timer.expires_after(kSweepPeriod);
        co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
        const std::int64_t now = detail::now_ms();
        for (std::size_t cut = shared.connections.sweep(now); cut > 0; --cut)
            shared.metrics.refused("deadline");
        shared.slots.expire(now);
    }
}

void Server::Impl::run() {
    const auto start = [this](auto body) {
        threads.emplace_back([body] {
            block_signals();
            body();
        });
    };
    start([this] { io.run(); });
    const std::size_t count = shared.options.limits.workers + limits::kReservedThreads;
    for (std::size_t i = 0; i < count; ++i)
        start([this] { shared.poller.run(); });
    started = true;
}

void Server::Impl::stop_listening() {
    stopping = true;
    for (const int fd : listeners)
        ::shutdown(fd, SHUT_RDWR);
    if (!shared.options.operator_socket.empty()) ::unlink(shared.options.operator_socket.c_str());
}

void Server::Impl::drain() {
    const std::lock_guard lock(mutex);
    if (!started) return;
    started = false;
    stop_listening();
    shared.connections.start_drain();
    if (!shared.connections.wait_until_empty(shared.options.limits.drain)) {
        log.warn("Connections were cut at the end of the drain.");
        shared.connections.cut_all();
        // What is left now are handlers, which have deadlines of their own in the database.
        shared.connections.wait_until_empty();
    }
    shared.poller.stop();
    io.stop();
    for (std::thread& thread : threads)
        thread.join();
    threads.clear();
}

Server::Server(ServerOptions options, Handler handler, Metrics& metrics, Logger& log)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler), metrics, log)) {}
Server::~Server() {
    impl_->drain();
}

Result<void> Server::start() {
    const std::lock_guard lock(impl_->mutex);
    SALUS_CHECK(impl_->open());
    impl_->run();
    return {};
}

std::uint16_t Server::port() const {
    return impl_->port;
}
void Server::drain() {
    impl_->drain();
}

}  // namespace salus::edge
