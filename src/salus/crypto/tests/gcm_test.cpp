#include "salus/crypto/detail/gcm.h"

#include <gtest/gtest.h>

#include "salus/crypto/tests/vectors.h"

namespace salus::crypto {
namespace {

TEST(Gcm, Wycheproof) {
    const auto document = testing::wycheproof("aes_gcm");
    if (!document) GTEST_SKIP() << "no Wycheproof vectors: set SALUS_DATA";
    std::size_t checked = 0;
    testing::for_each_vector(*document, [&](JsonView group, JsonView test) {
        if (group["keySize"].text() != "256" || group["ivSize"].text() != "96" ||
            group["tagSize"].text() != "128")
            return;
        const Bytes key = testing::unhex(test.string("key"));
        const Bytes nonce = testing::unhex(test.string("iv"));
        const Bytes aad = testing::unhex(test.string("aad"));
        const Bytes plaintext = testing::unhex(test.string("msg"));
        Bytes sealed = testing::unhex(test.string("ct"));
        append(sealed, testing::unhex(test.string("tag")));
        const detail::GcmParameters parameters{ByteView(key).first<32>(),
                                               ByteView(nonce).first<12>(), aad};
        Bytes opened(plaintext.size(), 0xee);
        const bool valid = test.string("result") == "valid";
        EXPECT_EQ(detail::gcm_open(parameters, sealed, opened), valid);
        EXPECT_EQ(opened, valid ? plaintext : Bytes(plaintext.size(), 0));
        if (valid) {
            Bytes again(plaintext.size() + detail::kGcmTagBytes);
            detail::gcm_seal(parameters, plaintext, again);
            EXPECT_EQ(again, sealed);
        }
        ++checked;
    });
    EXPECT_GE(checked, 60U);
}

}  // namespace
}  // namespace salus::crypto
