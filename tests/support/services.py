"""Records processes of the shared stack, so that `down` finds them, and kills them as the system would."""

import signal

import psutil

from infra.local import processes
from infra.local.home import Home, ServiceRecord, StackRecord


def register(home: Home, name: str, service: ServiceRecord) -> ServiceRecord:
    """Writes the service into the record of the stack: `up` takes it over, `down` stops it."""
    with home.locked():
        record = StackRecord.read(home)
        record.services[name] = service
        record.write(home)
    return service


def process_of(service: ServiceRecord) -> psutil.Process:
    process = processes.find(service)
    assert process is not None, "the process has ended"
    return process


def kill(service: ServiceRecord) -> None:
    """Sends SIGKILL and waits for the end."""
    process = process_of(service)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
