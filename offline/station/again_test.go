package station

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/wire"
)

// again starts the station only to show what it made last.
func (v *vault) again() ([][]byte, error) {
	v.t.Helper()
	app := v.open()
	defer app.Close()
	v.glass.messages, v.operator.screens = nil, nil
	for len(v.glass.complete) > 0 {
		<-v.glass.complete // of a show that was cut off
	}
	err := app.Again(context.Background())
	return v.glass.messages, err
}

// A person presses Enter at the first nonce pool before the coordinator has it.
// Without every pool the coordinator can open no order, so the wallet could never
// pay anything.
func TestAFirstPoolIsShownAgain(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	shown, err := v.again()
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) != 2 || !bytes.Equal(shown[0], v.latest(wire.KindKeygenConfirmation)) || !bytes.Equal(shown[1], v.latest(wire.KindNoncePool)) {
		t.Fatalf("%d messages, which are not the confirmation and the pool", len(shown))
	}
}

// A person approves and presses Enter before the coordinator has the answer, and
// the session is ended. The request is shown nowhere any more, and the station
// takes no other one until the coordinator knows its release.
func TestALostAnswerIsShownAgain(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	session, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	answer := v.answer(request)
	if _, err := session.Step(w.event(ceremonies.Away{Station: 0})); err != nil {
		t.Fatal(err)
	}
	_, next := w.order(w.pay("inv-2", 100_000), 0, 1)
	if _, outcome, err := v.visit(next); err != nil || outcome != Refused {
		t.Fatal(outcome, err)
	}
	before := v.disk.records["signing/state"]
	shown, err := v.again()
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) != 1 || !bytes.Equal(shown[0], answer) {
		t.Fatalf("%d messages, which are not the answer", len(shown))
	}
	if !bytes.Equal(v.disk.records["signing/state"], before) {
		t.Fatal("showing it again changed the station")
	}
	if _, err := session.Step(w.event(ceremonies.Scanned{Bytes: shown[0]})); err != nil {
		t.Fatal(err)
	}
	_, next = w.order(w.pay("inv-3", 100_000), 0, 1)
	v.answer(next)
}

func TestNothingToShowAgainBeforeAWallet(t *testing.T) {
	w := enrolled(t, nil)
	if shown, err := w.vaults[0].again(); !errors.Is(err, ErrNoWallet) || len(shown) > 0 {
		t.Fatal(len(shown), err)
	}
	if _, begun := w.vaults[0].disk.records["signing/state"]; begun {
		t.Fatal("a nonce stream was begun")
	}
}
