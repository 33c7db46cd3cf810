"""What is replaced in pynetdicom, beside what it was written against: an upgrade that changes it is looked at here."""

import hashlib
import inspect
from collections.abc import Callable

import pytest
from pynetdicom import _config
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AssociationSocket

import stream.dicom.gateway.network  # noqa: F401  (it sets them)

REPLACED = [
    (AssociationSocket.recv, "6bc20a33b1b7cfe76d4ad4407ca242563bc6206fde4b4e1cf7a2fbb1f11d621d"),
    (DIMSEServiceProvider.receive_primitive, "5f99c86b14a15cefa87d914cda3591ec4d636d4c53a982e945ec9c1828c6e43f"),
    (DULServiceProvider._read_pdu_data, "19f2d4e38c13c83586365d93dd5cd96a0c7c665cb37251054b3e1f246e9f431b"),
]
"""By function the sha256 of its source; `_read_pdu_data` reads as many bytes as a peer announces."""


@pytest.mark.parametrize(("function", "sha256"), REPLACED)
def test_the_library_still_reads_without_bounds_as_it_did(function: Callable[..., object], sha256: str) -> None:
    source = inspect.getsource(function).encode()
    assert hashlib.sha256(source).hexdigest() == sha256, "see stream/dicom/gateway/network.py: is it still needed?"


def test_the_settings_of_the_library_still_exist_and_are_ours() -> None:
    assert (_config.LOG_HANDLER_LEVEL, _config.STORE_SEND_CHUNKED_DATASET) == ("none", True)
    assert {"LOG_HANDLER_LEVEL", "STORE_SEND_CHUNKED_DATASET"} <= set(_config.__annotations__)
