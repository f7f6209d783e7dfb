"""A GitHub App's private key, out of its PEM text."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def read_key(pem: str) -> RSAPrivateKey | None:
    """The RSA key in a PEM text, PKCS#1 or PKCS#8; None if there is no such key in it.

    Newlines may be literal backslash-n, as they often are in environment variables.
    """
    text = pem.replace("\\r", "").replace("\\n", "\n").strip() + "\n"
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPrivateKey) else None
