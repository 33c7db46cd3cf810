"""Who gets an answer of the dashboard, asked as a browser or a site in it would ask."""

import http.client
from collections.abc import Iterator

import pytest

from stream.settings import load_settings
from tests.dashboard.browser import served

NAME = "scans.hospital.example"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
LET_IN, REFUSED, NOT_OURS, ANOTHER_SITE = 101, 403, 421, 403


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`127.0.0.1:port` of a dashboard that is served under a name too; pages need a database, the door needs none."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("door"), dashboard_names=f"other.example, {NAME}")
    with served(settings) as base:
        yield base.removeprefix("http://")


def asked(address: str, host: str, path: str = "/", **headers: str) -> http.client.HTTPResponse:
    """The answer to a request that says it is for `host`."""
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": host, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def websocket(address: str, host: str, origin: str) -> int:
    """The status of the answer to a page of `origin` that opens the websocket."""
    return asked(address, host, "/_stcore/stream", Origin=origin, **UPGRADE).status


def hosts(address: str) -> list[str]:
    """What stands in a browser: here, through a tunnel with another port, by name, by name with capitals and dot."""
    return [
        address,
        address.replace("127.0.0.1", "localhost"),
        "localhost:9000",
        "[::1]:9000",
        NAME,
        "Scans.Hospital.Example.",
    ]


def test_whoever_asks_under_our_names_sees_the_pages(address: str) -> None:
    for host in hosts(address):
        assert asked(address, host).status == 200
        assert websocket(address, host, f"http://{host}") == LET_IN


@pytest.mark.parametrize("path", ["/", "/patient", "/_stcore/health", "/media/a.csv", "/_stcore/host-config"])
@pytest.mark.parametrize(
    "host", ["rebound.example", f"{NAME}.rebound.example", "localhost.rebound.example", "", "[::1", "0"]
)
def test_a_name_that_was_led_to_our_address_gets_nothing(address: str, host: str, path: str) -> None:
    answer = asked(address, host, path)
    assert answer.status == NOT_OURS
    assert b"SCANSTREAM_DASHBOARD_NAMES" in answer.read()
    assert websocket(address, host, f"http://{host}") == REFUSED


@pytest.mark.parametrize(
    "origin",
    [
        "http://rebound.example",
        f"https://{NAME}.rebound.example",
        f"https://{NAME}:8443",
        "http://127.0.0.1:1",
        "http://localhost",
        "null",
        "",
        "http://[::1",
    ],
)
def test_a_page_of_another_site_or_port_neither_opens_our_websocket_nor_reads_our_files(
    address: str, origin: str
) -> None:
    assert websocket(address, address, origin) == REFUSED
    assert asked(address, address, "/_stcore/health", Origin=origin).status == ANOTHER_SITE


@pytest.mark.parametrize("origin", [f"https://{NAME}", "https://other.example"])
def test_a_proxy_may_ask_under_its_own_name_for_the_address(address: str, origin: str) -> None:
    assert websocket(address, address, origin) == LET_IN


def test_no_other_site_shows_our_pages_in_a_frame(address: str) -> None:
    answer = asked(address, address)
    assert answer.getheader("Content-Security-Policy") == "frame-ancestors 'self'"
    assert answer.getheader("Access-Control-Allow-Origin") is None
