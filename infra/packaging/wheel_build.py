"""Adds the built tracker to the wheel. Setuptools loads this file by its path: nothing of the project can be imported here."""

import shutil
from pathlib import Path
from typing import Any

from setuptools.command.build_py import build_py
from setuptools.errors import FileError

TRACKER = Path(".build") / "tracker"
"""Where `make` builds the tracker, from the project's folder, in which every build of a wheel runs."""


class BuildWithTracker(build_py):
    """Builds from an empty folder, so that no file of an earlier build gets into the wheel, and adds `infra/tracker/dist`."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        scripts = sorted(TRACKER.glob("*.js*"))
        if not scripts:
            raise FileError(f"the tracker is not built in {TRACKER}: run `make wheel`")
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        target = Path(self.build_lib) / "infra" / "tracker" / "dist"
        target.mkdir(parents=True, exist_ok=True)
        for script in scripts:
            shutil.copyfile(script, target / script.name)

    def get_outputs(self, *args: Any, **kwargs: Any) -> list[str]:
        built = Path(self.build_lib) / "infra" / "tracker" / "dist"
        return [*super().get_outputs(*args, **kwargs), *(str(path) for path in sorted(built.glob("*.js*")))]
