package coordinator_test

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/rehearsal"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/wire"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// Station 1 does not come, after station 0 has released its shares. Another
// quorum signs the same transactions with the same anchors, so that the two
// versions, should the first ever be completed, are one.
func TestStationAway(t *testing.T) {
	y := ready(t)
	y.owe("away", 400_000, 6)
	d := y.draft(plain)
	y.people.away[1] = true
	y.people.quorums = [][]int{{2, 0}}
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}})
	must(t, err)
	if b.ID != d.Batch.ID || b.Status != book.BatchSigned {
		t.Fatalf("after another quorum: batch %s is %s", b.ID, b.Status)
	}
	_, v, signed, err := y.Batch("1")
	must(t, err)
	for i, tx := range v.Transactions() {
		before := d.Verified.Transactions()[i]
		if tx.Anchor() != before.Anchor() || tx.Variants()[0].TxID() != before.Variants()[0].TxID() || signed[i].TxID != before.Variants()[0].TxID() {
			t.Fatalf("transaction %d is another one", i)
		}
	}
}

// Nobody else is there either: the person stops, with the session closed and the
// batch as it was. Days later it is signed, though its first request has expired.
func TestStopAndGoOnLater(t *testing.T) {
	y := ready(t)
	y.owe("later", 400_000, 3)
	y.draft(plain)
	y.people.away[0] = true
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{}); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatalf("stopping gives %v", err)
	}
	if b := y.state().Batches[0]; b.Status != book.BatchDrafted {
		t.Fatalf("stopped, the batch is %s", b.Status)
	}
	y.people.away[0] = false
	y.people.world.Now += 5 * 24 * 3600
	y.open()
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The coordinator is killed while a request is on its screen. The next start
// shows the same order, and does not let another quorum in beside it.
func TestOpenSession(t *testing.T) {
	y := ready(t)
	y.owe("open", 400_000, 3)
	y.draft(plain)
	killed, kill := context.WithCancelCause(t.Context())
	kill(errCrash)
	if _, err := y.Sign(t.Context(), dead{y.people}, "1", coordinator.SignOptions{Quorum: []int{0, 1}}); !errors.Is(err, errCrash) {
		t.Fatal(err, killed)
	}
	y.open()
	session := y.state().Batches[0].Session
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 2}}); err == nil || !strings.Contains(err.Error(), "waits for station 0") {
		t.Fatalf("a second session beside the first: %v", err)
	}
	if _, err := y.Discard("1"); err == nil {
		t.Fatal("a batch with an open session was discarded")
	}
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}})
	must(t, err)
	if b.Session != session {
		t.Fatal("another order was drawn up")
	}
}

// dead is a terminal whose machine dies as soon as something is shown.
type dead struct{ *people }

func (dead) Show(context.Context, ceremonies.Show) (coordinator.Word, error) {
	return coordinator.GoOn, errCrash
}

// An operator refuses. The reason comes back, the batch can be given up, its
// coins are free and its payouts pending.
func TestRefusedByAPerson(t *testing.T) {
	y := ready(t)
	y.owe("refused", 400_000, 3)
	y.draft(plain)
	y.people.refuse[0] = "the invoice is wrong"
	_, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	refused, ok := errors.AsType[*coordinator.StationRefused](err)
	if !ok || !strings.Contains(refused.Why, "the invoice is wrong") {
		t.Fatalf("refused with %v", err)
	}
	_, err = y.Discard("1")
	must(t, err)
	y.statuses(book.Pending)
	if n := len(y.state().Reserved); n != 0 {
		t.Fatalf("%d coins are still reserved", n)
	}
	// Nothing was released, so nothing is bound: the same payouts make a batch.
	y.people.refuse = nil
	y.draft(plain)
	if _, err = y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The attack, or the accident: station 0 has released shares for a batch that is
// then discarded, and its payouts are drafted again with others. If the new draft
// spent other coins, a coordinator that kept the old shares could complete the
// old batch too, and pay twice. The new draft must spend the old anchor.
func TestRedraftKeepsAnchors(t *testing.T) {
	y := ready(t)
	y.owe("old", 400_000, 3)
	old := y.draft(plain)
	y.people.away[1] = true
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}}); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	_, err := y.Discard("1")
	must(t, err)
	y.owe("new", 300_000, 3)
	d := y.draft(plain)
	bound := make(map[string]batch.OutPoint)
	for _, tx := range old.Verified.Transactions() {
		for _, out := range tx.Outputs() {
			if !out.Change {
				bound[old.Verified.Request().Payments[out.Payment].ExternalID] = tx.Anchor()
			}
		}
	}
	for _, tx := range d.Verified.Transactions() {
		for _, out := range tx.Outputs() {
			if out.Change {
				continue
			}
			id := d.Verified.Request().Payments[out.Payment].ExternalID
			if anchor, ok := bound[id]; ok && tx.Anchor() != anchor {
				t.Fatalf("%s was bound to %s and is drafted with %s", id, anchor, tx.Anchor())
			}
		}
	}
	y.people.away[1] = false
	_, err = y.Sign(t.Context(), y.people, d.Batch.ID.String(), coordinator.SignOptions{Quorum: []int{1, 2}})
	must(t, err)
}

// The anchor of a released payout is not there any more. The payout waits, and
// says why; the others are drafted.
func TestAnchorNotAvailable(t *testing.T) {
	y := ready(t)
	y.owe("old", 400_000, 2)
	y.draft(plain)
	y.people.away[1] = true
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}}); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	_, anchored, _, err := y.Batch("1")
	must(t, err)
	_, err = y.Discard("1")
	must(t, err)
	y.owe("new", 300_000, 2)
	without := missing{y.chain, anchored.Transactions()[0].Anchor()}
	d, err := y.Draft(t.Context(), without, y.chain, plain)
	must(t, err)
	if len(d.Waiting) != 2 || !strings.Contains(d.Waiting[0].Why, without.coin.String()) || len(d.Verified.Request().Payments) != 2 {
		t.Fatalf("waiting: %+v", d.Waiting)
	}
}

// missing is a chain on which one coin is spent.
type missing struct {
	chain
	coin batch.OutPoint
}

func (m missing) Coins(ctx context.Context, scripts [][]byte) ([]coordinator.Coin, error) {
	found, err := m.chain.Coins(ctx, scripts)
	return slices.DeleteFunc(found, func(c coordinator.Coin) bool { return c.OutPoint == m.coin }), err
}

// Two batches are each under the cap of 24 hours and together over it. Both can
// be drafted; once the first is signed, the coordinator refuses to walk with the
// second, and a station that sees it all the same refuses too.
func TestOverTheWindow(t *testing.T) {
	y := ready(t)
	y.fund(9_000_000, 5)
	y.owe("one", 8_000_000, 2)
	y.draft(plain)
	y.owe("two", 8_000_000, 2)
	y.draft(plain)
	_, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}})
	must(t, err)
	_, err = y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{Quorum: []int{1, 2}})
	refused, ok := errors.AsType[*coordinator.Refused](err)
	if !ok || !strings.Contains(refused.Error(), "cap/day") {
		t.Fatalf("the coordinator: %v", err)
	}
	if b := y.state().Batches[1]; b.Status != book.BatchDrafted {
		t.Fatalf("refused, the batch is %s", b.Status)
	}
	_, err = y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{Quorum: []int{1, 2}, Anyway: true})
	if stationRefused, ok := errors.AsType[*coordinator.StationRefused](err); !ok || !strings.Contains(stationRefused.Why, "cap/day") {
		t.Fatalf("the station: %v", err)
	}
	// A day later it passes.
	y.people.world.Now += 30 * 3600
	_, err = y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{Quorum: []int{1, 2}})
	must(t, err)
}

// A station signs a wrong share. The answer is not taken, the evidence proves it
// to anyone, and another quorum signs.
func TestWrongShare(t *testing.T) {
	y := ready(t)
	y.owe("share", 400_000, 3)
	y.draft(plain)
	culprit := y.people.world.Stations[1]
	y.people.tamper = func(station int, answer []byte) []byte {
		if station != 1 {
			return answer
		}
		y.people.away[1] = true // the person has seen enough
		return wrongShare(t, y, culprit, answer)
	}
	y.people.quorums = [][]int{{0, 2}}
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatalf("the batch is %s", b.Status)
	}
	var record []byte
	for _, s := range y.people.told {
		if failed, ok := s.(ceremonies.Failed); ok && failed.Fault.Code == "session/wrong-share" {
			record = failed.Fault.Record
		}
	}
	p, err := y.Public()
	must(t, err)
	finding, err := signing.VerifyBlame(rehearsal.SigningGroup(p), record)
	if err != nil || finding.Station != 1 {
		t.Fatalf("the evidence: %+v, %v", finding, err)
	}
}

// wrongShare is the answer of a station that lies about its first share.
func wrongShare(t *testing.T, y *treasury, s *rehearsal.Station, answer []byte) []byte {
	t.Helper()
	p, err := y.Public()
	must(t, err)
	id := [32]byte(p.Wallet.ID())
	ring, err := p.Charter.Keyring(id)
	must(t, err)
	opened, err := wire.Open(answer, ring)
	must(t, err)
	var r signing.Response
	must(t, wire.Unmarshal(opened.Body(), &r, wire.MaxSealed))
	r.Shares[31] ^= 1
	body, err := wire.Marshal(r)
	must(t, err)
	m, err := wire.Seal(wire.KindSigningResponse, id, body, s.Identity.Instance, y.people.world.Random())
	must(t, err)
	return m.Bytes
}

// The store's batch was changed by something else after it was drafted: a payee
// swapped in its request. The coordinator notices that it is another batch.
func TestAlteredStore(t *testing.T) {
	y := ready(t)
	y.owe("altered", 400_000, 2)
	y.draft(plain)
	b := y.state().Batches[0]
	r, err := batch.Decode(b.Request)
	must(t, err)
	r.Payments[0].Script = payee(19)
	swapped, err := r.Encode()
	must(t, err)
	must(t, y.store.Commit(book.Change{Batches: []book.BatchMove{{ID: b.ID, From: b.Status, To: b.Status, Request: swapped}}}))
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}}); err == nil || !strings.Contains(err.Error(), "changed by something else") {
		t.Fatalf("an altered batch: %v", err)
	}
	if y.people.shown > 5 {
		t.Fatal("it was shown to a station")
	}
}

func TestQuorums(t *testing.T) {
	y := ready(t)
	y.owe("quorum", 400_000, 2)
	y.draft(plain)
	for _, quorum := range [][]int{{0}, {0, 0}, {0, 3}, {-1, 0}} {
		if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: quorum}); err == nil {
			t.Errorf("quorum %v signed", quorum)
		}
	}
	if b := y.state().Batches[0]; b.Status != book.BatchDrafted || hex.EncodeToString(b.Session[:8]) != "0000000000000000" {
		t.Fatalf("after wrong quorums: %+v", b.Status)
	}
	// More than the threshold may sign together: rules can ask for it.
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{2, 0, 1}})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatalf("three stations: %s", b.Status)
	}
}

// Station 0 approves, its answer is lost, and the person ends the session. The
// station has recorded a release that nobody knows of, and refuses every later
// request, until its late answer is taken.
func TestLateAnswer(t *testing.T) {
	y := ready(t)
	y.owe("late", 400_000, 3)
	y.draft(plain)
	var lost []byte
	y.people.tamper = func(station int, answer []byte) []byte {
		lost = answer
		y.people.away[station] = true
		return nil
	}
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}}); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	y.people.away, y.people.tamper = map[int]bool{}, nil
	y.people.world.Now += 60
	y.open()
	_, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}})
	if fault, ok := errors.AsType[*ceremonies.Fault](err); !ok || fault.Code != "signing/stale-snapshot" {
		t.Fatalf("the station that nobody knows to have signed: %v", err)
	}
	y.people.away[0] = true
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{}); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	delete(y.people.away, 0)
	y.people.answers = [][]byte{[]byte("junk"), lost}
	must(t, y.Late(t.Context(), y.people))
	y.open()
	_, err = y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{0, 1}})
	must(t, err)
}
