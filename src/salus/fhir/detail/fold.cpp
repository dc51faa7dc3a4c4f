#include "salus/fhir/detail/fold.h"

#include <algorithm>
#include <cstdint>

#include "salus/fhir/detail/tables.h"

namespace salus::fhir::detail {
namespace {

void append_utf8(char32_t point, std::string& out) {
    if (point < 0x80) {
        out.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
        out.push_back(static_cast<char>(0xc0 | (point >> 6)));
        out.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    } else {
        out.push_back(static_cast<char>(0xe0 | (point >> 12)));
        out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    }
}

std::size_t sequence_length(unsigned char lead) {
    return lead < 0x80 ? 1 : (lead < 0xe0 ? 2 : (lead < 0xf0 ? 3 : 4));
}

void fold_point(char32_t point, std::string_view bytes, std::string& out) {
    const FoldEntry* end = folds + fold_count;
    const FoldEntry* entry = std::lower_bound(
        folds, end, point, [](const FoldEntry& e, char32_t wanted) { return e.from < wanted; });
    if (entry == end || entry->from != point) {
        out.append(bytes);
        return;
    }
    for (const char16_t to : entry->to)
        if (to != 0) append_utf8(to, out);
}

}  // namespace

std::string fold(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        if (lead < 0x80) {
            out.push_back(static_cast<char>(lead >= 'A' && lead <= 'Z' ? lead + 32 : lead));
            ++at;
            continue;
        }
        const std::size_t length = std::min(sequence_length(lead), text.size() - at);
        const std::string_view bytes = text.substr(at, length);
        at += length;
        // Four-byte sequences hold nothing that folds here.
        if (length > 3) {
            out.append(bytes);
            continue;
        }
        char32_t point = length == 2 ? lead & 0x1fU : lead & 0x0fU;
        for (const char c : bytes.substr(1))
            point = (point << 6) | (static_cast<unsigned>(c) & 0x3fU);
        fold_point(point, bytes, out);
    }
    return out;
}

std::string_view prefix_of(std::string_view folded, std::size_t count) {
    std::size_t at = 0;
    for (; count > 0; --count) {
        if (at >= folded.size()) return {};
        at += sequence_length(static_cast<unsigned char>(folded[at]));
    }
    return folded.substr(0, at);
}

}  // namespace salus::fhir::detail
