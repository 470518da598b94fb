"""Which server the interoperability tests use.

`VISAVIS_URL` with `VISAVIS_API_KEY` and `VISAVIS_API_SECRET` names one that runs already (it must be
reachable over UDP); otherwise one is started for each module.
"""

import os

import pytest

from Interop.deployment import Deployment
from visavis_server import VisavisServer

KEY, SECRET = "interop", "a secret of the interoperability tests alone"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    url = os.environ.get("VISAVIS_URL")
    if url:
        yield Deployment(
            url.rstrip("/"), os.environ["VISAVIS_API_KEY"], os.environ["VISAVIS_API_SECRET"])
        return
    settings = {"api.key": KEY, "api.secret": SECRET}
    with VisavisServer(tmp_path_factory.mktemp("visavis"), settings) as server:
        yield Deployment(server.url, KEY, SECRET)


@pytest.fixture
def consultation(deployment):
    return deployment.create_consultation()
