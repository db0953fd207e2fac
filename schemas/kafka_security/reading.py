"""Reads the security settings from the environment: MICROADJUST_KAFKA_…, each also by …_FILE, or a properties file."""

import difflib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.java_names import from_java
from schemas.kafka_security.properties_file import read_properties
from schemas.kafka_security.settings import OPEN, KafkaSecurity

PREFIX: Final = "MICROADJUST_KAFKA_"
PROPERTIES: Final = PREFIX + "PROPERTIES"
"""Path of a properties file in the Java client's spelling, instead of the single variables."""

NAMES: Final = {each.name: PREFIX + each.name.upper() for each in fields(KafkaSecurity)}
FILE_NAMES: Final = {name: f"{variable}_FILE" for name, variable in NAMES.items()}
OTHERS: Final = (PREFIX + "PORT", PREFIX + "CONTROLLER_PORT")
"""Variables of the local stack with the same prefix."""


def security_from_env(environ: Mapping[str, str]) -> KafkaSecurity:
    """Reads the variables that are set and not empty. Raises `KafkaSecurityError` for whatever cannot be used."""
    known = {*NAMES.values(), *FILE_NAMES.values(), PROPERTIES}
    for key in sorted(environ):
        if key.startswith(PREFIX) and key not in known and key not in OTHERS:
            raise KafkaSecurityError(f"{key} is not a setting: {_advice(key, known)}")
    given = {name: value for name in NAMES if (value := value_of(environ, NAMES[name], KafkaSecurityError))}
    if not environ.get(PROPERTIES):
        return KafkaSecurity(**given).check(NAMES, FILE_NAMES) if given else OPEN
    if given:
        name = next(iter(given))
        raise KafkaSecurityError(
            f"{NAMES[name]} and {PROPERTIES} are both set: give all settings in the file, or none of them"
        )
    path = environ[PROPERTIES]
    properties = read_properties(_read(PROPERTIES, path, KafkaSecurityError))
    if not properties:
        # Not an open cluster: a secret that is not mounted yet looks like this.
        raise KafkaSecurityError(f"the file that {PROPERTIES} names holds no property")
    return from_java(properties, path)


def value_of(environ: Mapping[str, str], key: str, error: type[Exception]) -> str:
    """Returns the value of `key`, or the content of the file that `key`_FILE names; empty if neither is set."""
    path_key = f"{key}_FILE"
    path = environ.get(path_key)
    if not path:
        return environ.get(key, "")
    if environ.get(key):
        raise error(f"{key} and {path_key} are both set: leave one of them out")
    # The line break at the end is the editor's, not the secret's.
    content = _read(path_key, path, error).rstrip("\r\n")
    if not content:
        raise error(f"{path_key} names an empty file")
    return content


def _read(key: str, path: str, error: type[Exception]) -> str:
    try:
        # Editors of Windows begin a file with a mark that is no part of a secret.
        return Path(path).read_text("utf-8-sig")
    except OSError as problem:
        # Without the path: it may be the secret itself, given as the wrong variable.
        raise error(f"the file that {key} names cannot be read: {problem.strerror}") from None
    except ValueError:
        raise error(f"the file that {key} names cannot be read: it is not UTF-8, or its name is no path") from None


def _advice(key: str, known: set[str]) -> str:
    # Without the prefix, which makes all names alike.
    near = difflib.get_close_matches(
        key.removeprefix(PREFIX), sorted(each.removeprefix(PREFIX) for each in known), 1, 0.75
    )
    return (
        f"did you mean {PREFIX}{near[0]}?" if near else f"the settings are {', '.join(NAMES.values())} and {PROPERTIES}"
    )
