package coordinator_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// until runs a command again and again, as a person does after a crash: the
// program is started anew on what was kept, and what was on its way to its
// camera is lost. done looks whether the command's purpose is reached.
func (y *treasury) until(done func() bool, run func() error) {
	y.t.Helper()
	for range 100 {
		if done() {
			return
		}
		err := run()
		if errors.Is(err, errCrash) {
			y.people.lose()
			y.open()
			continue
		}
		must(y.t, err)
	}
	y.t.Fatal("no end after 100 starts")
}

// The coordinator is killed at every commit of a whole life: before what it kept
// was durable, and after, but before it could act on it. Several patterns let
// every commit meet both. Started again, it goes on; nothing is paid twice, no
// payout is lost, and the stations, who were never told, notice nothing.
func TestCrashAtEveryCommit(t *testing.T) {
	for seed := range 2 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			y := newTreasury(t, 2, 3)
			pattern := rand.New(rand.NewPCG(uint64(seed), 1))
			y.broken = &brokenStore{fail: func(int) failure { return failure(pattern.IntN(5) % 3) }}
			y.open()
			y.live()
			if y.broken.n < 30 {
				t.Fatalf("only %d commits", y.broken.n)
			}
		})
	}
}

// live is a whole life, from enrolment to a confirmed batch.
func (y *treasury) live() {
	y.t.Helper()
	ctx := y.t.Context()
	enrolled := false
	y.until(func() bool { return enrolled }, func() error {
		_, err := y.Enrol(ctx, y.people, 3, 2)
		enrolled = err == nil
		return err
	})
	generated := false
	y.until(func() bool { return generated }, func() error {
		draft, err := complete(y, rules())
		if err != nil {
			return err
		}
		_, err = y.Generate(ctx, y.people, draft)
		generated = err == nil
		return err
	})
	p, err := y.Public()
	must(y.t, err)
	must(y.t, y.chain.node.Mine(ctx, 101))
	funded := false
	y.until(func() bool { return funded }, func() error {
		_, _, err := y.Fund(ctx, y.chain, 1_000_000, 8)
		funded = err == nil
		return err
	})
	must(y.t, y.chain.node.Mine(ctx, 1))

	var rows []coordinator.Row
	for i := range 8 {
		rows = append(rows, coordinator.Row{Line: i + 2, ExternalID: fmt.Sprint("p", i), Counterparty: "Exchange", Address: address(y.t, payee(byte(i+1))), AmountSat: "500000"})
	}
	y.until(func() bool { return len(y.state().Payouts) == len(rows) }, func() error {
		_, problems, err := y.Import(rows)
		if len(problems) > 0 {
			y.t.Fatal(problems)
		}
		return err
	})
	y.until(func() bool { return len(y.state().Batches) == 1 }, func() error {
		_, err := y.Draft(ctx, y.chain, y.chain, plain)
		return err
	})
	y.until(y.reached(book.BatchSigned), func() error {
		_, err := y.Sign(ctx, y.people, "1", coordinator.SignOptions{})
		return err
	})
	y.until(y.reached(book.BatchBroadcast), func() error {
		_, err := y.Broadcast(ctx, y.chain, "1", 0)
		return err
	})
	// Killed between keeping and sending, it sends at its next start.
	must(y.t, y.Resume(ctx, y.chain))
	must(y.t, y.chain.node.Mine(ctx, 1))
	y.until(y.reached(book.BatchConfirmed), func() error {
		_, err := y.Track(ctx, y.chain, "1")
		return err
	})
	y.statuses(book.Confirmed)
	y.verify(p, rows...)
	if s := y.state(); len(s.Reserved) != 0 || len(s.Transactions) < 2 {
		y.t.Fatalf("in the end %d coins are reserved and %d transactions are kept", len(s.Reserved), len(s.Transactions))
	}
}

func (y *treasury) state() book.State {
	y.t.Helper()
	s, err := y.State()
	must(y.t, err)
	return s
}

// reached reports whether the first batch has come to a status.
func (y *treasury) reached(status book.BatchStatus) func() bool {
	return func() bool { return y.state().Batches[0].Status == status }
}
