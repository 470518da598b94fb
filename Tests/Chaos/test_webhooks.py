"""Webhooks of the running server, to a program that fails at times, across kills of the server."""

import collections
import random
import time

import pytest

from Chaos.signaling_client import SignalingClient
from Chaos.webhook_receiver import SECRET, Receiver


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def settings(receiver: Receiver) -> dict:
    return {"webhooks.url": receiver.url, "webhooks.secret": SECRET, "webhooks.retry": 1}


def check(events: list[dict]) -> None:
    """In order for each consultation, and each join with its leave."""
    of = collections.defaultdict(list)
    for event in events:
        of[event["data"]["consultation"]].append(event)
    for consultation, told in of.items():
        numbers = [event["data"]["sequence"] for event in told]
        assert numbers == sorted(set(numbers)), (consultation, numbers)
        present = set()
        for event in told:
            who = event["data"].get("participant")
            if event["type"] == "participant.joined":
                assert who not in present
                present.add(who)
            elif event["type"] == "participant.left":
                assert who in present, event
                present.remove(who)
        assert not present, (consultation, present)


def test_what_happens_is_told_in_order_and_pairs_while_the_receiver_fails_and_the_server_is_killed(
    start_server, receiver,
):
    generator = random.Random(11)
    receiver.fault = lambda number: generator.choice(["", "", "", "500", "cut", "lost"])
    server = start_server(settings(receiver))
    consultations = [server.create_consultation() for _ in range(3)]
    tokens = [[server.token(role, one) for role in ("patient", "physician")] for one in consultations]
    joined = 0
    for _ in range(4):
        clients = [SignalingClient(server, token) for pair in tokens for token in pair]
        joined += len(clients)
        for client in generator.sample(clients, 2):
            client.send({"type": "leave"})
            client.expect("left")
        server.kill()
        server.start()
    receiver.fault = lambda number: ""
    physician = SignalingClient(server, tokens[0][1])
    physician.send({"type": "end"})
    physician.expect("ended")
    joined += 1

    def is_told(events: list[dict]) -> bool:
        kinds = collections.Counter(event["type"] for event in events)
        # Consultations overtake each other: the last of one may come after the end of another.
        last = max((event["data"]["sequence"] for event in events), default=0)
        return (kinds["participant.left"] == joined and kinds["consultation.ended"] == 1
                and len(events) == last)

    receiver.wait_for(is_told, 40)
    events = receiver.first_seen()
    assert not receiver.wrong
    check(events)
    numbers = sorted(event["data"]["sequence"] for event in events)
    assert numbers == list(range(1, len(numbers) + 1)), "nothing is left out"
    kinds = collections.Counter(event["type"] for event in events)
    assert kinds["participant.joined"] == joined and kinds["consultation.created"] == 3
    reasons = collections.Counter(
        event["data"]["reason"] for event in events if event["type"] == "participant.left")
    assert reasons == {"left": 8, "serverCrash": 16, "ended": 1}
    summary = next(event["data"] for event in events if event["type"] == "consultation.ended")
    assert summary["consultation"] == consultations[0]
    assert all(one.keys() >= {"role", "joinedAt", "leftAt", "reason"} for one in summary["participants"])
    assert server.metrics()["visavis_webhooks_pending"] == 0


def test_events_wait_for_a_receiver_that_is_away_and_can_be_sent_again(start_server, receiver):
    receiver.fault = lambda number: "500"
    server = start_server(settings(receiver))
    consultation = server.create_consultation()
    SignalingClient(server, server.token("patient", consultation)).close()
    deadline = time.monotonic() + 10
    while receiver.requests < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    state = server.run("webhooks", "state")
    assert "waiting     3" in state or "waiting     4" in state, state
    assert len(receiver.bodies) == 1, "those behind wait"
    receiver.fault = lambda number: ""
    receiver.wait_for(lambda events: len(events) >= 3)
    assert server.log.count("the webhook does not take events") == 1
    seen = receiver.first_seen()
    with receiver.lock:
        receiver.taken.clear()
    assert server.run("webhooks", "replay", "--from", "2", "--to", "3") == "2 events are sent again"
    receiver.wait_for(lambda events: len(events) >= 2)
    assert [event["id"] for event in receiver.first_seen()][:2] == [event["id"] for event in seen[1:3]]
    assert not receiver.wrong
    # The end of the server is told by itself, before it goes.
    server.stop()
    assert receiver.taken[-1]["type"] == "sitting.ended", receiver.taken
    check(seen[:1] + [event for event in receiver.taken if event["type"].startswith("sitting")])
