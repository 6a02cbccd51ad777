package cli_test

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"heliograph/offline/cli"
	"heliograph/offline/keystore"
)

// process is the environment of a station process whose keystores cost no time.
func process() cli.Environment {
	env := cli.Process()
	env.Keystore = []keystore.Option{keystore.WorkFactor(1)}
	return env
}

// TestMain lets the test binary be the station's program for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"heliograph-station": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			code := cli.Main(ctx, os.Args[1:], process())
			stop()
			os.Exit(code)
		},
	})
}

// TestScripts runs the stories in testdata/script against real processes.
//
//	hold DIR          keeps the keystore in DIR open in another process until the script ends
//	exits CODE CMD... runs a command, which must end with this exit code
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"hold":  hold,
			"exits": exits,
		},
	})
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold DIR")
	}
	s, err := keystore.Open(ts.MkAbs(args[0]), []byte("practice makes"))
	ts.Check(err)
	ts.Defer(func() { s.Close() })
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	var status interface{ ExitCode() int }
	if errors.As(err, &status) {
		code = string(rune('0' + status.ExitCode()))
	}
	if code != args[0] {
		ts.Fatalf("exit code %s (%v), want %s", code, err, args[0])
	}
}
