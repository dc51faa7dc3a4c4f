#include "salus/fhir/detail/store_codec.h"

#include <zstd.h>

#include <cstring>
#include <memory>

#include "salus/core/limits.h"

namespace salus::fhir {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kHeaderBytes = 4;  // as long as the magic number it stands in for
constexpr int kLevel = 3;
constexpr std::uint8_t kMagic[kHeaderBytes] = {0x28, 0xb5, 0x2f, 0xfd};  // RFC 8878 3.1.1

template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};
using CompressDict = std::unique_ptr<ZSTD_CDict, Deleter<ZSTD_freeCDict>>;
using DecompressDict = std::unique_ptr<ZSTD_DDict, Deleter<ZSTD_freeDDict>>;
using Compressor = std::unique_ptr<ZSTD_CCtx, Deleter<ZSTD_freeCCtx>>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, Deleter<ZSTD_freeDCtx>>;

/// Digested once for the process; read-only afterwards, so all threads share it.
struct Dictionary {
    CompressDict compress{
        ZSTD_createCDict(body_dictionary().data(), body_dictionary().size(), kLevel)};
    DecompressDict decompress{ZSTD_createDDict(body_dictionary().data(), body_dictionary().size())};
};

const Dictionary& dictionary() {
    static const Dictionary digested;
    return digested;
}

Compressor make_compressor() {
    Compressor context(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0);  // the seal's tag covers it
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_dictIDFlag, 0);    // the format byte names it
    ZSTD_CCtx_refCDict(context.get(), dictionary().compress.get());
    return context;
}

Decompressor make_decompressor() {
    Decompressor context(ZSTD_createDCtx());
    ZSTD_DCtx_refDDict(context.get(), dictionary().decompress.get());
    return context;
}

}  // namespace

void pack_body(std::string_view json, Bytes& out) {
    thread_local const Compressor context = make_compressor();
    out.resize(ZSTD_compressBound(json.size()));
    const std::size_t frame =
        ZSTD_compress2(context.get(), out.data(), out.size(), json.data(), json.size());
    // The bound above makes failure impossible but for lack of memory.
    if (ZSTD_isError(frame)) std::abort();
    const std::size_t length = frame - kHeaderBytes;
    out[0] = kFormat;
    for (std::size_t i = 1; i < kHeaderBytes; ++i)
        out[i] = static_cast<std::uint8_t>(length >> (8 * (i - 1)));
    const std::size_t padded = (frame + kPaddingBytes - 1) / kPaddingBytes * kPaddingBytes;
    out.resize(frame);
    out.resize(padded, 0);
}

Result<std::string> unpack_body(Bytes packed) {
    constexpr ConstText kDamaged = "A stored resource does not have the form it was written in.";
    if (packed.size() < kHeaderBytes || packed[0] != kFormat)
        return fail(Errc::integrity, kDamaged);
    const std::size_t length =
        packed[1] | std::size_t{packed[2]} << 8 | std::size_t{packed[3]} << 16;
    const std::size_t frame = length + kHeaderBytes;
    if (frame > packed.size()) return fail(Errc::integrity, kDamaged);
    std::memcpy(packed.data(), kMagic, kHeaderBytes);
    const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), frame);
    if (size > 2 * limits::kResourceBytes) return fail(Errc::integrity, kDamaged);
    thread_local const Decompressor context = make_decompressor();
    std::string text(size, '\0');
    const std::size_t done =
        ZSTD_decompressDCtx(context.get(), text.data(), text.size(), packed.data(), frame);
    if (ZSTD_isError(done) || done != size) return fail(Errc::integrity, kDamaged);
    return text;
}

}  // namespace salus::fhir
