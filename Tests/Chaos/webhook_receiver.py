"""A program that takes webhooks, verifies them as Docs/Webhooks.md says, and fails when told to."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def verified(secret: str, headers, body: bytes) -> bool:
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(expected, given.removeprefix("v1,"))
        for given in headers["webhook-signature"].split(" ") if given.startswith("v1,"))


class Receiver:
    """`fault(number)` says what happens to the request of this number: "", "500", "cut" or "lost" (taken, and the
    answer is lost)."""

    def __init__(self, fault=lambda number: ""):
        self.fault = fault
        self.requests = 0
        self.taken: list[dict] = []
        self.bodies: dict[str, bytes] = {}
        self.wrong: list[str] = []
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True  # who sent it was killed meanwhile
                    return
                with receiver.lock:
                    receiver.requests += 1
                    fault = receiver.fault(receiver.requests)
                    receiver.see(self.headers, body, fault)
                if fault in ("cut", "lost"):
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(500 if fault == "500" else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/visavis"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def see(self, headers, body: bytes, fault: str) -> None:
        if not verified(SECRET, headers, body):
            self.wrong.append("signature")
        name = headers["webhook-id"]
        if self.bodies.setdefault(name, body) != body:
            self.wrong.append(f"{name}: another body")
        if fault in ("", "lost"):
            self.taken.append(json.loads(body) | {"id": name})

    def first_seen(self) -> list[dict]:
        """Without repetitions."""
        with self.lock:
            return list({event["id"]: event for event in reversed(self.taken)}.values())[::-1]

    def wait_for(self, condition, timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while not condition(self.first_seen()):
            assert time.monotonic() < deadline, (self.requests, self.first_seen()[-20:])
            time.sleep(0.05)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
