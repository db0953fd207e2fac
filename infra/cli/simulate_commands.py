"""simulate: the command that writes recordings of simulated readers."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.output import Json, errors, show
from infra.cli.output_files import OutputFileError, require_place
from infra.simulate.behaviours import BEHAVIOURS
from infra.simulate.ground_truth import Truth
from infra.simulate.recording import RecordingError
from infra.simulate.scenario import Scenario

MIN_AFTER_ONSET_MIN = 6.0
"""A change lasts four minutes, and ends 90 s before its session."""


def simulate(
    target: Annotated[
        Path | None, typer.Argument(help="Recording to write; compressed if its name ends in .gz.")
    ] = None,
    seconds: Annotated[int, typer.Option(min=480, help="Length of the recording in event time.")] = 600,
    ordinary: Annotated[int, typer.Option(min=1, help="Number of readers without planted behaviour.")] = 20,
    per_behaviour: Annotated[
        int, typer.Option("--per-behaviour", "--each", min=0, help="Number of readers for each planted behaviour.")
    ] = 3,
    behaviours: Annotated[
        str, typer.Option(help="Behaviours to plant, separated by commas: " + ", ".join(BEHAVIOURS))
    ] = ",".join(BEHAVIOURS),
    faults: Annotated[
        bool,
        typer.Option(
            "--faults/--no-faults",
            "--accidents/--no-accidents",
            help="Whether to include late, repeated and broken records.",
        ),
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers: equal seeds give equal recordings.")] = 1,
    world: Annotated[
        str,
        typer.Option(
            help="Write readers of this world instead: their habits never change, but for the changes planted. list shows "
            "the worlds. The options above, but for --seed, do not apply."
        ),
    ] = "",
    readers: Annotated[int, typer.Option(min=1, help="World: number of readers.")] = 60,
    minutes: Annotated[float, typer.Option(min=2, help="World: length of a session in minutes.")] = 40.0,
    changes: Annotated[
        str,
        typer.Option(help="World: changes to plant, one a reader in turn, separated by commas; all, or none."),
    ] = "all",
    onset_min: Annotated[
        float, typer.Option(min=0, help="World: minutes of a session after which its change begins at the earliest.")
    ] = 10.0,
    earlier: Annotated[
        int, typer.Option(min=0, help="World: readers that come before the others; without them the site is new.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Write a recording of simulated readers with planted behaviours, and its ground truth beside it."""
    with errors():
        if world == "list":
            _show_worlds(as_json)
            return
        if target is None:
            raise RecordingError("TARGET is missing: name the file to write")
        require_place(target, "TARGET")
        chosen = tuple(name for name in behaviours.split(",") if name)
        unknown = sorted(set(chosen) - BEHAVIOURS.keys())
        if unknown and not world:
            raise RecordingError(f"--behaviours: {unknown[0]} is not known; there are {', '.join(BEHAVIOURS)}")
        try:
            if world:
                truth = _write_world(target, world, readers, minutes, changes, onset_min, earlier, seed)
            else:
                truth = Scenario(seconds, ordinary, per_behaviour, seed, faults, chosen).write(target)
        except OSError as error:
            raise OutputFileError(f"TARGET {target} cannot be written: {error.strerror}") from None
        row = {"recording": str(target), "events": truth.events, "episodes": len(truth.episodes)}
        show([row], as_json, "")


def _show_worlds(as_json: bool) -> None:
    # Here, since the worlds need numpy, which a gateway has not.
    from infra.simulate.worlds.catalogue import WORLDS

    show([{"world": each.name, "readers": each.text} for each in WORLDS.values()], as_json, "")


def _write_world(
    target: Path,
    world: str,
    readers: int,
    minutes: float,
    changes: str,
    onset_min: float,
    earlier: int,
    seed: int,
) -> Truth:
    from infra.simulate.worlds.catalogue import WORLDS
    from infra.simulate.worlds.recording import MINUTE_MS, WorldRecording

    if seed < 0:
        raise RecordingError(f"--seed: {seed} is below 0; a world takes seeds from 0 on")
    if world not in WORLDS:
        raise RecordingError(f"--world: {world} is not known; there are {', '.join(WORLDS)}")
    can_show = WORLDS[world].changes
    named = {"all": can_show, "none": ()}
    chosen = named[changes] if changes in named else tuple(name for name in changes.split(",") if name)
    unknown = [name for name in chosen if name not in can_show]
    if unknown:
        raise RecordingError(f"--changes: readers of {world} do not show {unknown[0]}; they show {', '.join(can_show)}")
    if chosen and minutes < onset_min + MIN_AFTER_ONSET_MIN:
        raise RecordingError(
            f"--minutes: a change after minute {onset_min:g} needs sessions of {onset_min + MIN_AFTER_ONSET_MIN:g} minutes"
        )
    recording = WorldRecording(
        world, readers, minutes, seed, chosen, earliest_ms=onset_min * MINUTE_MS, earlier=earlier
    )
    return recording.write(target)
