"""Ending on Ctrl-C."""

import signal
import threading


def stop_event() -> threading.Event:
    """An event that SIGINT or SIGTERM sets."""
    event = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: event.set())
    return event
