"""coturn on loopback for one test, with the shared secret of the server under test."""

import pathlib
import shutil
import socket
import subprocess
import threading

import pytest

from visavis_server import free_port

SECRET = "between visavis and coturn only"


class TURNServer:
    """Relays from 127.0.0.1, to 127.0.0.1 too: nothing leaves this machine."""

    def __init__(self, folder: pathlib.Path):
        program = shutil.which("turnserver")
        if not program:
            pytest.fail("coturn is not installed: apt-get install coturn")
        self.port = free_port()
        self.tls_port = free_port()
        certificate, key = self._certificate(folder)
        self.lines: list[str] = []
        configuration = folder / "turnserver.conf"
        configuration.write_text("\n".join([
            f"listening-port={self.port}", "listening-ip=127.0.0.1", "relay-ip=127.0.0.1",
            f"tls-listening-port={self.tls_port}", f"cert={certificate}", f"pkey={key}", "no-tlsv1", "no-tlsv1_1",
            "use-auth-secret", f"static-auth-secret={SECRET}", "realm=visavis.test", "fingerprint",
            "allow-loopback-peers", "no-dtls", "no-cli", "no-multicast-peers",
            "min-port=30000", "max-port=32000", "log-file=stdout", "verbose",
            f"pidfile={folder / 'turnserver.pid'}", f"userdb={folder / 'turn.sqlite'}", ""]))
        self.process = subprocess.Popen(
            [program, "-c", str(configuration)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", cwd=folder)
        threading.Thread(target=self._read, daemon=True).start()

    @staticmethod
    def _certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
        """Signed by itself."""
        certificate, key = folder / "turn.pem", folder / "turn-key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-out", certificate, "-keyout", key],
            check=True, capture_output=True)
        return certificate, key

    def url(self, transport: str) -> str:
        """By `udp` or `tcp`, or by `tls` over TCP."""
        if transport == "tls":
            return f"turns:localhost:{self.tls_port}?transport=tcp"
        return f"turn:127.0.0.1:{self.port}?transport={transport}"

    def is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
