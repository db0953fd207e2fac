"""Starts the command line: ``python -m infra.cli`` is ``microadjust``."""

import sys
from importlib.util import find_spec
from pathlib import Path

from infra.local.home import PROJECT


def main() -> None:
    if message := shadowed_package():
        print(f"microadjust: {message}", file=sys.stderr)
        raise SystemExit(1)
    # Here, since the commands import the packages that were just looked for.
    from infra.cli.main import app

    app()


def shadowed_package(project: Path = PROJECT) -> str | None:
    """Tells which of our packages Python would import from elsewhere: their names are common words."""
    for name in ("jobs", "udfs", "models", "schemas"):
        spec = find_spec(name)
        folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
        if folder is None or folder.resolve() != (project / name).resolve():
            return f"Python finds another package {name} ({folder}): install microadjust in an environment of its own"
    return None


if __name__ == "__main__":
    main()
