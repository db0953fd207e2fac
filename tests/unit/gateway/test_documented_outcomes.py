"""The outcomes that the documents show are accepted as they stand there, and are what models learn from."""

import re
from pathlib import Path

import msgspec

from infra.gateway.clock import now_ms
from models.learning.told_windows import told_by
from models.predictions.targets import TARGETS
from schemas.outcomes import Outcome
from tests.support.credentials import OPERATOR, WRITE_KEY
from tests.support.gateway_in_process import RecordingProducer, in_process

DOCUMENT = Path(__file__).parents[3] / "infra" / "docs" / "events-and-commands.md"
SECRET = "abcde12345fghij67890klmno"


def test_what_a_server_sends_tells_a_length() -> None:
    found = re.search(r"-d '(\{\"outcomes\".*?\})' \\", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    text = found[1].replace("'$(date +%s000)'", str(now_ms())).replace("SESSION", "anna-of-the-shop-1")
    producer = RecordingProducer()
    headers = {"authorization": f"Bearer {OPERATOR}"}
    answer = in_process(producer).post("/v1/outcomes", json=msgspec.json.decode(text), headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    outcome = msgspec.json.decode(producer.sent[0].value or b"", type=Outcome)
    assert len(told_by([outcome], TARGETS["length"], True)[0]) == 1


def test_what_a_page_sends_tells_a_tone() -> None:
    found = re.search(r"const told = (\{.*?\});\n.*JSON\.stringify\((\{.*?\})\)", DOCUMENT.read_text())
    assert found is not None
    told = found[1].replace("session_id,", f'session_id: "{SECRET}",')
    written = (
        found[2].replace("WRITE_KEY", WRITE_KEY).replace("[told]", f"[{told}]").replace("Date.now()", str(now_ms()))
    )
    body = re.sub(r"([a-z_]+): ", r'"\1": ', written)
    producer = RecordingProducer()
    answer = in_process(producer).post("/v1/outcomes", content=body, headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []}), answer.text
    outcome = msgspec.json.decode(producer.sent[0].value or b"", type=Outcome)
    assert outcome.session_id.startswith("s_"), "derived, as in the feature log"
    assert len(told_by([outcome], TARGETS["tone"], False)[0]) == 1
