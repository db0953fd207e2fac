"""learn: the command that runs the learner in the foreground."""

import os
import shlex
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.durations import DurationError, duration_ms
from infra.cli.output import err, errors
from infra.kafka.reading import StreamError
from infra.logs import configure_logging
from models.predictions.kinds import DETECTOR_KINDS, PREDICTION_KINDS
from schemas.model_cards import MODEL_ID
from schemas.unreadable import UNREADABLE

MIN_SCHEDULE_MS: Final = 3_600_000
"""Drift starts no training more often, either."""


def require_models(names: Sequence[str], has_hook: bool) -> None:
    """Raises `BadParameter` for a name that nothing could train. Commands of one's own may know other models."""
    known = (*PREDICTION_KINDS, *DETECTOR_KINDS)
    for name in names:
        kind = name.partition(".")[0]
        if not MODEL_ID.fullmatch(name) or not (has_hook or kind in known):
            raise typer.BadParameter(
                f"{name[:80]!r} is no model to train again; there are {', '.join(known)}, or give --hook",
                param_hint="--retrain",
            )


def require_commands(hooks: Sequence[str]) -> None:
    """Raises `BadParameter` for what could not be started: it would be found when the first drift is."""
    for hook in hooks:
        try:
            words = shlex.split(hook)
        except ValueError as error:
            raise typer.BadParameter(f"{hook[:80]!r} is no command: {error}", param_hint="--hook") from None
        if not words:
            raise typer.BadParameter("an empty command", param_hint="--hook")


def schedule_ms(text: str, has_models: bool) -> int | None:
    """The milliseconds between two scheduled retrainings; None where there are none. Raises `BadParameter` for what is no
    duration, for less than an hour, and where no model is named that could be trained."""
    if not text:
        return None
    try:
        found = duration_ms(text, "--retrain-every")
    except DurationError as error:
        raise typer.BadParameter(str(error)) from None
    if found < MIN_SCHEDULE_MS:
        raise typer.BadParameter(f"--retrain-every {text}: give an hour at least, as 1h or 24h")
    if not has_models:
        raise typer.BadParameter(
            "--retrain-every trains the models of --retrain: give one at least, as --retrain length"
        )
    return found


def learn(
    segments: Annotated[
        int, typer.Option(min=0, max=12, help="Segments to begin with; 0 to find out how many there are.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first grouping.")] = 0,
    refresh_rows: Annotated[
        int, typer.Option(min=100, help="Publish segments after so many rows; a row is a minute of a reader.")
    ] = 1_000,
    look_back_minutes: Annotated[
        int, typer.Option(min=0, help="How much of features.v1 to read again at the start; 0 for all of it.")
    ] = 60,
    model_card: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="Card of a model (JSON) whose training range drift is told against; by default that of a model in force.",
        ),
    ] = None,
    reference_sessions: Annotated[
        int,
        typer.Option(
            min=100,
            help="Sessions to compare with where no training range is known, or too few of its sessions are kept.",
        ),
    ] = 1_000,
    range_sessions: Annotated[int, typer.Option(min=40, help="Sessions after which to look for drift.")] = 200,
    retrain: Annotated[
        list[str] | None,
        typer.Option(help="Model to train again on drift of readers or its scores; can be given several times."),
    ] = None,
    retrain_every: Annotated[
        str,
        typer.Option(
            help="Train the models of --retrain again after so long without a retraining, as 24h or 7d; empty for drift alone."
        ),
    ] = "",
    hook: Annotated[
        list[str] | None,
        typer.Option(
            help="Command of a retraining, {model} stands for the name, {version} for what the one before trained; given "
            "several times, each runs if the one before succeeded. By default a training on seven days and a promotion."
        ),
    ] = None,
    roll_back: Annotated[
        bool, typer.Option(help="Run models rollback where a fresh version does worse live than those before it.")
    ] = True,
    once: Annotated[bool, typer.Option("--once", help="Read what stands on features.v1, and end.")] = False,
    bootstrap: Bootstrap = "",
) -> None:
    """Learn segments from features.v1, follow live models by outcomes.v1, raise alerts on drift, and start retrainings.

    Runs until interrupted. Only one should run for a site.
    """
    require_models(retrain or [], bool(hook))
    require_commands(hook or [])
    every_ms = schedule_ms(retrain_every, bool(retrain))
    configure_logging("auto")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with errors():
        # Here, since the other commands need not wait for numpy.
        from infra.learner.command_environment import command_environment
        from infra.learner.model_hook import DEFAULT_COMMANDS, ROLLBACK_COMMAND, ModelHook
        from infra.learner.service import LearnerService, LearnerSettings
        from models.segments.learner import LearningOptions

        kafka = resolve_kafka(bootstrap)
        environ = command_environment(kafka, os.environ)
        settings = LearnerSettings(
            kafka,
            LearningOptions(segments=segments or None, refresh_rows=refresh_rows, seed=seed),
            look_back_minutes * 60_000 or None,
            None if model_card is None else training_range(model_card),
            reference_sessions,
            range_sessions,
            tuple(retrain or ()),
            every_ms,
        )
        service = LearnerService(
            settings,
            ModelHook(*((hook or DEFAULT_COMMANDS) if retrain else ()), environ=environ),
            ModelHook(*([ROLLBACK_COMMAND] if roll_back else []), environ=environ),
        )
        err.print(f"learning from features.v1 at {settings.kafka}")
        service.run(stop, once)
    found = [] if service.learner is None else service.learner.segments.publisher.segments
    late = 0 if service.learner is None else service.learner.minutes.late
    left_out = f"{service.unreadable} unreadable, {late} late, {service.ahead} dated ahead"
    err.print(f"{service.rows} rows read, {left_out}; {len(found)} segments")


def training_range(path: Path) -> tuple[int, int]:
    """The event times between which a model's rows lay. Raises `StreamError` where the card does not say."""
    try:
        card = msgspec.json.decode(path.read_bytes())
        card = card.get("card", card)
        return int(card["trained_from_ms"]), int(card["trained_until_ms"])
    except (OSError, *UNREADABLE, AttributeError, KeyError, TypeError, ValueError):
        raise StreamError(
            f"{path} says no trained_from_ms and trained_until_ms: give the card of a trained model"
        ) from None
