import pytest

from stream.endpoints import choose_endpoints, libpq_url
from stream.settings import load_settings


def test_no_cluster_id_looks_like_an_option_to_kafkas_tools() -> None:
    ids = {choose_endpoints().kafka_cluster_id for _ in range(400)}
    assert len(ids) == 400
    assert not [name for name in ids if name.startswith("-") or len(name) != 22]


@pytest.mark.parametrize(
    ("address", "word", "url"),
    [
        ("postgresql://scanstream_migrator@db:5432/s", "a/b", "postgresql://scanstream_migrator:a%2Fb@db:5432/s"),
        ("postgresql://db/s", "word", "postgresql://scanstream_migrator:word@db/s"),
        ("postgresql://owner:own@db/s", "word", "postgresql://owner:own@db/s"),
        ("postgresql://owner@db/s", "", "postgresql://owner@db/s"),
    ],
)
def test_the_password_of_the_migrator_may_stand_beside_the_address(address: str, word: str, url: str) -> None:
    settings = load_settings(database_url=address, database_password_migrator=word)
    assert libpq_url(settings, "migrator") == url
