"""Certificates for tests, made by openssl: an authority, a server on 127.0.0.1, and clients."""

import subprocess
from pathlib import Path

KEY_PASSWORD = "key pass'word"


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", self._key, "-out", self.certificate, *_subject("test authority"))

    def issue(self, name: str, password: str = "") -> tuple[Path, Path]:
        """Issues a certificate for CN=`name` on 127.0.0.1; returns it and its key (PKCS#8), encrypted if there is a password."""
        key, plain = self.folder / f"{name}.key", self.folder / f"{name}.plain.key"
        request, certificate = self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        _openssl("req", *_NEW_KEY, "-keyout", plain, "-out", request, *_subject(name))
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial"),
            *("-days", "2", "-extfile", extensions, "-out", certificate),
        )
        encryption = ("-v2", "aes-256-cbc", "-passout", f"pass:{password}") if password else ("-nocrypt",)
        _openssl("pkcs8", "-topk8", "-in", plain, "-out", key, *encryption)
        return certificate, key


_NEW_KEY = ("-newkey", "rsa:2048", "-nodes", "-days", "2")


def _subject(name: str) -> tuple[str, str]:
    return ("-subj", f"/CN={name}")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
