"""Verifies an envelope with securesystemslib, or makes one.

verify-dsse.py ENVELOPE PUBLIC        exit 0 if the key signed it, 1 if not; PUBLIC is a line of SSH
verify-dsse.py --make KIND ENVELOPE PUBLIC
"""

import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def verify(envelope: Path, public: Path) -> int:
    key = SSlibKey.from_crypto(load_ssh_public_key(public.read_bytes()))
    read = Envelope.from_dict(json.loads(envelope.read_text()))
    assert read.payload_type == PAYLOAD_TYPE, read.payload_type
    try:
        read.verify([key], 1)
    except VerificationError as error:
        print(error)
        return 1
    return 0


def make(kind: str, envelope: Path, public: Path) -> int:
    signer = CryptoSigner.generate_ed25519() if kind == "ed25519" else CryptoSigner.generate_ecdsa()
    made = Envelope(b'{"_type":"https://in-toto.io/Statement/v1"}', PAYLOAD_TYPE, {})
    made.sign(signer)
    envelope.write_text(json.dumps(made.to_dict()))
    value = signer.public_key.keyval["public"]
    if kind == "ed25519":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(value))
        public.write_bytes(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    else:
        # As it stands there: in PEM.
        load_pem_public_key(value.encode())
        public.write_text(value)
    return 0


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--make":
        sys.exit(make(words[1], Path(words[2]), Path(words[3])))
    sys.exit(verify(Path(words[0]), Path(words[1])))
