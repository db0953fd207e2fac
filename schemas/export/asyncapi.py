"""The topics as an AsyncAPI 3.0 document: what stands where, under which key, how long, and who sends and receives it."""

from typing import Any, Final

from schemas.export.json_schema import file_name
from schemas.topics import TOPICS, Topic

_BINDING: Final = {"bindingVersion": "0.5.0"}
_VERBS: Final = {"send": "Sends", "receive": "Receives"}

_ABOUT: Final = (
    "Readers' events go in, adjustments of content come out. This one document serves all parties: the name of an "
    "operation says whose it is. Unknown fields of events are ignored."
)


def asyncapi() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "id": "urn:microadjust",
        "info": {
            "title": "Microadjust",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {
                    "bootstrap": {"default": "127.0.0.1:19092", "description": "Kafka's bootstrap servers."},
                },
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            _operation_name(party, action, topic): _operation(party, action, topic)
            for topic in TOPICS
            for action, parties in (("send", topic.writers), ("receive", topic.readers))
            for party in parties
        },
        "components": {"messages": {topic.record.__name__: _message(topic) for topic in TOPICS}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    name = topic.record.__name__
    return {
        "address": topic.name,
        "summary": topic.about,
        "description": f"The key is the {topic.key}." + (_COMPACTED if topic.retention_ms is None else ""),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "kafka": {"partitions": topic.partitions, "topicConfiguration": _topic_configuration(topic), **_BINDING}
        },
    }


_COMPACTED: Final = " The newest record of a key is in force; a record without a value deletes it."


def _topic_configuration(topic: Topic) -> dict[str, Any]:
    """Kafka takes texts; the binding wants a list of policies, and numbers as numbers."""
    typed: dict[str, Any] = {}
    for name, text in topic.config.items():
        if name == "cleanup.policy":
            typed[name] = text.split(",")
        elif text.isdigit():
            typed[name] = int(text)
        else:
            typed[name] = float(text) if "." in text else text
    return typed


def _message(topic: Topic) -> dict[str, Any]:
    return {
        "name": topic.record.__name__,
        "summary": topic.about,
        "payload": {"$ref": f"./json/{file_name(topic)}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, **_BINDING}},
    }


def _operation_name(party: str, action: str, topic: Topic) -> str:
    first, *others = party.split()
    return "".join([first.lower(), *(word.title() for word in others), _VERBS[action], topic.record.__name__])


def _operation(party: str, action: str, topic: Topic) -> dict[str, Any]:
    # Dots need no escape in a JSON pointer.
    channel = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": f"What the {party} {_VERBS[action].lower()}.",
        "messages": [{"$ref": f"{channel}/messages/{topic.record.__name__}"}],
    }
