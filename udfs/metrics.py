"""Names of the metrics that the operators add to Flink's own. All are counters in the operator's metric group."""

from typing import Final

COMMANDS: Final = "commands"
"""Commands emitted."""

PROPOSALS: Final = "proposals"
"""Proposals handed to the arbiter."""

LATE_EVENTS: Final = "lateEvents"
"""Events that came too late to be used; they stand on late.v1."""

REFUSED_RULES: Final = "refusedRules"
"""Rules from the topic that could not be used; the last good version stays in force."""

FAILED_EVALUATIONS: Final = "failedEvaluations"
"""Evaluations of rules' expressions that ended with an error, such as a division by zero: in all, and by rule, in the
group `rule`, for the first hundred rules that fail."""

REFUSED_MODELS: Final = "refusedModels"
"""Models from the topic that could not be used; the version before stays in force."""

REFUSED_SEGMENTS: Final = "refusedSegments"
"""Segments from the topic that could not be used; the version before stays in force."""

SITE_ALERTS: Final = "siteAlerts"
"""Minutes of the whole site that were told of on alerts.v1 as out of the ordinary."""

DROPPED_CONTENT: Final = "droppedContent"
"""Content items that were dropped because the catalogue was full: those written longest ago."""

REFUSED_CONTENT: Final = "refusedContent"
"""Records of content.v1 that are no content items; the last good version stays in force."""

REPEATED_EVENTS: Final = "repeatedGestures"
"""Trigger events that were dropped because their id had been seen in the session."""

PYFLINK_PATCHES: Final = "pyflinkPatches"
"""Patches of PyFlink in force in the operator's interpreter: 2 in thread mode, 0 in process mode, for an unknown release of
PyFlink, or with the job option `pyflink_patches=off`."""
