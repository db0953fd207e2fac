"""Prints what a page loads of the tracker, in bytes on the wire: `python -m infra.bench.tracker_sizes [ORIGIN]`.

Without an address of a gateway, a server of this process is asked.
"""

import re
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette

from infra.gateway.static.tracker import routes, tracker_folder

MAX_BYTES: Final = {"adjust": 4096, "movements": 2048, "client": 2560}
"""By Brotli, which every browser of the last years takes over TLS and from its own machine."""


@contextmanager
def serving() -> Iterator[str]:
    """Serves the built tracker on a port of the system's choice, and yields the origin."""
    app = Starlette(routes=routes(tracker_folder()))
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise OSError("the server has not started")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def fetched(url: str, coding: str) -> bytes:
    """The body as it comes, not decompressed."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": coding})
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def wire_bytes(origin: str) -> dict[str, dict[str, int]]:
    """Bytes of the core and of the parts that it names, by content coding."""
    core = fetched(f"{origin}/t/adjust.js", "identity").decode()
    version = re.findall(r"\.([0-9a-f]{6})\.js", core)[0]
    names = {name: name if name == "adjust" else f"{name}.{version}" for name in MAX_BYTES}
    return {
        name: {coding: len(fetched(f"{origin}/t/{file}.js", coding)) for coding in ("br", "gzip", "identity")}
        for name, file in names.items()
    }


def table(sizes: dict[str, dict[str, int]]) -> str:
    lines = [f"{'file':10} {'br':>6} {'limit':>6} {'gzip':>6} {'plain':>6}"]
    lines += [
        f"{name:10} {each['br']:6} {MAX_BYTES[name]:6} {each['gzip']:6} {each['identity']:6}"
        for name, each in sizes.items()
    ]
    return "\n".join(lines)


def main() -> None:
    if len(sys.argv) > 1:
        print(table(wire_bytes(sys.argv[1].rstrip("/"))))
        return
    with serving() as origin:
        print(table(wire_bytes(origin)))


if __name__ == "__main__":
    main()
