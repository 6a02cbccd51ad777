package lineage

import (
	"strings"
	"testing"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
)

// What is exactly as large as may be is taken; one more is not.
func TestLimitsOfABallot(t *testing.T) {
	full := func() Ballot {
		b := Ballot{Prior: [32]byte{1}, Number: 1, Charter: make([]byte, charter.MaxSize), Statements: make([][]byte, maxStatements), Voids: make([][]byte, maxVoids)}
		for i := range b.Statements {
			b.Statements[i] = make([]byte, approval.MaxSigned)
		}
		for i := range b.Voids {
			b.Voids[i] = make([]byte, maxPromise)
		}
		return b
	}
	encoded, err := full().Encode()
	if err != nil {
		t.Fatalf("the largest ballot does not fit its message: %v", err)
	}
	if _, err := DecodeBallot(encoded); err != nil {
		t.Error(err)
	}
	b := full()
	b.Voids = nil
	acks := make([]Ack, charter.MaxStations)
	for i := range acks {
		acks[i] = Ack{Station: uint8(i), Time: maxTime}
	}
	if encoded, err = NewCertificate(b, acks).Encode(); err != nil {
		t.Fatalf("the largest certificate does not fit its message: %v", err)
	}
	if _, err := DecodeCertificate(encoded); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Ballot){
		"charter":    func(b *Ballot) { b.Charter = append(b.Charter, 0) },
		"statements": func(b *Ballot) { b.Statements = append(b.Statements, nil) },
		"voids":      func(b *Ballot) { b.Voids = append(b.Voids, nil) },
		"statement":  func(b *Ballot) { b.Statements[0] = append(b.Statements[0], 0) },
	} {
		b := full()
		change(&b)
		if _, err := b.Encode(); err == nil {
			t.Errorf("one more of %s", name)
		}
	}
	for name, a := range map[string]Ack{"before 1970": {Time: 0}, "after the year 9999": {Time: maxTime + 1}} {
		if _, err := NewCertificate(full(), []Ack{a}).Encode(); err == nil {
			t.Errorf("an acknowledgement %s", name)
		}
	}
	if _, err := NewCertificate(full(), append(acks, Ack{Station: 200, Time: 1})).Encode(); err == nil {
		t.Error("more acknowledgements than stations")
	}
	long := Freeze{Charter: [32]byte{1}, Time: maxTime, Reason: strings.Repeat("x", MaxReason)}
	if _, err := long.Encode(); err != nil {
		t.Errorf("the longest reason: %v", err)
	}
	long.Time++
	if _, err := long.Encode(); err == nil {
		t.Error("a freeze after the year 9999")
	}
}

// The Voids that travel with a ballot are counted by station, each once, and only
// those that were signed by stations that have a vote.
func TestVoidsThatTravel(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, two, replace(2, key("fresh").Public(), charter.Retired{})) // station 2 has no vote before it is in force
	now := start + hour
	b := w.ballot(w.draft(now), now, "Ada")
	other := [32]byte{9}
	void := func(digest [32]byte, station uint8, k string) []byte {
		signer := instance(int(station))
		if k != "" {
			signer = key(k)
		}
		out, err := SignVoid(digest, station, signer, [32]byte{}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	b.Voids = [][]byte{void(other, 2, ""), void(other, 2, "fresh"), void(other, 0, ""), void(other, 0, ""), void([32]byte{8}, 1, ""), void(other, 1, "")}
	x, err := w.line.Examine(b, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Voids(other); got != 2 {
		t.Errorf("%d stations voided, want 0 and 1", got)
	}
	if got := x.Voids([32]byte{8}); got != 1 {
		t.Errorf("%d stations voided another ballot, want 1", got)
	}
	for name, bad := range map[string][]byte{"a forged one": void(other, 0, "stranger"), "a torn one": void(other, 0, "")[1:]} {
		b.Voids = [][]byte{void(other, 1, ""), bad}
		_, err := w.line.Examine(b, now)
		if err == nil {
			t.Errorf("%s: examined", name)
			continue
		}
		isRefused(t, err, Malformed)
	}
}

// Numbers only rise at a station, whatever was voided, and there is an end to them.
func TestNumbersRise(t *testing.T) {
	e := newElection(t, 2, 3, 0)
	first, second := e.ballot(0, 5), e.ballot(1, 5)
	e.acknowledge(0, first)
	e.void(1, first)
	e.void(2, first)
	if e.acknowledge(0, second) {
		t.Error("a second ballot under one number")
	}
	if !e.acknowledge(0, e.ballot(1, 6)) {
		t.Error("a higher number is refused")
	}
	var v Votes
	for i := range maxVotes {
		x := e.ballot(0, uint32(i+1))
		if err := v.MayAcknowledge(x); err != nil {
			t.Fatal(err)
		}
		v = v.Acknowledged(x)
		if v, _ = v.Void(x.Ballot.Prior, [32]byte{byte(i), 3}); len(v.Voided) != i+1 {
			t.Fatal("not voided")
		}
	}
	b, err := v.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeVotes(b); err != nil {
		t.Errorf("as many votes as there can be: %v", err)
	}
	isRefused(t, v.MayAcknowledge(e.ballot(0, maxVotes+1)), Committed)
	v.Acked = append(v.Acked, Vote{Number: maxVotes + 1})
	if b, err = v.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeVotes(b); err == nil {
		t.Error("read more acknowledgements than there can be")
	}
}
