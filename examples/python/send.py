"""Sends a message and prints the reply and how it got there: python send.py TARGET TYPE JSON [MESSAGE_ID]

TARGET is a system's id, or `type:TYPE` for any system of that type.
"""

import sys
import uuid

import grpc
from failure import read_failure
from hub import connect_to_hub
from switchyard.messaging.v1 import delivery_pb2, messaging_service_pb2, messaging_service_pb2_grpc
from switchyard.type.v1 import repeat_safety_pb2

if len(sys.argv) not in (4, 5):
    sys.exit("usage: python send.py TARGET TYPE JSON [MESSAGE_ID]")
target, message_type, text = sys.argv[1:4]
request = messaging_service_pb2.SendMessageRequest(
    message={
        "id": sys.argv[4] if len(sys.argv) == 5 else str(uuid.uuid4()),
        "type": message_type,
        "target": {"type": target[5:]} if target.startswith("type:") else {"system_id": target},
        # Bytes reach the target as they are. `json` takes a struct_pb2.Value, but its numbers are doubles.
        "data": text.encode(),
        "content_type": "application/json",
    },
    # The receiver knows a message by its id, so the hub may repeat it after an unknown outcome.
    repeat_safety=repeat_safety_pb2.REPEAT_SAFETY_KEYED,
)
with connect_to_hub() as channel:
    messaging = messaging_service_pb2_grpc.MessagingServiceStub(channel)
    try:
        # The deadline in seconds for everything: all attempts, and the waits between them.
        sent = messaging.SendMessage(request, timeout=5)
    except grpc.RpcError as error:
        failure = read_failure(error)
        if failure.metadata.get("executed") == "unknown":
            print("The target may have acted. Ask it first.", file=sys.stderr)
        sys.exit(str(failure))
    print(f"reply {sent.reply.status} {sent.reply.data.decode()}")
    for attempt in sent.delivery.attempts:
        verdict = delivery_pb2.Verdict.Name(attempt.verdict).removeprefix("VERDICT_")
        print(f"attempt {attempt.number}: {attempt.system_id}/{attempt.interface} {verdict}")
