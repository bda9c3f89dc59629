package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	messagingv1 "switchyard.dev/gen/go/switchyard/messaging/v1"
)

// echo answers each message with {"echo": <its payload>}, as test/http-target.ts does. A message of type `refuse` is
// refused, one of type `busy` is refused with the word that nothing was done.
type echo struct {
	messagingv1.UnimplementedReceiverServiceServer
}

func (echo) Receive(ctx context.Context, request *messagingv1.ReceiveRequest) (*messagingv1.ReceiveResponse, error) {
	message := request.GetMessage()
	switch message.GetType() {
	case "refuse":
		return nil, status.Errorf(codes.FailedPrecondition, "go refuses %s: 100 %% sure", message.GetId())
	case "busy":
		if err := grpc.SetTrailer(ctx, metadata.Pairs("switchyard-outcome", "not-executed")); err != nil {
			return nil, err
		}
		return nil, status.Error(codes.Unavailable, "busy")
	}
	payload := json.RawMessage(message.GetData())
	if !json.Valid(payload) {
		return nil, status.Errorf(codes.InvalidArgument, "the payload is not JSON but %s", message.GetContentType())
	}
	answer, err := json.Marshal(map[string]json.RawMessage{"echo": payload})
	if err != nil {
		return nil, err
	}
	return &messagingv1.ReceiveResponse{Reply: &messagingv1.Reply{
		ContentType: "application/json",
		Headers:     map[string]string{"x-attempt": fmt.Sprint(request.GetAttempt())},
		Payload:     &messagingv1.Reply_Data{Data: answer},
	}}, nil
}

// receiver serves until it is killed.
func receiver() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	messagingv1.RegisterReceiverServiceServer(server, echo{})
	healthpb.RegisterHealthServer(server, health.NewServer())
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}
