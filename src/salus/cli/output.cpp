#include "salus/cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace salus::cli {
namespace {

/// The columns a text takes on a terminal: code points, near enough for names and ids.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string cell(JsonView value) {
    if (!value.exists() || value.is(JsonKind::null)) return "-";
    std::string text;
    if (value.is(JsonKind::array) || value.is(JsonKind::object)) {
        for (const JsonView child : value) {
            if (!text.empty()) text += ", ";
            if (!child.key().empty()) text += std::string(child.key()) + "=";
            text += cell(child);
        }
        return text.empty() ? "-" : text;
    }
    text = value.text();
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return text;
}

void indent_json(JsonView value, std::size_t depth, std::string& out) {
    const bool object = value.is(JsonKind::object);
    if (!object && !value.is(JsonKind::array)) {
        out += value.raw();
        return;
    }
    out += object ? '{' : '[';
    bool first = true;
    for (const JsonView child : value) {
        out += first ? "\n" : ",\n";
        first = false;
        out.append((depth + 1) * 2, ' ');
        if (object) {
            write_json_string(child.key(), out);
            out += ": ";
        }
        indent_json(child, depth + 1, out);
    }
    if (!first) {
        out += '\n';
        out.append(depth * 2, ' ');
    }
    out += object ? '}' : ']';
}

/// A JSON string is a YAML double-quoted scalar (YAML 1.2.2, 7.3.1), so quoting is always safe;
/// plain scalars are kept for what can't be mistaken.
std::string yaml_string(std::string_view text) {
    const auto plain_char = [](char c) {
        return ::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' ||
               c == '/';
    };
    constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no",
                                           "on",   "off",   "y",    "n"};
    std::string lower(text);
    for (char& c : lower)
        c = static_cast<char>(::tolower(static_cast<unsigned char>(c)));
    if (!text.empty() && ::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
        std::all_of(text.begin(), text.end(), plain_char) &&
        std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords))
        return std::string(text);
    std::string quoted;
    write_json_string(text, quoted);
    return quoted;
}

void write_yaml(JsonView value, std::size_t depth, std::string& out) {
    if (value.is(JsonKind::object) || value.is(JsonKind::array)) {
        if (value.size() == 0) {
            out += value.is(JsonKind::object) ? " {}\n" : " []\n";
            return;
        }
        if (depth > 0) out += '\n';
        for (const JsonView child : value) {
            out.append(depth * 2, ' ');
            out += value.is(JsonKind::object) ? yaml_string(child.key()) + ":" : "-";
            write_yaml(child, depth + 1, out);
        }
        return;
    }
    out += depth > 0 ? " " : "";
    out += value.is(JsonKind::string) ? yaml_string(value.text()) : std::string(value.text());
    out += '\n';
}

std::string render_rows(JsonView rows, const std::vector<Column>& columns) {
    std::vector<std::vector<std::string>> cells;
    std::vector<std::string> heading;
    for (const Column& column : columns)
        heading.emplace_back(column.heading);
    cells.push_back(std::move(heading));
    for (const JsonView row : rows) {
        std::vector<std::string> line;
        for (const Column& column : columns)
            line.push_back(cell(row[column.member]));
        cells.push_back(std::move(line));
    }
    std::vector<std::size_t> widths(columns.size(), 0);
    for (const auto& line : cells)
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], width(line[i]));
    std::string out;
    for (const auto& line : cells) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            out += line[i];
            if (i + 1 < line.size()) out.append(widths[i] - width(line[i]) + 2, ' ');
        }
        out += '\n';
    }
    return out;
}

std::string render_object(JsonView object, std::vector<Column> columns) {
    if (columns.empty())
        for (const JsonView member : object)
            columns.push_back({member.key(), member.key()});
    std::size_t widest = 0;
    for (const Column& column : columns)
        widest = std::max(widest, width(column.heading));
    std::string out;
    for (const Column& column : columns) {
        out += column.heading;
        out.append(widest - width(column.heading) + 2, ' ');
        out += cell(object[column.member]) + '\n';
    }
    return out;
}

}  // namespace

std::string render(JsonView value, Format format, const std::vector<Column>& columns) {
    std::string out;
    switch (format) {
        case Format::json:
            indent_json(value, 0, out);
            out += '\n';
            return out;
        case Format::yaml:
            write_yaml(value, 0, out);
            return out;
        case Format::table:
            break;
    }
    return value.is(JsonKind::array) ? render_rows(value, columns) : render_object(value, columns);
}

void print_data(std::string_view json, Format format, const std::vector<Column>& columns) {
    const auto document = JsonDocument::parse(json);
    const std::string text =
        document ? render(document->root(), format, columns) : std::string(json) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace salus::cli
