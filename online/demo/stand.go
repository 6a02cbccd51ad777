package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// step is one thing for a person to do, in one of their terminals.
type step struct {
	where string
	do    []string // commands, to be typed as they are
	look  string   // FROM TO: who looks at whom meanwhile; empty: nobody
	then  string
}

// steps lead from a drafted batch to a confirmed one.
func (w *world) steps() []step {
	in := func(party, program, args string) string {
		return fmt.Sprintf("(cd %s && %s %s)", w.home(party), filepath.Join(w.bin, program), args)
	}
	station := func(name string) step {
		return step{
			where: "a terminal for station " + name,
			do:    []string{in(name, "heliograph-station", "--dir "+keysFolder+" run --camera "+camera+" --screen "+screen)},
			then:  fmt.Sprintf("Its passphrase is: %s. Compare its receipt; it then waits for a code.", passphrase(name)),
		}
	}
	review := func(name string) step {
		return step{
			where: "station " + name, look: coordinator + " " + name,
			then: "It receives the request. Read the review: every payee, the fee, the change. Type approve, or refuse.",
		}
	}
	answer := func(name, then string) step {
		return step{
			where: "the coordinator: press Enter there, the station has it", look: name + " " + coordinator,
			then: "It receives the shares of " + name + ". Then press Enter at " + name + ". " + then,
		}
	}
	desk := func(args string) string { return in(coordinator, "heliograph", "--dir "+deskFolder+" "+args) }
	first, second := stationNames[0], stationNames[1]
	return []step{
		station(first),
		station(second),
		{
			where: "a terminal for the coordinator",
			do:    []string{desk("batch show 1"), desk("batch sign 1 --quorum 0,1 --camera " + camera + " --screen " + screen)},
			then:  "It shows the request of the first visit until you press Enter. Do not press it yet.",
		},
		review(first),
		answer(first, "The coordinator shows the request of the second visit."),
		review(second),
		answer(second, "The batch is signed."),
		{
			where: "the coordinator's terminal",
			do:    []string{desk("batch broadcast 1"), desk("mine --blocks 1"), desk("batch track 1"), desk("payouts list")},
			then:  "All 40 payouts are confirmed.",
		},
		{
			where: "the coordinator's terminal",
			do:    []string{desk("blocks export --out " + blockFolder), in(coordinator, "heliograph", "verify --blocks "+blockFolder+" --wallet "+walletFile+" --payouts "+payoutFile)},
			then:  "The verifier opens no database: it recomputes everything from the raw blocks.",
		},
	}
}

// guide says what to type, one step after the other, and holds the camera
// meanwhile. When nobody is there to press Enter, it says everything at once and
// how to hold the camera oneself.
func (w *world) guide(ctx context.Context, in io.Reader, seed uint64) error {
	w.page.printf("\nThe world stands, with a batch of 40 payouts drafted. Now it is your turn.\n")
	if err := w.reopen(seed); err != nil {
		return err
	}
	enter := lines(in)
	alone := false
	for i, s := range w.steps() {
		w.page.printf("\nStep %d: %s\n", i+1, s.where)
		for _, line := range s.do {
			w.page.printf("   %s\n", line)
		}
		if s.look != "" && alone {
			w.page.printf("   (in the channel's terminal: connect %s; and disconnect when it is done)\n", s.look)
		}
		for _, line := range wrap(s.then, 90) {
			w.page.printf("   %s\n", line)
		}
		if alone {
			continue
		}
		looks, err := w.hold(ctx, s.look)
		if err != nil {
			return err
		}
		w.page.printf("   press Enter when done > ")
		select {
		case <-ctx.Done():
			w.page.printf("\n")
			return w.close(context.WithoutCancel(ctx))
		case _, pressed := <-enter:
			alone = !pressed
		}
		if alone {
			w.page.printf("\n\nNobody presses Enter here, so these are all steps. Hold the camera in a terminal:\n   %s\n", w.channelLine(seed))
			if s.look != "" {
				w.page.printf("   and type there: connect %s; then disconnect\n", s.look)
			}
		}
		if looks {
			if _, err := w.tell(ctx, "disconnect"); err != nil {
				return err
			}
		}
	}
	return w.close(ctx)
}

// lines reads in from a goroutine of its own, so that waiting for a person can be
// interrupted.
func lines(in io.Reader) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for s := bufio.NewScanner(in); s.Scan(); {
			out <- s.Text()
		}
	}()
	return out
}

// hold points the camera, if there is something to look at.
func (w *world) hold(ctx context.Context, look string) (bool, error) {
	if look == "" {
		return false, nil
	}
	_, err := w.tell(ctx, "connect "+look)
	return err == nil, err
}

// reopen begins a new transcript with a channel of its own, once all other
// processes have ended.
func (w *world) reopen(seed uint64) error {
	record, err := openTranscript(filepath.Join(w.out, "transcript-by-hand.txt"))
	if err != nil {
		return err
	}
	w.record, w.all = record, nil
	return w.openChannel(seed)
}

// channelLine is the command that holds the camera.
func (w *world) channelLine(seed uint64) string {
	return strings.Join(append([]string{filepath.Join(w.bin, "heliograph-demo")}, w.channelArgs(seed)...), " ")
}
