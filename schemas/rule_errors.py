"""The error of rules, and where in a file it lies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WithinText:
    """A place within the text of a field: line and column count from 1."""

    line: int
    column: int


class RuleError(ValueError):
    """A rule that cannot be used; the message names rule, field and what was expected.

    `field` is the path of the field, such as ``when[0].above``, and `within` the place in its text. `file`, `line` and `column`
    say where it stands in a file, and `rule` which one it is; None where that is not known.
    """

    def __init__(self, message: str, field: str | None = None, within: WithinText | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.within = within
        self.rule: str | None = None
        self.file: str | None = None
        self.line: int | None = None
        self.column: int | None = None

    def placed(self, file: str | None, line: int | None, column: int | None) -> "RuleError":
        """The same error, which says where it stands."""
        self.file, self.line, self.column = file, line, column
        return self

    def __str__(self) -> str:
        if self.line is None:
            return self.message if self.file is None else f"{self.file}: {self.message}"
        place = (
            f"line {self.line}, column {self.column}" if self.file is None else f"{self.file}:{self.line}:{self.column}"
        )
        return f"{place}: {self.message}"


class RuleFileError(RuleError):
    """Several errors of one file, in its order."""

    def __init__(self, errors: "list[RuleError]") -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors
