// Command heliograph-station is one offline workstation: flags, wiring and an
// exit code. Everything else is in packages station and cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"heliograph/offline/cli"
)

func main() { os.Exit(station(cli.Process())) }

// station runs the command line of this process until it ends or is told to.
func station(env cli.Environment) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Main(ctx, os.Args[1:], env)
}
