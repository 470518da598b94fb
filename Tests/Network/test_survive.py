"""The rule by which a scenario is judged, without browsers: what is measured anew, and for how long."""

import pytest

from Network import conftest


class FakeCall:
    made: list = []
    disturbed: list = []

    def __init__(self, server, browsers, places, seconds):
        self.people, self.is_timed, self._seconds = [], False, seconds
        self.made.append(self)

    @property
    def seconds(self):
        self.is_timed = True
        return self._seconds

    def disturbances(self, machine):
        return self.disturbed.pop(0) if self.disturbed else []

    def close(self):
        pass


@pytest.fixture
def judge(monkeypatch):
    monkeypatch.setattr(conftest, "Call", FakeCall)
    monkeypatch.setattr(FakeCall, "made", [])
    monkeypatch.setattr(FakeCall, "disturbed", [])
    return lambda full: conftest.survive.__wrapped__(None, None, None, full)


def miss_below(seconds):
    def scenario(call):
        assert call.seconds >= seconds

    return scenario


def test_what_a_short_look_misses_a_minute_decides(judge):
    judge(False)(miss_below(60))
    assert [one._seconds for one in FakeCall.made] == [20, 60]
    with pytest.raises(AssertionError):
        judge(False)(miss_below(61))


def test_a_minute_or_a_scenario_of_its_own_length_has_no_second_look(judge):
    with pytest.raises(AssertionError):
        judge(True)(miss_below(61))

    def untimed(call):
        raise AssertionError

    with pytest.raises(AssertionError):
        judge(False)(untimed)
    assert len(FakeCall.made) == 2


def test_what_is_disturbed_twice_is_skipped_and_says_so(judge):
    FakeCall.disturbed = [["busy"], ["busy"]]
    with pytest.raises(pytest.skip.Exception, match="busy"):
        judge(False)(miss_below(61))
    assert len(FakeCall.made) == 2
