#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "salus/core/json.h"

namespace salus::cli {

enum class Format : std::uint8_t { table, json, yaml };

/// A column of a table: the member's name in the JSON and its heading.
struct Column {
    std::string_view member;
    std::string_view heading;
};

/// Renders one JSON value. A table of an array has a row for each item; of an object, a line for
/// each of the named members (of all, when none is named). JSON is indented by two spaces; YAML
/// quotes whatever YAML would read as something else. Text that a terminal would obey (control
/// characters) is shown as '?' in tables.
std::string render(JsonView value, Format format, const std::vector<Column>& columns);
/// The same for a finished JSON text, to stdout. The text is our own or checked: it parses.
void print_data(std::string_view json, Format format, const std::vector<Column>& columns);

}  // namespace salus::cli
