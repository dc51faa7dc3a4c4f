// Sealed values as a damaged or hostile database would hand them back: nothing but what was sealed
// here opens, and nothing crashes. The same for XAES and SIV directly.

#include <cstdint>
#include <cstdlib>

#include "salus/crypto/aead.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace salus;
    using namespace salus::crypto;
    static const XaesKey xaes(Secret(Bytes(kXaesKeyBytes, 7)));
    static const SivKey siv(Secret(Bytes(kSivKeyBytes, 9)));
    const ByteView input(data, size);
    const ByteView place = as_bytes("place");
    if (xaes.open(input, place) || siv.open(input, place)) std::abort();

    Bytes sealed;
    xaes.seal(input, place, sealed);
    const auto opened = xaes.open(sealed, place);
    if (!opened || *opened != Bytes(input.begin(), input.end())) std::abort();
    sealed[size % sealed.size()] ^= 1;
    if (xaes.open(sealed, place)) std::abort();
    return 0;
}
