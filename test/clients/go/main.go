// Package main is grpc-go on either side of a hub, for test/interop-go.test.ts: `journey` is a client, `receiver` a system.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "journey":
		return journey(args[1], args[2], args[3])
	case len(args) == 1 && args[0] == "receiver":
		return receiver()
	default:
		return fmt.Errorf("usage: journey HUB_ADDRESS TARGET_URI PREFIX | receiver")
	}
}
