"""The record survives what happens to the process."""

import os
import random
import signal
import sqlite3
import stat
import subprocess
import threading

import pytest
from websockets.exceptions import ConnectionClosed, WebSocketException

from Chaos.signaling_client import SignalingClient
from visavis_server import VisavisServer, binary


def rows(server: VisavisServer, query: str) -> list[tuple]:
    database = sqlite3.connect(f"file:{server.state}/records.sqlite?mode=ro", uri=True)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def test_kill_during_consultations_closes_them_with_the_reason_at_the_next_start(server):
    consultations = [server.create_consultation(f"room-{n}") for n in range(3)]
    server.create_consultation("nobody-yet")
    clients = [
        SignalingClient(server, server.token(role, consultation))
        for consultation in consultations for role in ("patient", "physician")]
    clients[0].send({"type": "leave"})
    clients[0].expect("left")
    server.kill()

    assert rows(server, "PRAGMA integrity_check") == [("ok",)]
    assert len(rows(server, "SELECT 1 FROM presence WHERE leftAt IS NULL")) == 5

    server.start()
    assert rows(server, "SELECT count(*) FROM presence WHERE leftAt IS NULL") == [(0,)]
    assert rows(server, "SELECT count(*) FROM sitting WHERE endedAt IS NULL") == [(0,)]
    reasons = sorted(r for (r,) in rows(server, "SELECT leaveReason FROM presence"))
    assert reasons == ["left"] + ["serverCrash"] * 5
    assert rows(server, "SELECT DISTINCT endReason FROM sitting") == [("serverCrash",)]


def test_links_given_out_before_a_kill_are_good_after_it(server):
    consultation = server.create_consultation()
    token = server.token("patient", consultation, name="Ann")
    SignalingClient(server, token)
    server.kill()
    server.start()
    again = SignalingClient(server, token)
    assert again.joined["consultation"]["id"] == consultation
    assert again.joined["participant"]["name"] == "Ann"
    assert len(again.joined["roster"]) == 1


@pytest.mark.parametrize("seed", range(3))
def test_kill_at_any_moment_loses_nothing_that_was_acknowledged(server, seed):
    moments = random.Random(seed)
    acknowledged: list[tuple[str, str]] = []
    token = {
        name: server.token("patient", server.create_consultation(name))
        for name in ("a", "b", "c")}
    enough = threading.Event()
    wanted = moments.randrange(5, 60)

    def come_and_go(name: str) -> None:
        try:
            while True:
                client = SignalingClient(server, token[name])
                acknowledged.append(("joined", client.participant))
                if len(acknowledged) >= wanted:
                    enough.set()
                client.send({"type": "leave"})
                client.expect("left")
                acknowledged.append(("left", client.participant))
                client.close()
        except (OSError, WebSocketException):
            return

    threads = [threading.Thread(target=come_and_go, args=(name,)) for name in token]
    for thread in threads:
        thread.start()
    assert enough.wait(30), acknowledged
    server.kill()
    for thread in threads:
        thread.join(30)

    server.start()
    assert rows(server, "PRAGMA integrity_check") == [("ok",)]
    kept = dict(rows(server, "SELECT participant, leaveReason FROM presence"))
    left = {participant for what, participant in acknowledged if what == "left"}
    for what, participant in acknowledged:
        assert participant in kept, f"seed {seed}: {what} {participant} is lost"
    for participant in left:
        assert kept[participant] == "left", f"seed {seed}"
    assert None not in kept.values()


def test_a_clean_stop_tells_everyone_and_closes_the_records(server):
    consultation = server.create_consultation()
    client = SignalingClient(server, server.token("physician", consultation))
    assert server.stop() == 0
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.receive()
    assert closed.value.rcvd.code == 4503
    assert rows(server, "SELECT leaveReason FROM presence") == [("serverShutdown",)]
    server.start()
    assert SignalingClient(server, server.token("physician", consultation)).joined


def test_a_second_interrupt_ends_at_once(server):
    server.process.send_signal(signal.SIGINT)
    server.process.send_signal(signal.SIGINT)
    server.process.wait(10)


def test_two_servers_never_share_a_state_folder(server):
    second = subprocess.run(
        [binary(), "serve", "--config", server.config], capture_output=True, text=True,
        env=server.environment, timeout=30, check=False)
    assert second.returncode == 1
    assert f"another visavis (process {server.process.pid}" in second.stderr
    assert server.get("/health/ready")[0] == 200


def test_the_state_folder_is_for_its_owner_alone(server):
    server.create_consultation()
    assert stat.S_IMODE(os.stat(server.state).st_mode) == 0o700
    names = {path.relative_to(server.state): path for path in server.state.rglob("*")}
    assert {"records.sqlite", "secrets.yaml", "lock", "audit"} <= {str(name) for name in names}
    for name, path in names.items():
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), name
