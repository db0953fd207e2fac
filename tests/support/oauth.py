"""An OAuth server for tests: client credentials in, signed tokens out; the broker reads its public key from a file."""

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

CLIENT, SECRET = "nobody", "oauth secret:%+"
KEY_ID: Final = "test-key"
LIFE_S: Final = 600


class Issuer:
    """Signs tokens for the one client it knows."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._key = folder / "oauth.key"
        subprocess.run(["openssl", "genrsa", "-out", str(self._key), "2048"], check=True, capture_output=True)
        asked = ["openssl", "rsa", "-in", str(self._key), "-noout", "-modulus"]
        modulus = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip().partition("=")[2]
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": KEY_ID,
            "n": _text(bytes.fromhex(modulus)),
            "e": "AQAB",
        }
        self.keys = folder / "jwks.json"
        self.keys.write_text(json.dumps({"keys": [key]}))

    def token(self, subject: str) -> str:
        now_s = int(time.time())
        parts = (
            {"alg": "RS256", "kid": KEY_ID},
            {"sub": subject, "iat": now_s - 5, "exp": now_s + LIFE_S, "scope": "kafka"},
        )
        signed = ".".join(_text(json.dumps(each).encode()) for each in parts)
        asked = ["openssl", "dgst", "-sha256", "-sign", str(self._key)]
        return f"{signed}.{_text(subprocess.run(asked, input=signed.encode(), check=True, capture_output=True).stdout)}"

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answers at the address that it yields."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
                is_known = given == f"{CLIENT}:{SECRET}"
                answer: dict[str, Any] = {"error": "invalid_client"}
                if is_known:
                    answer = {"access_token": issuer.token(CLIENT), "token_type": "Bearer", "expires_in": LIFE_S}
                body = json.dumps(answer).encode()
                self.send_response(200 if is_known else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/token"
            finally:
                server.shutdown()
                thread.join()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
