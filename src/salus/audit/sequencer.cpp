#include "salus/audit/sequencer.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "salus/audit/detail/outbox.h"
#include "salus/core/limits.h"

namespace salus::audit {
namespace {

constexpr TimeUs kComplainEveryUs = 60 * kSecondUs;  ///< one log line a minute, not four a second

}  // namespace

struct Sequencer::Impl {
    /// What is known of one tenant's log.
    struct Tenant {
        std::unique_ptr<Outbox> outbox;
        std::optional<Error> stopped;  ///< damage: nothing is signed any more in this process
        TimeUs complained_us = 0;
    };

    db::Pool& pool;
    keys::Keystore& keystore;
    const std::string log_root;
    const Clock& clock;
    Logger& log;

    std::mutex stepping;  ///< one step at a time
    std::map<TenantId, Tenant> tenants;
    std::atomic<std::size_t> merged{0};

    std::mutex mutex;
    std::condition_variable stop_asked;
    bool stopping = false;
    std::thread thread;

    void complain(TenantId id, Tenant& tenant, const Error& error) {
        const TimeUs now = clock.now_us();
        if (tenant.complained_us != 0 && now - tenant.complained_us < kComplainEveryUs) return;
        tenant.complained_us = now;
        log.error("Audit records of a tenant could not be merged.",
                  {{"tenant", id}, {"code", error.code()}});
        log.error(error);
    }

    /// Everything that waits for one tenant.
    Result<void> merge(TenantId id, Tenant& tenant) {
        if (tenant.stopped) return fail(*tenant.stopped);
        if (!tenant.outbox) {
            SALUS_TRY(auto signer, keystore.audit_signer(id));
            tenant.outbox = std::make_unique<Outbox>(
                id, log_root + "/" + std::to_string(id.value()), std::move(signer));
        }
        while (true) {
            const auto moved = tenant.outbox->drain(pool);
            if (!moved && moved.error().code() == Errc::integrity) tenant.stopped = moved.error();
            if (!moved) return fail(moved.error());
            merged += *moved;
            if (*moved < limits::kAuditBatch) return {};
        }
    }

    Result<void> step() {
        const std::lock_guard lock(stepping);
        SALUS_TRY(const auto waiting, Outbox::waiting(pool));
        Result<void> outcome;
        for (const TenantId id : waiting) {
            Tenant& tenant = tenants[id];
            auto done = merge(id, tenant);
            if (done) {
                tenant.complained_us = 0;
                continue;
            }
            complain(id, tenant, done.error());
            if (outcome) outcome = done;
        }
        return outcome;
    }

    void run() {
        std::unique_lock lock(mutex);
        const auto delay = std::chrono::milliseconds(limits::kAuditMergeDelayMs);
        while (!stop_asked.wait_for(lock, delay, [this] { return stopping; })) {
            lock.unlock();
            // A tenant's failure has been logged; that the database is away, the pool says.
            std::ignore = step();
            lock.lock();
        }
    }
};

Sequencer::Sequencer(db::Pool& pool, keys::Keystore& keystore, std::string log_root,
                     const Clock& clock, Logger& log)
    : impl_(new Impl{
          pool, keystore, std::move(log_root), clock, log, {}, {}, {}, {}, {}, false, {}}) {}

Sequencer::~Sequencer() {
    if (!impl_->thread.joinable()) return;
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->stop_asked.notify_all();
    impl_->thread.join();
    std::ignore = impl_->step();
}

void Sequencer::start() {
    if (!impl_->thread.joinable()) impl_->thread = std::thread([this] { impl_->run(); });
}

Result<void> Sequencer::step() {
    return impl_->step();
}
std::size_t Sequencer::merged() const {
    return impl_->merged;
}

}  // namespace salus::audit
