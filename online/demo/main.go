// Command heliograph-demo runs a cold payout from end to end: the built
// programs as processes of their own, a person at each of them, and between
// them nothing but pictures of QR codes that pass through a model of a camera.
//
// It is the treasurer, the operators, the people who approve, the courier with the
// camera, and in the later chapters the thief. It opens no station's keystore,
// carries frames in a process that knows nothing of a message but its length, and
// judges the programs by what they print, by their exit codes and by a separate
// verifier. Who approves in a browser does so with a test authenticator, which
// signs whatever it is asked. It proves nothing about real cameras, security keys,
// real air gaps or a network that a process might open later.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
