"""Whether somebody may come in: by the list of peers where there is one, and by TLS where it is set."""

import ipaddress
import socket
import ssl
from functools import partial

from stream.dicom.gateway.peers import Peer, Peers, read_peers, with_issuers
from stream.dicom.gateway.refusals import RefusalCause, Refused
from stream.dicom.gateway.reread import Reread
from stream.dicom.gateway.tls import tls_context
from stream.errors import WrongUse
from stream.settings import Settings


class Guard:
    """What the port asks of senders; its files are read again when they change.

    The constructor raises WrongUse or CannotStart where it can ask nothing, or not what it should.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ae_title = settings.dicom_ae_title.strip()
        files = [file for file in (settings.tls_certificate, settings.tls_key, settings.tls_client_ca) if file]
        self._tls = Reread(files, partial(tls_context, settings))
        self._listed = settings.peers.exists()
        self._peers = Reread([settings.peers], partial(self._read, settings))
        _check_certificates(settings, self.peers)
        _check_open(settings, self.peers, self.tls)

    @property
    def peers(self) -> Peers | None:
        """Who may come in, by AE title; None where there is no list, and everybody may."""
        return self._peers.value()

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What connections are secured with; None where they are not."""
        return self._tls.value()

    def lets_in(self) -> str:
        """Who may come in, in words."""
        how = "by TLS" if self.tls else "without TLS"
        if self.peers is not None:
            return f"{len(self.peers)} peers of {self._settings.peers} {how}"
        if self._settings.tls_client_ca:
            return f"whoever has a certificate of {self._settings.tls_client_ca}"
        return f"everybody {'on this machine' if is_loopback(self._settings.dicom_host) else 'in the network'} {how}"

    def check(self, calling_ae: str, called_ae: str, address: str, certificate: str) -> Peer:
        """The entry of the sender; Refused where it may not come in.

        `certificate`: sha256 (hex) of what it showed. Without a list everybody is a peer, and may call us as they like.
        """
        peers = self.peers
        if peers is None:
            return Peer(calling_ae)
        return check_peer(peers, calling_ae, called_ae in ("", self._ae_title), address, certificate)

    def _read(self, settings: Settings) -> Peers | None:
        """A list that was there and is gone lets nobody in who was not on it."""
        peers = read_peers(settings.peers)
        if peers is None and self._listed:
            raise WrongUse(f"{settings.peers} is gone: what it said still counts.")
        with_issuers(settings, peers)
        self._listed = peers is not None
        return peers


def check_peer(peers: Peers, calling_ae: str, called_us: bool, address: str | None, certificate: str | None) -> Peer:
    """The entry of the sender; Refused where there is none, or it does not fit (None: not looked at)."""
    peer = peers.get(calling_ae)
    if peer is None:
        raise Refused(RefusalCause.UNKNOWN_AE)
    if address is not None and not peer.is_at(address):
        raise Refused(RefusalCause.ADDRESS)
    if peer.certificate and certificate not in (None, peer.certificate):
        raise Refused(RefusalCause.CERTIFICATE)
    if not called_us:
        raise Refused(RefusalCause.CALLED_AE)
    return peer


def _check_certificates(settings: Settings, peers: Peers | None) -> None:
    named = [peer.ae_title for peer in (peers or {}).values() if peer.certificate]
    if named and not settings.tls_client_ca:
        raise WrongUse(f"Peer {named[0]} has a certificate, and nobody is asked for one: set SCANSTREAM_TLS_CLIENT_CA.")


def _check_open(settings: Settings, peers: Peers | None, tls: ssl.SSLContext | None) -> None:
    if is_loopback(settings.dicom_host) or settings.tls_client_ca or peers is not None:
        return
    if not (tls or settings.open):
        raise WrongUse(
            f"SCANSTREAM_DICOM_HOST={settings.dicom_host} opens the DICOM port to a network, and nothing says who may "
            f"come in: list the senders with `scanstream peers add`, set SCANSTREAM_TLS_CERTIFICATE, or let everybody "
            f"in with SCANSTREAM_OPEN=yes."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`, an address or a name."""
    try:
        found = socket.getaddrinfo(host, None) if host else []
    except OSError:  # nobody can listen there either, which is said when it is tried
        return False
    return bool(found) and all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)
