"""Prints the health of all systems as it changes, until Ctrl-C: python watch.py"""

import random
import sys
import threading

import grpc
from failure import read_failure
from hub import connect_to_hub
from stop import stop_event
from switchyard.health.v1 import health_pb2, health_service_pb2, health_service_pb2_grpc
from switchyard.type.v1 import health_status_pb2

# Wait before the watch is opened again: doubles from the first to the longest, until an event comes.
FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 10


class Watcher:
    """Holds the newest health of each system: what a caller of this would use."""

    def __init__(self, health: health_service_pb2_grpc.HealthServiceStub, stop: threading.Event) -> None:
        self.known: dict[str, health_pb2.SystemHealth] = {}
        self._health = health
        self._stop = stop
        # From the last bookmark: resuming from it brings only what changed since. Empty: a snapshot comes.
        self._resume_token = ""
        # Ids of the snapshot that is coming in; None when none is.
        self._snapshot_ids: set[str] | None = None
        self._up_to_date = False
        self._wait_s = FIRST_WAIT_S
        self._stream: grpc.Call | None = None

    def run(self) -> None:
        """Watches until `stop` is set. Raises grpc.RpcError when the hub refuses for good."""
        # Reading blocks; cancelling the stream ends it.
        threading.Thread(target=self._cancel_on_stop, daemon=True).start()
        while not self._stop.is_set():
            try:
                self._read()
            except grpc.RpcError as error:
                if self._stop.is_set():
                    return
                failure = read_failure(error)
                if failure.is_final:
                    raise
                print(failure, file=sys.stderr, flush=True)
            # Half of the wait is random, so that a thousand watchers do not all come back at once.
            self._stop.wait(self._wait_s * random.uniform(0.5, 1))
            self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)

    def _read(self) -> None:
        # A snapshot that broke off begins again.
        self._snapshot_ids, self._up_to_date = None, False
        request = health_service_pb2.WatchHealthRequest(resume_token=self._resume_token)
        self._stream = self._health.WatchHealth(request)
        if self._stop.is_set():
            return
        for response in self._stream:
            self._wait_s = FIRST_WAIT_S
            self._apply(response)

    def _cancel_on_stop(self) -> None:
        self._stop.wait()
        if self._stream is not None:
            self._stream.cancel()

    def _apply(self, response: health_service_pb2.WatchHealthResponse) -> None:
        event = response.WhichOneof("event")
        if event == "snapshot":
            ids = self._snapshot_ids = self._snapshot_ids or set()
            for item in response.snapshot.items:
                ids.add(item.system_id)
                self._show(item)
            if response.snapshot.last:
                for system_id in self.known.keys() - ids:
                    self._forget(system_id)
                self._snapshot_ids = None
        elif event == "update":
            for item in response.update.items:
                self._show(item)
        elif event == "removed":
            for system_id in response.removed.ids:
                self._forget(system_id)
        elif event == "bookmark":
            self._resume_token = response.bookmark.resume_token
            if not self._up_to_date:
                self._up_to_date = True
                print(f"up to date: {len(self.known)} systems", flush=True)
        elif event == "reset":
            # The hub cannot go on from the bookmark (it was restarted, or too much happened since). A snapshot follows.
            print("reset", flush=True)
            self._resume_token = ""

    def _show(self, item: health_pb2.SystemHealth) -> None:
        self.known[item.system_id] = item
        status = health_status_pb2.HealthStatus.Name(item.status).removeprefix("HEALTH_STATUS_")
        print(item.system_id, status, item.cause, flush=True)

    def _forget(self, system_id: str) -> None:
        self.known.pop(system_id, None)
        print(system_id, "gone", flush=True)


with connect_to_hub() as channel:
    try:
        Watcher(health_service_pb2_grpc.HealthServiceStub(channel), stop_event()).run()
    except grpc.RpcError as error:
        sys.exit(str(read_failure(error)))
