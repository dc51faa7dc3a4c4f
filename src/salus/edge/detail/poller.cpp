#include "salus/edge/detail/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace salus::edge::detail {
namespace {

/// What `defer` left for this thread; none: the thread is not in `run`.
thread_local std::vector<Resumable*>* deferred = nullptr;

}  // namespace

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN;  // level-triggered and never read: it wakes every thread
    event.data.ptr = nullptr;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), &event);
}

void Poller::arm(Waitable& waitable, Io need) {
    epoll_event event{};
    event.events = (need == Io::want_write ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT;
    event.data.ptr = &waitable;
    const int operation = waitable.registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    waitable.registered_ = true;
    const int fd = waitable.fd_;
    waitable.armed_.store(true, std::memory_order_release);
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) return;
    // The kernel has no room for one more watch: the connection ends instead of waiting for ever.
    ::shutdown(fd, SHUT_RDWR);
    std::launder(reinterpret_cast<Resumable*>(waitable.place_))->resume();
}

void Poller::run() {
    std::vector<Resumable*> list;
    deferred = &list;
    while (true) {
        epoll_event event{};
        const int count = ::epoll_wait(epoll_.get(), &event, 1, -1);
        if (count < 0 && errno == EINTR) continue;
        if (count != 1 || event.data.ptr == nullptr) break;
        auto* waitable = static_cast<Waitable*>(event.data.ptr);
        waitable->armed_.exchange(false, std::memory_order_acq_rel);
        std::launder(reinterpret_cast<Resumable*>(waitable->place_))->resume();
        while (!list.empty()) {
            Resumable* next = list.back();
            list.pop_back();
            next->resume();
        }
    }
    deferred = nullptr;
}

void Poller::stop() {
    ::eventfd_write(stop_.get(), 1);
}

void Poller::defer(Resumable& resumable) {
    if (deferred != nullptr)
        deferred->push_back(&resumable);
    else
        resumable.resume();
}

}  // namespace salus::edge::detail
