"""Registers a system that listens somewhere, and keeps it registered until Ctrl-C: python register.py ID URI

SWITCHYARD_LEASE is the lease in seconds; default 30.
"""

import os
import sys

import grpc
from failure import read_failure
from hub import connect_to_hub
from lease import keep_registered
from stop import stop_event
from switchyard.registry.v1 import registry_service_pb2_grpc, system_pb2

if len(sys.argv) != 3:
    sys.exit("usage: python register.py ID URI")
system = system_pb2.System(
    id=sys.argv[1],
    type="example",
    name="Example",
    version="1.0.0",
    interfaces=[{"name": "main", "uri": sys.argv[2]}],
)
with connect_to_hub() as channel:
    registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
    try:
        keep_registered(registry, system, int(os.environ.get("SWITCHYARD_LEASE", "30")), stop_event())
    except grpc.RpcError as error:
        sys.exit(str(read_failure(error)))
