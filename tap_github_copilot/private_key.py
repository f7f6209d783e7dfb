"""A GitHub App's private key, from its PEM as people paste it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from textwrap import wrap

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_ESCAPED_NEWLINE = re.compile(r"(?:\\+[rn])+")
_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]+")
_PEM_LINE = 64  # characters


def read_key(text: str | bytes) -> RSAPrivateKey | None:
    """The RSA key in a PEM, PKCS#1 or PKCS#8; None if there is no such key in it.

    Newlines may be literal backslash-n, as they often are in environment variables, or any
    white space; the whole PEM may be in base64; a file may be UTF-8 or UTF-16.
    """
    if isinstance(text, bytes):
        # Undocumented, but this is how `json.loads` reads bytes since Python 3.6.
        text = text.decode(json.detect_encoding(text), errors="replace")
    match = _PEM.search(text) or _PEM.search(_from_base64(text))
    if match is None:
        return None
    label, body = match.groups()
    lines = wrap("".join(_ESCAPED_NEWLINE.sub("", body).split()), _PEM_LINE)
    pem = "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPrivateKey) else None


def _from_base64(text: str) -> str:
    """What a text in base64 (either alphabet, in any lines) stands for; else nothing."""
    letters = "".join(_ESCAPED_NEWLINE.sub("", text).split())
    if not _BASE64.fullmatch(letters):
        return ""
    try:
        letters = letters.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("latin-1")
    except (ValueError, binascii.Error):
        return ""
