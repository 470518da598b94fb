"""Starts the built server for a test: a state folder of its own, free ports, every line kept.

    with VisavisServer(tmp_path) as server:
        consultation = server.create_consultation()
        requests.get(server.url + "/health/ready")
        server.link("patient", consultation)
"""

import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def binary() -> pathlib.Path:
    """The program under test: $VISAVIS_BINARY, else the newest that was built."""
    given = os.environ.get("VISAVIS_BINARY")
    if given:
        return pathlib.Path(given)
    built = [ROOT / ".build" / kind / "visavis" for kind in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        raise RuntimeError("build the server first: swift build -c release --product visavis")
    return max(built, key=lambda path: path.stat().st_mtime)


# Below the ports that the kernel gives to outgoing connections, which browsers and tests open all
# the time: a port found free there may be taken before the server asks for it.
PORTS = range(20_000, 29_900)


def is_free(port: int) -> bool:
    with (socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as stream,
          socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagram):
        try:
            stream.bind(("::", port))
            datagram.bind(("::", port))
        except OSError:
            return False
        return True


def free_port(count: int = 1) -> int:
    """The first of `count` ports that nobody uses, neither for UDP nor for TCP."""
    for first in random.sample(PORTS, 100):
        if all(is_free(first + offset) for offset in range(count)):
            return first
    raise RuntimeError("of 100 ports none was free")


class VisavisServer:
    """One server process. `settings` are dotted names, as {"signaling.resumeSeconds": 5}."""

    def __init__(self, folder: pathlib.Path, settings: dict | None = None, workers: int = 1):
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.http_port = free_port()
        self.media_port = free_port(workers)
        self.settings = {
            "http.port": self.http_port,
            "media.port": self.media_port,
            "media.workers": workers,
            "state": str(self.state),
            "log.level": "debug",
            # The machine also runs the browsers: its load says nothing of the server.
            "admission.load": 100,
            **(settings or {}),
        }
        self.config = self.folder / "visavis.yaml"
        self.process: subprocess.Popen | None = None
        self.lines: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._readers: list[threading.Thread] = []

    # Running

    def __enter__(self) -> "VisavisServer":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        if self.process and self.process.poll() is None:
            self.stop()

    def start(self, *arguments: str, timeout: float = 30) -> None:
        """Returns when the server says that it is ready."""
        self.config.write_text(self._yaml())
        self._ready.clear()
        self.process = subprocess.Popen(
            [binary(), "serve", "--config", self.config, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            env=self.environment)
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)]
        for reader in self._readers:
            reader.start()
        deadline = time.monotonic() + timeout
        while not self._ready.wait(0.05):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log}")
            if time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"the server was not ready in {timeout} s:\n{self.log}")

    def stop(self, timeout: float = 20) -> int:
        """SIGTERM; the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the server did not end in {timeout} s:\n{self.log}") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def kill(self) -> None:
        """kill -9."""
        assert self.process
        self.process.kill()
        self.process.wait()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """All that the server has printed."""
        return "\n".join(self.lines)

    @property
    def environment(self) -> dict[str, str]:
        """Ours without settings."""
        return {k: v for k, v in os.environ.items() if not k.startswith("VISAVIS_")}

    # Asking

    def run(self, *arguments: str) -> str:
        """What a command of the program prints, with this server's configuration."""
        done = subprocess.run(
            [binary(), *arguments, "--config", self.config], capture_output=True, text=True,
            env=self.environment, timeout=30, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: exit code {done.returncode}: {done.stderr}")
        return done.stdout.strip()

    def create_consultation(
        self, name: str | None = None, waiting_room: bool = False, consents: tuple[str, ...] = (),
        kind: str | None = None,
    ) -> str:
        return self.run(
            "consultation", "create", *(["--id", name] if name else []),
            *(["--kind", kind] if kind else []),
            *(["--waiting-room"] if waiting_room else []),
            *(word for one in consents for word in ("--consent", one)))

    def token(
        self, role: str, consultation: str | None = None, name: str | None = None,
        expires: str | None = None,
    ) -> str:
        options = {"consultation": consultation, "name": name, "expires": expires}
        given = [x for k, v in options.items() if v is not None for x in (f"--{k}", v)]
        return self.run("token", "--role", role, *given)

    def link(self, role: str, consultation: str | None = None, name: str | None = None) -> str:
        page = "ops" if role == "ops" else "join"
        return f"{self.url}/{page}#{self.token(role, consultation, name)}"

    @property
    def signal_url(self) -> str:
        """The WebSocket address."""
        return self.url.replace("http", "ws", 1) + "/v1/signal"

    def get(self, path: str, token: str | None = None) -> tuple[int, str]:
        """Status and body."""
        request = urllib.request.Request(self.url + path)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self) -> dict[str, float]:
        """`name{labels}` to value."""
        status, text = self.get("/metrics")
        assert status == 200, text
        found = re.findall(r"^([a-zA-Z_:][^\s]*)\s+([-+0-9.eEinfNa]+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def wait_for_metric(self, pattern: str, least: float = 1, timeout: float = 10) -> float:
        """Waits until the counters whose names match sum up to at least that much."""
        deadline = time.monotonic() + timeout
        while True:
            total = sum(v for k, v in self.metrics().items() if re.search(pattern, k))
            if total >= least:
                return total
            assert time.monotonic() < deadline, f"{pattern}: {total} < {least}\n{self.metrics()}"
            time.sleep(0.1)

    # Within

    def _yaml(self) -> str:
        """JSON is YAML; dotted names become nested."""
        root: dict = {}
        for key, value in self.settings.items():
            *sections, name = key.split(".")
            node = root
            for section in sections:
                node = node.setdefault(section, {})
            node[name] = value
        return json.dumps(root, indent=2)

    def _read(self, stream) -> None:
        for line in stream:
            line = line.rstrip("\n")
            self.lines.append(line)
            ready = re.search(r"ready at (https?://\S+)", line)
            if ready:
                self.url = ready.group(1)
                self._ready.set()
