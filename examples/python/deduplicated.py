"""Doing things once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

# Keys kept in memory, the newest ones. A system whose work must not be done twice after a restart either keeps them in the
# database that it works on, in the same transaction.
KEYS_MAX = 10_000


class Deduplicated:
    """Runs a task once for each key: a key that comes again gets the first one's result, also while it still runs.

    A task that fails is forgotten, so that it can be tried again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: OrderedDict[object, Future] = OrderedDict()

    def run(self, key: object, task: Callable[[], object]) -> object:
        """Returns the task's result, or raises what it raised."""
        with self._lock:
            earlier = self._results.get(key)
            if earlier is None:
                result: Future = Future()
                self._results[key] = result
                if len(self._results) > KEYS_MAX:
                    self._results.popitem(last=False)
        if earlier is not None:
            return earlier.result()
        try:
            result.set_result(task())
        except BaseException as error:
            with self._lock:
                if self._results.get(key) is result:
                    del self._results[key]
            result.set_exception(error)
        return result.result()
