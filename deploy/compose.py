"""The folder of secrets that docker-compose.yml and docker-compose.tls.yml mount: made once, kept by its owner.

The folder is its owner's alone (0700). What lies in it is readable, because every container runs as a user of its own
and is given single files of it.
"""

import ipaddress
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.keys import SERVICES, ensure_keys, write_once
from deploy.local.postgres import owner_of
from deploy.local.trouble import Trouble

NOBODY = "http://127.0.0.1:9/"
"""Where alarms go until their owner writes the address of a paging service into the file: nobody listens there."""
_LASTS = timedelta(days=825)
_CA_LASTS = timedelta(days=3650)


def ensure_secrets(folder: Path, *, now: datetime, kafka_host: str = "localhost") -> None:
    """Keys of the services, passwords, certificates of Kafka. What is there is kept.

    Raises `Trouble` when the folder is used for something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / "intake" / "service.jwk").exists():
        raise Trouble(f"{folder} holds something else already: name a new or an empty folder.")
    folder.chmod(0o700)
    ensure_keys(folder)
    _ensure_passwords(folder)
    _ensure_certificates(folder / "kafka", now=now, host=kafka_host)
    _open_what_is_mounted(folder)


def _open_what_is_mounted(folder: Path) -> None:
    for name in (*SERVICES, "postgres", "kafka", "sign_in", "alarms"):
        for path in (folder / name, *(folder / name).rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "kafka" / "ca.key").chmod(0o600)


def _ensure_passwords(folder: Path) -> None:
    write_once(folder / "postgres" / "postgres", secrets.token_hex(24))
    for client in ("client_secret", "intake_client_secret"):
        write_once(folder / "sign_in" / client, secrets.token_hex(24))
    for url in ("alarm_url", "heartbeat_url"):
        write_once(folder / "alarms" / url, NOBODY)
    for service in SERVICES:
        write_once(folder / "postgres" / service, secrets.token_hex(24))
        write_once(folder / "kafka" / service, secrets.token_hex(24))
        write_once(folder / "postgres" / owner_of(service), secrets.token_hex(24))
        write_once(folder / service / "database_url", _database_url(folder / "postgres", service, role=service))
        # Not in the service's own folder: its processes are given the whole of that.
        url = _database_url(folder / "postgres", service, role=owner_of(service))
        write_once(folder / "postgres" / f"{owner_of(service)}_url", url)


def _database_url(passwords: Path, service: str, *, role: str) -> str:
    return f"postgresql://{role}:{(passwords / role).read_text(encoding='ascii')}@postgres:5432/{service}"


def _ensure_certificates(folder: Path, *, now: datetime, host: str) -> None:
    """`ca` signs what the broker and the administrator (both with key) show each other; `ca.key` stays on the host."""
    if not (folder / "ca.key").exists():
        key = ec.generate_private_key(ec.SECP256R1())
        issued = _certificate("ca", key.public_key(), issuer="ca", signer=key, now=now, lasts=_CA_LASTS)
        write_once(folder / "ca", _pem(issued))
        write_once(folder / "ca.key", _pem(key))
    signer = load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    for path, name, hosts in (("broker", "kafka", ("kafka", "localhost", "127.0.0.1", host)), ("admin", "admin", ())):
        key = ec.generate_private_key(ec.SECP256R1())
        issued = _certificate(name, key.public_key(), issuer="ca", signer=signer, now=now, lasts=_LASTS, hosts=hosts)
        write_once(folder / path, _pem(key) + _pem(issued))


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    *,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime,
    lasts: timedelta,
    hosts: tuple[str, ...] = (),
) -> x509.Certificate:
    draft = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if name != issuer:
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        draft = draft.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if hosts:
        draft = draft.add_extension(x509.SubjectAlternativeName([_host(host) for host in dict.fromkeys(hosts)]), False)
    return draft.sign(signer, SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(what: x509.Certificate | ec.EllipticCurvePrivateKey) -> str:
    if isinstance(what, x509.Certificate):
        return what.public_bytes(Encoding.PEM).decode()
    return what.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
