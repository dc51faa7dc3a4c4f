#!/usr/bin/env python3
"""Two clinics on one box: everything clinic A has, asked for with clinic B's token, on every route and
interaction. A denied and an absent thing must look alike, and nothing of A may show."""
import json
import sys

from salus_home import Home, observation, patient

MARK = "Zyxwvutna"  # the name of A's patient: must never show in an answer to B


def setup(home):
    tokens = {}
    for name in ("alpha", "beta"):
        home.tenant(name)
        tokens[name] = home.client(name)
    created = home.request(tokens["alpha"], "POST", "/fhir/Patient",
                           patient(MARK, identifier=[{"system": "urn:mrn", "value": "A-1"}]))
    assert created.status == 201, created.body
    patient_id = created.json()["id"]
    seen = home.request(tokens["alpha"], "POST", "/fhir/Observation", observation(patient_id))
    assert seen.status == 201, seen.body
    own = home.request(tokens["beta"], "POST", "/fhir/Patient", patient("Own"))
    assert own.status == 201
    return tokens, patient_id, seen.json()["id"], own.json()["id"]


def attempts(patient_id, observation_id, own_id):
    """method, target, body, headers: A's ids in every place that takes one."""
    stolen = dict(patient("Thief"), id=patient_id)
    yield "GET", f"/fhir/Patient/{patient_id}", None, {}
    yield "GET", f"/fhir/Patient/{patient_id}/_history", None, {}
    yield "GET", f"/fhir/Patient/{patient_id}/_history/1", None, {}
    yield "GET", f"/fhir/Observation/{observation_id}", None, {}
    yield "DELETE", f"/fhir/Patient/{patient_id}", None, {}
    yield "PUT", f"/fhir/Patient/{patient_id}", stolen, {"If-Match": 'W/"1"'}
    for target in (f"/fhir/Patient?_id={patient_id}", "/fhir/Patient?identifier=urn:mrn|A-1",
                   f"/fhir/Patient?family={MARK}", f"/fhir/Patient?name={MARK[:4]}",
                   f"/fhir/Observation?patient={patient_id}", f"/fhir/Observation?patient=Patient/{patient_id}",
                   f"/fhir/Observation?patient={patient_id}&category=vital-signs",
                   f"/fhir/Observation?_id={observation_id}", "/fhir/Observation", "/fhir/Observation?code=8867-4"):
        yield "GET", target, None, {}
    yield ("POST", "/fhir/Observation/_search", f"patient={patient_id}",
           {"Content-Type": "application/x-www-form-urlencoded"})
    entries = [{"request": {"method": "GET", "url": f"Patient/{patient_id}"}},
               {"request": {"method": "GET", "url": f"Observation?patient={patient_id}"}}]
    yield "POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries}, {}
    conditional = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": observation(own_id) | {"subject": {"reference": "Patient?identifier=urn:mrn|A-1"}},
         "request": {"method": "POST", "url": "Observation"}}]}
    yield "POST", "/fhir", conditional, {}


def main():
    with Home() as home:
        tokens, patient_id, observation_id, own_id = setup(home)
        count = 0
        for method, target, body, headers in attempts(patient_id, observation_id, own_id):
            answer = home.request(tokens["beta"], method, target, body, headers)
            count += 1
            where = f"{method} {target}: {answer.status} {answer.body[:300]}"
            assert MARK.encode() not in answer.body, where
            if target.startswith("/fhir/Patient/") or target.startswith("/fhir/Observation/") and method != "POST":
                absent = home.request(tokens["beta"], method, target.replace(patient_id, "0" * 8 + patient_id[8:])
                                      .replace(observation_id, "0" * 8 + observation_id[8:]),
                                      body and dict(body, id="0" * 8 + patient_id[8:]), headers)
                assert answer.status == absent.status, f"denied and absent differ: {where} / {absent.status}"
                assert answer.status in (404, 412), where
            elif answer.status == 200 and b'"searchset"' in answer.body and target != "/fhir":
                assert json.loads(answer.body)["total"] == 0, where
            elif target == "/fhir" and body["type"] == "transaction":
                assert answer.status in (412, 422), where
        # Beta overwrites nothing: a PUT under A's id without If-Match makes beta's own resource at most.
        home.request(tokens["beta"], "PUT", f"/fhir/Patient/{patient_id}", dict(patient("Thief"), id=patient_id))
        still = home.request(tokens["alpha"], "GET", f"/fhir/Patient/{patient_id}")
        assert still.status == 200 and still.json()["name"][0]["family"] == MARK, still.body
        assert still.headers["etag"] == 'W/"1"', still.headers
        # A's next-page cursor is worth nothing to B, and B's token nothing on another listener or tenant.
        page = home.request(tokens["alpha"], "GET", "/fhir/Observation?_count=1").json()
        for link in page.get("link", []):
            if link["relation"] == "next":
                target = link["url"][link["url"].index("/fhir"):]
                stolen = home.request(tokens["beta"], "GET", target)
                assert stolen.status in (400, 404), stolen.body
        assert home.request(None, "GET", f"/fhir/Patient/{patient_id}").status == 401
        assert home.request(tokens["beta"][:-2] + "AA", "GET", f"/fhir/Patient/{own_id}").status == 401
        assert home.request(tokens["beta"], "GET", "/api/operator/tenants").status == 404
        print(f"isolation: {count} attempts, nothing of the other clinic showed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
