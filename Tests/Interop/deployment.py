"""The server that the interoperability tests talk to, seen as a hospital's own system sees it:
a base URL and an API key pair. Tokens are made here with PyJWT, not by the server's own command.
"""

import dataclasses
import json
import time
import urllib.request
import uuid

import jwt


@dataclasses.dataclass
class Deployment:
    url: str
    key: str
    secret: str

    def token(self, role: str, consultation: str | None = None, **claims) -> str:
        now = int(time.time())
        body = {
            "iss": self.key, "role": role, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 600,
            **claims}
        if consultation is not None:
            body["consultation"] = consultation
        return jwt.encode(body, self.secret, algorithm="HS256")

    def ask(self, method: str, path: str, token: str, body: dict | None = None) -> dict:
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def create_consultation(self) -> str:
        return self.ask("POST", "/v1/consultations", self.token("backend"), {})["id"]

    def participants(self, consultation: str) -> list[dict]:
        answer = self.ask(
            "GET", f"/v1/consultations/{consultation}/participants", self.token("backend"))
        return answer["participants"] if isinstance(answer, dict) else answer
