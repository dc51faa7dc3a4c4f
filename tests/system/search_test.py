#!/usr/bin/env python3
"""Every US Core search shape on real Synthea records, against an evaluation of its own: totals read off the
plain files here must equal the totals that the sealed store answers. SALUS_SYNTHEA=full takes the large set."""
import collections
import json
import os
import sys
import tarfile
import unicodedata
import urllib.parse

from salus_home import DATA, SKIPPED, Home

FULL = os.environ.get("SALUS_SYNTHEA") == "full"
ARCHIVE = DATA / "fhir" / ("synthea-r4-uscore-120p.tar.xz" if FULL else "synthea-r4-compact.tar.xz")
SYNTHEA = "https://github.com/synthetichealth/synthea"
TOKENS = {  # parameter -> where it is, per type
    "Observation": {"category": "category", "code": "code", "status": "status"},
    "Condition": {"category": "category", "code": "code", "clinical-status": "clinicalStatus"},
    "Encounter": {"class": "class", "type": "type", "status": "status"},
    "Procedure": {"code": "code", "status": "status"},
    "DiagnosticReport": {"category": "category", "code": "code", "status": "status"},
    "DocumentReference": {"category": "category", "type": "type", "status": "status"},
    "MedicationRequest": {"intent": "intent", "status": "status"},
    "Immunization": {"status": "status"},
    "CarePlan": {"category": "category", "status": "status"},
    "CareTeam": {"status": "status"},
    "AllergyIntolerance": {"clinical-status": "clinicalStatus"},
    "Device": {"type": "type", "status": "status"},
}
DATES = {"Observation": ("date", "effective"), "Encounter": ("date", "period"), "Procedure": ("date", "performed"),
         "Immunization": ("date", "occurrenceDateTime"), "DiagnosticReport": ("date", "effective"),
         "Condition": ("onset-date", "onset"), "MedicationRequest": ("authoredon", "authoredOn"),
         "CarePlan": ("date", "period"), "DocumentReference": ("date", "date")}


def codings(value):
    """(system or None, code) of a code, Coding, CodeableConcept, or a list of them."""
    if isinstance(value, list):
        return [c for item in value for c in codings(item)]
    if isinstance(value, str):
        return [(None, value)]
    if isinstance(value, dict) and "coding" in value:
        return [c for item in value["coding"] for c in codings(item)]
    if isinstance(value, dict) and "code" in value:
        return [(value.get("system"), value["code"])]
    return []


def utc(text):
    """Seconds since the epoch of an instant with a time zone, or of a date in UTC."""
    import datetime
    if "T" not in text:
        parts = [int(p) for p in text.split("-")] + [1, 1]
        return datetime.datetime(parts[0], parts[1], parts[2], tzinfo=datetime.timezone.utc).timestamp()
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def span(text):
    """[from, to) of a date of any precision."""
    import datetime
    if "T" in text:
        start = utc(text)
        return start, start + (0.001 if "." in text else 1)
    parts = [int(p) for p in text.split("-")]
    zone = datetime.timezone.utc
    start = datetime.datetime(*(parts + [1, 1])[:3], tzinfo=zone)
    if len(parts) == 1:
        end = datetime.datetime(parts[0] + 1, 1, 1, tzinfo=zone)
    elif len(parts) == 2:
        end = datetime.datetime(parts[0] + parts[1] // 12, parts[1] % 12 + 1, 1, tzinfo=zone)
    else:
        end = start + datetime.timedelta(days=1)
    return start.timestamp(), end.timestamp()


def when(resource, element):
    """The [from, to) that the resource's date covers, or None."""
    for name in (element, element + "DateTime", element + "Period"):
        value = resource.get(name)
        if isinstance(value, str):
            return span(value)
        if isinstance(value, dict):
            start = span(value["start"])[0] if "start" in value else float("-inf")
            return start, span(value["end"])[1] if "end" in value else float("inf")
    return None


def date_matches(target, prefix, text):
    """FHIR R4 search, date: [a, b) of the resource against [c, d) of the value."""
    if target is None:
        return False
    (a, b), (c, d) = target, span(text)
    within = c <= a and b <= d
    return {"eq": within, "ge": b > d or within, "gt": b > d, "le": a < c or within, "lt": a < c}[prefix]


def fold(text):
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


class Oracle:
    def __init__(self, archive):
        self.patients, self.of, self.all = {}, collections.defaultdict(list), collections.Counter()
        with tarfile.open(archive) as tar:
            bundles = [json.load(tar.extractfile(m)) for m in tar if m.isfile()]
        for bundle in bundles:
            owner = None
            for entry in bundle["entry"]:
                resource = entry["resource"]
                self.all[resource["resourceType"]] += 1
                if resource["resourceType"] == "Patient":
                    owner = resource["id"]
                    self.patients[owner] = resource
                if owner and resource["resourceType"] != "Patient":
                    self.of[owner, resource["resourceType"]].append(resource)


class Checker:
    def __init__(self, home, token, oracle):
        self.home, self.token, self.oracle = home, token, oracle
        self.connection = home.connection()
        self.count, self.wrong = 0, []

    def check(self, target, expected):
        answer = self.home.request(self.token, "GET", target, connection=self.connection)
        self.count += 1
        got = answer.json().get("total") if answer.status == 200 else f"HTTP {answer.status}"
        if got != expected:
            self.wrong.append(f"{target}: {got}, not {expected}")
        return answer


def check_patient(checker, source, patient):
    quote = lambda text: urllib.parse.quote(text, safe="")
    answer = checker.check(f"/fhir/Patient?identifier={quote(SYNTHEA + '|' + source)}", 1)
    patient_id = answer.json()["entry"][0]["resource"]["id"]
    checker.check(f"/fhir/Patient?_id={patient_id}", 1)
    people = checker.oracle.patients.values()
    name = patient["name"][0]
    for text in (name["family"], name["given"][0][:3].lower()):
        def has(p, where=("family", "given", "prefix", "suffix", "text")):
            parts = [v for n in p["name"] for k in where
                     for v in (n.get(k) if isinstance(n.get(k), list) else [n.get(k)]) if v]
            return any(fold(part).startswith(fold(text)) for part in parts)
        checker.check(f"/fhir/Patient?name={quote(text)}", sum(has(p) for p in people))
        checker.check(f"/fhir/Patient?name={quote(text)}&gender={patient['gender']}",
                      sum(has(p) and p["gender"] == patient["gender"] for p in people))
        checker.check(f"/fhir/Patient?family={quote(text)}", sum(has(p, ("family",)) for p in people))
        checker.check(f"/fhir/Patient?name={quote(text)}&birthdate={patient['birthDate']}",
                      sum(has(p) and p["birthDate"] == patient["birthDate"] for p in people))
    return patient_id


def check_type(checker, patient_id, source, kind):
    resources = checker.oracle.of[source, kind]
    base = f"/fhir/{kind}?patient={patient_id}"
    checker.check(base, len(resources))
    checker.check(f"/fhir/{kind}?patient=Patient/{patient_id}&_count=1", len(resources))
    for parameter, element in TOKENS.get(kind, {}).items():
        seen = collections.Counter()
        for resource in resources:
            for system, code in set(codings(resource.get(element))):
                seen[system, code] += 1
        for (system, code), _ in seen.most_common(4):
            by_code = sum(any(c == code for _, c in codings(r.get(element))) for r in resources)
            checker.check(f"{base}&{parameter}={urllib.parse.quote(code, safe='')}", by_code)
            if system:
                both = sum((system, code) in codings(r.get(element)) for r in resources)
                checker.check(f"{base}&{parameter}={urllib.parse.quote(system + '|' + code, safe='')}", both)
        if len(seen) > 1:
            two = [code for (_, code), _ in seen.most_common(2)]
            either = sum(any(c in two for _, c in codings(r.get(element))) for r in resources)
            checker.check(f"{base}&{parameter}={','.join(urllib.parse.quote(c, safe='') for c in two)}", either)
    check_dates(checker, base, resources, kind)


def check_dates(checker, base, resources, kind):
    if kind not in DATES:
        return
    parameter, element = DATES[kind]
    times = [when(r, element) for r in resources]
    known = sorted(t[0] for t in times if t and t[0] > float("-inf"))
    if not known:
        return
    import datetime
    middle = datetime.datetime.fromtimestamp(known[len(known) // 2], datetime.timezone.utc)
    for text in (f"{middle:%Y}", f"{middle:%Y-%m}", f"{middle:%Y-%m-%d}", f"{middle:%Y-%m-%dT%H:%M:%SZ}"):
        for prefix in ("eq", "ge", "gt", "le", "lt"):
            checker.check(f"{base}&{parameter}={prefix if prefix != 'eq' else ''}{text}",
                          sum(date_matches(t, prefix, text) for t in times))
    year = middle.year
    checker.check(f"{base}&{parameter}=ge{year}-01-01&{parameter}=lt{year + 1}-01-01",
                  sum(date_matches(t, "ge", f"{year}-01-01") and date_matches(t, "lt", f"{year + 1}-01-01") for t in times))


def main():
    if not ARCHIVE.exists():
        print("skipped: the Synthea archive is not there; set SALUS_DATA")
        return SKIPPED
    oracle = Oracle(ARCHIVE)
    with Home() as home:
        home.tenant("alpha")
        token = home.client("alpha")
        home.run("fhir", "import", str(ARCHIVE), "--tenant", "alpha", "--token-file", home.token_file(token))
        checker = Checker(home, token, oracle)
        for kind, count in sorted(oracle.all.items()):
            checker.check(f"/fhir/{kind}?_summary=count", count)
        for source, patient in sorted(oracle.patients.items()):
            patient_id = check_patient(checker, source, patient)
            for kind in sorted(oracle.all):
                if (source, kind) in oracle.of and kind not in ("Provenance", "Medication"):
                    check_type(checker, patient_id, source, kind)
        for line in checker.wrong[:20]:
            print("wrong:", line)
        print(f"search: {checker.count} searches, {len(checker.wrong)} wrong totals")
        return 1 if checker.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
