"""Names what drifts, where features, scores and texts of the context stand together, and says which models it concerns."""

from typing import Final, get_args

from schemas.drift import DriftKind
from schemas.model_cards import ModelKind

SCORE: Final = "score "
"""Before the name of a score."""

CONTEXT: Final = "context "
"""Before the name of a text of the context."""

UNKNOWN: Final = "unknown values of "
"""Before the name of a feature that is not known any more."""

SILENCE: Final = "silence of "
"""Before the kind of a model that has gone silent."""

KINDS: Final[tuple[ModelKind, ...]] = get_args(ModelKind)


def named(subject: str) -> tuple[str, DriftKind]:
    """The name and the kind of what has drifted.

    >>> named("clicks"), named("score length"), named("context device")
    (('clicks', 'feature'), ('length', 'score'), ('device', 'context'))
    """
    if subject.startswith(SCORE):
        return subject.removeprefix(SCORE), "score"
    return (subject.removeprefix(CONTEXT), "context") if subject.startswith(CONTEXT) else (subject, "feature")


def is_score_of(name: str, kind: str) -> bool:
    """Whether a model of that kind gives the score; one in shadow gives others.

    >>> is_score_of("tone_formal", "tone"), is_score_of("shadow_tone_formal", "tone")
    (True, False)
    """
    return name == kind or name.startswith(kind + "_")


def concerns(subject: str, model: str) -> bool:
    """Whether a model is to be trained again for what has drifted.

    A score concerns the model that gives it, and so does its silence: scores change without the readers where another model was
    trained again, as the job's own forest is twice an hour. Whatever else drifts, readers do, which concerns all models. So does
    anything a model that commands of one's own train.

    >>> concerns("clicks", "length"), concerns("score isolation_forest", "length"), concerns("score length", "length.s3")
    (True, False, True)
    """
    kind = model.partition(".")[0]
    if kind not in KINDS:
        return True
    if subject.startswith(SCORE):
        return is_score_of(subject.removeprefix(SCORE), kind)
    return not subject.startswith(SILENCE) or subject == SILENCE + kind
