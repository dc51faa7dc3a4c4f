// The pool opens a tenant's transaction for a TenantContext only.
// expect: could not convert|no matching function|cannot convert
#include "salus/db/pool.h"

void with(salus::db::Pool& pool, salus::TenantContext tenant) {
    (void)pool.tenant(tenant);
}
#ifdef MISUSE
void without(salus::db::Pool& pool) {
    (void)pool.tenant(salus::TenantId(1));
}
#endif
