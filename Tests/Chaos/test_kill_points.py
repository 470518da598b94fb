"""kill -9 wherever the server writes: nothing acknowledged is lost, records, log and webhooks agree.

`kill_point.c` is loaded into the server and kills it before, within or after its n-th write, synchronisation, cut,
rename or removal of a file of its state. Each round goes on with the state that the one before left.
VISAVIS_KILLS says how many kills (1000: some minutes; then `--timeout 0`), VISAVIS_KILL_SEED where to begin."""

import collections
import http.client
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import time

from websockets.exceptions import WebSocketException

from Chaos.signaling_client import SignalingClient
from Chaos.token_issuer import Secret, claims, mint
from Chaos.webhook_receiver import SECRET as WEBHOOK_SECRET
from Chaos.webhook_receiver import Receiver
from visavis_server import VisavisServer

KEY, SECRET = "hospital", "a shared secret of the tests, long enough"
PICTURE = b"%PDF-1.4\n" + bytes(3000)
HOW = ("before", "torn", "after")


class Mortal(VisavisServer):
    """A server with the killer inside."""

    def __init__(self, folder: pathlib.Path, settings: dict):
        super().__init__(folder, settings)
        self.killer: dict[str, str] = {}
        self.library = folder / "kill_point.so"
        source = pathlib.Path(__file__).with_name("kill_point.c")
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-o", self.library, source, "-ldl"], check=True)

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.killer

    def begin(self, at: int, how: str) -> None:
        self.killer = {
            "LD_PRELOAD": str(self.library), "KILL_FOLDER": str(self.state), "KILL_AT": str(at),
            "KILL_HOW": how, "KILL_COUNT": str(self.folder / "points")}
        try:
            self.start()
        finally:
            self.killer = {}

    @property
    def points(self) -> int:
        return (self.folder / "points").stat().st_size

    def was_killed(self) -> bool:
        """Whether it is gone, or about to be: the connection is closed a moment before."""
        try:
            return self.process.wait(10) == -9
        except subprocess.TimeoutExpired:
            return False

    def ask(self, method: str, path: str, token: str, body=None, **headers) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(
            method, path, data, {"Authorization": "Bearer " + token, **headers})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 400, (method, path, answer.status, text)
        return answer.status, json.loads(text) if text else {}


def token(role: str, consultation: str | None = None) -> str:
    return mint(Secret(SECRET), claims(consultation, role, iss=KEY, sub=role))


def consult(server: Mortal, told: list[tuple], name: str, ends: bool) -> None:
    """One consultation; each step goes into `told` once it was acknowledged."""
    backend = token("backend")
    server.ask("POST", "/v1/consultations", backend, {
        "id": name, "waitingRoom": True, "consents": [{"purpose": "act"}]})
    told.append((name, "room.created", None))
    physician = SignalingClient(server, token("physician", name))
    told.append((name, "participant.joined", physician.participant))
    patient = SignalingClient(server, token("patient", name))
    told.append((name, "participant.joined", patient.participant))

    def do(client: SignalingClient, kind: str, message: dict, reply: str = "accepted") -> None:
        client.send(message | {"id": "1"})
        client.expect(reply)
        told.append((name, kind, message.get("participant", client.participant)))

    do(physician, "participant.admitted", {"type": "admit", "participant": patient.participant})
    do(patient, "consent.given", {
        "type": "consent", "purpose": "act", "given": True, "version": "standard-2",
        "language": "fr"})
    do(patient, "chat.sent", {"type": "chat", "text": "canary"}, "chat")
    resume = patient.joined["resume"]["token"]
    path = f"/v1/consultations/{name}/files"
    _, upload = server.ask("POST", path, resume, {"name": "canary.pdf", "size": len(PICTURE)})
    server.ask("PATCH", f"{path}/{upload['id']}", resume, PICTURE, **{"Upload-Offset": "0"})
    told.append((name, "file.shared", patient.participant))
    do(physician, "aside.began", {"type": "aside", "active": True})
    do(patient, "participant.left", {"type": "leave"}, "left")
    if ends:
        do(physician, "room.closed", {"type": "end"}, "ended")
        server.ask("POST", f"/v1/consultations/{name}/satisfaction", token("patient", name),
                   {"score": 4})
        told.append((name, "satisfaction.given", None))
    server.ask("GET", f"/v1/consultations/{name}", backend)
    told.append((name, "record.read", None))


class Evidence:
    """What the disk says after a start."""

    def __init__(self, server: Mortal):
        self.log: dict[str, list[tuple[str, str | None]]] = collections.defaultdict(list)
        for line in (server.state / "audit" / "entries.jsonl").read_text().splitlines():
            entry = json.loads(line)
            session = entry.get("session", entry.get("data", {}).get("consultation"))
            self.log[session].append((entry["type"], entry.get("participant")))
        database = sqlite3.connect(f"file:{server.state}/records.sqlite?mode=ro", uri=True)
        self.state = dict(database.execute("SELECT id, state FROM consultation"))
        self.rows: dict[str, list[tuple]] = collections.defaultdict(list)
        for kind, column, table in (
            ("participant.joined", "participant", "presence"),
            ("consent.given", "participant", "consent"), ("file.shared", "participant", "sharedFile"),
            ("satisfaction.given", "NULL", "satisfaction")):
            for one, who in database.execute(
                f"SELECT consultation.id, {column} FROM {table} JOIN consultation "
                f"ON consultation.number = {table}.consultation"):
                self.rows[one].append((kind, who))
        for one, who in database.execute(
            "SELECT consultation.id, participant FROM passage JOIN presence ON presence = "
            "presence.number JOIN consultation ON consultation.number = presence.consultation "
            "WHERE event = 'admitted'"):
            self.rows[one].append(("participant.admitted", who))
        self.open = database.execute("SELECT 1 FROM presence WHERE leftAt IS NULL").fetchall()
        self.torn = database.execute("PRAGMA quick_check").fetchall()
        database.close()

    def check(self, told: list[tuple]) -> None:
        assert self.torn == [("ok",)] and not self.open
        for name, kind, who in told:
            assert name in self.state, f"{name} is lost"
            assert (kind, who) in self.log[name] or (
                kind in ("room.created", "room.closed", "record.read", "satisfaction.given")
                and any(one == kind for one, _ in self.log[name])), f"lost: {name} {kind} {who}"
        for name, state in self.state.items():
            said = collections.Counter(self.log[name])
            assert said["room.created", None] == 1, name
            closed = sum(n for (kind, _), n in said.items() if kind == "room.closed")
            assert closed == (state == "ended"), (name, state, closed)
            for row in self.rows[name]:
                assert said[row] == 1, (name, row, said)
            joined = [who for kind, who in self.rows[name] if kind == "participant.joined"]
            assert len(joined) == sum(n for (kind, _), n in said.items() if kind == "participant.joined")
            assert all(said["participant.left", who] == 1 for who in joined), (name, said)


def test_a_kill_at_any_write_loses_nothing_and_record_log_and_webhooks_agree(tmp_path):
    wanted = int(os.environ.get("VISAVIS_KILLS", "45"))
    seed = int(os.environ.get("VISAVIS_KILL_SEED", random.randrange(1 << 30)))
    # A state grows with each round, and so does what it takes to look at it.
    for first in range(0, wanted, 100):
        folder = tmp_path / f"{first}"
        folder.mkdir()
        kill_often(folder, min(100, wanted - first), seed + 101 * first)


def kill_often(folder: pathlib.Path, wanted: int, seed: int) -> None:
    receiver = Receiver()
    server = Mortal(folder, {
        "api.key": KEY, "api.secret": SECRET, "webhooks.url": receiver.url,
        "webhooks.secret": WEBHOOK_SECRET, "webhooks.retry": 1, "log.level": "warning"})
    told: list[tuple] = []
    ended: set[str] = set()
    kills = rounds = 0
    try:
        for number in range(2):
            # The first start also makes the files: the second one counts.
            server.begin(0, "before")
            consult(server, told, f"whole-{number}", True)
            assert server.stop() == 0
        points = server.points
        # A step that shares no factor with the number of points comes to each of them.
        step = max(n for n in range(1, points) if points % n and n * 3 < points * 2)
        while kills < wanted:
            rounds += 1
            assert rounds < 2 * wanted + 20, f"{rounds} rounds, {kills} kills"
            at = 1 + (seed + rounds * step) % points
            how = HOW[(seed + rounds) % 3]
            try:
                server.begin(at, how)
                consult(server, told, f"round-{rounds}", rounds % 4 > 0)
                if server.is_running:
                    server.stop()
            except (OSError, RuntimeError, WebSocketException, http.client.HTTPException):
                assert server.was_killed(), f"seed {seed}, {how} {at}: {server.log[-2000:]}"
            if server.process.returncode != -9:
                continue
            kills += 1
            server.start()
            Evidence(server).check(told)
            server.kill()
            assert "nothing was changed" in server.run("audit", "verify")
            ended |= {name for name, kind, _ in told if kind == "room.closed"}
            del told[:-40]
        server.start()
        evidence = Evidence(server)
        over = {name for name, state in evidence.state.items() if state == "ended"}
        assert ended <= over

        def summaries(events: list[dict]) -> collections.Counter:
            return collections.Counter(
                event["data"]["consultation"] for event in events
                if event["type"] == "consultation.ended")

        receiver.wait_for(lambda events: summaries(events).keys() >= over, 60)
        time.sleep(0.1)
        events = receiver.first_seen()
        assert not receiver.wrong
        assert summaries(events) == dict.fromkeys(over, 1), "one summary each"
        assert server.stop() == 0
        assert "nothing was changed" in server.run("audit", "verify")
    finally:
        if server.is_running:
            server.kill()
        receiver.close()
    print(f"{kills} kills in {rounds} rounds of about {points} points: {len(evidence.state)} consultations, "
          f"{len(over)} of them ended")


def test_a_kill_at_any_write_of_the_first_start_leaves_what_the_next_one_makes_whole(tmp_path):
    wanted = int(os.environ.get("VISAVIS_KILLS", "45")) // 9
    seed = int(os.environ.get("VISAVIS_KILL_SEED", random.randrange(1 << 30)))
    settings = {"log.level": "warning"}
    whole = Mortal(tmp_path, settings)
    whole.begin(0, "before")
    points = whole.points
    whole.kill()
    for number in range(wanted):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        server = Mortal(folder, settings)
        at, how = 1 + (seed + points * number // wanted) % points, HOW[(seed + number) % 3]
        try:
            server.begin(at, how)
            server.kill()
        except RuntimeError:
            assert server.was_killed(), f"{how} {at}: {server.log[-2000:]}"
        server.start()
        server.create_consultation(f"first-{number}")
        assert server.stop() == 0, f"{how} {at}"
        assert "nothing was changed" in server.run("audit", "verify")
