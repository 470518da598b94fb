"""A witness has each checkpoint of the audit log, also when it was away, and shows what the log alone cannot."""

import shutil
import socket
import subprocess
import threading
import time

import pytest

from Chaos.webhook_receiver import Receiver
from visavis_server import binary


class Witness(Receiver):
    """Keeps the lines that it took."""

    def __init__(self, fault=lambda number: ""):
        self.lines: list[str] = []
        super().__init__(fault)

    def see(self, headers, body, fault):
        if not fault:
            self.lines.append(body.decode())


def until(condition, seconds: float = 15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def test_the_witness_gets_checkpoints_and_shows_a_log_that_was_cut(start_server, tmp_path):
    witness = Witness(lambda number: "500" if number == 1 else "")
    server = start_server({"witness.url": witness.url})
    until(lambda: witness.lines)
    assert witness.requests >= 2, "the first was refused, and is sent again"
    server.stop()
    early = len(witness.lines)
    audit = server.state / "audit"
    shutil.copytree(audit, tmp_path / "before")
    server.start()
    consultation = server.create_consultation()
    server.stop()
    assert len(witness.lines) > early, "what is signed at the stop is told, too"
    assert all(consultation not in line for line in witness.lines)
    kept = tmp_path / "witness.jsonl"
    kept.write_text("".join(witness.lines))
    assert "agrees" in server.run("audit", "verify", "--witness", str(kept))
    # Somebody puts the log of before in its place: by itself it is whole.
    for name in ("entries.jsonl", "leaves", "checkpoints.jsonl"):
        shutil.copy(tmp_path / "before" / name, audit / name)
    assert "nothing was changed" in server.run("audit", "verify")
    done = subprocess.run(
        [binary(), "audit", "verify", "--witness", str(kept), "--config", server.config], capture_output=True,
        text=True, env=server.environment, timeout=30, check=False)
    assert done.returncode == 1 and "the witness has seen" in done.stderr, done


@pytest.mark.parametrize("scheme", ["syslog", "syslog+tcp"])
def test_a_syslog_collector_gets_the_same_lines_in_its_own_form(start_server, tmp_path, scheme):
    collector = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM if "tcp" in scheme else socket.SOCK_DGRAM)
    collector.bind(("127.0.0.1", 0))
    collector.settimeout(20)
    lines: list[bytes] = []

    def collect() -> None:
        while True:
            try:
                if "tcp" not in scheme:
                    lines.append(collector.recv(65536))
                    continue
                connection, _ = collector.accept()
                with connection, connection.makefile("rb") as stream:
                    length = int(b"".join(iter(lambda: stream.read(1), b" ")))
                    lines.append(stream.read(length))
            except OSError:
                return

    if "tcp" in scheme:
        collector.listen()
    threading.Thread(target=collect, daemon=True).start()
    server = start_server({"witness.url": f"{scheme}://127.0.0.1:{collector.getsockname()[1]}"})
    until(lambda: lines)
    consultation = server.create_consultation()
    server.stop()
    until(lambda: len(lines) > 1)
    collector.close()
    assert all(line.startswith(b"<109>1 - - visavis - checkpoint - {") for line in lines), lines
    assert all(consultation.encode() not in line for line in lines)
    kept = tmp_path / "collected.log"
    kept.write_bytes(b"".join(b"Nov 22 08:00:00 host " + line + b"\n" for line in lines))
    assert "agrees" in server.run("audit", "verify", "--witness", str(kept))
