"""A stranger who has the public keys of a site, knows who its readers are, and tries to read or steer their sessions."""

import base64
import json
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote

import httpcore
import httpx

from tests.support.event_builders import event, now_ms
from tests.support.gateway import Gateway

STRANGERS_ADDRESS = "127.0.0.2"
PRIVATE, FORGED = "private-", "forged-"
"""What the readers' records hold, and what the stranger's do."""


class Stranger:
    """Tries one way after the other; `reads` says what was read that should not have been.

    `names` are what the stranger knows of readers: their identities, clock readings, and the ids of their sessions as they
    stand on topics. `keys`: public keys, of the readers' source and of another. `plain` are session ids that a sender made
    up and sends with a public key of the first source: who knows one may add to it with the same key, and with no other.
    """

    def __init__(self, gateway: Gateway, names: list[str], keys: tuple[str, str], plain: set[str], seed: int) -> None:
        transport = httpx.HTTPTransport(local_address=STRANGERS_ADDRESS)
        self._http = httpx.Client(base_url=gateway.url, transport=transport, timeout=15.0)
        self._names, self._keys, self._plain = names, keys, plain
        self._random = Random(seed)
        self._tokens: list[str] = []
        self.tries: Counter[str] = Counter()
        self.reads: list[str] = []
        self.number = 0

    def try_once(self) -> None:
        ways = (self.events, self.token, self.read, self.listen, self.outcomes, self.segment, self.pendo, self.feedback)
        way = self._random.choice(ways)
        self.tries[way.__name__] += 1
        self.number += 1
        answer = way()
        text = answer.text
        if PRIVATE in text:
            self.reads.append(f"{way.__name__}: {answer.request.url} {text[:200]}")
        if answer.status_code < 300 and (token := _token(text)):
            self._tokens.append(token)
            self._try_token(token)

    def _try_token(self, token: str) -> None:
        for name in self._names:
            for path in ("", "/adjustments"):
                text = self._http.get(f"/v1/sessions/{quote(name, safe='')}{path}", params={"token": token}).text
                if PRIVATE in text:
                    self.reads.append(f"token of {_claims(token)} reads {name}: {text[:200]}")

    def _name(self) -> str:
        name = self._random.choice(self._names)
        others = (
            name.upper(),
            f" {name}",
            f"{name} ",
            f"{name}\u200b",
            f"s_{name}",
            f"~{name}",
            f"~{name:0>24}",
            name[:-1],
        )
        return name if self._random.random() < 0.7 else self._random.choice(others)[:64] or "x"

    def _key(self, name: str = "") -> str:
        return self._keys[1] if name in self._plain else self._random.choice(self._keys)

    def _post(self, path: str, body: dict[str, Any], key: str) -> httpx.Response:
        where = self._random.randrange(3)
        if where == 0:
            return self._http.post(path, json=body, headers={"x-write-key": key})
        if where == 1:
            basic = base64.b64encode(f"{key}:".encode()).decode()
            return self._http.post(path, json=body, headers={"authorization": f"Basic {basic}"})
        return self._http.post(path, json={**body, "write_key": key, "writeKey": key})

    def _with_token(self, body: dict[str, Any]) -> dict[str, Any]:
        if self._tokens and self._random.random() < 0.5:
            body["token"] = self._random.choice(self._tokens)
        return body

    def events(self) -> httpx.Response:
        name = self._name()
        sent = event(session_id=name, content_id=f"{FORGED}{self.number}", user_id=self._random.choice((name, None)))
        return self._post("/v1/events", self._with_token({"events": [sent]}), self._key(name))

    def token(self) -> httpx.Response:
        name = self._name()
        return self._post("/v1/push-token", self._with_token({"session_id": name}), self._key())

    def read(self) -> httpx.Response:
        name = self._name()
        if self._random.random() < 0.2:
            return self._post("/v1/sessions/query", {"session_ids": self._names}, self._key())
        path = f"/v1/sessions/{quote(name, safe='')}{self._random.choice(('', '/adjustments'))}"
        if self._random.random() < 0.5:
            return self._http.get(path, headers={"x-write-key": self._key()})
        return self._http.get(path, params={"token": self._some_token()})

    def listen(self) -> httpx.Response:
        query = {"session_id": self._name(), "token": self._some_token()}
        path = self._random.choice(("/v1/push/events", "/v1/push", "/v1/push/all"))
        if path == "/v1/push/events":
            with self._http.stream("GET", path, params=query) as answer:
                if answer.status_code != 200:
                    answer.read()
                    return answer
                # A listener gets at once what is in force for its session.
                text = "".join(next(answer.iter_text(), "") for _ in range(1))
            return httpx.Response(200, text=text, request=answer.request)
        upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
                   "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
        with self._http.stream("GET", path, params=query, headers=upgrade) as answer:
            if answer.status_code != 101:
                answer.read()
                return answer
            stream = answer.extensions["network_stream"]
            try:
                text = stream.read(65_536, timeout=0.2).decode("utf-8", "replace")
            except httpcore.ReadTimeout:
                # Nothing was pushed. Any other error would be a try that was not made.
                text = ""
            stream.close()
        return httpx.Response(200, text=text, request=answer.request)

    def outcomes(self) -> httpx.Response:
        sent = {"command_id": f"{FORGED}{self.number}", "session_id": self._name(), "status": "failed",
                "occurred_at_ms": now_ms()}  # fmt: skip
        return self._post("/v1/outcomes", self._with_token({"outcomes": [sent]}), self._key())

    def segment(self) -> httpx.Response:
        name, other = self._name(), self._name()
        message: dict[str, Any] = {"event": "Teaser Clicked", "properties": {"content_id": f"{FORGED}{self.number}"}}
        message |= self._random.choice(
            (
                {"userId": name},
                {"anonymousId": name},
                {"userId": name, "anonymousId": other},
                {"userId": name, "context": {"sessionId": other}},
                {"anonymousId": f"stranger-{self.number}", "context": {"sessionId": name}},
            )
        )
        key = self._keys[1] if self._plain & {name, other} else self._key()
        return self._post("/v1/track", message, key)

    def pendo(self) -> httpx.Response:
        body = {
            "event": "x",
            "visitorId": self._name(),
            "timestamp": now_ms() / 1000,
            "uniqueId": f"{FORGED}{self.number}",
        }
        signature = self._random.randbytes(32).hex() if self._random.random() < 0.5 else ""
        return self._http.post("/v1/webhooks/product", json=body, headers={"x-pendo-signature": signature})

    def feedback(self) -> httpx.Response:
        name = self._name()
        body = {"session_id": name, "rating": 1, "content_id": f"{FORGED}{self.number}"}
        return self._post("/v1/feedback", self._with_token(body), self._key(name))

    def _some_token(self) -> str:
        if not self._tokens or self._random.random() < 0.2:
            return self._random.choice(self._keys)
        token = self._random.choice(self._tokens)
        if self._random.random() < 0.3:
            # The same signature over another session.
            version, _, signature = token.split(".")
            payload = json.dumps({"s": self._name(), "e": now_ms() + 60_000}).encode()
            return f"{version}.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{signature}"
        return token


def _token(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("push_token", "")) if isinstance(found, dict) else ""


def _claims(token: str) -> str:
    payload = token.split(".")[1]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
