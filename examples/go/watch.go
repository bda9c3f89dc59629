package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"

	healthv1 "switchyard.dev/gen/go/switchyard/health/v1"
)

// Wait before the watch is opened again: doubles from the first to the longest, until an event comes.
const firstWait, longestWait = 250 * time.Millisecond, 10 * time.Second

// watcher holds the newest health of each system: what a caller of this would use.
type watcher struct {
	known map[string]*healthv1.SystemHealth
	// resumeToken is from the last bookmark: resuming from it brings only what changed since. Empty: a snapshot comes.
	resumeToken string
	// snapshotIDs are those of the snapshot that is coming in; nil when none is.
	snapshotIDs map[string]bool
	upToDate    bool
	wait        time.Duration
}

// watch prints the health of all systems as it changes, until the context ends.
func watch(ctx context.Context, conn *grpc.ClientConn) error {
	w := &watcher{known: map[string]*healthv1.SystemHealth{}, wait: firstWait}
	for {
		err := w.read(ctx, healthv1.NewHealthServiceClient(conn))
		if ctx.Err() != nil {
			return nil
		}
		read := readFailure(err)
		if read.final() {
			return err
		}
		fmt.Fprintln(os.Stderr, read)
		// Half of the wait is random, so that a thousand watchers do not all come back at once.
		select {
		case <-time.After(w.wait/2 + rand.N(w.wait/2)):
		case <-ctx.Done():
			return nil
		}
		w.wait = min(w.wait*2, longestWait)
	}
}

// read follows one stream to its end; it never ends without an error.
func (w *watcher) read(ctx context.Context, health healthv1.HealthServiceClient) error {
	// A snapshot that broke off begins again.
	w.snapshotIDs, w.upToDate = nil, false
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := health.WatchHealth(ctx, &healthv1.WatchHealthRequest{ResumeToken: w.resumeToken})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		w.wait = firstWait
		w.apply(response)
	}
}

func (w *watcher) apply(response *healthv1.WatchHealthResponse) {
	switch event := response.GetEvent().(type) {
	case *healthv1.WatchHealthResponse_Snapshot:
		if w.snapshotIDs == nil {
			w.snapshotIDs = map[string]bool{}
		}
		for _, item := range event.Snapshot.GetItems() {
			w.snapshotIDs[item.GetSystemId()] = true
			w.show(item)
		}
		if event.Snapshot.GetLast() {
			for id := range w.known {
				if !w.snapshotIDs[id] {
					w.forget(id)
				}
			}
			w.snapshotIDs = nil
		}
	case *healthv1.WatchHealthResponse_Update:
		for _, item := range event.Update.GetItems() {
			w.show(item)
		}
	case *healthv1.WatchHealthResponse_Removed:
		for _, id := range event.Removed.GetIds() {
			w.forget(id)
		}
	case *healthv1.WatchHealthResponse_Bookmark:
		w.resumeToken = event.Bookmark.GetResumeToken()
		if !w.upToDate {
			w.upToDate = true
			fmt.Printf("up to date: %d systems\n", len(w.known))
		}
	case *healthv1.WatchHealthResponse_Reset_:
		// The hub cannot go on from the bookmark (it was restarted, or too much happened since). A snapshot follows.
		fmt.Println("reset")
		w.resumeToken = ""
	}
}

func (w *watcher) show(item *healthv1.SystemHealth) {
	w.known[item.GetSystemId()] = item
	status := strings.TrimPrefix(item.GetStatus().String(), "HEALTH_STATUS_")
	fmt.Printf("%s %s %s\n", item.GetSystemId(), status, item.GetCause())
}

func (w *watcher) forget(id string) {
	delete(w.known, id)
	fmt.Printf("%s gone\n", id)
}
