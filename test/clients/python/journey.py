"""grpcio as a client of a hub, for test/interop-python.test.ts: prints the Journey of test/journey.ts as JSON.

Arguments: HUB_ADDRESS TARGET_URI PREFIX.
"""

import json
import sys

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from switchyard.health.v1 import health_service_pb2, health_service_pb2_grpc
from switchyard.messaging.v1 import delivery_pb2, messaging_service_pb2, messaging_service_pb2_grpc
from switchyard.registry.v1 import registry_service_pb2, registry_service_pb2_grpc

TIMEOUT_S = 20


def main(address: str, target: str, prefix: str) -> None:
    with grpc.insecure_channel(address) as channel:
        registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
        registered = registry.RegisterSystem(register(f"{prefix}.first", target), timeout=TIMEOUT_S)
        seen = {
            "registered": {"id": registered.system.id, "registrationId": registered.registration_id},
            "sent": send(channel, f"{prefix}.first"),
            "notFound": refused(
                lambda: registry.GetSystem(
                    registry_service_pb2.GetSystemRequest(system_id=f"{prefix}.nobody"), timeout=TIMEOUT_S
                )
            ),
            "invalid": refused(
                lambda: registry.RegisterSystem(
                    registry_service_pb2.RegisterSystemRequest(
                        system={"id": "Not A Slug", "name": "n", "version": "1"}
                    ),
                    timeout=TIMEOUT_S,
                )
            ),
            "watch": watch(channel, registry, target, prefix),
        }
    print(json.dumps(seen))


def register(system_id: str, target: str) -> registry_service_pb2.RegisterSystemRequest:
    return registry_service_pb2.RegisterSystemRequest(
        system={
            "id": system_id,
            "type": "interop",
            "name": "Interop",
            "version": "1.0.0",
            "interfaces": [{"name": "main", "uri": target}],
        }
    )


def send(channel: grpc.Channel, system_id: str) -> dict:
    request = messaging_service_pb2.SendMessageRequest()
    request.message.type = "greeting"
    request.message.target.system_id = system_id
    json_format.ParseDict({"text": "grüße: 100 %", "numbers": [1, 2.5]}, request.message.json)
    sent = messaging_service_pb2_grpc.MessagingServiceStub(channel).SendMessage(request, timeout=TIMEOUT_S)
    return {
        "status": sent.reply.status,
        "payload": json_format.MessageToDict(sent.reply.json),
        "state": delivery_pb2.DeliveryState.Name(sent.delivery.state),
        "attempts": [
            {
                "systemId": attempt.system_id,
                "interface": attempt.interface,
                "verdict": delivery_pb2.Verdict.Name(attempt.verdict),
            }
            for attempt in sent.delivery.attempts
        ],
    }


def refused(call) -> dict:
    try:
        call()
    except grpc.RpcError as error:
        read = {
            "code": error.code().name,
            "message": error.details(),
            "reason": "",
            "domain": "",
            "metadata": {},
            "fields": [],
        }
        status = rpc_status.from_call(error)
        for detail in status.details if status is not None else []:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                read |= {"reason": info.reason, "domain": info.domain, "metadata": dict(info.metadata)}
            elif detail.Unpack(bad):
                read["fields"] = [violation.field for violation in bad.field_violations]
        return read
    raise AssertionError("the call was not refused")


def watch(channel: grpc.Channel, registry, target: str, prefix: str) -> dict:
    health = health_service_pb2_grpc.HealthServiceStub(channel)
    request = health_service_pb2.WatchHealthRequest(filter={"id_prefix": f"{prefix}."})
    ids, token, last = [], "", False
    stream = health.WatchHealth(request, timeout=TIMEOUT_S)
    for event in stream:
        ids += [item.system_id for item in event.snapshot.items]
        last = last or event.snapshot.last
        token = event.bookmark.resume_token
        if last and token:
            break
    stream.cancel()

    registry.RegisterSystem(register(f"{prefix}.late", target), timeout=TIMEOUT_S)
    request.resume_token = token
    kinds, resumed = [], []
    stream = health.WatchHealth(request, timeout=TIMEOUT_S)
    for event in stream:
        kinds.append(event.WhichOneof("event"))
        resumed += [item.system_id for item in [*event.snapshot.items, *event.update.items]]
        if f"{prefix}.late" in resumed:
            break
    stream.cancel()
    return {"snapshotIds": ids, "token": token, "resumedKinds": kinds, "resumedIds": resumed}


if __name__ == "__main__":
    main(*sys.argv[1:])
