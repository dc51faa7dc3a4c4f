// SQL is known at compile time: a string built from input has no way in.
// expect: no matching function|could not convert|cannot convert
#include <string>

#include "salus/db/sql.h"

salus::db::Sql right() {
    return "SELECT 1";
}
#ifdef MISUSE
salus::db::Sql wrong(const std::string& name) {
    return ("SELECT * FROM " + name).c_str();
}
#endif
