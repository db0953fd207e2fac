"""Table of the decisions, from their files."""

import re
from pathlib import Path
from typing import Final

from infra.docs.reference.markdown import table

FOLDER: Final = Path(__file__).parents[1] / "decisions"
_NUMBER: Final = re.compile(r"^[0-9]{4}-")


def decisions() -> str:
    rows = []
    for path in sorted(each for each in FOLDER.glob("*.md") if _NUMBER.match(each.name)):
        text = path.read_text("utf-8")
        title = text.partition("\n")[0].removeprefix("# ").partition(". ")[2]
        date = re.search(r"\*\*Date:\*\* (\S+)", text)
        rows.append((path.name[:4], date[1] if date else "", f"[{title}]({path.name})"))
    return table(("number", "date", "decision"), rows)
