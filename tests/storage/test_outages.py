import socket

import pytest

from stream.settings import load_settings
from stream.storage import database
from stream.storage.database import Outage, connect


def test_a_server_that_takes_the_connection_and_never_answers_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database.SILENCE, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://scanstream_migrator:word@127.0.0.1:{silent.getsockname()[1]}/scanstream"
        with pytest.raises(Outage, match="timeout"):
            connect(load_settings(database_url=url), "migrator")
