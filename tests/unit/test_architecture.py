"""Imports run one way: schemas <- models <- udfs <- jobs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "models": {"schemas", "models"},
    "udfs": {"schemas", "models", "udfs"},
    "jobs": {"schemas", "models", "udfs", "jobs"},
}
OURS = {*MAY_IMPORT, "infra", "tests"}


ROOMS_OF_INFRA = {
    "kafka": {"gateway", "projector", "cli", "local", "demo", "bench"},
    "redis": {"gateway", "projector", "cli", "local", "demo", "bench"},
    "gateway": {"projector", "cli", "local", "demo", "bench", "simulate"},
    "projector": {"gateway", "cli", "local", "demo", "bench", "simulate"},
}
"""What a package of `infra` must not import: gateway and projector share `kafka`, `redis` and `settings`, nothing else."""


def imported(path: Path) -> Iterator[str]:
    """Top-level packages."""
    return (name.partition(".")[0] for name in imported_modules(path))


def imported_modules(path: Path) -> Iterator[str]:
    """By their full names; of `from a import b` both `a` and `a.b`, since `b` may be a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    paths = list((PROJECT / package).rglob("*.py"))
    assert paths
    for path in paths:
        assert OURS & set(imported(path)) <= MAY_IMPORT[package], path


@pytest.mark.parametrize("package", ROOMS_OF_INFRA)
def test_services_share_only_what_is_meant_to_be_shared(package: str) -> None:
    paths = list((PROJECT / "infra" / package).rglob("*.py"))
    assert paths
    forbidden = {f"infra.{name}" for name in ROOMS_OF_INFRA[package]}
    for path in paths:
        found = {".".join(name.split(".")[:2]) for name in imported_modules(path)}
        assert not forbidden & found, path


def test_nothing_but_infra_and_tests_imports_infra() -> None:
    for package in PROJECT.iterdir():
        if package.name in ("infra", "tests") or package.name.startswith("."):
            continue
        for path in [package] if package.suffix == ".py" else package.rglob("*.py"):
            assert "infra" not in set(imported(path)), path


@pytest.mark.parametrize("package", ["schemas", "models"])
def test_arithmetic_and_contracts_know_no_flink(package: str) -> None:
    for path in (PROJECT / package).rglob("*.py"):
        assert not {"pyflink", "apache_beam", "pemja"} & set(imported(path)), path


def test_nothing_below_the_jobs_can_read_the_environment() -> None:
    for package in MAY_IMPORT:
        for path in (PROJECT / package).rglob("*.py"):
            assert "os" not in set(imported(path)) or path.parent.name == "jobs", path


def test_every_client_of_kafka_is_made_from_a_connection() -> None:
    """Servers alone would leave out TLS and login. The bench's rivals run on an open broker."""
    owners = {
        "infra/kafka/connection.py",
        "jobs/config.py",
        "jobs/java/kafka_access.py",
        "schemas/kafka_security/java_names.py",
    }
    for package in ("infra", "jobs", "schemas"):
        for path in (PROJECT / package).rglob("*.py"):
            place = path.relative_to(PROJECT).as_posix()
            if place.startswith("infra/bench/"):
                continue
            text = path.read_text()
            assert "bootstrap.servers" not in text or place in owners, place
            assert "bootstrap_servers" not in text or place == "jobs/sinks.py", place
            if place.startswith(("infra/gateway/", "infra/projector/")) and not place.endswith("/settings.py"):
                assert "settings.bootstrap" not in text, f"{place}: give settings.kafka"


def java_imports(path: Path) -> set[str]:
    """Imported classes, by what stands between `import` and the semicolon."""
    return set(re.findall(r"^import (?:static )?([\w.]+);$", path.read_text(), re.MULTILINE))


def test_java_is_one_flink_format_that_imports_only_flink_and_itself() -> None:
    sources = [path for package in OURS for path in (PROJECT / package).rglob("*.java")]
    assert sources
    for path in sources:
        place = path.relative_to(PROJECT / "udfs" / "format" / "src")
        allowed: tuple[str, ...] = ("java.", "org.apache.flink.", "microadjust.format.")
        if place.parts[0] == "test":
            allowed = (*allowed, "org.junit.")
        assert [name for name in java_imports(path) if not name.startswith(allowed)] == [], path
