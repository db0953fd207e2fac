"""Holds built scripts in memory, each as it stands and compressed, and answers requests for them."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response

BEST_FIRST: Final = ("br", "gzip", "identity")


@dataclass(frozen=True, slots=True)
class CompressedScript:
    """One script. `bodies` holds its bytes by content coding; `identity` is always there."""

    bodies: Mapping[str, bytes]
    digest: str

    @classmethod
    def read(cls, path: Path) -> "CompressedScript":
        """Reads a script and its Brotli form beside it, where the build has left one, and compresses it by gzip."""
        script = path.read_bytes()
        bodies = {"identity": script, "gzip": gzip.compress(script, 9, mtime=0)}
        brotli = path.with_name(f"{path.name}.br")
        if brotli.is_file():
            bodies["br"] = brotli.read_bytes()
        return cls(bodies, hashlib.sha256(script).hexdigest()[:16])

    def response(self, request: Headers, headers: Mapping[str, str]) -> Response:
        """Answers with the smallest form that the client takes, or 304 where the client has that form already."""
        coding = next(each for each in BEST_FIRST if each in self.bodies and is_accepted(each, request))
        # A strong entity tag names bytes, so each form has its own.
        tag = f'"{self.digest}-{coding}"'
        sent = {**headers, "etag": tag, "vary": "accept-encoding"}
        if holds(request.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=sent)
        if coding != "identity":
            sent["content-encoding"] = coding
        return Response(self.bodies[coding], headers=sent, media_type="text/javascript")


def is_accepted(coding: str, request: Headers) -> bool:
    """Whether the client takes the content coding; identity always, since there is nothing else to send.

    >>> is_accepted("br", Headers({"accept-encoding": "gzip, br;q=0.8"}))
    True
    >>> is_accepted("br", Headers({"accept-encoding": "br;q=0, *"}))
    False
    """
    if coding == "identity":
        return True
    weights: dict[str, bool] = {}
    for part in ",".join(request.getlist("accept-encoding")).split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip().lower()] = _weight(parameters) > 0
    return weights.get(coding, weights.get("*", False))


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def holds(if_none_match: str, tag: str) -> bool:
    """Whether the header names the entity tag. Proxies may have weakened it.

    >>> holds('"a", W/"b"', '"b"'), holds("*", '"b"'), holds('"a"', '"b"')
    (True, True, False)
    """
    named = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in named or named == ["*"]
