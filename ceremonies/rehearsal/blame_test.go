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

// reseal lets a dishonest station change its answer and sign it again.
func (w *World) reseal(t *testing.T, s *Station, answer []byte, change func(*signing.Response)) []byte {
	t.Helper()
	r := open[signing.Response](t, w, answer)
	change(&r)
	body, err := wire.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Seal(wire.KindSigningResponse, [32]byte(w.Public.Wallet.ID()), body, s.Identity.Instance, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	return m.Bytes
}

// A station gives a wrong partial signature, so that the batch fails and nobody
// knows why. The coordinator names it, with a record that a third program
// checks from the wallet's public file alone.
func TestWrongShareIsBlamedByName(t *testing.T) {
	var first ledger.Head // the station's own, but of before the release
	for name, change := range map[string]func(*signing.Response){
		"session/wrong-share":     func(r *signing.Response) { r.Shares[40] ^= 1 },
		"session/shares":          func(r *signing.Response) { r.Shares = r.Shares[:32] },
		"session/acknowledgement": func(r *signing.Response) { r.Ack[3] ^= 1 },
		"session/record":          func(r *signing.Response) { r.Record = r.Record[:len(r.Record)-1] },
		"session/head":            func(r *signing.Response) { r.Head = first },
		"session/refill":          func(r *signing.Response) { r.Refill.Epoch[0] ^= 1 },
	} {
		w := ready(t, 2, 3)
		req := w.Pay("blame", "Exchange", payee(1), 0, 2000, 100_000)
		req.Transactions[0].Inputs = append(req.Transactions[0].Inputs, w.Coin(3, 40_000))
		req.Transactions[0].Variants[0].Change += 39_000
		session, request, err := w.Open(req, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		s := w.Stations[1]
		first = s.Sign.Status().Head
		answer, _, err := w.Visit(s, request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = session.Step(w.Event(ceremonies.Scanned{Bytes: w.reseal(t, s, answer, change)}))
		var fault *ceremonies.Fault
		if !errors.As(err, &fault) {
			t.Fatalf("%s: the coordinator took a wrong answer: %v", name, err)
		}
		if fault.Code != name || fault.Suspect != (ceremonies.Suspect{Kind: ceremonies.Station, Station: 1}) {
			t.Fatalf("fault %q, suspect %v; want %q, station 1", fault.Code, fault.Suspect, name)
		}
		found, err := signing.VerifyBlame(SigningGroup(w.Public), fault.Record)
		if err != nil || found.Station != 1 {
			t.Fatalf("%s: a third program does not find it: %+v, %v", name, found, err)
		}
		// The coordinator is not stuck: the honest answer still passes.
		if _, err := w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
			t.Fatalf("%s: the honest answer is refused: %v", name, err)
		}
	}
}

// Somebody who never spoke for the wallet signs two records in a station's name
// that contradict each other.
func TestStrangersTwoStoriesProveNothing(t *testing.T) {
	w := ready(t, 2, 3)
	stranger, err := wire.GenerateSigningKey(w.Random())
	if err != nil {
		t.Fatal(err)
	}
	var b signing.Blame
	for i := range byte(2) {
		r, err := ledger.SignRecord(ledger.Record{Wallet: [32]byte(w.Public.Wallet.ID()), Station: 1, Seq: 1, Batch: [32]byte{i}}, stranger, w.Random())
		if err != nil {
			t.Fatal(err)
		}
		story, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		b.Stories = append(b.Stories, story)
	}
	if found, err := signing.VerifyBlame(w.Group(w.Line), mustMarshal(t, b)); !errors.Is(err, signing.ErrNotProven) {
		t.Fatalf("%+v, %v", found, err)
	}
}

// A station signs rightly but records less than it released, so that a later
// limit would count less.
func TestLyingRecordIsBlamed(t *testing.T) {
	w := ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("lie", "Exchange", payee(1), 0, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stations[1]
	answer, _, err := w.Visit(s, request)
	if err != nil {
		t.Fatal(err)
	}
	lie := w.reseal(t, s, answer, func(r *signing.Response) {
		record, err := ledger.DecodeRecord(r.Record)
		if err != nil {
			t.Fatal(err)
		}
		record.Payments[0].Amount = 1
		if record, err = ledger.SignRecord(record, s.Identity.Instance, w.Random()); err != nil {
			t.Fatal(err)
		}
		if r.Record, err = record.Encode(); err != nil {
			t.Fatal(err)
		}
		r.Head.Last = record.Hash()
		if r.Head, err = ledger.SignHead(r.Head, s.Identity.Instance, w.Random()); err != nil {
			t.Fatal(err)
		}
	})
	_, err = session.Step(w.Event(ceremonies.Scanned{Bytes: lie}))
	var fault *ceremonies.Fault
	if !errors.As(err, &fault) || fault.Code != "session/record" {
		t.Fatalf("a record that says less than was released is taken: %v", err)
	}
	if found, err := signing.VerifyBlame(SigningGroup(w.Public), fault.Record); err != nil || found.Station != 1 {
		t.Fatalf("a third program does not find it: %+v, %v", found, err)
	}
}

// A station answers what no station may answer: an order whose quorum does not
// name it, whose facts are another wallet's, or which is no order at all.
func TestAnswerToAnImpossibleOrderIsBlamed(t *testing.T) {
	w, stranger := ready(t, 2, 3), readySeed(t, 2, 3, 2)
	_, request, err := w.Open(w.Pay("imp", "Exchange", payee(1), 0, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[1], request)
	if err != nil {
		t.Fatal(err)
	}
	_, foreign, err := w.Open(w.Pay("imp-b", "Exchange", payee(1), 0, 2000, 100_000), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	facts := w.forge(t, request, func(_ *signing.Order, r *batch.Request) { r.Wallet = stranger.Public.Wallet.ID() }, nil)
	for name, order := range map[string][]byte{
		"another quorum":         open[signing.Request](t, w, foreign).Order,
		"another wallet's facts": open[signing.Request](t, w, facts).Order,
		"no order":               {0xa0},
	} {
		guilty := w.reseal(t, w.Stations[1], answer, func(r *signing.Response) { r.Digest = signing.Digest(order) })
		record := mustMarshal(t, signing.Blame{Order: order, Response: guilty})
		if found, err := signing.VerifyBlame(SigningGroup(w.Public), record); err != nil || found.Station != 1 || found.Slot != -1 {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

// A coordinator tries to frame an honest station: it alters the answer, or sets
// the answer beside another order or beside commitments of its own making.
// Nothing that accuses is the coordinator's word, so nothing is proven.
func TestFramedStationIsNotBlamed(t *testing.T) {
	w := ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("frame", "Exchange", payee(1), 0, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := w.Open(w.Pay("frame-b", "Exchange", payee(1), 0, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[1], request)
	if err != nil {
		t.Fatal(err)
	}
	order, wrongOrder := open[signing.Request](t, w, request).Order, open[signing.Request](t, w, other).Order
	page := w.Stations[1].Disk["signing/pool"]
	torn := append([]byte(nil), answer...)
	torn[200] ^= 1
	// Commitments that the coordinator, or another station, signed.
	forged := w.forgePage(t, page)
	for name, b := range map[string]signing.Blame{
		"honest":           {Order: order, Response: answer, Pages: [][]byte{page}},
		"altered answer":   {Order: order, Response: torn, Pages: [][]byte{page}},
		"another order":    {Order: wrongOrder, Response: answer, Pages: [][]byte{page}},
		"no commitments":   {Order: order, Response: answer},
		"others' pages":    {Order: order, Response: answer, Pages: [][]byte{w.Stations[2].Disk["signing/pool"]}},
		"forged pages":     {Order: order, Response: answer, Pages: [][]byte{forged}},
		"a request":        {Order: order, Response: request, Pages: [][]byte{page}},
		"nothing whatever": {},
	} {
		if found, err := signing.VerifyBlame(SigningGroup(w.Public), mustMarshal(t, b)); !errors.Is(err, signing.ErrNotProven) {
			t.Errorf("%s: an honest station is blamed: %+v, %v", name, found, err)
		}
	}
	if _, err := session.Step(w.Event(ceremonies.Scanned{Bytes: torn})); code(err) != "session/not-ours" {
		t.Errorf("an altered answer: %v", err)
	}
}

// forgePage replaces a station's commitments by the same of another index and
// seals the page with a station's key that is not the accused's.
func (w *World) forgePage(t *testing.T, page []byte) []byte {
	t.Helper()
	p := open[signing.Pool](t, w, page)
	copy(p.Page.Commitments, p.Page.Commitments[66:])
	m, err := wire.Seal(wire.KindNoncePool, [32]byte(w.Public.Wallet.ID()), mustMarshal(t, p), w.Stations[0].Identity.Instance, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	return m.Bytes
}

// A station does not come, or refuses: another quorum signs the same payments,
// bound to the same coins, and only one of the two can ever confirm.
func TestDroppedStationLeadsToAnotherQuorum(t *testing.T) {
	w := ready(t, 2, 3)
	r := w.Pay("drop", "Exchange", payee(1), 0, 2000, 100_000)
	session, request, err := w.Open(r, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[0], request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
		t.Fatal(err)
	}
	if _, err := w.keep(session.Step(w.Event(ceremonies.Away{Station: 1}))); err != nil {
		t.Fatal(err)
	}
	if session.Ended() == "" {
		t.Fatal("the session goes on without its station")
	}
	w.Now += 60
	r.Time, r.Expiry = w.Now, w.Now+3600
	sigs, err := w.Sign(r, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Verify(w.Public.Wallet)
	if err != nil {
		t.Fatal(err)
	}
	if !verifies(t, v, sigs) {
		t.Fatal("the signatures do not verify")
	}
}
