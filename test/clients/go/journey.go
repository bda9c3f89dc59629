package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	healthv1 "switchyard.dev/gen/go/switchyard/health/v1"
	messagingv1 "switchyard.dev/gen/go/switchyard/messaging/v1"
	registryv1 "switchyard.dev/gen/go/switchyard/registry/v1"
	typev1 "switchyard.dev/gen/go/switchyard/type/v1"
)

// report is the Journey of test/journey.ts.
type report struct {
	Registered struct {
		ID             string `json:"id"`
		RegistrationID string `json:"registrationId"`
	} `json:"registered"`
	Sent struct {
		Status   string          `json:"status"`
		Payload  json.RawMessage `json:"payload"`
		State    string          `json:"state"`
		Attempts []attempt       `json:"attempts"`
	} `json:"sent"`
	NotFound refusal `json:"notFound"`
	Invalid  refusal `json:"invalid"`
	Watch    struct {
		SnapshotIDs  []string `json:"snapshotIds"`
		Token        string   `json:"token"`
		ResumedKinds []string `json:"resumedKinds"`
		ResumedIDs   []string `json:"resumedIds"`
	} `json:"watch"`
}

type attempt struct {
	SystemID  string `json:"systemId"`
	Interface string `json:"interface"`
	Verdict   string `json:"verdict"`
}

type refusal struct {
	Code     string            `json:"code"`
	Message  string            `json:"message"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata"`
	Fields   []string          `json:"fields"`
}

func journey(address, target, prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	registry := registryv1.NewRegistryServiceClient(conn)
	var seen report

	registered, err := registry.RegisterSystem(ctx, register(prefix+".first", target))
	if err != nil {
		return fmt.Errorf("RegisterSystem: %w", err)
	}
	seen.Registered.ID = registered.GetSystem().GetId()
	seen.Registered.RegistrationID = registered.GetRegistrationId()

	if err := send(ctx, messagingv1.NewMessagingServiceClient(conn), prefix+".first", &seen); err != nil {
		return fmt.Errorf("SendMessage: %w", err)
	}

	_, err = registry.GetSystem(ctx, &registryv1.GetSystemRequest{SystemId: prefix + ".nobody"})
	seen.NotFound = readRefusal(err)
	_, err = registry.RegisterSystem(ctx, &registryv1.RegisterSystemRequest{
		System: &registryv1.System{Id: "Not A Slug", Name: "n", Version: "1"},
	})
	seen.Invalid = readRefusal(err)

	if err := watch(ctx, conn, prefix, target, &seen); err != nil {
		return fmt.Errorf("WatchHealth: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(seen)
}

func register(id, target string) *registryv1.RegisterSystemRequest {
	return &registryv1.RegisterSystemRequest{System: &registryv1.System{
		Id: id, Type: "interop", Name: "Interop", Version: "1.0.0",
		Interfaces: []*registryv1.Interface{{Name: "main", Uri: target}},
	}}
}

func send(ctx context.Context, messaging messagingv1.MessagingServiceClient, id string, seen *report) error {
	payload, err := structpb.NewValue(map[string]any{"text": "grüße: 100 %", "numbers": []any{1, 2.5}})
	if err != nil {
		return err
	}
	sent, err := messaging.SendMessage(ctx, &messagingv1.SendMessageRequest{Message: &messagingv1.Message{
		Type:    "greeting",
		Target:  &typev1.Target{Target: &typev1.Target_SystemId{SystemId: id}},
		Payload: &messagingv1.Message_Json{Json: payload},
	}})
	if err != nil {
		return err
	}
	seen.Sent.Status = sent.GetReply().GetStatus()
	seen.Sent.State = sent.GetDelivery().GetState().String()
	for _, one := range sent.GetDelivery().GetAttempts() {
		seen.Sent.Attempts = append(seen.Sent.Attempts,
			attempt{one.GetSystemId(), one.GetInterface(), one.GetVerdict().String()})
	}
	seen.Sent.Payload, err = protojson.Marshal(sent.GetReply().GetJson())
	return err
}

func watch(ctx context.Context, conn *grpc.ClientConn, prefix, target string, seen *report) error {
	health := healthv1.NewHealthServiceClient(conn)
	request := &healthv1.WatchHealthRequest{Filter: &registryv1.SystemFilter{IdPrefix: prefix + "."}}
	first, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := health.WatchHealth(first, request)
	if err != nil {
		return err
	}
	for last := false; !last || seen.Watch.Token == ""; {
		event, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, item := range event.GetSnapshot().GetItems() {
			seen.Watch.SnapshotIDs = append(seen.Watch.SnapshotIDs, item.GetSystemId())
		}
		last = last || event.GetSnapshot().GetLast()
		seen.Watch.Token = event.GetBookmark().GetResumeToken()
	}
	stop()

	if _, err := registryv1.NewRegistryServiceClient(conn).RegisterSystem(ctx, register(prefix+".late", target)); err != nil {
		return err
	}
	resumed := proto.Clone(request).(*healthv1.WatchHealthRequest)
	resumed.ResumeToken = seen.Watch.Token
	second, err := health.WatchHealth(ctx, resumed)
	if err != nil {
		return err
	}
	for {
		event, err := second.Recv()
		if err != nil {
			return err
		}
		kind := event.ProtoReflect().WhichOneof(event.ProtoReflect().Descriptor().Oneofs().ByName("event"))
		seen.Watch.ResumedKinds = append(seen.Watch.ResumedKinds, string(kind.Name()))
		for _, item := range append(event.GetUpdate().GetItems(), event.GetSnapshot().GetItems()...) {
			seen.Watch.ResumedIDs = append(seen.Watch.ResumedIDs, item.GetSystemId())
			if item.GetSystemId() == prefix+".late" {
				return nil
			}
		}
	}
}

// names are the codes as gRPC spells them; grpc-go's own String() is in camel case.
var names = map[codes.Code]string{
	codes.OK: "OK", codes.NotFound: "NOT_FOUND", codes.InvalidArgument: "INVALID_ARGUMENT", codes.Unknown: "UNKNOWN",
	codes.Unimplemented: "UNIMPLEMENTED", codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE",
}

func readRefusal(err error) refusal {
	refused := status.Convert(err)
	read := refusal{Code: names[refused.Code()], Message: refused.Message(), Fields: []string{}}
	for _, detail := range refused.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			read.Reason, read.Domain, read.Metadata = detail.GetReason(), detail.GetDomain(), detail.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				read.Fields = append(read.Fields, violation.GetField())
			}
		}
	}
	return read
}
