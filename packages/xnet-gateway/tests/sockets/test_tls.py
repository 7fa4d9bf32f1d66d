"""Contexts for TLS, and what is said about files that cannot be used."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from socket_helpers import Certificates
from xnet_gateway.sockets.tls import TlsOptions, client_context, describe, server_context


def test_a_client_always_verifies(certificates: Certificates) -> None:
    """Spec: SO-033, SO-034."""
    context = client_context(TlsOptions(certificates.ca))
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert client_context(TlsOptions()).verify_mode == ssl.CERT_REQUIRED


def test_a_server_asks_for_certificates_if_it_knows_whose(certificates: Certificates) -> None:
    context = server_context(certificates.server_cert, certificates.server_key)
    assert context.verify_mode == ssl.CERT_NONE
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    asking = server_context(certificates.server_cert, certificates.server_key, certificates.ca)
    assert asking.verify_mode == ssl.CERT_REQUIRED


def test_files_that_cannot_be_used(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("missing", "empty"):
        file = str(tmp_path / name)
        with pytest.raises(ValueError, match=f"cannot use the CA file .*{name}"):
            client_context(TlsOptions(file))
        with pytest.raises(ValueError, match=f"cannot use the certificate .*{name}"):
            client_context(TlsOptions(certificates.ca, file))
        with pytest.raises(ValueError, match=f"cannot use the certificate .*{name}"):
            server_context(file, certificates.server_key)
        with pytest.raises(ValueError, match=f"cannot use the CA file .*{name}"):
            server_context(certificates.server_cert, certificates.server_key, file)


def test_a_key_of_another_certificate(certificates: Certificates) -> None:
    with pytest.raises(ValueError, match="mismatch"):
        server_context(certificates.server_cert, certificates.client_key)
    with pytest.raises(ValueError, match="was given without its certificate"):
        client_context(TlsOptions(certificates.ca, key_file=certificates.client_key))


def test_a_key_with_a_password_asks_nobody(certificates: Certificates, tmp_path: Path) -> None:
    key = str(tmp_path / "locked.key")
    certificates._openssl("ec", "-in", certificates.server_key, "-aes256", "-passout", "pass:x", "-out", key)
    with pytest.raises(ValueError, match="has a password, and there is no one to enter it"):
        server_context(certificates.server_cert, key)


def test_options_say_what_they_are() -> None:
    assert repr(TlsOptions("ca")) == (
        "TlsOptions(ca_file='ca', cert_file=None, key_file=None, server_name=None)"
    )


def test_errors_without_numbers_and_places() -> None:
    assert describe(OSError(2, "No such file")) == "[Errno 2] No such file"
