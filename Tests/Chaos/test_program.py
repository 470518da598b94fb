"""The program as its operator meets it."""

import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from Chaos.signaling_client import SignalingClient
from visavis_server import VisavisServer, binary


def command(server, *arguments: str, config: bool = True) -> subprocess.CompletedProcess:
    given = ["--config", server.config] if config else []
    return subprocess.run(
        [binary(), *arguments, *given], capture_output=True, text=True, env=server.environment,
        timeout=30, check=False)


@pytest.mark.parametrize(
    "arguments",
    [["serv"], ["token"], ["token", "--role", "king"], ["token", "--role", "patient"],
     ["token", "--role", "ops", "--expires", "soon"], ["token", "--role", "ops", "--expires=-1h"],
     ["token", "--role", "patient", "--consultation", "a/b"],
     ["consultation", "create", "--kind", "party"], ["consultation", "create", "--id", "a b"]],
    ids=" ".join,
)
def test_wrong_usage_is_told_and_exits_with_64(shared_server, arguments):
    done = command(shared_server, *arguments)
    assert done.returncode == 64
    assert done.stdout == "" and done.stderr.startswith("Error: ")


def test_a_failure_exits_with_1_and_names_the_cause(shared_server):
    shared_server.create_consultation("once")
    again = command(shared_server, "consultation", "create", "--id", "once")
    assert again.returncode == 1 and "once" in again.stderr
    loadtest = command(shared_server, "token", "--role", "loadtest")
    assert loadtest.returncode == 1 and "loadtest.enabled" in loadtest.stderr


def test_a_token_is_printed_alone(shared_server):
    consultation = shared_server.create_consultation()
    done = command(
        shared_server, "token", "--role", "patient", "--consultation", consultation, "--name",
        "Zoé", "--expires", "+2h")
    assert done.returncode == 0 and done.stderr == ""
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    client = SignalingClient(shared_server, done.stdout.strip())
    assert client.joined["participant"]["name"] == "Zoé"


def test_a_token_is_not_good_before_its_time(shared_server):
    consultation = shared_server.create_consultation()
    early = shared_server.run(
        "token", "--role", "patient", "--consultation", consultation, "--not-before", "+1h")
    client = SignalingClient(shared_server)
    client.send({"type": "join", "v": 1, "token": early})
    assert client.receive()["code"] == "unauthorized"


def test_config_check_tells_what_differs_and_hides_secrets(shared_server):
    done = command(shared_server, "config", "check")
    assert done.returncode == 0
    assert f"http.port: {shared_server.http_port}" in done.stdout


@pytest.mark.parametrize(
    "text, expected",
    [("http:\n  prot: 1\n", r":2: http\.prot .*did you mean http\.port"),
     ("http:\n  port: x\n", r':2: http\.port is "x"; it must be'),
     ("http:\n  host: 0.0.0.0\n", r":2: http\.host 0\.0\.0\.0 is not loopback"),
     ("http: [", r"no YAML")],
)
def test_a_wrong_configuration_stops_the_start_with_its_line(tmp_path, text, expected):
    config = tmp_path / "wrong.yaml"
    config.write_text(text)
    for arguments in (["serve"], ["config", "check"]):
        done = subprocess.run(
            [binary(), *arguments, "--config", config], capture_output=True, text=True,
            timeout=30, check=False)
        assert done.returncode == 1
        assert re.search(expected, done.stderr), done.stderr


def test_ports_that_are_taken_are_named(server, tmp_path):
    for settings, expected in [
        ({"http.port": server.http_port}, r"http\.port"),
        ({"media.port": server.media_port}, r"UDP port \d+ is in use"),
    ]:
        folder = tmp_path / expected.split(" ")[0].replace("\\", "")
        folder.mkdir()
        second = VisavisServer(folder, settings)
        with pytest.raises(RuntimeError, match=expected):
            second.start()
        assert second.process.returncode == 1


def test_no_server_to_ask_is_said(tmp_path):
    server = VisavisServer(tmp_path)
    with server:
        pass
    done = command(server, "consultation", "create")
    assert done.returncode == 1 and "no server runs" in done.stderr


def test_the_demonstration_is_found_again_at_the_second_start(tmp_path):
    server = VisavisServer(tmp_path)
    links = []
    for _ in range(2):
        server.lines.clear()
        server.start("--demo")
        found = re.findall(r"^\s+(patient|physician|ops)\s+(\S+)$", server.log, re.MULTILINE)
        assert [role for role, _ in found] == ["patient", "physician", "ops"]
        links.append(dict(found))
        assert server.stop() == 0
    server.start()
    joined = [
        SignalingClient(server, link["patient"].split("#")[1]).joined["consultation"]["id"]
        for link in links]
    assert joined[0] == joined[1]
    server.stop()


def test_what_is_logged_names_no_one(start_server):
    server = start_server({"log.level": "trace"})
    consultation = server.create_consultation()
    token = server.token("patient", consultation, name="Canary Name")
    client = SignalingClient(server, token)
    client.send({"type": "offer", "sdp": "v=0 canary-sdp", "tracks": []})
    client.receive()
    client.send('{"type":"canary-type"}')
    client.receive()
    client.close()
    server.get("/v1/consultations/canary-path", token)
    server.stop()
    log = server.log.lower()
    assert "canary" not in log and token.lower() not in log and "127.0.0.1" not in log


def test_memory_is_never_dumped_and_files_are_many(server):
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as file:
        limits = {line[:25].strip(): line[26:].split()[:2] for line in file}
    assert int(limits["Max core file size"][0]) <= 1
    soft, hard = limits["Max open files"]
    assert soft == hard


def certificate(folder, name: str) -> tuple[str, str]:
    paths = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost",
         "-out", paths[0], "-keyout", paths[1]],
        check=True, capture_output=True)
    return paths


def presented(server) -> bytes:
    """The certificate of a new connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.http_port), 10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")
            return secure.getpeercert(binary_form=True)


def der(path: str) -> bytes:
    with open(path, encoding="ascii") as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_https_reads_a_new_certificate_on_sighup_and_keeps_the_old_one_if_it_is_bad(
    start_server, tmp_path
):
    first, second = certificate(tmp_path, "first"), certificate(tmp_path, "second")
    used = tmp_path / "used.pem", tmp_path / "used.key"

    def put(pair: tuple[str, str]) -> None:
        for source, target in zip(pair, used):
            target.write_text(open(source, encoding="ascii").read())

    put(first)
    server = start_server({"http.tls.certificate": str(used[0]), "http.tls.key": str(used[1])})
    assert server.url.startswith("https://localhost:")
    assert presented(server) == der(first[0])

    def after_sighup(expected: str) -> None:
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while expected not in server.log:
            assert time.monotonic() < deadline, server.log
            time.sleep(0.05)

    put(second)
    after_sighup("read again")
    assert presented(server) == der(second[0])
    used[0].write_text("no certificate")
    after_sighup("stays as it was")
    assert presented(server) == der(second[0])

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", server.http_port), 10) as plain:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain, server_hostname="localhost")
