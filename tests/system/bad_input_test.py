#!/usr/bin/env python3
"""Bad input and bad days: each gets a clear error, nothing is lost, nothing half-written, no crash."""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time

from salus_home import Home, SALUS, observation, patient

CANARY = "Qqcanaryqq"


def outcome(answer, status):
    assert answer.status == status, f"{answer.status} instead of {status}: {answer.body[:300]}"
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome" and body["issue"], body
    assert CANARY.encode() not in answer.body, "an error repeats a value of the input"
    return body


def bodies(home, token):
    deep = '{"resourceType":"Patient","extension":' + '[{"extension":' * 5_000 + "[]" + "}]" * 5_000 + "}"
    good = json.dumps(patient(CANARY))
    cases = [
        ("10,000-deep JSON", deep.encode()),
        ("invalid UTF-8", good.encode().replace(b"Ada", b"A\xff\xfea")),
        ("a NUL byte", good.encode().replace(b"Ada", b"A\x00a")),
        ("an escaped NUL", good.encode().replace(b"Ada", b"A\\u0000a")),
        ("duplicate keys", good.encode().replace(b'"active": true', b'"active": true, "active": false')),
        ("a huge number", good.encode().replace(b"true", b"1e999999999")),
        ("an unknown element", good.encode().replace(b'"active"', b'"%s"' % CANARY.encode())),
        ("a bad date", good.encode().replace(b"1980-02-29", b"1981-02-29")),
        ("not JSON", b"<Patient/>"),
        ("an empty body", b""),
        ("an array", b"[]"),
        ("another type", json.dumps(observation("x")).encode()),
    ]
    for name, body in cases:
        answer = home.request(token, "POST", "/fhir/Patient", body)
        assert answer.status in (400, 422), f"{name}: {answer.status} {answer.body[:200]}"
        outcome(answer, answer.status)
    assert home.request(token, "GET", "/fhir/Patient?_summary=count").json()["total"] == 0


def bundles(home, token):
    def bundle(*entries):
        return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}

    def entry(urn, resource):
        return {"fullUrl": urn, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}

    one, two = (f"urn:uuid:00000000-0000-4000-8000-00000000000{i}" for i in (1, 2))
    a = {"resourceType": "Organization", "name": "A", "partOf": {"reference": two}}
    b = {"resourceType": "Organization", "name": "B", "partOf": {"reference": one}}
    cycle = home.request(token, "POST", "/fhir", bundle(entry(one, a), entry(two, b)))
    assert cycle.status == 200, f"a cycle of references is fine: {cycle.body[:300]}"
    dangling = home.request(token, "POST", "/fhir", bundle(entry(one, a)))
    outcome(dangling, dangling.status)
    assert dangling.status in (400, 422)
    twice = home.request(token, "POST", "/fhir", bundle(entry(one, a), entry(one, b)))
    outcome(twice, twice.status)
    half = bundle(entry(one, dict(a, partOf={"reference": one})), entry(two, {"resourceType": "Patient", "gender": 3}))
    outcome(home.request(token, "POST", "/fhir", half), home.request(token, "POST", "/fhir", half).status)
    count = home.request(token, "GET", "/fhir/Organization?_summary=count").json()["total"]
    assert count == 2, f"a refused bundle left something behind: {count}"


def queries(home, token):
    for target in (f"/fhir/Patient?unknown={CANARY}", f"/fhir/Patient?birthdate={CANARY}", "/fhir/Patient?name=%ff",
                   "/fhir/Patient?name=%00", "/fhir/Patient?_count=-1", "/fhir/Patient?_cursor=abc", "/fhir/Nothing",
                   f"/fhir/Patient?name:{CANARY}=x", "/fhir/Patient/a%2fb", "/fhir/Patient/" + "a" * 65,
                   "/fhir/Patient?" + "&".join(f"name={i}" for i in range(1000))):
        answer = home.request(token, "GET", target)
        assert answer.status in (400, 404, 413, 414), f"{target[:80]}: {answer.status}"
        outcome(answer, answer.status)


def wire(home):
    """Garbage instead of TLS, TLS 1.2, a 100 MB body, thousands of connections that say nothing."""
    with socket.create_connection(("127.0.0.1", home.port)) as raw:
        raw.sendall(os.urandom(4096))
        raw.settimeout(15)
        try:
            while raw.recv(4096):
                pass
        except ConnectionResetError:
            pass
    old = ssl.create_default_context(cafile=str(home.path / "tls" / "ca.pem"))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with socket.create_connection(("127.0.0.1", home.port)) as raw, old.wrap_socket(raw, server_hostname="127.0.0.1"):
            raise AssertionError("TLS 1.2 was accepted")
    except (ssl.SSLError, ConnectionError):
        pass
    silent = []
    for _ in range(1500):
        try:
            silent.append(socket.create_connection(("127.0.0.1", home.port), timeout=5))
        except OSError:
            break
    assert len(silent) > 500, len(silent)
    for sock in silent[::2]:
        sock.close()
    with_room = [s for s in silent[1::2]]
    answer = None
    for sock in with_room[:300]:
        sock.close()
    answer = home.request(None, "GET", "/healthz")
    assert answer.status == 200, "silent connections keep the others out"
    for sock in with_room:
        sock.close()


def large_body(home, token):
    connection = home.connection()
    try:
        connection.putrequest("POST", "/fhir/Patient")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Type", "application/fhir+json")
        connection.putheader("Content-Length", str(100 * 1024 * 1024))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413, answer.status
    finally:
        connection.close()


def postgres_gone(home, token):
    """The postmaster is killed: errors are clear meanwhile, and it comes back by itself."""
    kept = home.request(token, "POST", "/fhir/Patient", patient("Kept")).json()["id"]
    pid_file = next(iter(home.path.glob("pg/**/postmaster.pid")))
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    deadline, statuses = time.monotonic() + 60, set()
    while time.monotonic() < deadline:
        answer = home.request(token, "GET", f"/fhir/Patient/{kept}")
        statuses.add(answer.status)
        if answer.status == 200 and len(statuses) > 0:
            break
        outcome(answer, answer.status)
        time.sleep(0.2)
    assert answer.status == 200, statuses
    assert statuses <= {200, 503, 504, 401}, statuses


def start_errors(home):
    """Wrong passphrase, port in use, a home of another version: one line, a code, the next step."""
    def failing(*args):
        done = subprocess.run([str(SALUS), *args], capture_output=True, text=True, timeout=120)
        assert done.returncode != 0, f"{args} worked"
        assert done.stderr.startswith("salus: "), done.stderr
        return done

    other = home.folder / "second"
    busy = failing("up", "--detach", "--home", str(other), "--listen", f"127.0.0.1:{home.port}")
    assert "conflict" in busy.stderr, busy.stderr
    home.run("down")
    wrong = home.folder / "wrong"
    wrong.write_text("not the passphrase\n")
    wrong.chmod(0o600)
    done = failing("up", "--detach", "--home", str(home.path), "--passphrase-file", str(wrong),
                   "--listen", f"127.0.0.1:{home.port}")
    assert "wrong-passphrase" in done.stderr, done.stderr
    version = home.path / "version"
    saved = version.read_text()
    version.write_text("999\n")
    done = failing("up", "--detach", "--home", str(home.path), "--listen", f"127.0.0.1:{home.port}")
    assert "wrong-version" in done.stderr, done.stderr
    version.write_text(saved)
    home.up()


def no_phi_in_logs(home):
    for path in pathlib.Path(home.path / "log").rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), f"{path.name} holds a value of a request"


def main():
    with Home() as home:
        home.tenant("alpha")
        token = home.client("alpha")
        for step in (bodies, bundles, queries):
            step(home, token)
        wire(home)
        large_body(home, token)
        postgres_gone(home, token)
        start_errors(home)
        home.run("audit", "verify")
        no_phi_in_logs(home)
    print("bad input: every case answered clearly, nothing lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
