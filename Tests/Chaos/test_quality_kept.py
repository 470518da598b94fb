"""What a call was like is kept, even of a process that is killed in the middle of it."""

import asyncio
import datetime
import json
import random
import time

import pytest

from Chaos.media_client import Viewer, publish


def quality(server, consultation: str) -> dict:
    status, text = server.get(f"/v1/consultations/{consultation}/quality", server.token("ops"))
    return json.loads(text) if status == 200 else {"directions": []}


def seconds(text: str) -> float:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_costs_at_most_the_last_ten_seconds_of_quality(server, seed):
    moment = random.Random(seed).uniform(0, 10)
    consultation = server.create_consultation()

    async def call() -> float:
        sender = await publish(server, consultation, "p1")
        viewer = Viewer()
        await viewer.watch(server, consultation, "p1")
        try:
            deadline = time.monotonic() + 40
            while not any(one["sound"]["seconds"] >= 12 for one in quality(server, consultation)["directions"]):
                assert time.monotonic() < deadline, quality(server, consultation)
                await asyncio.sleep(0.5)
            await asyncio.sleep(moment)
            at = time.time()
            server.kill()
            return at
        finally:
            await viewer.close()
            await sender.close()

    killed = asyncio.run(call())
    server.start()
    kept = quality(server, consultation)
    # A look is a second old at most when it is written.
    assert 0 <= killed - seconds(kept["until"]) <= 11.5, f"seed {seed}"
    assert seconds(kept["until"]) > seconds(kept["quality"]["began"])
    direction = kept["quality"]["directions"][0]
    assert direction["sound"]["seconds"] >= 3
    assert direction["sound"]["mean"] > 1
    assert any(one["codecs"].get("microphone") == "opus" for one in kept["quality"]["participants"])
    assert {one["policy"] for one in kept["verdicts"]} == {"talk", "dermatology"}
