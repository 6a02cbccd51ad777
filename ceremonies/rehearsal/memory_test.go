package rehearsal

import (
	"errors"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// A coordinator shows one batch to the first station of a quorum and another to
// the second, hoping that each approves what it likes and the shares combine.
func TestTwoStoriesToldToOneQuorum(t *testing.T) {
	w := ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("story", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[0], request)
	if err != nil {
		t.Fatal(err)
	}
	step, err := w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: answer})))
	if err != nil {
		t.Fatal(err)
	}
	second := step.Send[0].Bytes
	evil := w.forge(t, second, func(_ *signing.Order, r *batch.Request) { r.Payments[0].Script = payee(2) }, nil)
	w.refuses(t, w.Stations[1], evil, "signing/acknowledgement")
	if _, err := w.Finish(session, second); err != nil {
		t.Fatalf("undone, the batch must pass: %v", err)
	}
}

// A coordinator visits the second station first, before anybody acknowledged.
func TestOutOfOrderVisit(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("order", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], request, "signing/out-of-order")
	w.refuses(t, w.Stations[2], request, "signing/other-quorum")
}

// A coordinator leaves the first station's acknowledgement out, or puts one of
// another order or another station in its place.
func TestMissingAcknowledgement(t *testing.T) {
	w := ready(t, 3, 5)
	first, request, err := w.Open(w.Pay("ack", "Exchange", payee(1), 0, 2000, 100_000), 0, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		stations, answered := first.Quorum()
		answer, _, err := w.Visit(w.Stations[stations[answered]], request)
		if err != nil {
			t.Fatal(err)
		}
		step, err := w.keep(first.Step(w.Event(ceremonies.Scanned{Bytes: answer})))
		if err != nil {
			t.Fatal(err)
		}
		request = step.Send[0].Bytes
	}
	s := w.Stations[2]
	w.refuses(t, s, w.forge(t, request, nil, func(r *signing.Request) { r.Acks = r.Acks[:1] }), "signing/out-of-order")
	w.refuses(t, s, w.forge(t, request, nil, func(r *signing.Request) { r.Acks[0] = r.Acks[1] }), "signing/acknowledgement")
	w.refuses(t, s, w.forge(t, request, nil, func(r *signing.Request) { r.Acks[1][5] ^= 1 }), "signing/acknowledgement")
	if _, _, err := w.Visit(s, request); err != nil {
		t.Fatalf("undone, the batch must pass: %v", err)
	}
}

// A coordinator splits a payment that is over the day's limit into two batches
// that are each under it, and shows them to two quorums. Any two quorums of two
// out of three share a station, and a station remembers; and whoever is not
// shared is told by the records that travel with the request.
func TestLimitAcrossQuorums(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("day-a", "Exchange", payee(1), 0, 2000, 4_000_000, 2_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	w.Now += 600
	b := w.Pay("day-b", "Vendor", payee(3), 1, 2000, 4_000_000, 1_000_000)
	_, request, err := w.Open(b, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[2], request, "rule/cap/day")
	w.Now += 29 * 3600 // the window and twice the clock's tolerance have passed
	if _, err := w.Sign(w.Pay("day-c", "Vendor", payee(3), 1, 2000, 4_000_000, 1_000_000), 2, 0); err != nil {
		t.Fatalf("a day later the batch must pass: %v", err)
	}
}

// The same, but the coordinator hides the first batch's records: from the
// station that was not there, which cannot know, by showing older heads. The
// shared station then sees that its own last record is missing.
func TestHiddenRecord(t *testing.T) {
	w := ready(t, 2, 3)
	old := w.Desk.Heads()
	if _, err := w.Sign(w.Pay("hide-a", "Exchange", payee(1), 0, 2000, 4_000_000, 2_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	w.Now += 600
	_, request, err := w.Open(w.Pay("hide-b", "Vendor", payee(3), 1, 2000, 4_000_000, 1_000_000), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	stale := w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Heads = old }, func(r *signing.Request) { r.Missed = nil })
	answer, refused, err := w.Visit(w.Stations[2], stale)
	if err != nil || refused != nil {
		t.Fatalf("the station that was not there cannot know: %v %v", refused, err)
	}
	response := open[signing.Response](t, w, answer)
	evil := w.forge(t, stale, nil, func(r *signing.Request) { r.Acks = [][64]byte{response.Ack} })
	w.refuses(t, w.Stations[0], evil, "signing/stale-snapshot")

	// A record left out of a request that does name its head.
	_, request, err = w.Open(w.Pay("hide-c", "Vendor", payee(3), 1, 2000, 100_000), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	evil = w.forge(t, request, nil, func(r *signing.Request) { r.Missed = nil })
	w.refuses(t, w.Stations[2], evil, "signing/stale-snapshot") // it has signed since, unseen by this coordinator
	w2 := ready(t, 2, 3)
	if _, err := w2.Sign(w2.Pay("hide-d", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	_, request, err = w2.Open(w2.Pay("hide-e", "Exchange", payee(1), 1, 2000, 100_000), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	w2.refuses(t, w2.Stations[2], w2.forge(t, request, nil, func(r *signing.Request) { r.Missed = r.Missed[:1] }), "signing/snapshot")
	if _, _, err := w2.Visit(w2.Stations[2], request); err != nil {
		t.Fatalf("undone, the batch must pass: %v", err)
	}
	// Having seen the records once, the station is not talked out of them.
	_, request, err = w2.Open(w2.Pay("hide-f", "Exchange", payee(1), 2, 2000, 100_000), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := w2.Stations[2].Sign.Status().Head
	evil = w2.forge(t, request, func(o *signing.Order, _ *batch.Request) {
		o.Heads = []ledger.Head{w2.firstHead(t, 0), w2.firstHead(t, 1), own}
	}, nil)
	w2.refuses(t, w2.Stations[2], evil, "signing/rolled-back-peer")
}

// A station is started from an older copy of its disk. The request shows it its
// own signature over a later state, and it freezes: on that copy, for good.
func TestRolledBackStation(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	old := s.Disk.Copy()
	if _, err := w.Sign(w.Pay("back-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	newest := s.Disk
	s.Disk = old
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	session, request, err := w.Open(w.Pay("back-b", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, s, request, "signing/rolled-back")
	if !s.Sign.Status().Frozen {
		t.Fatal("the station is not frozen")
	}
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	w.refuses(t, s, request, "signing/rolled-back")
	// Nor does it thaw for a coordinator that now hides the later head.
	first := w.firstHead(t, 0)
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) {
		o.Heads = []ledger.Head{first, w.firstHead(t, 1), w.firstHead(t, 2)}
		o.Starts[0].Index = 0
	}, func(r *signing.Request) { r.Missed = nil }), "signing/rolled-back")
	s.Disk = newest
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(session, request); err != nil {
		t.Fatalf("with the newest disk the batch must pass: %v", err)
	}
}

// A station's disk is copied, and both copies sign. An honest coordinator's
// heads stop the second copy; against a lying one, the peer that saw the first
// copy's head refuses to complete what the second copy began.
func TestClonedStation(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	clone := &Station{Number: 0, Disk: s.Disk.Copy(), Identity: s.Identity}
	if err := w.Restart(clone); err != nil {
		t.Fatal(err)
	}
	before := w.Desk.Heads()
	if _, err := w.Sign(w.Pay("clone-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("clone-b", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	// The lying coordinator hides the first signing from the clone.
	lie := w.forge(t, request, func(o *signing.Order, _ *batch.Request) {
		o.Heads = before
		o.Starts[0].Index = before[0].Next
	}, func(r *signing.Request) { r.Missed = nil })
	answer, refused, err := w.Visit(clone, lie)
	if err != nil || refused != nil {
		t.Fatalf("the clone cannot know (LIMITS.md): %v %v", refused, err)
	}
	response := open[signing.Response](t, w, answer)
	w.refuses(t, w.Stations[1], w.forge(t, lie, nil, func(r *signing.Request) { r.Acks = [][64]byte{response.Ack} }), "signing/stale-snapshot")

	// Whoever sees both copies' records holds the proof.
	second, err := ledger.DecodeRecord(response.Record)
	if err != nil {
		t.Fatal(err)
	}
	var twice *ledger.Equivocation
	if err := w.Desk.Ledger().Add(second); !errors.As(err, &twice) {
		t.Fatalf("two records with one number are not an equivocation: %v", err)
	}
	if err := twice.Verify(); err != nil {
		t.Fatal(err)
	}
	// The honest request freezes a copy that has not signed yet.
	fresh := ready(t, 2, 3)
	copyOf := &Station{Number: 0, Disk: fresh.Stations[0].Disk.Copy(), Identity: fresh.Stations[0].Identity}
	if _, err := fresh.Sign(fresh.Pay("clone-c", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := fresh.Restart(copyOf); err != nil {
		t.Fatal(err)
	}
	_, request, err = fresh.Open(fresh.Pay("clone-d", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	fresh.refuses(t, copyOf, request, "signing/rolled-back")
}

// A cloned station's two records, both signed, travel to a peer. The peer signs
// nothing and keeps the proof; the clone is named, not the coordinator.
func TestEquivocationReachesAPeer(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	clone := &Station{Number: 0, Disk: s.Disk.Copy(), Identity: s.Identity}
	if err := w.Restart(clone); err != nil {
		t.Fatal(err)
	}
	_, first, err := w.Open(w.Pay("eq-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	other := w.forge(t, first, func(_ *signing.Order, r *batch.Request) { r.Payments[0].ExternalID = "eq-b" }, nil)
	answer, _, err := w.Visit(clone, other)
	if err != nil {
		t.Fatal(err)
	}
	second := open[signing.Response](t, w, answer).Record
	if _, err := w.Sign(w.Pay("eq-c", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("eq-d", "Exchange", payee(1), 1, 2000, 100_000), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, nil, func(r *signing.Request) { r.Missed = append(r.Missed, second) })
	_, _, err = w.Visit(w.Stations[2], evil)
	var fault *ceremonies.Fault
	if !errors.As(err, &fault) || fault.Code != "signing/equivocation" || fault.Suspect != (ceremonies.Suspect{Kind: ceremonies.Station, Station: 0}) {
		t.Fatalf("a station that contradicts itself is not named: %v", err)
	}
	if found, err := signing.VerifyBlame(SigningGroup(w.Public), fault.Record); err != nil || found.Station != 0 {
		t.Fatalf("a third program does not find it: %+v, %v", found, err)
	}
}

// A coordinator has a batch reviewed on an old memory; before the approval the
// station learns of a release that takes the day's limit. What it now knows
// counts, not what it knew when the review began.
func TestApprovalOnAnOlderMemory(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[2]
	_, first, err := w.Open(w.Pay("old-a", "Vendor", payee(3), 0, 2000, 4_000_000, 2_000_000), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sign(w.Pay("old-b", "Exchange", payee(1), 0, 2000, 4_000_000, 4_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	step, err := w.Do(s, ceremonies.Scanned{Bytes: first})
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := w.Open(w.Pay("old-c", "Exchange", payee(1), 0, 2000, 100_000), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	torn := w.forge(t, second, func(o *signing.Order, _ *batch.Request) { o.Nonces = nil }, nil)
	if _, err := w.Do(s, ceremonies.Scanned{Bytes: torn}); code(err) != "signing/malformed" {
		t.Fatalf("the second request: %v", err)
	}
	before := s.Sign.Status().Head
	if _, err := w.Do(s, ceremonies.Approve{Digest: step.Screen.(ceremonies.Review).Digest}); code(err) != "signing/hidden-record" {
		t.Fatalf("a batch was signed on an older memory: %v", err)
	}
	if s.Sign.Status().Head != before {
		t.Fatal("the refusal moved the head")
	}
}

// A coordinator hands a station records that are not for it: its own, or torn.
func TestRecordsThatDoNotBelong(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("own-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("own-b", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	own := w.Stations[0].Disk.Records(signing.LedgerPrefix)[0].Value
	w.refuses(t, w.Stations[0], w.forge(t, request, nil, func(r *signing.Request) { r.Missed = append(r.Missed, own) }), "signing/records")
	w.refuses(t, w.Stations[0], w.forge(t, request, nil, func(r *signing.Request) { r.Missed[0] = r.Missed[0][1:] }), "signing/records")
	w.refuses(t, w.Stations[0], w.forge(t, request, nil, func(r *signing.Request) { r.Missed[0][len(r.Missed[0])-1] ^= 1 }), "signing/records")
}

// A station that was restored from its words has a new instance key. It proves
// that it holds the right share, and is a stranger all the same.
func TestRestoredStationIsAStranger(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	setup, err := w.Setup(s)
	if err != nil {
		t.Fatal(err)
	}
	if setup.Instance, err = wire.GenerateSigningKey(w.Random()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := signing.NewStation(setup, w.At(s, ceremonies.Start{})); !errors.Is(err, signing.ErrUnlisted) {
		t.Fatalf("a restored station may sign: %v", err)
	}
}

// One payment is drafted twice, from different coins, and each draft is shown to
// a quorum. If both were signed, both could confirm: a payment paid twice.
func TestTwoRedraftsOfOnePayment(t *testing.T) {
	w := ready(t, 2, 3)
	first := w.Pay("twice", "Exchange", payee(1), 0, 2000, 100_000)
	if _, err := w.Sign(first, 0, 1); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	_, request, err := w.Open(w.Pay("twice", "Exchange", payee(1), 1, 2000, 100_000), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "rule/payout/anchor")
	again := first.Clone()
	again.Time, again.Expiry = w.Now, w.Now+3600
	again.Transactions[0].Inputs = append(again.Transactions[0].Inputs, w.Coin(9, 10_000))
	again.Transactions[0].Variants[0].Change += 5_000
	_, request, err = w.Open(again, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "rule/replacement/fee") // it would return more
	again.Transactions[0].Variants[0].Change -= 6_000
	if _, err := w.Sign(again, 2, 0); err != nil {
		t.Fatalf("a redraft that spends the anchor, for a higher fee, must pass: %v", err)
	}
}

// A coordinator states a time outside the stations' clocks, to leave a window.
func TestStatedTime(t *testing.T) {
	w := ready(t, 2, 3)
	early := w.Pay("early", "Exchange", payee(1), 0, 2000, 100_000)
	early.Time -= 3 * 3600
	early.Expiry = early.Time + 2*3600
	_, request, err := w.Open(early, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "time/clock")
	late := w.Pay("late", "Exchange", payee(1), 0, 2000, 100_000)
	_, request, err = w.Open(late, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Stations[0].Skew = -3 * 3600
	w.refuses(t, w.Stations[0], request, "time/clock")
	w.Stations[0].Skew = 3601
	w.refuses(t, w.Stations[0], request, "time/expired")
	w.Stations[0].Skew = 0
	if _, err := w.Sign(w.Pay("now", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	back := w.Pay("back", "Exchange", payee(1), 0, 2000, 100_000)
	back.Time -= 60
	_, request, err = w.Open(back, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "rule/time/order")
}

// firstHead is a station's head before it released anything.
func (w *World) firstHead(t *testing.T, station int) ledger.Head {
	t.Helper()
	s := w.Stations[station]
	h, err := ledger.SignHead(ledger.Head{
		Wallet: [32]byte(w.Public.Wallet.ID()), Station: uint8(station), Epoch: s.Sign.Status().Head.Epoch,
	}, s.Identity.Instance, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	return h
}
