"""Writes the archive of the jobs that `flink run -pyfs` ships: the four packages, compiled modules beside their sources."""

import sys
import zipfile
from pathlib import Path
from typing import Final

from infra.local.home import PROJECT
from infra.packaging.mypyc import CACHE, CompilationError, compile_modules

PACKAGES: Final = ("jobs", "udfs", "models", "schemas")
SHIPPED: Final = (".py", ".yaml", ".json", ".onnx")


def write_archive(target: Path, require_compiled: bool = False, cache: Path = CACHE) -> Path:
    """Writes the archive and returns its path.

    Where the modules cannot be compiled the archive holds sources only and a warning goes to stderr; with
    `require_compiled` that raises `CompilationError` instead, and nothing is written.
    """
    members = sources()
    try:
        members += compile_modules((path for _, path in members if path.suffix == ".py"), cache)
    except CompilationError as error:
        if require_compiled:
            raise
        print(f"not compiled, the job runs as plain Python at about two thirds of the speed: {error}", file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(members):
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target


def sources() -> list[tuple[str, Path]]:
    """Returns (name in the archive, file) of all that is shipped but for compiled modules."""
    found = [path for name in PACKAGES for path in (PROJECT / name).rglob("*")]
    shipped = [path for path in found if path.suffix in SHIPPED and "__pycache__" not in path.parts]
    return [(str(path.relative_to(PROJECT)), path) for path in shipped]


def compiled_modules(archive: Path) -> list[str]:
    """Returns the names of the extension modules in an archive."""
    with zipfile.ZipFile(archive) as packed:
        return [name for name in packed.namelist() if name.endswith(".so")]
