"""What is replaced in pynetdicom, beside what it was written against: an upgrade that changes it is looked at here."""

import hashlib
import inspect
import threading
from collections.abc import Callable

import pytest
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.sop_class import Verification

from stream.dicom.gateway import network

REPLACED = [
    (Association.run_reactor, "ed8bbbe3b3d6ddaee3e8673ba25b2ab2a4c45f25bc1d8ae7b48ebafd09499e6d"),
    (Association._run_reactor, "f28838c5559e462a563750cfc9f3790027f4bb7e2223baf42c9f5d682c359dee"),
    (DIMSEServiceProvider.get_msg, "890e3e04283f5aeb756236f1a4dd35d3a10bbdd52f3efa3f3950c01f47bd2b34"),
]
"""By function the sha256 of its source; `_run_reactor` takes answers that a sender waits for."""


@pytest.mark.parametrize(("function", "sha256"), REPLACED)
def test_the_library_still_does_what_is_mended_from_outside(function: Callable[..., object], sha256: str) -> None:
    source = inspect.getsource(function).encode()
    assert hashlib.sha256(source).hexdigest() == sha256, "see stream/dicom/gateway/network.py: is it still needed?"


def test_the_settings_of_the_library_still_exist_and_are_ours() -> None:
    assert (_config.LOG_HANDLER_LEVEL, _config.STORE_SEND_CHUNKED_DATASET) == ("none", True)
    assert {"LOG_HANDLER_LEVEL", "STORE_SEND_CHUNKED_DATASET"} <= set(_config.__annotations__)


class _Brief(threading.Event):
    """A reactor that waits for this goes on too early, while the sender waits for its answer."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(0.001)


def test_no_answer_is_lost_to_a_reactor_that_goes_on_too_early() -> None:
    entity = AE()
    entity.add_supported_context(Verification)
    entity.add_requested_context(Verification)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_CONN_OPEN, network.without_delay)]
    )
    try:
        association = entity.associate(
            *server.server_address, evt_handlers=[(evt.EVT_CONN_OPEN, network.without_delay)]
        )
        network.answers_to_senders(association)
        association._reactor_checkpoint = _Brief()
        association._reactor_checkpoint.set()
        assert {association.send_c_echo().Status for _ in range(500)} == {0x0000}
        association.release()
    finally:
        server.shutdown()
