package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	messagingv1 "switchyard.dev/gen/go/switchyard/messaging/v1"
	registryv1 "switchyard.dev/gen/go/switchyard/registry/v1"
)

// receiver answers each message with its payload and a count of those that it handled.
type receiver struct {
	messagingv1.UnimplementedReceiverServiceServer
	once    deduplicated[*messagingv1.Reply]
	handled atomic.Int64
}

// Receive takes a message. The hub repeats a message under its id; ids are unique for their source.
func (r *receiver) Receive(_ context.Context, request *messagingv1.ReceiveRequest) (*messagingv1.ReceiveResponse, error) {
	message := request.GetMessage()
	key := fmt.Sprintf("%q %q", message.GetSource(), message.GetId())
	reply, err := r.once.do(key, func() (*messagingv1.Reply, error) { return r.handle(message) })
	if err != nil {
		return nil, err
	}
	return &messagingv1.ReceiveResponse{Reply: reply}, nil
}

func (r *receiver) handle(message *messagingv1.Message) (*messagingv1.Reply, error) {
	payload := json.RawMessage(message.GetData())
	if !json.Valid(payload) {
		// The code says that this is a definite no (docs/interfaces.md).
		return nil, status.Error(codes.InvalidArgument, "the payload is not JSON")
	}
	fmt.Printf("handled %s\n", message.GetType())
	answer, err := json.Marshal(map[string]any{"echo": payload, "handled": r.handled.Add(1)})
	if err != nil {
		return nil, err
	}
	return &messagingv1.Reply{ContentType: "application/json", Payload: &messagingv1.Reply_Data{Data: answer}}, nil
}

// serve is a system that receives messages: it serves ReceiverService, and grpc.health.v1 for the hub's health check,
// and keeps itself registered until the context ends.
func serve(ctx context.Context, conn *grpc.ClientConn, id, address string) error {
	ttl, err := leaseTTL()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	messagingv1.RegisterReceiverServiceServer(server, &receiver{})
	healthpb.RegisterHealthServer(server, health.NewServer())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Printf("listening on %s\n", listener.Addr())

	registered := keepRegistered(ctx, registryv1.NewRegistryServiceClient(conn), ttl, &registryv1.System{
		Id: id, Type: "example.echo", Name: "Example", Version: "1.0.0",
		Interfaces: []*registryv1.Interface{{Name: "grpc", Uri: "grpc://" + listener.Addr().String()}},
	})
	// Removed from the hub first, so that nothing is sent here any more; calls under way still finish.
	late := time.AfterFunc(2*time.Second, server.Stop)
	defer late.Stop()
	server.GracefulStop()
	if err := <-ended; err != nil {
		return err
	}
	return registered
}
