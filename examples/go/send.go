package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"

	messagingv1 "switchyard.dev/gen/go/switchyard/messaging/v1"
	typev1 "switchyard.dev/gen/go/switchyard/type/v1"
)

// send sends a message and prints the reply and how it got there. Arguments: TARGET TYPE JSON [MESSAGE_ID].
func send(ctx context.Context, conn *grpc.ClientConn, args []string) error {
	id := rand.Text()
	if len(args) == 4 {
		id = args[3]
	}
	target := &typev1.Target{Target: &typev1.Target_SystemId{SystemId: args[0]}}
	if name, isType := strings.CutPrefix(args[0], "type:"); isType {
		target.Target = &typev1.Target_Type{Type: name}
	}
	// The deadline for everything: all attempts, and the waits between them.
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	sent, err := messagingv1.NewMessagingServiceClient(conn).SendMessage(ctx, &messagingv1.SendMessageRequest{
		Message: &messagingv1.Message{
			Id:     id,
			Type:   args[1],
			Target: target,
			// Bytes reach the target as they are. `json` takes a structpb.Value, but its numbers are doubles.
			Payload:     &messagingv1.Message_Data{Data: []byte(args[2])},
			ContentType: "application/json",
		},
		// The receiver knows a message by its id, so the hub may repeat it after an unknown outcome.
		RepeatSafety: typev1.RepeatSafety_REPEAT_SAFETY_KEYED,
	})
	if err != nil {
		if readFailure(err).metadata["executed"] == "unknown" {
			fmt.Fprintln(os.Stderr, "The target may have acted. Ask it first.")
		}
		return err
	}
	fmt.Printf("reply %s %s\n", sent.GetReply().GetStatus(), sent.GetReply().GetData())
	for _, attempt := range sent.GetDelivery().GetAttempts() {
		verdict := strings.TrimPrefix(attempt.GetVerdict().String(), "VERDICT_")
		fmt.Printf("attempt %d: %s/%s %s\n", attempt.GetNumber(), attempt.GetSystemId(), attempt.GetInterface(), verdict)
	}
	return nil
}
