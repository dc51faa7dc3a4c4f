"""A salus home for system tests: the built binary, a temporary home, clinics, clients and HTTPS."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SALUS = pathlib.Path(os.environ.get("SALUS_BIN", ROOT / "build" / "release" / "bin" / "salus"))
DATA = pathlib.Path(os.environ.get("SALUS_DATA", ROOT.parent / "shared" / "data"))
SKIPPED = 77  # what ctest reports as skipped


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def totp(secret_base32, at=None):
    """RFC 6238: SHA-1, 6 digits, 30 s."""
    key = base64.b32decode(secret_base32 + "=" * (-len(secret_base32) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at or time.time()) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Home:
    def __init__(self, *up_options, passphrase_file=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="salus-test-"))
        self.path = self.folder / "home"
        self.port = free_port()
        self.up_options = list(up_options)
        if passphrase_file:
            self.up_options += ["--passphrase-file", str(passphrase_file)]

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.run("down", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *args, check=True, stdin=None):
        done = subprocess.run([str(SALUS), *args, "--home", str(self.path)], capture_output=True, text=True,
                              input=stdin, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"salus {' '.join(args)} -> {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def up(self):
        return self.run("up", "--detach", "--listen", f"127.0.0.1:{self.port}", *self.up_options)

    def pid(self):
        return int((self.path / "run" / "salus.pid").read_text())

    def kill(self):
        """kill -9 of the server and of its PostgreSQL: what a power cut leaves."""
        victims = [self.pid()]
        postmaster = self.path / "pg" / "postmaster.pid"
        for candidate in [postmaster, *self.path.glob("pg/*/postmaster.pid")]:
            if candidate.exists():
                victims.append(int(candidate.read_text().split()[0]))
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for victim in victims:
            while pathlib.Path(f"/proc/{victim}").exists() and not is_zombie(victim):
                time.sleep(0.02)

    def tenant(self, name):
        self.run("tenant", "create", name)

    def client(self, tenant, scope="system/*.cruds", name="test"):
        out = self.run("client", "create", name, "--tenant", tenant, "--scope", scope, "-o", "json").stdout
        return json.loads(out)["token"]

    def token_file(self, token, name="token"):
        path = self.folder / name
        path.write_text(token)
        path.chmod(0o600)
        return str(path)

    def connection(self):
        context = ssl.create_default_context(cafile=str(self.path / "tls" / "ca.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)

    def request(self, token, method, target, body=None, headers=None, connection=None):
        own = connection is None
        connection = connection or self.connection()
        send = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            send["Content-Type"] = "application/fhir+json"
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        send.update(headers or {})
        connection.request(method, target, body=body, headers=send)
        answer = connection.getresponse()
        result = Answer(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read())
        if own:
            connection.close()
        return result

    def login(self, tenant, person):
        """Waits for a code that was not used before: a TOTP step works once."""
        for _ in range(3):
            answer = self.request(None, "POST", "/auth/login", json.dumps({
                "tenant": tenant, "username": person["username"], "password": person["password"],
                "totp": totp(person["totp_secret"])}), {"Content-Type": "application/json"})
            if answer.status == 200:
                return answer.json()["token"]
            time.sleep(30 - time.time() % 30 + 0.2)
        raise AssertionError(f"login failed: {answer.status} {answer.body}")


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def patient(family, **extra):
    return {"resourceType": "Patient", "active": True, "name": [{"family": family, "given": ["Ada"]}],
            "gender": "female", "birthDate": "1980-02-29", **extra}


def observation(patient_id, code="8867-4"):
    return {"resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{patient_id}"},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                      "code": "vital-signs"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "effectiveDateTime": "2026-01-15T10:00:00Z",
            "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}}
