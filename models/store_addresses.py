"""Addresses of version stores: opening one, and showing one without the secrets that it may hold."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from models.model_store import ModelError
from models.version_files import FolderFiles, VersionFiles

_USER: Final = re.compile(r"[^:/@?#]*:(?!\d+(?:/|$)).*@", re.DOTALL)
"""user:password@. To the last @, since keys of S3 may hold a / and passwords an @; the colon before a port begins none."""

_USER_WITHIN: Final = re.compile(r"(?<=://)[^\s/@:]*:[^\s@]*@")
_QUERY_WITHIN: Final = re.compile(r"(://[^\s?'\"]*)\?[^\s'\"]*")


def files_at(location: str) -> VersionFiles:
    """Opens a path, a file:// address, or another address through fsspec. Raises `ModelError` where that is not possible."""
    if location.lower().startswith("file:"):
        return FolderFiles(_folder_at(location))
    protocol, separator, path = location.partition("://")
    if not location.strip() or (separator and not (protocol.strip() and path.strip())):
        raise ModelError(
            f"the store's address {location!r} names no place: give a folder, or an address such as file:///path or s3://bucket/path"
        )
    if not separator:
        return FolderFiles(Path(location))
    # Only here, for the job has models/ without fsspec.
    from models.object_store_files import ObjectStoreFiles

    return ObjectStoreFiles(location)


def _folder_at(address: str) -> Path:
    """Returns the folder of a file:// address, whose path is absolute: with another one the store would be somewhere else.

    >>> _folder_at("file:///data/my%20models")
    PosixPath('/data/my models')
    """
    path = address[len("file:") :].removeprefix("//")
    if not address[len("file:") :].startswith("///") or not path.strip("/ "):
        raise ModelError(
            f"{address}: an address of a folder is file:///path, with three slashes and the whole path; a path may be given alone"
        )
    try:
        plain = unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise ModelError(f"{address}: what % stands before is no UTF-8: {error}") from None
    if "\0" in plain:
        raise ModelError(f"{address}: the path of a folder holds no %00")
    return Path(plain)


def shown_address(location: str) -> str:
    """Returns an address without user:password@ and without what follows a question mark; a path as it is.

    >>> shown_address("sftp://eva:secret@host:22/models?token=abc")
    'sftp://host:22/models'
    >>> shown_address("abfs://container@account.dfs.core.windows.net/models")
    'abfs://container@account.dfs.core.windows.net/models'
    """
    protocol, separator, rest = location.partition("://")
    if not separator:
        return location
    return protocol + separator + re.split(r"[?#]", _USER.sub("", rest, count=1), maxsplit=1)[0].rstrip("/")


def without_secrets(text: str, location: str) -> str:
    """Returns a driver's message without the secrets of the address that was given to it, in one line.

    >>> without_secrets("no bucket eva:secret@b", "s3://eva:secret@b/models")
    'no bucket b'
    >>> without_secrets("secret is wrong", "s3://eva:secret@b/models")
    ''
    """
    rest = location.partition("://")[2]
    user = _USER.match(rest)
    given = "" if user is None else user.group()
    query = rest.removeprefix(given).partition("?")[2]
    told = " ".join(text.split())
    if given:
        told = told.replace(given, "")
    told = _QUERY_WITHIN.sub(r"\1", _USER_WITHIN.sub("", told))
    secrets = (given.partition(":")[2].removesuffix("@"), query)
    return "" if any(each and each in told for each in secrets) else told
