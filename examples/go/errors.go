package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	registryv1 "switchyard.dev/gen/go/switchyard/registry/v1"
)

// showErrors makes two calls that the hub refuses, and prints everything that it says about them.
func showErrors(ctx context.Context, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	registry := registryv1.NewRegistryServiceClient(conn)

	_, err := registry.GetSystem(ctx, &registryv1.GetSystemRequest{SystemId: "nobody"})
	fmt.Println(readFailure(err))
	_, err = registry.RegisterSystem(ctx, &registryv1.RegisterSystemRequest{
		System: &registryv1.System{Id: "Not A Slug", Version: "1"},
	})
	fmt.Println(readFailure(err))
	return nil
}
