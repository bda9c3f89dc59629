package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// failure is what the hub says when it refuses a call.
type failure struct {
	code    codes.Code
	message string
	// reason is why, in one word of docs/errors.md: SYSTEM_NOT_FOUND. Empty when the hub was not reached.
	reason string
	// metadata are values that belong to the reason; of a delivery `executed`: no, yes or unknown.
	metadata map[string]string
	// retryAfter is when to come back; nil when the hub does not say.
	retryAfter *time.Duration
	// violations are the fields that are wrong, all of them at once.
	violations []*errdetails.BadRequest_FieldViolation
}

// readFailure reads a failed call: the code and text of its status, and what google.rpc's details add.
func readFailure(err error) failure {
	refused := status.Convert(err)
	read := failure{code: refused.Code(), message: refused.Message()}
	for _, detail := range refused.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			read.reason, read.metadata = detail.GetReason(), detail.GetMetadata()
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay().AsDuration()
			read.retryAfter = &delay
		case *errdetails.BadRequest:
			read.violations = detail.GetFieldViolations()
		}
	}
	return read
}

// String is the failure in lines for people.
func (f failure) String() string {
	lines := []string{fmt.Sprintf("%s (%s): %s", orElse(f.reason, "no reason"), f.code, f.message)}
	for _, name := range slices.Sorted(maps.Keys(f.metadata)) {
		lines = append(lines, fmt.Sprintf("  %s = %s", name, f.metadata[name]))
	}
	if f.retryAfter != nil {
		lines = append(lines, fmt.Sprintf("  try again after %d ms", f.retryAfter.Milliseconds()))
	}
	for _, violation := range f.violations {
		lines = append(lines, fmt.Sprintf("  %s: %s", violation.GetField(), violation.GetDescription()))
	}
	return strings.Join(lines, "\n")
}

// final says whether the same call would fail again however often it is repeated.
func (f failure) final() bool {
	switch f.code {
	case codes.InvalidArgument, codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return true
	}
	return false
}
