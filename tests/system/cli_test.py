#!/usr/bin/env python3
"""Runs the built `salus` end to end, as a person at a shell would: start with the demo, log in, take the
tour, import, verify, break a byte, stop. Standard library alone.

    python3 tests/system/cli_test.py --salus build/release/bin/salus [--data ../shared/data]
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest

ARGUMENTS = argparse.Namespace(salus=None, data=None)

SYNTHEA_COMPACT = "fhir/synthea-r4-compact.tar.xz"


class Shell:
    """Runs salus with a home, a state folder and nothing else of this machine's configuration."""

    def __init__(self, folder):
        self.home = folder / "home"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SALUS_HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
        }
        self.folder = folder

    def run(self, *words, expect=0, stdin=None, timeout=120):
        result = subprocess.run([ARGUMENTS.salus, *map(str, words)], input=stdin, text=True,
                                capture_output=True, env=self.environment, cwd=self.folder,
                                timeout=timeout, check=False)
        if result.returncode != expect:
            raise AssertionError(f"salus {' '.join(map(str, words))}: exit {result.returncode}, "
                                 f"expected {expect}\n{result.stdout}\n{result.stderr}")
        return result

    def json(self, *words, **options):
        return json.loads(self.run(*words, "-o", "json", **options).stdout)


class SystemTest(unittest.TestCase):
    """One server for all; the tests' names give their order."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="salus-system-"))
        cls.shell = Shell(cls.folder)
        started = time.monotonic()
        answer = cls.shell.json("up", "--demo", "--detach", "--listen", "127.0.0.1:0")
        cls.start_seconds = time.monotonic() - started
        cls.url = answer["url"]

    @classmethod
    def tearDownClass(cls):
        subprocess.run([ARGUMENTS.salus, "down"], env=cls.shell.environment, capture_output=True,
                       timeout=120, check=False)
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_01_it_answers_and_says_where(self):
        self.assertRegex(self.url, r"^https://127\.0\.0\.1:\d+$")
        status = self.shell.json("status")
        self.assertEqual(status["url"], self.url)
        self.assertEqual(status["status"], "ok")

    def test_02_the_home_is_for_its_owner_alone(self):
        for name in ("keys/keystore", "keys/passphrase", "demo.json", "run/server.json"):
            mode = stat.S_IMODE((self.shell.home / name).stat().st_mode)
            self.assertEqual(mode & 0o077, 0, name)
        demo = json.loads((self.shell.home / "demo.json").read_text())
        self.assertEqual(demo["base_url"], self.url)
        self.assertEqual([t["name"] for t in demo["tenants"]], ["riverside", "lakeview"])
        for tenant in demo["tenants"]:
            self.assertEqual(len(tenant["patients"]), 20)
            self.assertEqual({p["role"] for p in tenant["people"]},
                             {"physician", "nurse", "admin_staff", "security_officer"})

    def test_03_a_second_server_is_refused(self):
        result = self.shell.run("up", "--detach", expect=6)
        self.assertRegex(result.stderr, r"^salus: conflict: .+\n  next: .+")

    def test_04_log_in_and_read(self):
        self.shell.run("whoami", expect=4)
        self.shell.run("login", "--demo", "riverside/physician")
        session = self.folder / "state/salus/session"
        self.assertEqual(stat.S_IMODE(session.stat().st_mode), 0o600)
        who = self.shell.json("whoami")
        self.assertEqual((who["kind"], who["role"]), ("person", "physician"))
        bundle = json.loads(self.shell.run("fhir", "get", "Patient").stdout)
        self.assertEqual(len(bundle["entry"]), 10)
        self.shell.run("fhir", "get", "Patient/absent", expect=5)
        self.shell.run("logout")
        self.shell.run("whoami", expect=4)

    def test_05_log_in_with_files(self):
        person = self.person("lakeview", "nurse")
        (self.folder / "pw").write_text(person["password"] + "\n")
        (self.folder / "totp").write_text(person["totp_secret"] + "\n")
        self.shell.run("login", "--tenant", "lakeview", "--user", person["username"],
                       "--password-file", "pw", "--totp-file", "totp")
        self.assertEqual(self.shell.json("whoami")["role"], "nurse")
        self.shell.run("logout")
        (self.folder / "pw").write_text("not the password\n")
        result = self.shell.run("login", "--tenant", "lakeview", "--user", person["username"],
                                "--password-file", "pw", "--totp-file", "totp", expect=4)
        self.assertTrue(result.stderr.startswith("salus: unauthenticated: "))

    def test_06_the_tour_goes_as_promised(self):
        started = time.monotonic()
        steps = self.shell.json("demo", "tour")
        self.assertLess(time.monotonic() - started, 60)
        self.assertEqual(len(steps), 7)
        for step in steps:
            self.assertTrue(step["as_promised"], step)

    def test_07_a_clinic_of_ones_own(self):
        self.shell.run("tenant", "create", "hillside")
        self.shell.run("tenant", "create", "hillside", expect=6)
        self.shell.run("tenant", "create", "Not A Name", expect=1)
        self.assertIn("hillside", [t["name"] for t in self.shell.json("tenant", "list")])
        made = self.shell.json("user", "invite", "-t", "hillside", "--role", "nurse", "n.one")
        self.assertEqual(made["username"], "n.one")
        self.assertTrue(made["password"] and made["totp_secret"])
        self.shell.run("user", "disable", "-t", "hillside", "n.one", expect=2)
        self.shell.run("user", "disable", "-t", "hillside", "n.one", "--confirm", "n.one")
        self.assertFalse(self.shell.json("user", "list", "-t", "hillside")[0]["active"])
        self.shell.run("keys", "rotate", "-t", "hillside")
        self.assertEqual(len(self.shell.json("keys", "status", "-t", "hillside")), 2)
        self.shell.run("tenant", "suspend", "hillside", expect=2)
        self.shell.run("tenant", "suspend", "hillside", "--confirm", "hillside")
        self.assertEqual(self.shell.json("tenant", "show", "hillside")["state"], "suspended")
        self.shell.run("tenant", "resume", "hillside")

    def test_08_import_a_real_export(self):
        archive = pathlib.Path(ARGUMENTS.data or "/nowhere") / SYNTHEA_COMPACT
        if not archive.exists():
            self.skipTest("no test data: set --data or SALUS_DATA")
        self.shell.run("tenant", "create", "import")
        unpacked = self.folder / "synthea"
        unpacked.mkdir()
        subprocess.run(["tar", "xJf", archive, "-C", unpacked], check=True)
        expected = {}
        for file in unpacked.glob("*.json"):
            for entry in json.loads(file.read_text())["entry"]:
                kind = entry["resource"]["resourceType"]
                expected[kind] = expected.get(kind, 0) + 1
        summary = self.shell.json("fhir", "import", archive, "-t", "import", timeout=300)
        self.assertEqual(summary["types"], expected)
        self.assertEqual(summary["refusals"], [])
        again = self.shell.json("fhir", "import", unpacked, "-t", "import", timeout=300)
        self.assertEqual((again["resources"], again["unchanged"]), (0, 6))

    def test_09_import_lines_and_say_what_was_refused(self):
        self.shell.run("tenant", "create", "lines")
        token = self.shell.json("client", "create", "feed", "-t", "lines", "--scope",
                                "system/*.cruds")["token"]
        (self.folder / "token").write_text(token)
        (self.folder / "token").chmod(0o600)
        lines = [json.dumps({"resourceType": "Patient", "id": f"p{i}", "active": True})
                 for i in range(1200)]
        lines[777] = json.dumps({"resourceType": "Patient", "id": "p777", "active": "perhaps"})
        (self.folder / "patients.ndjson").write_text("\n".join(lines))
        subprocess.run(["gzip", "-f", self.folder / "patients.ndjson"], check=True)
        summary = json.loads(self.shell.run("fhir", "import", "patients.ndjson.gz", "-t", "lines",
                                            "--token-file", "token", "-o", "json",
                                            expect=1).stdout)
        self.assertEqual(summary["types"], {"Patient": 1199})
        self.assertEqual([r["entry"] for r in summary["refusals"]], ["line 778"])
        self.assertNotIn("perhaps", json.dumps(summary))
        patient = self.shell.json("fhir", "get", "Patient/p778", "--token-file", "token")
        self.assertEqual(patient["id"], "p778")
        self.shell.run("fhir", "import", "absent.json", "-t", "lines", "--token-file", "token",
                       expect=5)

    def test_10_nothing_readable_on_disk(self):
        report = self.shell.json("verify", "encryption", timeout=300)
        self.assertEqual(report["readable"], 0)
        self.assertGreater(report["files"], 100)

    def test_12_the_audit_log(self):
        rows = self.shell.run("audit", "tail", "-t", "riverside", "-n", "5").stdout.splitlines()
        self.assertEqual(len(rows), 6)
        logs = self.shell.json("audit", "verify")
        self.assertTrue(all(log["state"] == "whole" for log in logs))
        self.assertIn("riverside", [log["tenant"] for log in logs])

    def test_13_one_flipped_byte_is_found(self):
        copy = self.folder / "copy"
        number = next(t["id"] for t in self.shell.json("tenant", "list") if t["name"] == "lakeview")
        log = self.shell.home / "audit" / str(number)
        shutil.copytree(log, copy)
        victim = sorted(p for p in log.rglob("*") if p.is_file() and "entries" in p.parts)[0]
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        try:
            victim.write_bytes(content)
            result = self.shell.run("audit", "verify", "-t", "lakeview", expect=8)
            self.assertIn("entries", result.stdout)
            self.assertTrue(result.stderr.startswith("salus: integrity: "))
            self.shell.run("audit", "verify", "-t", "riverside")
        finally:
            content[len(content) // 2] ^= 1
            victim.write_bytes(content)
        self.shell.run("audit", "verify")

    def test_14_help_is_quick_and_has_examples(self):
        best = min(self.seconds_of("--help") for _ in range(5))
        self.assertLess(best, 0.5)  # the target is 0.05 s on an idle machine
        for words in (["fhir", "import"], ["tenant", "create"], ["up"], ["login"]):
            self.assertIn("Examples:", self.shell.run(*words, "--help").stdout)
        self.shell.run("no-such-noun", expect=2)
        self.shell.run("tenant", "create", expect=2)
        subprocess.run(["bash", "-n"], input=self.shell.run("completion", "bash").stdout, text=True,
                       check=True)

    def test_15_doctor(self):
        findings = {f["subject"]: f["health"] for f in self.shell.json("doctor")}
        self.assertEqual(findings["server"], "ok")
        self.assertEqual(findings["passphrase"], "warning")

    def test_20_restart_keeps_everything(self):
        self.shell.run("down")
        self.shell.run("status", expect=7)
        started = time.monotonic()
        answer = self.shell.json("up", "--demo", "--detach", "--listen", "127.0.0.1:0")
        self.restart_seconds = time.monotonic() - started
        demo = json.loads((self.shell.home / "demo.json").read_text())
        self.assertEqual(demo["base_url"], answer["url"])
        self.assertEqual(len(demo["tenants"][0]["patients"]), 20)
        self.shell.run("login", "--demo", "riverside/nurse", timeout=90)
        bundle = json.loads(self.shell.run("fhir", "get", "Patient").stdout)
        self.assertEqual(len(bundle["entry"]), 10)

    def test_30_clear_errors(self):
        self.shell.run("down")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = self.shell.run("up", "--detach", "--listen", address, expect=6)
            self.assertRegex(result.stderr, r"^salus: conflict: .+\n  next: .+--listen")
        wrong = self.folder / "wrong"
        wrong.write_text("not the passphrase at all\n")
        wrong.chmod(0o600)
        result = self.shell.run("up", "--detach", "--listen", "127.0.0.1:0", "--passphrase-file", wrong,
                                expect=4)
        self.assertTrue(result.stderr.startswith("salus: wrong-passphrase: "))
        version = self.shell.home / "version"
        kept = version.read_text()
        version.write_text("salus home 999\n")
        result = self.shell.run("up", "--detach", expect=6)
        self.assertTrue(result.stderr.startswith("salus: wrong-version: "))
        version.write_text(kept)
        (self.folder / "salus.yaml").write_text("lisen: 127.0.0.1:1\n")
        self.assertIn("salus.yaml", self.shell.run("status", expect=1).stderr)
        (self.folder / "salus.yaml").unlink()

    def person(self, tenant, role):
        demo = json.loads((self.shell.home / "demo.json").read_text())
        people = next(t["people"] for t in demo["tenants"] if t["name"] == tenant)
        return next(p for p in people if p["role"] == role)

    def seconds_of(self, *words):
        started = time.monotonic()
        self.shell.run(*words)
        return time.monotonic() - started


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--salus", required=True, help="the built program")
    parser.add_argument("--data", default=os.environ.get("SALUS_DATA"))
    ARGUMENTS.__dict__.update(vars(parser.parse_known_args()[0]))
    ARGUMENTS.salus = os.path.abspath(ARGUMENTS.salus)
    ARGUMENTS.data = os.environ.get("SALUS_DATA") or ARGUMENTS.data
    if ARGUMENTS.data:
        ARGUMENTS.data = os.path.abspath(ARGUMENTS.data)
    unittest.main(argv=["cli_test"] + parser.parse_known_args()[1], verbosity=2)


if __name__ == "__main__":
    main()
