// Command heliograph is the online coordinator: flags, wiring and an exit code.
// Everything else is in packages coordinator and cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"heliograph/online/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.Process())
	stop()
	os.Exit(code)
}
