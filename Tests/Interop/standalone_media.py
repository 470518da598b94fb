"""WHIP (RFC 9725) and WHEP over plain HTTP: offers, fragments, hanging up."""

import dataclasses
import urllib.error
import urllib.parse
import urllib.request

from Interop.deployment import Deployment

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: str


def exchange(
    method: str, url: str, token: str | None, body: str | None = None,
    content_type: str | None = SDP, **headers: str,
) -> Reply:
    """One request. Refusals are replies too; names of headers are in lower case."""
    request = urllib.request.Request(
        url, method=method, data=None if body is None else body.encode())
    if token is not None:
        request.add_header("Authorization", "Bearer " + token)
    if content_type is not None and body is not None:
        request.add_header("Content-Type", content_type)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Reply(
                answer.status, {k.lower(): v for k, v in answer.headers.items()},
                answer.read().decode())
    except urllib.error.HTTPError as error:
        return Reply(
            error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode())


@dataclasses.dataclass
class Session:
    """A WHIP or WHEP session that was created."""

    url: str
    token: str
    answer: str
    entity_tag: str

    @property
    def participant(self) -> str:
        """Of a WHIP session: whom it made (`/whip/{consultation}/{participant}`)."""
        return self.url.rsplit("/", 1)[1]

    def patch(self, fragment: str, entity_tag: str | None = None) -> Reply:
        return exchange(
            "PATCH", self.url, self.token, fragment, FRAGMENT,
            If_Match=entity_tag or self.entity_tag)

    def delete(self) -> Reply:
        return exchange("DELETE", self.url, self.token)


def open_session(deployment: Deployment, path: str, token: str, offer: str) -> Session:
    url = deployment.url + path
    reply = exchange("POST", url, token, offer)
    assert reply.status == 201, f"{reply.status}: {reply.body}"
    assert reply.headers["content-type"].startswith(SDP)
    return Session(
        urllib.parse.urljoin(url, reply.headers["location"]), token, reply.body,
        reply.headers["etag"])
