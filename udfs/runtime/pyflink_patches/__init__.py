"""Patches of PyFlink's thread mode that make it faster and change nothing else.

They replace methods of PyFlink for all jobs of a TaskManager's interpreter, so they are applied only to the release they were
written for. Each patch says which change of PyFlink retires it. The job option `pyflink_patches` switches them off.
"""

import logging
from functools import cache
from typing import Final

from pyflink.version import __version__ as installed_version

from udfs.runtime.pyflink_patches import empty_results, row_conversion

_log: Final = logging.getLogger(__name__)

PATCHED_VERSION: Final = "2.3.0"


def apply(version: str = installed_version) -> int:
    """Applies the patches where PyFlink is of `PATCHED_VERSION`. Returns how many are in force: none outside of thread mode."""
    return sum(patch.apply() for patch in (row_conversion, empty_results)) if _is_supported(version) else 0


@cache
def _is_supported(version: str) -> bool:
    """Whether the patches fit this release. Logs a line if not, once in each interpreter."""
    if version != PATCHED_VERSION:
        _log.warning("PyFlink is not patched: the patches are for %s, this is %s", PATCHED_VERSION, version)
    return version == PATCHED_VERSION
