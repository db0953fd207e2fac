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
        title = re.sub(r"^# ([0-9]{4}\. )?", "", text.partition("\n")[0])
        date = re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
        rows.append((path.name[:4], date[0] if date else "", f"[{title}]({path.name})"))
    return table(("number", "date", "decision"), rows)
