#include "salus/keys/keystore.h"

#include <functional>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "salus/core/fs.h"
#include "salus/core/limits.h"
#include "salus/crypto/password.h"
#include "salus/crypto/random.h"
#include "salus/keys/detail/file_format.h"
#include "salus/keys/detail/shared_file.h"
#include "salus/keys/detail/snapshot.h"

namespace salus::keys {
namespace {

using detail::Binding;
using detail::FileLock;
using detail::FileStamp;
using detail::Label;
using detail::Model;
using detail::Purpose;
using detail::Snapshot;
using detail::Wrapper;

constexpr std::size_t kSaltBytes = 16;
constexpr Label kRootLabel{Purpose::root};
constexpr Label kPassphraseLabel{Purpose::passphrase};

tl::unexpected<Error> no_keys() {
    return fail(Errc::not_found, "There are no keys for this tenant.");
}

/// What the root key is used for; the root key itself is forgotten once these are derived.
struct RootKeys {
    Wrapper wrapper;
    crypto::HmacKey file_key;
    explicit RootKeys(const Secret& root)
        : wrapper(root, kRootLabel),
          file_key(detail::derive(root, "salus/1 keystore file", kRootLabel)) {}
};

struct State {
    Model model;
    FileStamp stamp;
};

/// The file as it was read. `parsed` views `content`, whose buffer a move keeps.
struct FileContent {
    FileStamp stamp;
    Bytes content;
    detail::Parsed parsed;
};

/// The caller holds a lock. Errors: not_found, integrity, wrong_version.
Result<FileContent> load(const std::string& path) {
    SALUS_TRY(const FileStamp stamp, detail::stamp_of(path));
    SALUS_TRY(Bytes content, read_file(path, limits::kKeystoreBytes));
    SALUS_TRY(detail::Parsed parsed, detail::parse(as_text(content)));
    return FileContent{stamp, std::move(content), std::move(parsed)};
}

Result<State> verify(FileContent file, const RootKeys& root) {
    if (!detail::authentic(file.parsed, root.file_key))
        return fail(Errc::integrity, "The keystore file was changed by somebody without its keys.",
                    "Restore the keystore from its backup.");
    return State{std::move(file.parsed.model), file.stamp};
}

/// Writes the file and gives its new stamp. The caller holds the exclusive lock.
Result<FileStamp> store(const std::string& path, const Model& model, const RootKeys& root) {
    const std::string text = detail::encode(model, root.file_key);
    if (text.size() > limits::kKeystoreBytes)
        return fail(Errc::too_large, "The keystore has no room for more keys.");
    SALUS_CHECK(detail::replace_file(path, as_bytes(text)));
    return detail::stamp_of(path);
}

Result<RootKeys> unlock(const Model& model, const Secret& passphrase) {
    SALUS_TRY(const Secret key, crypto::derive_from_passphrase(passphrase.expose(), model.salt));
    if (!crypto::equal(detail::commitment_of(key, kPassphraseLabel), model.passphrase_commitment))
        return fail(Errc::wrong_passphrase, "The passphrase does not open the keystore.",
                    "Check the passphrase file; it must be the one the keystore was made with.");
    SALUS_TRY(const Secret root, Wrapper(key, kPassphraseLabel).unwrap(model.root, kRootLabel));
    return RootKeys(root);
}

struct Opened {
    RootKeys root;
    State state;
};

Result<Opened> open_existing(FileContent file, const Secret& passphrase) {
    SALUS_TRY(RootKeys root, unlock(file.parsed.model, passphrase));
    SALUS_TRY(State state, verify(std::move(file), root));
    return Opened{std::move(root), std::move(state)};
}

Result<Opened> create(const std::string& path, const Secret& passphrase) {
    State state;
    state.model.salt.resize(kSaltBytes);
    crypto::fill_random(state.model.salt);
    SALUS_TRY(const Secret key,
              crypto::derive_from_passphrase(passphrase.expose(), state.model.salt));
    state.model.passphrase_commitment = detail::commitment_of(key, kPassphraseLabel);
    const Secret root_key = crypto::random_secret(detail::kKeyBytes);
    state.model.root = Wrapper(key, kPassphraseLabel).wrap(root_key, kRootLabel);
    RootKeys root(root_key);
    SALUS_TRY(state.stamp, store(path, state.model, root));
    return Opened{std::move(root), std::move(state)};
}

}  // namespace

struct Keystore::Impl {
    std::string path;
    const Clock& clock;
    RootKeys root;
    std::shared_mutex mutex;  // guards everything below
    Model model;
    FileStamp stamp;
    Binding binding = Binding::on;
    std::unordered_map<TenantId, std::shared_ptr<const Snapshot>> cache;

    Impl(std::string file_path, const Clock& time, Opened opened)
        : path(std::move(file_path)),
          clock(time),
          root(std::move(opened.root)),
          model(std::move(opened.state.model)),
          stamp(opened.state.stamp) {}

    /// Takes over what another process wrote. The caller holds `mutex` and the file's lock.
    Result<void> reload() {
        SALUS_TRY(FileContent file, load(path));
        SALUS_TRY(State found, verify(std::move(file), root));
        if (found.model.revision < model.revision)
            return fail(Errc::integrity, "The keystore file was put back to an older state.",
                        "Restart salus if this is a restored backup that you mean to use.");
        if (!(found.stamp == stamp)) cache.clear();
        model = std::move(found.model);
        stamp = found.stamp;
        return {};
    }

    /// Costs one stat() while the file is unchanged. With it, a rotation or a destruction by
    /// another process takes effect at the next call.
    Result<void> refresh() {
        const auto current = detail::stamp_of(path);
        if (!current)
            return fail(Errc::unavailable, "The keystore file is gone or can't be reached.",
                        "Restore the keystore from its backup, or check its permissions.");
        {
            const std::shared_lock lock(mutex);
            if (*current == stamp) return {};
        }
        const std::unique_lock lock(mutex);
        SALUS_TRY(const FileLock file_lock, FileLock::take(path, FileLock::Mode::shared));
        const auto settled = detail::stamp_of(path);
        if (settled && *settled == stamp) return {};  // a change of this object ended meanwhile
        return reload();
    }

    /// Runs `edit` on a copy of the newest state, writes it, and only then makes it the state.
    Result<void> change(TenantId tenant, const std::function<Result<void>(Model&)>& edit) {
        const std::unique_lock lock(mutex);
        SALUS_TRY(const FileLock file_lock, FileLock::take(path, FileLock::Mode::exclusive));
        SALUS_CHECK(reload());
        Model next = model;
        SALUS_CHECK(edit(next));
        ++next.revision;
        SALUS_TRY(stamp, store(path, next, root));
        model = std::move(next);
        cache.erase(tenant);
        return {};
    }

    Result<std::shared_ptr<const Snapshot>> snapshot(TenantId tenant) {
        SALUS_CHECK(refresh());
        {
            const std::shared_lock lock(mutex);
            const auto found = cache.find(tenant);
            if (found != cache.end()) return found->second;
        }
        const std::unique_lock lock(mutex);
        const auto record = model.tenants.find(tenant);
        if (record == model.tenants.end() || record->second.destroyed()) return no_keys();
        SALUS_TRY(auto keys, Snapshot::unwrap(root.wrapper, tenant, record->second, binding));
        // All at once: which tenant is idle is not worth keeping track of at this size.
        if (cache.size() >= limits::kTenantKeysCached) cache.clear();
        cache[tenant] = keys;
        return keys;
    }
};

Keystore::Keystore() = default;
Keystore::~Keystore() = default;

Result<std::unique_ptr<Keystore>> Keystore::open(const std::string& path, Secret passphrase,
                                                 const Clock& clock) {
    if (passphrase.empty())
        return fail(Errc::wrong_passphrase, "The passphrase is empty.",
                    "Write a passphrase into the passphrase file.");
    // Exclusive from the look to the writing: two processes that start at once make one keystore.
    SALUS_TRY(const FileLock lock, FileLock::take(path, FileLock::Mode::exclusive));
    auto file = load(path);
    if (!file && file.error().code() != Errc::not_found) return fail(file.error());
    SALUS_TRY(Opened opened,
              file ? open_existing(std::move(*file), passphrase) : create(path, passphrase));
    std::unique_ptr<Keystore> keystore(new Keystore());
    keystore->impl_ = std::make_unique<Impl>(path, clock, std::move(opened));
    return keystore;
}

Result<void> Keystore::create_tenant(TenantId tenant) {
    return impl_->change(tenant, [&](Model& model) -> Result<void> {
        const auto [record, fresh] = model.tenants.try_emplace(tenant);
        if (!fresh && record->second.destroyed())
            return fail(Errc::conflict, "The tenant's keys were destroyed; its id is used up.");
        if (!fresh) return fail(Errc::conflict, "The tenant has keys already.");
        record->second = detail::new_tenant(impl_->root.wrapper, tenant, impl_->clock.now_us());
        return {};
    });
}

Result<std::shared_ptr<const TenantKeys>> Keystore::tenant(TenantId tenant) {
    SALUS_TRY(std::shared_ptr<const TenantKeys> keys, impl_->snapshot(tenant));
    return keys;
}

Result<void> Keystore::rotate(TenantId tenant) {
    return impl_->change(tenant, [&](Model& model) -> Result<void> {
        const auto record = model.tenants.find(tenant);
        if (record == model.tenants.end() || record->second.destroyed()) return no_keys();
        return detail::add_generation(impl_->root.wrapper, tenant, impl_->clock.now_us(),
                                      record->second);
    });
}

Result<void> Keystore::destroy(TenantId tenant) {
    return impl_->change(tenant, [&](Model& model) -> Result<void> {
        const auto record = model.tenants.find(tenant);
        if (record == model.tenants.end()) return no_keys();
        record->second = detail::TenantRecord();
        return {};
    });
}

Result<std::vector<GenerationInfo>> Keystore::generations(TenantId tenant) const {
    SALUS_CHECK(impl_->refresh());
    const std::shared_lock lock(impl_->mutex);
    const auto record = impl_->model.tenants.find(tenant);
    if (record == impl_->model.tenants.end() || record->second.destroyed()) return no_keys();
    std::vector<GenerationInfo> out;
    for (const detail::Generation& generation : record->second.generations)
        out.push_back({generation.number, generation.created_us});
    return out;
}

Result<std::shared_ptr<const crypto::SigningKey>> Keystore::audit_signer(TenantId tenant) {
    SALUS_TRY(const auto keys, impl_->snapshot(tenant));
    return std::shared_ptr<const crypto::SigningKey>(keys, &keys->signer());
}

void Keystore::disable_associated_data(PassKey<TestAccess>) {
    const std::unique_lock lock(impl_->mutex);
    impl_->binding = Binding::off;
    impl_->cache.clear();
}

}  // namespace salus::keys
