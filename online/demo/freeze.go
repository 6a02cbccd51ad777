package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// frozen: a station's person stops the wallet with a printed code. Who scanned it
// signs nothing until an amendment lifts it; after that the code is worth nothing.
func (w *world) frozen(ctx context.Context) error {
	w.page.chapter("A freeze on paper, and a thaw by amendment")
	payouts := few("thaw", "Grants", 1, 3_000_000)
	if err := w.draft(ctx, "thaw.csv", payouts); err != nil {
		return err
	}
	old := w.drafts
	desk, err := w.openBatch(ctx, old, "1,0")
	if err != nil {
		return err
	}
	code, err := w.freeze(ctx)
	if err != nil {
		return err
	}
	alder, birch := w.stations[0], w.stations[1]
	if _, err := w.reads(ctx, code, birch, "Because  "+freezeReason); err != nil {
		return err
	}
	w.page.fact(birch.name, "obeys the paper, and asks nobody")
	if err := w.refuses(ctx, birch, "request", "signing/frozen", "frozen", "remedy: "); err != nil {
		return err
	}
	if err := w.abandon(ctx, desk); err != nil {
		return err
	}
	taking, err := w.coordinate("freeze", "take", "--camera", camera)
	if err != nil {
		return err
	}
	if _, err := w.reads(ctx, code, taking, itsEnd); err != nil {
		return err
	}
	if _, err := w.ended(ctx, taking, 0, []string{"freeze", "take"}); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 3, signArgs(old, "1,0")...); err != nil {
		return err
	}
	w.page.fact("exit 3", "the coordinator carries nothing either, until an amendment")
	if err := w.thaw(ctx); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 0, "batch", "discard", fmt.Sprint(old)); err != nil {
		return err
	}
	if err := w.draftPending(ctx); err != nil {
		return err
	}
	if w.drafts != old {
		return fmt.Errorf("demo: batch %d is drafted anew as batch %d", old, w.drafts)
	}
	if err := w.sign(ctx, old, "1,0", birch, alder); err != nil {
		return err
	}
	w.page.fact("signed", "the same batch %d, drafted anew under charter 3, by %s and %s", old, birch.name, alder.name)
	return w.again(ctx, code, birch)
}

// abandon ends a session whose station did not answer.
func (w *world) abandon(ctx context.Context, desk *process) error {
	if err := desk.say("away"); err != nil {
		return err
	}
	if _, _, err := desk.expect(ctx, promptQuorum); err != nil {
		return err
	}
	if err := desk.say("stop"); err != nil {
		return err
	}
	_, err := w.ended(ctx, desk, 4, []string{"batch", "sign"})
	return err
}

const freezeReason = "a laptop is missing"

// freeze lets the first station's person stop the wallet and print the code.
func (w *world) freeze(ctx context.Context) (string, error) {
	if err := w.stations[0].kill(ctx); err != nil {
		return "", err
	}
	const picture = "freeze.png"
	args := []string{"--dir", keysFolder, "freeze", "--reason", freezeReason, "--out", picture}
	p, err := w.start(stationNames[0], "heliograph-station", args...)
	if err != nil {
		return "", err
	}
	if _, _, err := p.expect(ctx, promptPassphrase); err != nil {
		return "", err
	}
	if err := p.whisper(passphrase(p.name)); err != nil {
		return "", err
	}
	if _, err := w.ended(ctx, p, 0, args); err != nil {
		return "", err
	}
	w.page.fact("freeze", "%s's person prints a code: %q", p.name, freezeReason)
	if p, err = w.powerOn(ctx, 0); err != nil {
		return "", err
	}
	_, said, err := p.expect(ctx, promptScan)
	if err != nil {
		return "", err
	}
	return filepath.Join(w.home(stationNames[0]), picture), says(p.name, said, "FROZEN", freezeReason)
}

// thaw lifts the freeze by an amendment, with a quorum of its own.
func (w *world) thaw(ctx context.Context) error {
	said, err := w.ask(ctx, 0, "amend", "draft", "--thaw")
	if err != nil {
		return err
	}
	if err := says(coordinator, said, "amendment to charter 3"); err != nil {
		return err
	}
	_, err = w.enact(ctx, enactment{
		epoch: 3, people: []string{"Ann", "Cleo"}, review: []string{"Acknowledge charter 3", "freeze"}, adopted: atOnce,
		stations: w.stations[:2], more: w.stations[2:],
	})
	return err
}

// again shows a station the code that was lifted.
func (w *world) again(ctx context.Context, code string, p *process) error {
	const lifted = "This freeze was lifted by an amendment."
	said, err := w.reads(ctx, code, p, lifted, "FROZEN")
	if err != nil {
		return err
	}
	got, _ := fault(said)
	if got != "amendment/older" {
		return fmt.Errorf("demo: %s says of a freeze that was lifted: %q", p.name, said)
	}
	w.page.fact("refused", "%s", got)
	w.page.fact(p.name, "is shown the paper once more: %s", lifted)
	return nil
}
