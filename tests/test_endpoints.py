from stream.endpoints import choose_endpoints


def test_no_cluster_id_looks_like_an_option_to_kafkas_tools() -> None:
    ids = {choose_endpoints().kafka_cluster_id for _ in range(400)}
    assert len(ids) == 400
    assert not [name for name in ids if name.startswith("-") or len(name) != 22]
