"""Writes what a training found out as one HTML page for people. The same evaluation gives the same bytes."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from models.learning.charts import agreement, importances, intervals, ranges
from models.learning.columns import MIN_LEVEL_ROWS
from models.learning.evaluation import Evaluation, InputSummary, Range
from models.logged_features import unknown_inputs
from models.readable_numbers import readable
from schemas.model_cards import MetricValue, ModelCard

METRIC_WORDS = {
    "mae": "Mean absolute error (lower is better)",
    "accuracy": "Accuracy (higher is better)",
    "log_loss": "Log loss (lower is better)",
    "auc": "Area under the ROC curve (higher is better)",
    "alarm_rate": "Share of windows that alarm",
    "coverage": "Share of truths inside of the interval or set",
}

_STYLE = """
body{font:15px/1.5 sans-serif;color:#222;background:#fff;max-width:760px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse}
td,th{padding:.2em .9em .2em 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
.verdict{padding:.6em 1em;border-left:6px solid}.in{border-color:#2a7f3f;background:#eef7f0}
.out{border-color:#b3261e;background:#fbeeed}svg{max-width:100%;height:auto}
"""


def draw_report(found: Evaluation, card: ModelCard) -> bytes:
    """Returns the page: verdict, data, metrics, comparison, importances, calibration, checks, inputs."""
    name = f"{found.model_id} version {card.version}" if card.version else found.model_id
    body = [
        f"<h1>Model {escape(name)}</h1>",
        _verdict(found, unknown_inputs(card.features, card.categories)),
        _facts(found, card),
        "<h2>Data</h2>",
        ranges(found.ranges, "Rows of the training, calibration and later range"),
        _table(("range", "rows", "from", "until"), (_range_row(each) for each in found.ranges)),
        f"<p>{found.truth_words}; {found.dropped_rows:,} left out because their session began in an earlier range.</p>",
        *(f"<p>Left out: {rows:,} rows with {escape(reason)}.</p>" for reason, rows in found.left_out_rows.items()),
        "<h2>Metrics on the later range, with 95 % intervals</h2>",
        *_metrics(found, card),
        *_all_later(found),
        *_comparison(found),
        "<h2>Which inputs matter</h2>",
        importances(found.inputs, f"{_importance(found)}, by input"),
        f"<h2>{'Alarms promised and given' if found.is_detector else 'Prediction and truth'}</h2>",
        agreement(found.calibration, found.points, _axes(found), _agreement(found), least=0.0),
        "<h2>Gate</h2>",
        _table(
            ("check", "passed", "finding"),
            ((each.name, each.verdict, each.detail) for each in found.checks),
        ),
        "<h2>Inputs as trained on</h2>",
        _table(("input", "seen", "missing"), (_input_row(each) for each in found.inputs)),
        *_left_out(found),
    ]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Model {escape(name)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{chr(10).join(body)}\n</body></html>\n"
    )
    return page.encode()


def _verdict(found: Evaluation, unknown: Sequence[str]) -> str:
    """`unknown` are inputs that the job does not know: a promotion is refused whatever the gate says."""
    names = escape(", ".join(unknown))
    refused = f"The job computes no {names}: the model can be compared and asked, not announced." if unknown else ""
    if not found.passed:
        reasons = "".join(f"<li>{escape(each)}</li>" for each in found.reasons)
        return f'<div class="verdict out">The gate keeps this model out:<ul>{reasons}</ul>{refused}</div>'
    if unknown:
        return f'<p class="verdict out">The gate lets this model in, but it cannot be promoted. {refused}</p>'
    return '<p class="verdict in">The gate lets this model in: it may be promoted.</p>'


def _facts(found: Evaluation, card: ModelCard) -> str:
    rows = [
        ("predicts", f"{found.target} ({found.unit})" if found.unit else found.target),
        ("trained on", found.source),
        ("seed", str(found.seed)),
        ("code", card.code_version or "unknown"),
        ("sha256 of the artefact", card.sha256),
        ("compared with", found.compared_with),
    ]
    return _table(("", ""), rows)


def _left_out(found: Evaluation) -> Iterable[str]:
    if found.left_out:
        names = escape(", ".join(found.left_out))
        yield f"<p>Left out, since no text stands in {MIN_LEVEL_ROWS} rows: {names}.</p>"


def _all_later(found: Evaluation) -> Iterable[str]:
    if found.all_later:
        values = (f"{_words(name)} {value.value:.4g} ({_interval(value)})" for name, value in found.all_later.items())
        yield f"<p>These are of the rows that the job would answer. Of all later rows: {escape(', '.join(values))}.</p>"


def _words(name: str) -> str:
    """Returns a metric's name within a sentence.

    >>> _words("mae"), _words("auc"), _words("new")
    ('mean absolute error', 'area under the ROC curve', 'new')
    """
    words = METRIC_WORDS.get(name, name).partition(" (")[0]
    return words[:1].lower() + words[1:]


def _metrics(found: Evaluation, card: ModelCard) -> Iterable[str]:
    for name, value in found.metrics.items():
        rows = [
            ("model", value),
            *((each.name, each.metrics[name]) for each in found.comparisons if name in each.metrics),
        ]
        title, wanted = METRIC_WORDS.get(name, name), _wanted(name, card)
        if wanted is not None:
            # The threshold of a forest is no quantile: its rate may be lower (`detector_gate.py`).
            most = "at most " if card.kind == "isolation_forest" else ""
            title += f": {most}{wanted:g} is wanted"
        yield f"<p>{escape(title)}</p>"
        yield intervals(rows, title, wanted)
        yield _table(
            ("", "value", "95 % interval"), ((who, f"{each.value:.4g}", _interval(each)) for who, each in rows)
        )


def _wanted(metric: str, card: ModelCard) -> float | None:
    """Returns what a metric of the model was to be; None where nothing was wanted."""
    if metric == "coverage":
        return card.coverage
    rate = card.settings.get("alarm_rate") if metric == "alarm_rate" else None
    return None if rate is None else float(rate)


def _comparison(found: Evaluation) -> Iterable[str]:
    """Nothing where there was no rival, or none that could be compared: the checks say why."""
    if not found.comparisons:
        return
    yield "<h2>Comparison</h2>"
    loss = escape(found.loss)
    # An area is the better the larger it is, a loss the smaller it is.
    terms = (
        f"{loss} of the model minus that of the other, over the labelled windows"
        if found.is_detector
        else f"{loss} of the other minus that of the model, row by row"
    )
    yield f"<p>Advantage: {terms}; above 0 the model is better.</p>"
    rows = ((each.name, _advantage(each.advantage, found), _interval(each.advantage)) for each in found.comparisons)
    yield _table(("compared with", "advantage", "95 % interval"), rows)


def _advantage(value: MetricValue, found: Evaluation) -> str:
    # Without enough labels there is no area, and the 0 stands for nothing.
    return "unknown" if found.is_detector and value.low is None else f"{value.value:.4g}"


def _importance(found: Evaluation) -> str:
    return "Share of the forest's splits" if found.is_detector else "Share of what the splits gained"


def _agreement(found: Evaluation) -> str:
    if found.is_detector:
        return "Share of alarms on the calibration range against that on the later range, by threshold"
    return "Predicted against true on the later range"


def _axes(found: Evaluation) -> tuple[str, str]:
    if found.points:
        return f"predicted, {found.unit}", f"true, {found.unit}"
    if found.is_detector:
        return "share of alarms on the calibration range", "share on the later range"
    return "probability of the class predicted", "share of hits"


def _interval(value: MetricValue) -> str:
    return "unknown" if value.low is None or value.high is None else f"{value.low:.4g} to {value.high:.4g}"


def _range_row(found: Range) -> tuple[str, str, str, str]:
    return found.name, f"{found.rows:,}", _instant(found.from_ms), _instant(found.until_ms)


def _instant(at_ms: int | None) -> str:
    if at_ms is None:
        return "by order of the file"
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"


def _input_row(found: InputSummary) -> tuple[str, str, str]:
    if found.low is not None and found.high is not None:
        seen = f"{readable(found.low)} to {readable(found.high)}"
        # Evaluations of earlier releases have no least and greatest: they are the range.
        all_seen = (
            found.low if found.least is None else found.least,
            found.high if found.greatest is None else found.greatest,
        )
        if all_seen != (found.low, found.high):
            least, greatest = map(readable, all_seen)
            seen += f" (a few from {least} to {greatest}, which the job does not ask about)"
        return found.name, seen, f"{found.missing:,}"
    seen = ", ".join(f"{text} ({rows:,})" for text, rows in found.texts.items())
    return found.name, seen or "nothing", f"{found.missing:,}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in header) if any(header) else ""
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{'<tr>' + head + '</tr>' if head else ''}{lines}</table>"
