// Package cli is the coordinator on a terminal: a Screen as text, a prompt for
// every question, and the command line around them.
//
// The rules of this interface:
//
//   - A prompt is the last thing printed. Every answer is one line, so a person
//     at a terminal and a program at a pipe use the same interface.
//   - All text from elsewhere is escaped before it is shown.
//   - With --json a command prints one JSON document on the standard output and
//     nothing else there; JSON.md describes them.
//   - Every screen of a practice treasury says PRACTICE.
//   - An error says what is wrong, what is safe where that is in doubt, and what
//     to do.
//
// It joins the application (package coordinator) with the store, the chain and
// the frames.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"

	"heliograph/online/coordinator"
	"heliograph/online/node"
	"heliograph/online/store"
)

// Exit codes.
const (
	Done    = 0 // what was asked for is done
	Error   = 1 // something failed
	Usage   = 2 // the command line is wrong
	Refused = 3 // the charter, or a station, refused
	Waiting = 4 // somebody has to do something first
)

// Environment is what the command line gets from its process.
type Environment struct {
	In       io.Reader
	Out, Err io.Writer
	Random   io.Reader
	Now      func() int64 // unix seconds
}

// Process is the environment of the running process.
func Process() Environment {
	return Environment{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Random: rand.Reader,
		Now: func() int64 { return time.Now().Unix() },
	}
}

// Main runs one command line and returns its exit code.
func Main(ctx context.Context, args []string, env Environment) int {
	c := &commands{env: env}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return Done
	}
	f := explain(err)
	if f.what != "" {
		fmt.Fprintf(env.Err, "error: %s\n", escapeLines(f.what))
	}
	if f.remedy != "" {
		fmt.Fprintf(env.Err, "remedy: %s\n", escapeLines(f.remedy))
	}
	return f.code
}

// failure is an error with what to do about it.
type failure struct {
	code   int
	what   string
	remedy string
}

func (f *failure) Error() string { return f.what }

// ran marks the error of a command that was called rightly; every other error
// is one of usage.
type ran struct{ error }

func (r ran) Unwrap() error { return r.error }

// explain turns an error into what a person can do about it.
func explain(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if _, called := errors.AsType[ran](err); !called {
		return &failure{Usage, err.Error(), "See heliograph --help, or --help after a command."}
	}
	what := err.Error()
	if fault, ok := errors.AsType[*ceremonies.Fault](err); ok {
		return &failure{Error, fault.Code + ": " + fault.What + " " + fault.Safe, fault.Remedy}
	}
	if r, ok := errors.AsType[*coordinator.Refused](err); ok && len(r.Needs) > 0 {
		return &failure{Waiting, what, "Ask the people that it names (heliograph approve --help), wait, or choose other stations (--quorum); heliograph policy check --batch says what is left."}
	}
	if s, ok := errors.AsType[*coordinator.Stale](err); ok {
		return &failure{Refused, what, fmt.Sprintf("Give it up and draft it again: heliograph batch discard %d, heliograph batch draft. What people signed about it counts no more.", s.Number)}
	}
	if _, ok := errors.AsType[*coordinator.Stopped](err); ok {
		return &failure{Refused, what, "Find out why. An amendment lifts it: heliograph amend draft --thaw. To see what stations say all the same: --anyway."}
	}
	if no, ok := errors.AsType[*lineage.Refused](err); ok {
		return &failure{Refused, strings.Join(no.Sentences, " "), "Nothing was kept. heliograph amend status says which charters there are; heliograph charter export writes the one in force."}
	}
	if _, ok := errors.AsType[*coordinator.NotReady](err); ok {
		return &failure{Waiting, what, "Ask the people that it names: heliograph approve --help, with --amendment; heliograph amend show says what is left."}
	}
	if _, ok := errors.AsType[*coordinator.ReviewerRefused](err); ok {
		return &failure{Refused, what, "Nothing was taken in. Change what they object to, or ask somebody else whom the charter lets decide."}
	}
	if errors.Is(err, coordinator.ErrVoid) {
		return &failure{Refused, what, "Ask the person again: heliograph approve challenge, or heliograph approve request."}
	}
	if _, ok := errors.AsType[*coordinator.Refused](err); ok {
		return &failure{Refused, what, "Nothing was kept or shown. Change the payouts (heliograph payouts cancel), or wait until a limit over time allows more."}
	}
	if _, ok := errors.AsType[*coordinator.StationRefused](err); ok {
		return &failure{Refused, what, "Nothing was broadcast. Sign with another quorum, or give the batch up (heliograph batch discard) and draft anew."}
	}
	if _, ok := errors.AsType[*node.HotShortage](err); ok {
		return &failure{Error, what, "In practice, mining makes money: heliograph mine --blocks 101."}
	}
	switch {
	case errors.Is(err, coordinator.ErrWaiting), errors.Is(err, errEnded):
		return &failure{Waiting, what, "Run the same command again when they are there."}
	case errors.Is(err, coordinator.ErrNothingPending):
		return &failure{Waiting, what, "Import payouts (heliograph payouts import), or finish what is under way (heliograph batch list)."}
	case errors.Is(err, coordinator.ErrNoAmendment):
		return &failure{Waiting, what, "Draft one: heliograph charter export > charter.yaml, edit it, heliograph amend draft charter.yaml. One that is adopted already is shown to stations by heliograph amend certificate."}
	case errors.Is(err, coordinator.ErrNotEnrolled):
		return &failure{Waiting, what, "Enrol them: heliograph enrol --stations N --threshold T --camera DIR --screen DIR."}
	case errors.Is(err, coordinator.ErrNoWallet):
		return &failure{Waiting, what, "Enrol the stations and generate the key: heliograph enrol, then heliograph keygen."}
	case errors.Is(err, context.Canceled):
		return &failure{Waiting, "stopped; what was done so far is kept", "Run the same command again to go on."}
	case errors.Is(err, store.ErrAbsent):
		return &failure{Error, what, "Name its folder with --dir, or make one: heliograph init --name NAME --network regtest."}
	case errors.Is(err, store.ErrExists):
		return &failure{Error, what, "Choose another folder with --dir; a treasury is never overwritten."}
	case errors.Is(err, store.ErrLocked), errors.Is(err, node.ErrLocked):
		return &failure{Error, what, "Wait for the other command to end, or end it; Ctrl-C is safe at any time."}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return &failure{Error, what, "Look at the path: whether it is spelt rightly, and whether you may read and write there."}
	}
	return &failure{Error, what, ""}
}

// commands is what the subcommands share.
type commands struct {
	env  Environment
	dir  string
	json bool
}

// command is a subcommand whose errors are not errors of usage.
func command(use, short, long, example string, args cobra.PositionalArgs, run func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: short + ".\n\n" + long, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := run(cmd.Context(), args); err != nil {
				return ran{err}
			}
			return nil
		},
	}
}

// group is a command that only holds others.
func group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(subcommands...)
	return cmd
}

// required marks flags without which a command means nothing.
func required(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("cli: internal error: " + err.Error())
		}
	}
}
