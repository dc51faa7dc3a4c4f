#pragma once

#include <span>

namespace salus::db::detail {

/// A file of migrations/: NNNN-title.sql.
struct Step {
    int version;
    const char* title;
    const char* sql;
};

/// In order, without gaps, from 1. Written by tools/embed_migrations.py at build time.
std::span<const Step> steps();

}  // namespace salus::db::detail
