"""Staying registered."""

import sys
import threading

import grpc
from failure import read_failure
from google.protobuf import duration_pb2
from switchyard.registry.v1 import registry_service_pb2 as pb
from switchyard.registry.v1 import registry_service_pb2_grpc, system_pb2


def keep_registered(
    registry: registry_service_pb2_grpc.RegistryServiceStub,
    system: system_pb2.System,
    ttl_seconds: int,
    stop: threading.Event,
) -> None:
    """Registers a system with a lease and renews it at a third of its ttl, until `stop` is set; then removes it.

    A lease that is lost (this process slept too long, somebody removed the system) is registered again: give each process
    an id of its own, as two that share one would take it from each other. A hub that is away is tried again at the next
    third. Raises grpc.RpcError when the hub refuses for good (wrong fields, wrong key).
    """
    third = ttl_seconds / 3
    # Names this incarnation of the system. Empty: not registered.
    registration_id = ""
    while not stop.is_set():
        try:
            if registration_id == "":
                request = pb.RegisterSystemRequest(
                    system=system, lease_ttl=duration_pb2.Duration(seconds=ttl_seconds)
                )
                registration_id = registry.RegisterSystem(request, timeout=third).registration_id
                print(f"registered {system.id} as {registration_id}", flush=True)
            else:
                renewal = pb.LeaseRenewal(system_id=system.id, registration_id=registration_id)
                answer = registry.RenewLeases(pb.RenewLeasesRequest(renewals=[renewal]), timeout=third)
                if answer.lost:
                    lost = answer.lost[0]
                    print(f"lost {system.id} ({lost.reason}): {lost.message}", flush=True)
                    registration_id = ""
                    continue
                print(f"renewed {system.id}", flush=True)
        except grpc.RpcError as error:
            failure = read_failure(error)
            if failure.is_final:
                raise
            print(failure, file=sys.stderr, flush=True)
        stop.wait(third)

    if registration_id:
        # With the registration id, so that this cannot remove a newer process under the same id.
        registry.DeregisterSystem(
            pb.DeregisterSystemRequest(system_id=system.id, registration_id=registration_id), timeout=third
        )
        print(f"removed {system.id}", flush=True)
