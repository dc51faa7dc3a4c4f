#include "salus/keys/detail/hierarchy.h"

#include "salus/core/limits.h"
#include "salus/crypto/random.h"

namespace salus::keys::detail {
namespace {

void wrap_generation(const Wrapper& root, const Label& label, TimeUs now_us, const FixedKeys& fixed,
                     TenantRecord& record) {
    const Secret key = crypto::random_secret(kKeyBytes);
    record.generations.push_back({label.generation, now_us, root.wrap(key, label)});
    const Wrapper parent(key, label);
    const auto wrap = [&](Purpose purpose, const Secret& secret) {
        return parent.wrap(secret, {purpose, label.tenant, label.generation});
    };
    record.index = wrap(Purpose::index, fixed.index);
    record.audit = wrap(Purpose::audit, fixed.audit);
    record.signing = wrap(Purpose::signing, fixed.signing);
}

}  // namespace

TenantRecord new_tenant(const Wrapper& root, TenantId tenant, TimeUs now_us) {
    const FixedKeys fixed{crypto::random_secret(kKeyBytes), crypto::random_secret(kKeyBytes),
                          crypto::random_secret(kKeyBytes)};
    TenantRecord record;
    wrap_generation(root, {Purpose::tenant, tenant, 1}, now_us, fixed, record);
    return record;
}

Result<void> add_generation(const Wrapper& root, TenantId tenant, TimeUs now_us,
                            TenantRecord& record) {
    if (record.generations.size() >= limits::kKeyGenerations)
        return fail(Errc::too_large, "The tenant has as many key generations as there can be.");
    const Generation& newest = record.generations.back();
    const std::uint32_t next = newest.number + 1;
    SALUS_TRY(const Secret key, root.unwrap(newest.key, {Purpose::tenant, tenant, newest.number}));
    SALUS_TRY(const FixedKeys fixed, unwrap_fixed(key, tenant, record));
    wrap_generation(root, {Purpose::tenant, tenant, next}, now_us, fixed, record);
    return {};
}

Result<FixedKeys> unwrap_fixed(const Secret& newest, TenantId tenant, const TenantRecord& record) {
    const std::uint32_t number = record.generations.back().number;
    const Wrapper parent(newest, {Purpose::tenant, tenant, number});
    SALUS_TRY(Secret index, parent.unwrap(record.index, {Purpose::index, tenant, number}));
    SALUS_TRY(Secret audit, parent.unwrap(record.audit, {Purpose::audit, tenant, number}));
    SALUS_TRY(Secret signing, parent.unwrap(record.signing, {Purpose::signing, tenant, number}));
    return FixedKeys{std::move(index), std::move(audit), std::move(signing)};
}

}  // namespace salus::keys::detail
