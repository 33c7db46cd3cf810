"""The answer to an association request: what is taken of what was asked for (PS3.8 9.3.3, PS3.7 D.3.3).

Of what else may be negotiated (roles, several operations at once, user identity, extended negotiation) nothing is
answered, so that DICOM's defaults hold.
"""

from collections.abc import Collection
from typing import NamedTuple

from pydicom.uid import UID
from pynetdicom.pdu import A_ASSOCIATE_AC
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import PresentationContext, build_context, negotiate_as_acceptor

from stream.dicom.gateway.pdus import MAX_PDU_BYTES
from stream.dicom.reading.sop_classes import SOP_CLASSES, TRANSFER_SYNTAXES, kind_of

VERIFICATION = UID("1.2.840.10008.1.1")
APPLICATION_CONTEXT = UID("1.2.840.10008.3.1.1.1")
IMPLEMENTATION_UID = UID("2.25.147285614120436285713064271520431094217")
IMPLEMENTATION_VERSION = "SCANSTREAM"


class Context(NamedTuple):
    """A presentation context that was taken."""

    abstract_syntax: str
    transfer_syntax: str


class Agreement(NamedTuple):
    """Contexts by their id, the most bytes of a PDU that the sender takes (0: any number), and our encoded answer."""

    contexts: dict[int, Context]
    max_pdu_bytes: int
    answer: bytes


def negotiate(request: A_ASSOCIATE, kinds: Collection[str] = ()) -> Agreement:
    """What is agreed on with a sender that may send these kinds of objects (none named: all)."""
    asked = request.presentation_context_definition_list
    decided, _ = negotiate_as_acceptor(asked, [cx for kind, cx in _SUPPORTED if not kinds or kind in {"", *kinds}])
    taken = {
        int(cx.context_id or 0): Context(str(cx.abstract_syntax), str(cx.transfer_syntax[0]))
        for cx in decided
        if cx.result == 0
    }
    return Agreement(taken, request.maximum_length_received or 0, _answer(request, decided))


def _supported() -> list[tuple[str, PresentationContext]]:
    """By kind ("" for what every sender may ask for) what the gateway takes."""
    kinds = [(kind_of(sop_class), sop_class) for sop_class in SOP_CLASSES]
    stored = [(kind, build_context(sop_class, list(TRANSFER_SYNTAXES[kind]))) for kind, sop_class in kinds]
    return [("", build_context(VERIFICATION)), *stored]


_SUPPORTED = _supported()


def _answer(request: A_ASSOCIATE, decided: list[PresentationContext]) -> bytes:
    """A-ASSOCIATE-AC; what was taken comes first, as pynetdicom writes it."""
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    version = ImplementationVersionNameNotification()
    longest.maximum_length_received = MAX_PDU_BYTES
    implementation.implementation_class_uid = IMPLEMENTATION_UID
    version.implementation_version_name = IMPLEMENTATION_VERSION
    accepted = A_ASSOCIATE()
    accepted.application_context_name = APPLICATION_CONTEXT
    accepted.calling_ae_title, accepted.called_ae_title = request.calling_ae_title, request.called_ae_title
    accepted.result, accepted.result_source = 0, 1
    accepted.presentation_context_definition_results_list = sorted(decided, key=lambda cx: cx.result != 0)
    accepted.user_information = [longest, implementation, version]
    pdu = A_ASSOCIATE_AC()
    pdu.from_primitive(accepted)
    return bytes(pdu.encode())
