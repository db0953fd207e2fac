"""How the jobs and topics are: Flink's REST interface, ends of topics, lag of consumer groups."""

import json
import time
import urllib.error
import urllib.request
from typing import Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from infra.gateway.settings import Settings
from infra.kafka import topic_scan
from schemas.topics import TOPICS

PATIENCE_S: Final = 3.0


def health(settings: Settings) -> dict[str, Any]:
    """Each part says for itself what is wrong with it; nothing is raised."""
    return {"at_ms": time.time_ns() // 1_000_000, "flink": _flink(settings.flink_url), "kafka": _kafka(settings)}


def _flink(url: str) -> dict[str, Any]:
    if not url:
        return {"problem": "the gateway was not told where Flink is: set MICROADJUST_GATEWAY_FLINK_URL"}
    try:
        overview = _get(url, "/overview")
        jobs = [_job(url, job) for job in _get(url, "/jobs/overview")["jobs"]]
    except (OSError, ValueError, KeyError) as error:
        return {"problem": f"Flink does not answer: {error}"}
    slots = {"total": overview["slots-total"], "free": overview["slots-available"]}
    return {"slots": slots, "taskmanagers": overview["taskmanagers"], "jobs": jobs}


def _job(url: str, job: dict[str, Any]) -> dict[str, Any]:
    checkpoints = _get(url, f"/jobs/{job['jid']}/checkpoints")
    failures = _get(url, f"/jobs/{job['jid']}/exceptions?maxExceptions=20")["exceptionHistory"]["entries"]
    latest = (checkpoints.get("latest") or {}).get("completed") or {}
    return {
        "id": job["jid"],
        "name": job["name"],
        "state": job["state"],
        "up_s": job["duration"] // 1000,
        "failures": len(failures),
        "checkpoints": (checkpoints.get("counts") or {}).get("completed"),
        "failed_checkpoints": (checkpoints.get("counts") or {}).get("failed"),
        "checkpoint_ms": latest.get("end_to_end_duration"),
        "checkpoint_bytes": latest.get("state_size"),
        "checkpoint_at_ms": latest.get("latest_ack_timestamp"),
    }


def _get(url: str, path: str) -> Any:
    with urllib.request.urlopen(url.rstrip("/") + path, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def _kafka(settings: Settings) -> dict[str, Any]:
    admin = AdminClient({"bootstrap.servers": settings.bootstrap, "socket.timeout.ms": int(PATIENCE_S * 1000)})
    names = [name for topic in TOPICS for name in settings.console_topics(topic.name)]
    reader = topic_scan.consumer(settings.bootstrap)
    try:
        places = topic_scan.partitions(reader, names)
        bounds = {place: reader.get_watermark_offsets(place, timeout=PATIENCE_S) for place in places}
        groups = _groups(admin, names, {(place.topic, place.partition): end for place, (_, end) in bounds.items()})
    except KafkaException as error:
        return {"problem": f"Kafka does not answer: {error.args[0].str()}"}
    finally:
        reader.close()
    topics = []
    for name in names:
        here = [bound for place, bound in bounds.items() if place.topic == name]
        # With transactions, offsets count markers as well.
        written, kept = sum(end for _, end in here), sum(end - begin for begin, end in here)
        topics.append({"topic": name, "partitions": len(here), "written": written, "kept": kept})
    return {"topics": topics, "groups": groups}


Offsets = dict[tuple[str, int], int]


def _groups(admin: AdminClient, names: list[str], end: Offsets) -> list[dict[str, Any]]:
    """What each consumer group has committed of our topics, and how far that is behind."""
    listed = admin.list_consumer_groups(request_timeout=PATIENCE_S).result()
    found = []
    for group in sorted(each.group_id for each in listed.valid):
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=PATIENCE_S)
        committed = asked[group].result().topic_partitions
        for name in names:
            places = [place for place in committed if place.topic == name and place.offset >= 0]
            if places:
                lag = sum(max(0, end.get((name, place.partition), 0) - place.offset) for place in places)
                found.append({"group": group, "topic": name, "lag": lag})
    return found
