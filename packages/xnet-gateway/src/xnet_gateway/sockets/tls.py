"""TLS as the standard library has it: which files, and the contexts made of them."""

from __future__ import annotations

import ssl

import attrs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Older versions are broken.
OLDEST: Final = ssl.TLSVersion.TLSv1_2


@attrs.frozen
class TlsOptions:
    """What a client needs. The server's certificate is always verified.

    Attributes:
        ca_file: Certificates (PEM) of the CAs that may have signed the server's; the system's if None.
        cert_file: Our certificate (PEM), for servers that ask for one; None for none.
        key_file: Its key, if that is not in the same file.
        server_name: The name that the server's certificate must have; the host that is dialled if None.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None


def client_context(options: TlsOptions) -> ssl.SSLContext:
    """Return the context for connecting.

    Raises:
        ValueError: A file cannot be read or used; the text names it (our caller's fault).
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=options.ca_file)
    except OSError as error:
        raise ValueError(f"cannot use the CA file {options.ca_file!r}: {describe(error)}") from None
    context.minimum_version = OLDEST
    if options.cert_file is not None:
        _load_certificate(context, options.cert_file, options.key_file)
    elif options.key_file is not None:
        raise ValueError(f"the key {options.key_file!r} was given without its certificate")
    return context


def server_context(cert_file: str, key_file: str | None, client_ca_file: str | None = None) -> ssl.SSLContext:
    """Return the context for listening.

    Args:
        cert_file: Our certificate and those up to its root (PEM).
        key_file: Its key, if that is not in the same file.
        client_ca_file: Certificates of the CAs that may have signed a client's, which is then required; None
            for none.

    Raises:
        ValueError: A file cannot be read or used; the text names it (our caller's fault).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = OLDEST
    _load_certificate(context, cert_file, key_file)
    if client_ca_file is not None:
        try:
            context.load_verify_locations(cafile=client_ca_file)
        except OSError as error:
            raise ValueError(f"cannot use the CA file {client_ca_file!r}: {describe(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _load_certificate(context: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    def no_password() -> str:
        raise ValueError(
            f"the key in {key_file or cert_file!r} has a password, and there is no one to enter it"
        )

    try:
        context.load_cert_chain(cert_file, key_file, no_password)
    except OSError as error:
        raise ValueError(
            f"cannot use the certificate {cert_file!r} with the key {key_file or cert_file!r}:"
            f" {describe(error)}"
        ) from None


def is_tls_error(error: OSError) -> bool:
    """Say whether an error is about TLS, rather than about the connection below it."""
    return isinstance(error, ssl.SSLError)


def describe(error: OSError) -> str:
    """Return what is wrong in the words of OpenSSL, without its numbers and places."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return str(error.reason).replace("_", " ").lower()
    return str(error)
