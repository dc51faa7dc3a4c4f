#include <algorithm>
#include <array>
#include <string>

#include "salus/fhir/detail/primitives.h"

namespace salus::fhir::detail {
namespace {

// HTML 4.0 chapters 7 to 11 and 15 without forms, frames and scripts, and images: R4
// narrative.html.
constexpr std::array<std::string_view, 60> kElements = {
    "a",       "abbr", "acronym", "address", "b",        "bdo",   "big",   "blockquote", "br",
    "caption", "cite", "code",    "col",     "colgroup", "dd",    "del",   "dfn",        "div",
    "dl",      "dt",   "em",      "font",    "h1",       "h2",    "h3",    "h4",         "h5",
    "h6",      "hr",   "i",       "img",     "ins",      "kbd",   "li",    "map",        "area",
    "ol",      "p",    "pre",     "q",       "s",        "samp",  "small", "span",       "strike",
    "strong",  "sub",  "sup",     "table",   "tbody",    "td",    "tfoot", "th",         "thead",
    "tr",      "tt",   "u",       "ul",      "var",      "center"};

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ':';
}
bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool scan() {
        if (text_.find('\0') != std::string_view::npos) return false;
        trim();
        if (!text_.starts_with("<div")) return false;
        while (at_ < text_.size()) {
            if (text_[at_] == '<') {
                if (!markup()) return false;
            } else {
                // All of it lies inside the one div.
                if (depth_ == 0) return false;
                ++at_;
            }
        }
        return depth_ == 0 && elements_ > 0;
    }

  private:
    void trim() {
        while (!text_.empty() && is_space(text_.front()))
            text_.remove_prefix(1);
        while (!text_.empty() && is_space(text_.back()))
            text_.remove_suffix(1);
    }

    bool markup() {
        if (text_.substr(at_).starts_with("<!--")) {
            const std::size_t end = text_.find("-->", at_ + 4);
            if (end == std::string_view::npos || depth_ == 0) return false;
            at_ = end + 3;
            return true;
        }
        ++at_;
        return at_ < text_.size() && text_[at_] == '/' ? close_tag() : open_tag();
    }

    std::string_view take_name() {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_name_char(text_[at_]))
            ++at_;
        return text_.substr(start, at_ - start);
    }
    void skip_spaces() {
        while (at_ < text_.size() && is_space(text_[at_]))
            ++at_;
    }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    bool close_tag() {
        ++at_;
        const std::string_view name = take_name();
        skip_spaces();
        return !name.empty() && take('>') && --depth_ >= 0;
    }

    bool open_tag() {
        if (depth_ == 0 && elements_ > 0) return false;
        ++elements_;
        const std::string_view name = take_name();
        if (std::find(kElements.begin(), kElements.end(), name) == kElements.end()) return false;
        for (;;) {
            skip_spaces();
            if (take('>')) {
                ++depth_;
                return true;
            }
            if (take('/')) return take('>');
            if (!attribute()) return false;
        }
    }

    bool attribute() {
        std::string name(take_name());
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
        skip_spaces();
        if (name.empty() || name.starts_with("on") || !take('=')) return false;
        skip_spaces();
        if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
        const std::size_t end = text_.find(text_[at_], at_ + 1);
        if (end == std::string_view::npos) return false;
        const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return value.find('<') == std::string_view::npos &&
               ((name != "href" && name != "src") || is_safe_link(value));
    }

    /// A scheme that runs nothing. Character references could hide one, so none may stand before
    /// ':'.
    static bool is_safe_link(std::string_view value) {
        const std::size_t colon = value.find_first_of(":&");
        if (colon == std::string_view::npos || value.find_first_of("/?#") < colon) return true;
        const std::string_view scheme = value.substr(0, colon);
        return value[colon] == ':' &&
               (scheme == "http" || scheme == "https" || scheme == "mailto" || scheme == "data" ||
                scheme == "tel" || scheme == "urn") &&
               (scheme != "data" || value.starts_with("data:image/"));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    int elements_ = 0;
};

}  // namespace

bool is_safe_xhtml(std::string_view text) {
    return Scanner(text).scan();
}

}  // namespace salus::fhir::detail
