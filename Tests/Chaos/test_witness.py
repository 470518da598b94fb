"""A witness has each checkpoint of the audit log, also when it was away, and shows what the log alone cannot."""

import shutil
import subprocess
import time

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
