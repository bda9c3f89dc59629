"""grpcio as a system behind a hub, for test/interop-python.test.ts: answers each message with {"echo": <its payload>}.

A message of type `refuse` is refused, one of type `busy` is refused with the word that nothing was done.
"""

import json
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from switchyard.messaging.v1 import receiver_service_pb2, receiver_service_pb2_grpc


class Echo(receiver_service_pb2_grpc.ReceiverServiceServicer):
    def Receive(self, request, context):
        message = request.message
        if message.type == "refuse":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"python refuses {message.id}: 100 % sure")
        if message.type == "busy":
            context.set_trailing_metadata((("switchyard-outcome", "not-executed"),))
            context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
        answer = json.dumps({"echo": json.loads(message.data)}).encode()
        return receiver_service_pb2.ReceiveResponse(
            reply={
                "content_type": "application/json",
                "headers": {"x-attempt": str(request.attempt)},
                "data": answer,
            }
        )


def main() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    receiver_service_pb2_grpc.add_ReceiverServiceServicer_to_server(Echo(), server)
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
