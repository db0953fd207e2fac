"""segments: the commands that show groups of readers."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.formatting import format_instant, format_number, format_quantity
from infra.cli.output import Json, err, errors, out, print_json, print_table, show
from infra.cli.output_files import require_place, write_file
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError, TopicReader
from infra.learner.stored_segments import readable_segments
from models.segments.telling import telling_features
from schemas.segments import Segment
from schemas.topics import SEGMENTS

app = typer.Typer(no_args_is_help=True, help="Groups of readers that behave alike, learnt by `microadjust learn`.")

_NONE = "no segments yet: `microadjust learn` publishes them after 1,000 minutes of readers"


@app.command("list")
def list_segments(bootstrap: Bootstrap = "", as_json: Json = False) -> None:
    """List the segments in force, largest first: name, size, stability, and what they were made of."""
    with errors():
        found = in_force(resolve_kafka(bootstrap))
        show(
            [msgspec.to_builtins(each) for each in found] if as_json else [row(each) for each in found], as_json, _NONE
        )


@app.command("show")
def show_segment(
    segment_id: Annotated[str, typer.Argument(help="Id of the segment, as `segments list` shows it.")],
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Show one segment: its centre beside that of all readers, most telling feature first."""
    with errors():
        found = in_force(resolve_kafka(bootstrap))
        segment = next((each for each in found if each.segment_id == segment_id), None)
        if segment is None:
            known = ", ".join(each.segment_id for each in found) or "none"
            raise StreamError(f"there is no segment {segment_id}; in force: {known}")
        if as_json:
            print_json(segment)
            return
        out.print(f"{segment.segment_id}: {segment.name}", style="bold", markup=False)
        out.print(f"{segment.share:.0%} of the readers, version {segment.version}, at {format_instant(segment.at_ms)}")
        if segment.parents:
            out.print(f"made of {', '.join(segment.parents)}", markup=False)
        print_table(features(segment, found), _NONE)


@app.command("map")
def draw_map(
    out_file: Annotated[Path, typer.Option("--out", help="SVG file to write.")],
    bootstrap: Bootstrap = "",
) -> None:
    """Draw the segments along their two principal axes, and their sizes over the refreshes that the topic still holds."""
    with errors():
        # Here, since the other commands need not wait for numpy.
        from infra.learner.segment_map import draw

        require_place(out_file, "--out")
        kafka = resolve_kafka(bootstrap)
        found = in_force(kafka)
        if not found:
            raise StreamError(_NONE)
        write_file(out_file, draw(found, history(kafka)), "--out")
    err.print(f"{len(found)} segments drawn to {out_file}", markup=False)


def in_force(kafka: Kafka) -> list[Segment]:
    """The segments that were published last, largest first."""
    values = newest_values(kafka, SEGMENTS.name).values()
    return sorted(readable_segments(values), key=lambda each: (-each.size, each.segment_id))


def history(kafka: Kafka) -> list[Segment]:
    """All records of segments that the topic still holds, oldest first."""
    with TopicReader(kafka, SEGMENTS.name) as reader:
        records = [record.value for record in reader.read_to_end(quiet_s=0.0) if record.value is not None]
    return sorted(readable_segments(records), key=lambda each: (each.version, each.segment_id))


def row(segment: Segment) -> dict[str, Any]:
    return {
        "segment": segment.segment_id,
        "name": segment.name,
        "share": f"{segment.share:.0%}",
        "rows": segment.size,
        "stability": None if segment.stability is None else f"{segment.stability:.2f}",
        "made_of": ", ".join(segment.parents) or None,
        "version": segment.version,
    }


def features(segment: Segment, all_segments: list[Segment]) -> list[dict[str, Any]]:
    """One row for each feature of the centre; `apart` is the distance from the mean of all readers, in spreads."""
    return [
        {
            "feature": each.feature,
            "value": format_quantity(each.value, each.unit),
            "all_readers": format_quantity(each.usual, each.unit),
            "apart": format_number(each.apart),
        }
        for each in telling_features(segment, all_segments)
    ]
