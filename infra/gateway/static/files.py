"""Serves the files of a folder, by a fixed list of names and content types."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from starlette.responses import Response

CONTENT_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def page_headers(
    content_security_policy: str, *, cache: str = "no-store", referrer: str = "no-referrer"
) -> dict[str, str]:
    """Headers of every page of the gateway: its own policy, no content sniffing."""
    return {
        "content-security-policy": content_security_policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": referrer,
        "cache-control": cache,
    }


class FolderFiles:
    """The files of a folder whose suffix is in `suffixes`, all sent with the same headers.

    A requested name is looked up in the list of these files and never joined to a path, so nothing else can be reached.
    """

    def __init__(
        self,
        folder: Path,
        headers: Mapping[str, str],
        suffixes: Iterable[str] = CONTENT_TYPES,
        *,
        with_subfolders: bool = True,
    ) -> None:
        self._folder, self._headers, self._suffixes = folder, headers, frozenset(suffixes)
        self._pattern = "**/*" if with_subfolders else "*"

    def response(self, name: str) -> Response | None:
        """Returns the file of that name, relative to the folder; None if it is not on the list."""
        path = self._files().get(name)
        if path is None:
            return None
        return Response(path.read_bytes(), headers=self._headers, media_type=CONTENT_TYPES[path.suffix])

    def _files(self) -> dict[str, Path]:
        """Lists the folder anew, so that a rebuild shows without a restart."""
        found = (path for path in self._folder.glob(self._pattern) if path.suffix in self._suffixes and path.is_file())
        return {path.relative_to(self._folder).as_posix(): path for path in found}
