"""A client of the signaling protocol without media, for tests."""

import json

from websockets.sync.client import connect


class SignalingClient:
    def __init__(self, server, token: str | None = None, resume: str | None = None):
        connecting = connect(server.signal_url, open_timeout=10, close_timeout=5)
        self.socket = connecting.__enter__()
        self.seen: list[dict] = []
        if token or resume:
            message = {"type": "join", "v": 1}
            if token:
                message["token"] = token
            if resume:
                message["resume"] = resume
            self.send(message)
            self.joined = self.expect("joined")
            self.participant = self.joined["participant"]["id"]

    def send(self, message: dict | str | bytes) -> None:
        self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    def receive(self, timeout: float = 10) -> dict:
        message = json.loads(self.socket.recv(timeout))
        self.seen.append(message)
        return message

    def expect(self, kind: str, timeout: float = 10) -> dict:
        """The next message of this type; others before it are kept in `seen`."""
        while True:
            message = self.receive(timeout)
            if message["type"] == kind:
                return message
            assert message["type"] != "error", message

    def close(self) -> None:
        self.socket.close()

    def abandon(self) -> None:
        """As a client whose network is gone: no closing handshake."""
        self.socket.socket.close()
