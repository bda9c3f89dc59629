"""Makes two calls that the hub refuses, and prints everything that it says about them: python errors.py"""

import grpc
from failure import read_failure
from hub import connect_to_hub
from switchyard.registry.v1 import registry_service_pb2, registry_service_pb2_grpc

with connect_to_hub() as channel:
    registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
    calls = [
        (registry.GetSystem, registry_service_pb2.GetSystemRequest(system_id="nobody")),
        (
            registry.RegisterSystem,
            registry_service_pb2.RegisterSystemRequest(system={"id": "Not A Slug", "version": "1"}),
        ),
    ]
    for method, request in calls:
        try:
            method(request, timeout=5)
            print("not refused")
        except grpc.RpcError as error:
            print(read_failure(error))
