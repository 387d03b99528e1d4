"""Documents that this server signs: PDF with a signature that any reader checks (PAdES).

The key is the server's own: P-256, in a 0600 file beside the database with its self-signed
certificate, made when it is needed first. Who has only the certificate can check. What it is not: a
qualified signature of a person; it says that this server wrote these bytes, and that since then
nobody has changed one (docs/evidence.md).
"""

from __future__ import annotations

import contextlib
import datetime
import io
import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from asn1crypto import cms, pem
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

YEARS = 20
MOST_BYTES = 32 * 1024 * 1024
_FIELD = "Campus"
_RANGE = re.compile(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)\s*\]")


class BadKey(OSError):
    """The file of the document key is none."""


class Broken(ValueError):
    """This is not what was signed; the text says what is wrong."""


class Checked(NamedTuple):
    """signed_utc_s: as the server's clock had it; digest: SHA-256 of the whole file, in hex."""

    signer: str
    signed_utc_s: int
    digest: str


class DocumentKey:
    """certificate: PEM, to give to whoever shall check."""

    def __init__(self, text: bytes):
        try:
            parts = {kind: der for kind, _, der in pem.unarmor(text, multiple=True)}
            key = asn1_keys.PrivateKeyInfo.load(parts["PRIVATE KEY"])
            certificate = asn1_x509.Certificate.load(parts["CERTIFICATE"])
        except (KeyError, ValueError):
            raise BadKey("it holds no key and certificate: restore it from backup") from None
        self.certificate = pem.armor("CERTIFICATE", parts["CERTIFICATE"])
        self._signer = signers.SimpleSigner(certificate, key, SimpleCertificateStore())

    @classmethod
    def beside(cls, database: Path) -> DocumentKey:
        """Read from the file beside `database`, or made. OSError."""
        path = Path(f"{database}.documents")
        if not path.exists():
            _write(path, _made())
        try:
            return cls(path.read_bytes())
        except BadKey as error:
            raise BadKey(f"{path}: {error}") from None

    def sign(self, pdf: bytes, reason: str) -> bytes:
        """The same document, signed; nothing may be changed or added after it."""
        meta = signers.PdfSignatureMetadata(
            field_name=_FIELD,
            md_algorithm="sha256",
            reason=reason,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            subfilter=fields.SigSeedSubFilter.PADES,
        )
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        return signers.sign_pdf(writer, meta, self._signer).getvalue()


def check(pdf: bytes, certificate: bytes) -> Checked:
    """Is every byte what the owner of this certificate (PEM) has signed? Broken."""
    if len(pdf) > MOST_BYTES:
        raise Broken(f"it has more than {MOST_BYTES} bytes")
    try:
        trusted = asn1_x509.Certificate.load(pem.unarmor(certificate)[2])
        signatures = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_signatures
        if len(signatures) != 1:
            raise Broken(f"it has {len(signatures)} signatures, not one")
        context = ValidationContext(trust_roots=[trusted], allow_fetching=False)
        status = validate_pdf_signature(signatures[0], context)
        signer = signatures[0].signer_cert
        told = signatures[0].self_reported_timestamp
    except Broken:
        raise
    except Exception as error:  # whatever a hostile file makes of a reader of PDF
        raise Broken(f"it cannot be read as a signed PDF: {type(error).__name__}") from None
    if not (status.intact and status.valid):
        raise Broken("it was changed after it was signed")
    if not status.trusted or signer.sha256 != trusted.sha256:
        raise Broken("it was signed by somebody else")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE or not status.docmdp_ok:
        raise Broken("something was added after it was signed")
    _no_loose_bytes(pdf, trusted)
    when_s = int(told.timestamp()) if told else 0
    return Checked(signer.subject.human_friendly, when_s, _digest(pdf))


def _no_loose_bytes(pdf: bytes, trusted: asn1_x509.Certificate) -> None:
    """The signature itself stands in a hole of what it signs. Parts of it are signed by nothing,
    and zeros fill it up: it must be, byte for byte, what `sign` would have written. Broken."""
    (found,) = _RANGE.findall(pdf) or [(b"0",) * 4]
    first, before, second, after = map(int, found)
    hole = pdf[before:second]
    if first or second + after != len(pdf) or hole[:1] + hole[-1:] != b"<>":
        raise Broken("its signature does not stand where it must")
    try:
        raw = bytes.fromhex(hole[1:-1].decode("ascii"))
        content = cms.ContentInfo.load(raw)
        (signer,) = content["content"]["signer_infos"]
        rebuilt = _rebuilt(signer, trusted)
    except Exception:
        raise Broken("its signature was changed") from None
    if hole != b"<" + rebuilt.hex().upper().encode().ljust(len(hole) - 2, b"0") + b">":
        raise Broken("its signature was changed")


def _rebuilt(signer: cms.SignerInfo, trusted: asn1_x509.Certificate) -> bytes:
    """The CMS around what of a signer is signed, and its signature (RFC 5652; no more than PAdES
    wants)."""
    digest = {"algorithm": "sha256"}
    whose = {"issuer": trusted.issuer, "serial_number": trusted.serial_number}
    told = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber(whose)),
        "digest_algorithm": digest,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signed_attrs": signer["signed_attrs"],
        "signature": signer["signature"].native,
    }
    data = {
        "version": "v1",
        "digest_algorithms": [digest],
        "encap_content_info": {"content_type": "data"},
        "certificates": [trusted],
        "signer_infos": [told],
    }
    made = {"content_type": "signed_data", "content": cms.SignedData(data)}
    return cms.ContentInfo(made).dump(force=True)


def _digest(pdf: bytes) -> str:
    made = hashes.Hash(hashes.SHA256())
    made.update(pdf)
    return made.finalize().hex()


def _made() -> bytes:
    """A new key and its certificate, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Campus card documents"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, secrets.token_hex(6)),
        ]
    )
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_cert_sign=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),  # fmt: skip
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + made.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, text: bytes) -> None:
    """All of it or nothing, and only for its owner; one that is there already stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
