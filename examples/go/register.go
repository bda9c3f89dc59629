package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	registryv1 "switchyard.dev/gen/go/switchyard/registry/v1"
)

func register(ctx context.Context, conn *grpc.ClientConn, id, uri string) error {
	ttl, err := leaseTTL()
	if err != nil {
		return err
	}
	return keepRegistered(ctx, registryv1.NewRegistryServiceClient(conn), ttl, &registryv1.System{
		Id: id, Type: "example", Name: "Example", Version: "1.0.0",
		Interfaces: []*registryv1.Interface{{Name: "main", Uri: uri}},
	})
}

// keepRegistered registers a system with a lease and renews it at a third of its ttl, until the context ends; then it
// removes it. A lease that is lost (this process slept too long, somebody removed the system) is registered again: give
// each process an id of its own, as two that share one would take it from each other. A hub that is away is tried again
// at the next third. The error is a refusal for good (wrong fields, wrong key).
func keepRegistered(
	ctx context.Context, registry registryv1.RegistryServiceClient, ttl time.Duration, system *registryv1.System,
) error {
	third := time.NewTicker(ttl / 3)
	defer third.Stop()
	// Names this incarnation of the system. Empty: not registered.
	registrationID := ""
	for {
		renewed, err := renew(ctx, registry, ttl, system, registrationID)
		if err == nil {
			registrationID = renewed
		} else if ctx.Err() == nil {
			read := readFailure(err)
			if read.final() {
				return err
			}
			fmt.Fprintln(os.Stderr, read)
		}
		if err == nil && registrationID == "" {
			continue
		}
		select {
		case <-third.C:
		case <-ctx.Done():
			return remove(registry, ttl/3, system.GetId(), registrationID)
		}
	}
}

// renew registers the system, or renews its lease. It returns the registration id; an empty one when the lease is lost.
func renew(
	ctx context.Context, registry registryv1.RegistryServiceClient, ttl time.Duration, system *registryv1.System, registrationID string,
) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, ttl/3)
	defer cancel()
	if registrationID == "" {
		registered, err := registry.RegisterSystem(ctx,
			&registryv1.RegisterSystemRequest{System: system, LeaseTtl: durationpb.New(ttl)})
		if err == nil {
			fmt.Printf("registered %s as %s\n", system.GetId(), registered.GetRegistrationId())
		}
		return registered.GetRegistrationId(), err
	}
	answer, err := registry.RenewLeases(ctx, &registryv1.RenewLeasesRequest{
		Renewals: []*registryv1.LeaseRenewal{{SystemId: system.GetId(), RegistrationId: registrationID}},
	})
	if err != nil {
		return "", err
	}
	if lost := answer.GetLost(); len(lost) > 0 {
		fmt.Printf("lost %s (%s): %s\n", system.GetId(), lost[0].GetReason(), lost[0].GetMessage())
		return "", nil
	}
	fmt.Printf("renewed %s\n", system.GetId())
	return registrationID, nil
}

// remove names the registration, so that it cannot remove a newer process under the same id.
func remove(registry registryv1.RegistryServiceClient, timeout time.Duration, id, registrationID string) error {
	if registrationID == "" {
		return nil
	}
	// The context that ended cannot carry a call.
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err := registry.DeregisterSystem(ctx,
		&registryv1.DeregisterSystemRequest{SystemId: id, RegistrationId: registrationID})
	if err == nil {
		fmt.Printf("removed %s\n", id)
	}
	return err
}
