"""Tells the version of the installed package. `pyproject.toml` is the one place where it is written."""

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """Returns the version; "unknown" where the packages are on the path without being installed."""
    try:
        return version("microadjust")
    except PackageNotFoundError:
        return "unknown"
