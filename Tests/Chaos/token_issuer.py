"""A program that mints tokens with keys of its own, and every way to do it wrong."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

ISSUER = "https://tokens.hospital.example"


def encoded(data: bytes | dict) -> str:
    octets = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value: int, length: int) -> str:
    return encoded(value.to_bytes(length, "big"))


class Key:
    """`Key("rsa-1", "RS256")` or `Key("ec-1", "ES256")`."""

    def __init__(self, kid: str, algorithm: str):
        self.kid, self.algorithm = kid, algorithm
        self.private = (
            rsa.generate_private_key(65537, 2048) if algorithm == "RS256"
            else ec.generate_private_key(ec.SECP256R1()))

    @property
    def jwk(self) -> dict:
        public = self.private.public_key().public_numbers()
        if self.algorithm == "RS256":
            return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256",
                    "n": number(public.n, 256), "e": number(public.e, 3)}
        return {"kty": "EC", "crv": "P-256", "kid": self.kid,
                "x": number(public.x, 32), "y": number(public.y, 32)}

    def sign(self, text: bytes) -> bytes:
        if self.algorithm == "RS256":
            return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Secret:
    """A shared one, with HS256."""

    algorithm, kid = "HS256", None

    def __init__(self, secret: str | bytes):
        self.secret = secret.encode() if isinstance(secret, str) else secret

    def sign(self, text: bytes) -> bytes:
        return hmac.new(self.secret, text, hashlib.sha256).digest()


def claims(consultation: str, role: str = "patient", **more) -> dict:
    made = {"iss": ISSUER, "role": role, "consultation": consultation, "exp": int(time.time()) + 600,
            "sub": "canary-subject", "jti": f"canary-{time.monotonic_ns()}", **more}
    return {name: value for name, value in made.items() if value is not None}


def mint(key: Key | Secret, body: dict, **header) -> str:
    head = {"alg": key.algorithm, "typ": "JWT", **({"kid": key.kid} if key.kid else {}), **header}
    text = f"{encoded(head)}.{encoded(body)}"
    return f"{text}.{encoded(key.sign(text.encode()))}"


def key_set(*keys: Key) -> str:
    return json.dumps({"keys": [key.jwk for key in keys]})
