// Ids of different things do not mix.
// expect: could not convert|no matching function
#include "salus/core/id.h"

int meets(salus::PatientId patient, salus::PractitionerId practitioner);
int right(salus::PatientId a, salus::PractitionerId b) {
    return meets(a, b);
}
#ifdef MISUSE
int wrong(salus::PatientId a, salus::PractitionerId b) {
    return meets(b, a);
}
#endif
