"""Writes the contracts down for other languages: ``python -m schemas.export [--check]``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

import yaml

from schemas.export.asyncapi import asyncapi
from schemas.export.json_schema import file_name, json_schema
from schemas.topics import TOPICS

HERE: Final = Path(__file__).parents[1] / "generated"
_NOTE: Final = "# Written by `python -m schemas.export`; change the contracts in schemas/*.py instead.\n"


def generated() -> dict[str, str]:
    """The text of each file, by its path below `schemas/generated/`."""
    files = {
        f"json/{file_name(topic)}": json.dumps(json_schema(topic), indent=2, ensure_ascii=False) + "\n"
        for topic in TOPICS
    }
    files["asyncapi.yaml"] = _NOTE + yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110)
    return files


def stale(folder: Path) -> list[str]:
    """Paths of files that are missing, not up to date, or not generated any more."""
    files = generated()
    found = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.glob("json/*")}
    if (folder / "asyncapi.yaml").exists():
        found["asyncapi.yaml"] = (folder / "asyncapi.yaml").read_text("utf-8")
    return sorted(path for path in files.keys() | found.keys() if files.get(path) != found.get(path))


def main(arguments: list[str], folder: Path = HERE) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")
    options = parser.parse_args(arguments)
    files = generated()
    for path in stale(folder):
        if options.check:
            print(f"schemas/generated/{path} is stale; run `python -m schemas.export`", file=sys.stderr)
        elif path in files:
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(files[path], "utf-8")
        else:
            (folder / path).unlink()
    return 1 if stale(folder) else 0
