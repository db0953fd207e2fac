"""Prints the requirements of the named sets of pyproject.toml: ``python infra/requirements/sets.py job edge``."""

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def requirements(name: str) -> list[str]:
    """Returns a set: `edge` is the project's dependencies, the others are extras or dependency groups."""
    document = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    project = document["project"]
    sets = {**document["dependency-groups"], **project["optional-dependencies"], "edge": project["dependencies"]}
    found: list[str] = sets[name]
    return found


if __name__ == "__main__":
    print("\n".join(dict.fromkeys(line for name in sys.argv[1:] for line in requirements(name))))
