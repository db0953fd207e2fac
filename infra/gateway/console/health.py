"""Reports the health of jobs and topics: Flink's REST interface, ends of topics, lag of consumer groups."""

import json
import time
import urllib.error
import urllib.request
from typing import Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from infra.gateway.settings import Settings
from infra.kafka.reading import Offsets, StreamError, TopicReader
from schemas.topics import TOPICS

TIMEOUT_S: Final = 3.0


def health(settings: Settings) -> dict[str, Any]:
    """Each part reports its own problem; nothing is raised."""
    return {"at_ms": time.time_ns() // 1_000_000, "flink": _flink(settings.flink_url), "kafka": _kafka(settings)}


def _flink(url: str) -> dict[str, Any]:
    if not url:
        return {"problem": "the address of Flink is not configured: set MICROADJUST_GATEWAY_FLINK_URL"}
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
    with urllib.request.urlopen(url.rstrip("/") + path, timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def _kafka(settings: Settings) -> dict[str, Any]:
    admin = AdminClient({**settings.kafka.librdkafka, "socket.timeout.ms": int(TIMEOUT_S * 1000)})
    names = [name for topic in TOPICS for name in settings.console_topics(topic.name)]
    try:
        with TopicReader(settings.kafka, *names, isolation="read_uncommitted", missing_ok=True) as reader:
            bounds = reader.bounds()
        groups = _groups(admin, names, {each: end for each, (_, end) in bounds.items()})
    except StreamError as error:
        return {"problem": str(error)}
    except KafkaException as error:
        return {"problem": f"no consumer groups from Kafka at {settings.kafka}: {error.args[0].str()}"}
    topics = []
    for name in names:
        here = [bound for (topic, _), bound in bounds.items() if topic == name]
        # Offsets count the control records of transactions as well.
        written, kept = sum(end for _, end in here), sum(end - begin for begin, end in here)
        topics.append({"topic": name, "partitions": len(here), "written": written, "kept": kept})
    return {"topics": topics, "groups": groups}


def _groups(admin: AdminClient, names: list[str], end: Offsets) -> list[dict[str, Any]]:
    """The lag of each consumer group that has committed offsets of our topics."""
    listed = admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
    found = []
    for group in sorted(each.group_id for each in listed.valid):
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT_S)
        committed = asked[group].result().topic_partitions
        for name in names:
            places = [place for place in committed if place.topic == name and place.offset >= 0]
            if places:
                lag = sum(max(0, end.get((name, place.partition), 0) - place.offset) for place in places)
                found.append({"group": group, "topic": name, "lag": lag})
    return found
