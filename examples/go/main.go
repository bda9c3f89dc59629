// Package main shows a hub's client and a system behind it in Go. Each command is in the file of its name.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const usage = `usage: example COMMAND
  register ID URI                        keeps a system registered until Ctrl-C
  send TARGET TYPE JSON [MESSAGE_ID]     sends a message; TARGET is a system's id, or type:TYPE
  watch                                  prints the health of all systems as it changes
  serve ID [HOST:PORT]                   receives messages; by default on a free port of 127.0.0.1
  errors                                 prints what the hub says when it refuses a call`

var errUsage = errors.New(usage)

func main() {
	// Ends with the first SIGINT or SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, readFailure(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	conn, err := connectToHub()
	if err != nil {
		return err
	}
	defer conn.Close()
	command, args := args[0], args[1:]
	switch {
	case command == "register" && len(args) == 2:
		return register(ctx, conn, args[0], args[1])
	case command == "send" && (len(args) == 3 || len(args) == 4):
		return send(ctx, conn, args)
	case command == "watch" && len(args) == 0:
		return watch(ctx, conn)
	case command == "serve" && len(args) == 1:
		return serve(ctx, conn, args[0], "127.0.0.1:0")
	case command == "serve" && len(args) == 2:
		return serve(ctx, conn, args[0], args[1])
	case command == "errors" && len(args) == 0:
		return showErrors(ctx, conn)
	}
	return errUsage
}

// leaseTTL is SWITCHYARD_LEASE in seconds; 30 s when it is not set.
func leaseTTL() (time.Duration, error) {
	text, set := os.LookupEnv("SWITCHYARD_LEASE")
	if !set {
		return 30 * time.Second, nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 {
		return 0, fmt.Errorf("SWITCHYARD_LEASE is %q; it must be a number of seconds from 1", text)
	}
	return time.Duration(seconds) * time.Second, nil
}
