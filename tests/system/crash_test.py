#!/usr/bin/env python3
"""kill -9 under load, again and again: no acknowledged write lost, no answer without its audit record, no
fork signed. SALUS_CRASH_ROUNDS rounds (default 5)."""
import json
import os
import random
import sys
import threading
import time

from salus_home import Home, observation, patient

ROUNDS = int(os.environ.get("SALUS_CRASH_ROUNDS", "5"))
WRITERS = 6


class Load:
    """Creates, updates and reads until the server goes away; remembers what was acknowledged."""

    def __init__(self, home, token, patient_id):
        self.home, self.token, self.patient_id = home, token, patient_id
        self.created, self.read, self.lock = {}, [], threading.Lock()

    def work(self):
        try:
            connection = self.home.connection()
            while True:
                made = self.home.request(self.token, "POST", "/fhir/Observation", observation(self.patient_id),
                                         connection=connection)
                if made.status != 201:
                    continue
                resource = made.json()
                with self.lock:
                    self.created[resource["id"]] = 1
                resource["status"] = "amended"
                changed = self.home.request(self.token, "PUT", f"/fhir/Observation/{resource['id']}", resource,
                                            {"If-Match": 'W/"1"'}, connection=connection)
                if changed.status == 200:
                    with self.lock:
                        self.created[resource["id"]] = 2
                seen = self.home.request(self.token, "GET", f"/fhir/Observation/{resource['id']}",
                                         connection=connection)
                if seen.status == 200:
                    with self.lock:
                        self.read.append(resource["id"])
        except OSError:
            return
        except Exception:  # http.client raises many kinds for a connection that broke
            return


def one_round(home, token, patient_id):
    load = Load(home, token, patient_id)
    threads = [threading.Thread(target=load.work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(random.uniform(0.3, 1.2))
    home.kill()
    for thread in threads:
        thread.join()
    home.up()
    return load


def checkpoint(home):
    """(size, root) of the clinic's log."""
    for folder in (home.path / "audit").iterdir():
        if (folder / "checkpoint").exists():
            lines = (folder / "checkpoint").read_text().splitlines()
            return int(lines[1]), lines[2]
    return 0, ""


def check_writes(home, token, load):
    connection = home.connection()
    for resource_id, version in load.created.items():
        answer = home.request(token, "GET", f"/fhir/Observation/{resource_id}", connection=connection)
        assert answer.status == 200, f"an acknowledged write is lost: {answer.status}"
        stored = int(answer.json()["meta"]["versionId"])
        assert stored >= version, f"version {stored} after {version} was acknowledged"


def audited(home, tenant):
    """Resource keys with a create, update or read in the log."""
    out = home.run("audit", "tail", "--tenant", tenant, "-n", "10000", "-o", "json").stdout
    seen = {"C": set(), "U": set(), "R": set()}
    decoder, at = json.JSONDecoder(), 0
    while at < len(out.rstrip()):
        event, at = decoder.raw_decode(out, at)
        while at < len(out) and out[at].isspace():
            at += 1
        for entity in event.get("entity", []):
            reference = entity.get("what", {}).get("reference", "")
            if reference.startswith("Observation/") and event.get("action") in seen:
                seen[event["action"]].add(reference.split("/")[1])
    return seen


def main():
    with Home() as home:
        home.tenant("alpha")
        token = home.client("alpha")
        patient_id = home.request(token, "POST", "/fhir/Patient", patient("Crash")).json()["id"]
        total, last = 0, (0, "")
        for number in range(ROUNDS):
            load = one_round(home, token, patient_id)
            check_writes(home, token, load)
            home.run("audit", "verify")
            size, root = checkpoint(home)
            assert size >= last[0], "the signed tree shrank"
            assert size > last[0] or root == last[1], "two roots signed for one size"
            last = (size, root)
            time.sleep(1.2)  # the merge delay, so that the log holds what the round did
            seen = audited(home, "alpha")
            lost = [i for i in load.created if i not in seen["C"]]
            assert not lost, f"{len(lost)} creates were answered without an audit record"
            lost = [i for i in load.read if i not in seen["R"]]
            assert not lost, f"{len(lost)} reads were answered without an audit record"
            total += len(load.created)
            print(f"round {number + 1}/{ROUNDS}: {len(load.created)} writes, {len(load.read)} reads, "
                  f"log of {size}", flush=True)
        print(f"crash: {ROUNDS} kills, {total} acknowledged writes, none lost, every answer audited")
    return 0


if __name__ == "__main__":
    sys.exit(main())
