#include "salus/crypto/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

namespace salus::crypto {
namespace {

TEST(Random, FillsEverySizeAndDoesNotRepeat) {
    std::set<Bytes> seen;
    for (std::size_t size = 16; size < 1200; ++size) {
        Bytes bytes(size);
        fill_random(bytes);
        // Sixteen zero bytes at the end of a draw would be a part left unfilled.
        EXPECT_FALSE(std::all_of(bytes.end() - 16, bytes.end(), [](auto b) { return b == 0; }));
        bytes.resize(16);
        EXPECT_TRUE(seen.insert(bytes).second);
    }
}

TEST(Random, BytesLookEvenlySpread) {
    std::array<int, 256> counts{};
    for (int i = 0; i < 64 * 256; ++i) {
        std::array<std::uint8_t, 32> bytes;
        fill_random(bytes);
        for (const std::uint8_t byte : bytes)
            ++counts[byte];
    }
    double chi = 0;
    for (const int count : counts)
        chi += (count - 2048.0) * (count - 2048.0) / 2048.0;
    EXPECT_GT(chi, 120);  // 255 degrees of freedom: outside with a chance below 1e-9
    EXPECT_LT(chi, 440);
}

TEST(Random, AForkDoesNotRepeatItsParent) {
    std::array<std::uint8_t, 8> first;
    fill_random(first);  // this thread's block is drawn now, and copied by the fork
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
        std::array<std::uint8_t, 32> bytes;
        fill_random(bytes);
        const bool sent = write(ends[1], bytes.data(), bytes.size()) == 32;
        _exit(sent ? 0 : 1);
    }
    std::array<std::uint8_t, 32> ours;
    std::array<std::uint8_t, 32> theirs{};
    fill_random(ours);
    ASSERT_EQ(read(ends[0], theirs.data(), theirs.size()), 32);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_NE(ours, theirs);
    close(ends[0]);
    close(ends[1]);
}

TEST(Random, SecretsHaveTheirSize) {
    EXPECT_EQ(random_secret(32).size(), 32U);
    EXPECT_TRUE(random_secret(0).empty());
}

// RFC 9562 A.6 has this time in its example of version 7.
TEST(Uuid, Version7) {
    const Uuid id = new_uuid_v7(0x017F22E279B0 * 1000);
    EXPECT_EQ(id.to_string().substr(0, 18), "017f22e2-79b0-7000");
    EXPECT_EQ(id.bytes()[8] & 0xc0, 0x80);
    EXPECT_TRUE(Uuid::parse(id.to_string()) == id);
}

TEST(Uuid, LaterIsGreater) {
    constexpr TimeUs kNow = 1'700'000'000'123'000;
    Uuid last = new_uuid_v7(kNow);
    for (TimeUs step = 1; step < 3000; ++step) {
        const Uuid next = new_uuid_v7(kNow + step);
        ASSERT_LT(last, next);
        last = next;
    }
}

}  // namespace
}  // namespace salus::crypto
