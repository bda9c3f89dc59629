"""A system that receives messages: serves ReceiverService and keeps itself registered until Ctrl-C.

python serve.py ID [HOST:PORT], by default on a free port of 127.0.0.1. SWITCHYARD_LEASE as for register.py.
"""

import itertools
import json
import os
import sys
from concurrent import futures

import grpc
from deduplicated import Deduplicated
from failure import read_failure
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from hub import connect_to_hub
from lease import keep_registered
from stop import stop_event
from switchyard.messaging.v1 import message_pb2, receiver_service_pb2, receiver_service_pb2_grpc
from switchyard.registry.v1 import registry_service_pb2_grpc, system_pb2


class Receiver(receiver_service_pb2_grpc.ReceiverServiceServicer):
    """Answers each message with its payload and a count of those that it handled."""

    def __init__(self) -> None:
        self._once = Deduplicated()
        self._handled = itertools.count(1)

    def Receive(self, request, context):
        message = request.message
        # The hub repeats a message under its id; ids are unique for their source.
        key = (message.source, message.id)
        try:
            reply = self._once.run(key, lambda: self._handle(message))
        except ValueError:
            # The code says that this is a definite no (docs/interfaces.md).
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the payload is not JSON")
        return receiver_service_pb2.ReceiveResponse(reply=reply)

    def _handle(self, message: message_pb2.Message) -> message_pb2.Reply:
        payload = json.loads(message.data)
        print(f"handled {message.type}", flush=True)
        answer = json.dumps({"echo": payload, "handled": next(self._handled)})
        return message_pb2.Reply(content_type="application/json", data=answer.encode())


if len(sys.argv) not in (2, 3):
    sys.exit("usage: python serve.py ID [HOST:PORT]")
system_id, listen = sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "127.0.0.1:0"
host, _, _ = listen.rpartition(":")
server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
receiver_service_pb2_grpc.add_ReceiverServiceServicer_to_server(Receiver(), server)
# For the hub's health check.
wellness = health.HealthServicer()
wellness.set("", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(wellness, server)
address = f"{host}:{server.add_insecure_port(listen)}"
server.start()
print(f"listening on {address}", flush=True)

system = system_pb2.System(
    id=system_id,
    type="example.echo",
    name="Example",
    version="1.0.0",
    interfaces=[{"name": "grpc", "uri": f"grpc://{address}"}],
)
try:
    with connect_to_hub() as channel:
        registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
        keep_registered(registry, system, int(os.environ.get("SWITCHYARD_LEASE", "30")), stop_event())
except grpc.RpcError as error:
    sys.exit(str(read_failure(error)))
finally:
    # Removed from the hub first, so that nothing is sent here any more; calls under way get 2 s to finish.
    server.stop(grace=2).wait()
