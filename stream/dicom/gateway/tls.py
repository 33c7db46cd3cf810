"""TLS of the DICOM port as the profile of BCP 195 asks (PS3.15 B.12): TLS 1.2 or later, forward secrecy, AEAD."""

import hashlib
import socket
import ssl
from pathlib import Path

from stream.dicom.gateway.refusals import RefusalCause, Refused
from stream.errors import CannotStart, WrongUse
from stream.settings import Settings

CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
    for signature in ("ECDSA", "RSA")
)
"""Those of TLS 1.2 that RFC 9325 4.2 recommends; TLS 1.3 has none that is worse."""

HANDSHAKE = b"\x16"
"""First byte of all that a client of TLS says (RFC 8446 5.1); of an association request it is 1."""

EXPIRED = (9, 10)
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""

CAUSES = {
    "UNSUPPORTED_PROTOCOL": RefusalCause.TLS_VERSION,
    "NO_SHARED_CIPHER": RefusalCause.TLS_VERSION,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": RefusalCause.NO_CERTIFICATE,
    "CERTIFICATE_VERIFY_FAILED": RefusalCause.UNTRUSTED_CERTIFICATE,
    "TLSV1_ALERT_UNKNOWN_CA": RefusalCause.DISTRUSTS_US,
    "SSLV3_ALERT_BAD_CERTIFICATE": RefusalCause.DISTRUSTS_US,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": RefusalCause.DISTRUSTS_US,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": RefusalCause.DISTRUSTS_US,
}
"""By what OpenSSL calls it."""


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Context of the server, None without TLS_CERTIFICATE; WrongUse or CannotStart where its files do not fit.

    With TLS_CLIENT_CA whoever comes has to show a certificate that one of these authorities issued. Nothing is taken
    up again from an earlier connection: everyone shows it each time.
    """
    certificate, key, authority = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if certificate is None:
        if key or authority:
            raise WrongUse("SCANSTREAM_TLS_KEY and SCANSTREAM_TLS_CLIENT_CA need SCANSTREAM_TLS_CERTIFICATE.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except OSError as error:
        raise CannotStart(f"TLS_CERTIFICATE and TLS_KEY cannot be used ({_why(error)}): name PEM files.") from None
    if authority:
        _ask_clients(context, str(authority))
    return context


def secured(connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """The connection inside TLS, not yet shaken hands; Refused where the sender speaks no TLS."""
    if connection.recv(1, socket.MSG_PEEK) not in (HANDSHAKE, b""):
        raise Refused(RefusalCause.NO_TLS)
    return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


def shake_hands(connection: ssl.SSLSocket) -> str:
    """Agree on keys; the sha256 (hex) of the certificate that the sender shows, "" without one. Raises Refused."""
    try:
        connection.do_handshake()
    except ssl.SSLCertVerificationError as error:
        expired = error.verify_code in EXPIRED
        raise Refused(RefusalCause.EXPIRED_CERTIFICATE if expired else RefusalCause.UNTRUSTED_CERTIFICATE) from None
    except ssl.SSLEOFError:
        raise
    except ssl.SSLError as error:
        raise Refused(CAUSES.get(error.reason, RefusalCause.TLS)) from None
    shown = connection.getpeercert(binary_form=True)
    return hashlib.sha256(shown).hexdigest() if shown else ""


def pem_fingerprint(file: Path) -> str:
    """The sha256 (hex) of the first certificate in a PEM file; WrongUse where there is none."""
    text = file.read_text(errors="replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        raise WrongUse(f"{file} holds no certificate (PEM).")
    first = text[text.index(begin) : text.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _ask_clients(context: ssl.SSLContext, authority: str) -> None:
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        raise CannotStart(f"TLS_CLIENT_CA cannot be used ({_why(error)}): name a file of certificates (PEM).") from None
    context.verify_mode = ssl.CERT_REQUIRED


def _no_password() -> str:
    raise WrongUse("The key of SCANSTREAM_TLS_KEY asks for a password: name one without, readable by its owner only.")


def _why(error: OSError) -> str:
    return error.strerror or error.args[-1] if not isinstance(error, ssl.SSLError) else error.reason or "no PEM"
