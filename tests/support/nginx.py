"""nginx with the configuration that the documentation gives, in front of gateways on this machine."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.local import processes
from infra.local.home import PROJECT, Home
from tests.support.gateway import Gateway

UNPACKED = PROJECT / ".build" / "nginx" / "usr" / "sbin"
NGINX = shutil.which("nginx") or shutil.which("nginx", path=f"/usr/sbin:{UNPACKED}")
CONFIG = PROJECT / "infra" / "gateway" / "nginx.conf"


@contextmanager
def nginx_before(gateways: Sequence[Gateway], home: Home) -> Iterator[int]:
    """Yields the port of an nginx that knows two gateways."""
    assert NGINX is not None
    port = processes.free_port(0)
    folder = home.folder(f"nginx-{port}")
    for part in ("temp", "logs"):
        (folder / part).mkdir()
    config = folder / "nginx.conf"
    config.write_text(_configured(folder, port, [each.port for each in gateways]))
    log = home.log(f"nginx-{port}")
    argv = [NGINX, "-p", str(folder), "-c", str(config), "-e", "stderr", "-g", f"daemon off; pid {folder}/pid;"]
    service = processes.start(argv, log, {}, {"http": port})
    try:
        processes.wait_until(lambda: processes.listens(port), "nginx", service, log)
        yield port
    finally:
        processes.stop(service)


def _configured(folder: Path, port: int, gateways: Sequence[int]) -> str:
    text = CONFIG.read_text()
    for written, used in (("8480", gateways[0]), ("8481", gateways[1])):
        assert f"server 127.0.0.1:{written} " in text
        text = text.replace(f"server 127.0.0.1:{written} ", f"server 127.0.0.1:{used} ")
    assert "listen 8080;" in text
    temporary = "".join(
        f"    {name}_temp_path {folder}/temp/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("http {\n", "http {\n" + temporary)
