#include "salus/keys/detail/snapshot.h"

#include <algorithm>
#include <array>

namespace salus::keys::detail {
namespace {

constexpr std::uint8_t kFormatVersion = 1;
constexpr std::size_t kHeaderBytes = 1 + 4;
constexpr std::size_t kOverhead = kHeaderBytes + crypto::kXaesNonceBytes + crypto::kTagBytes;

using Header = std::array<std::uint8_t, kHeaderBytes>;

Header header_of(std::uint32_t generation) {
    return {kFormatVersion, static_cast<std::uint8_t>(generation >> 24),
            static_cast<std::uint8_t>(generation >> 16), static_cast<std::uint8_t>(generation >> 8),
            static_cast<std::uint8_t>(generation)};
}

std::uint32_t generation_of(ByteView sealed) {
    return std::uint32_t{sealed[1]} << 24 | std::uint32_t{sealed[2]} << 16 |
           std::uint32_t{sealed[3]} << 8 | std::uint32_t{sealed[4]};
}

/// DESIGN 3.3: header | tenant | table | column | row. Only the last part varies in length, so no
/// two places give the same bytes. The buffer is the thread's and holds ids alone; it is valid
/// until the next call.
ByteView associated_data(const Header& header, TenantId tenant, const Place& place) {
    thread_local Bytes buffer;
    buffer.assign(header.begin(), header.end());
    const auto id = static_cast<std::uint64_t>(tenant.value());
    for (std::size_t i = 8; i-- > 0;)
        buffer.push_back(static_cast<std::uint8_t>(id >> (8 * i)));
    buffer.push_back(static_cast<std::uint8_t>(place.table));
    buffer.push_back(static_cast<std::uint8_t>(place.column));
    append(buffer, place.row);
    return buffer;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::unwrap(const Wrapper& root, TenantId tenant,
                                                         const TenantRecord& record,
                                                         Binding binding) {
    if (record.destroyed()) return fail(Errc::not_found, "The tenant's keys were destroyed.");
    std::vector<DataKey> data;
    Secret newest;
    for (const Generation& generation : record.generations) {
        const Label label{Purpose::tenant, tenant, generation.number};
        SALUS_TRY(newest, root.unwrap(generation.key, label));
        data.push_back({generation.number, crypto::XaesKey(derive(newest, "salus/1 data", label))});
    }
    SALUS_TRY(FixedKeys fixed, unwrap_fixed(newest, tenant, record));
    return std::shared_ptr<const Snapshot>(
        new Snapshot(tenant, binding, std::move(data), std::move(fixed)));
}

Snapshot::Snapshot(TenantId tenant, Binding binding, std::vector<DataKey> data, FixedKeys fixed)
    : tenant_(tenant),
      binding_(binding),
      data_(std::move(data)),
      index_(std::move(fixed.index)),
      audit_(std::move(fixed.audit)),
      signer_(std::move(fixed.signing)) {}

Bytes Snapshot::seal(const Place& place, ByteView plaintext) const {
    const DataKey& newest = data_.back();
    const Header header = header_of(newest.generation);
    const ByteView bound =
        binding_ == Binding::on ? associated_data(header, tenant_, place) : ByteView();
    Bytes out;
    out.reserve(kOverhead + plaintext.size());
    append(out, header);
    newest.key.seal(plaintext, bound, out);
    return out;
}

Result<Bytes> Snapshot::open(const Place& place, ByteView sealed) const {
    if (sealed.size() < kOverhead || sealed[0] != kFormatVersion)
        return fail(Errc::integrity, "A sealed value has not the form of one.");
    const std::uint32_t generation = generation_of(sealed);
    const auto key = std::lower_bound(
        data_.begin(), data_.end(), generation,
        [](const DataKey& item, std::uint32_t number) { return item.generation < number; });
    if (key == data_.end() || key->generation != generation)
        return fail(Errc::integrity, "A sealed value names a key that does not exist.");
    const ByteView bound = binding_ == Binding::on
                               ? associated_data(header_of(generation), tenant_, place)
                               : ByteView();
    return key->key.open(sealed.subspan(kHeaderBytes), bound);
}

}  // namespace salus::keys::detail
