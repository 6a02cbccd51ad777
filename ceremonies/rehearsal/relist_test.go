package rehearsal

import (
	"errors"
	"slices"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// A station's disk is destroyed. It is restored from its words, listed anew, and
// gets the others' memory back. What it released before keeps counting: in the
// day's limit, in the coins that payouts are bound to.
func TestRelistedStation(t *testing.T) {
	w := ready(t, 2, 3)
	first := w.Pay("before", "Exchange", payee(1), 0, 2000, 4_000_000, 2_000_000)
	if _, err := w.Sign(first, 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sign(w.Pay("second", "Exchange", payee(1), 1, 2000, 1_000_000), 0, 2); err != nil {
		t.Fatal(err)
	}
	old := w.Stations[0].Identity.Instance.Public()
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	if setup, err := w.Setup(w.Stations[0]); err != nil {
		t.Fatal(err)
	} else if _, _, err := signing.NewStation(setup, w.At(w.Stations[0], ceremonies.Start{})); !errors.Is(err, signing.ErrUnlisted) {
		t.Fatalf("before it is listed: %v", err)
	}
	w.Now += 600
	if err := w.Relist(0); err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	if status := s.Sign.Status(); status.Head.Seq != 0 || status.Head.Instance == old {
		t.Fatalf("head %+v", status.Head)
	}
	// With or without it: its windows are not empty.
	over := w.Pay("over", "Vendor", payee(3), 2, 2000, 4_000_000)
	for _, quorum := range [][]int{{0, 1}, {1, 2}, {2, 0}} {
		if _, err := w.Sign(over, quorum...); code(err) != "rule/cap/day" {
			t.Errorf("by %v: %v", quorum, err)
		}
	}
	again := first.Clone()
	again.Charter, again.Time, again.Expiry = w.Ruling().ID(), w.Now, w.Now+3600
	again.Transactions[0].Inputs[0].OutPoint = w.Coin(7, 1).OutPoint
	if _, err := w.Sign(again, 0, 2); code(err) != "rule/payout/anchor" {
		t.Errorf("another coin for a payout that the lost installation released: %v", err)
	}
	for i, quorum := range [][]int{{0, 1}, {2, 0}, {1, 2}, {0, 2}} {
		w.Now += 60
		if _, err := w.Sign(w.Pay("after-"+string(rune('a'+i)), "Exchange", payee(1), uint32(i+2), 2000, 100_000), quorum...); err != nil {
			t.Fatalf("by %v: %v", quorum, err)
		}
	}
	// What came back once is not carried to anybody a second time.
	_, request, err := w.Open(w.Pay("carried", "Exchange", payee(1), 6, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, missed := range open[signing.Request](t, w, request).Missed {
		if r, err := ledger.DecodeRecord(missed); err != nil || r.Instance == old {
			t.Errorf("%v travels to a station that has it: %v", r, err)
		}
	}
	// Two chains of one station stand on every disk, and everybody starts from them.
	for _, disk := range []Disk{w.Disk, w.Stations[0].Disk, w.Stations[1].Disk, w.Stations[2].Disk} {
		prefix := signing.LedgerPrefix
		if len(disk.Records(signing.RecordPrefix)) > 0 {
			prefix = signing.RecordPrefix
		}
		chains := make(map[wire.PublicKey]int)
		for _, kept := range disk.Records(prefix) {
			r, err := ledger.DecodeRecord(kept.Value)
			if err != nil {
				t.Fatal(err)
			}
			if r.Station == 0 {
				chains[r.Instance]++
			}
		}
		if chains[old] != 2 || len(chains) != 2 {
			t.Errorf("records of station 0 by instance: %v", chains)
		}
	}
	for _, s := range w.Stations {
		if err := w.Restart(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.openDesk(); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	if _, err := w.Sign(w.Pay("at-last", "Exchange", payee(1), 7, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	for _, page := range w.Disk.Records(signing.PagePrefix + "00/") {
		if len(page.Value) > 0 {
			t.Errorf("%s keeps nonces of the lost installation", page.Name)
		}
	}
	if missed := w.Desk.Ledger().Known(); len(missed) != 4 || missed[3] != 2 {
		t.Errorf("the desk knows %v", missed)
	}
}

// A restored station is given a memory with a hole: a record left out at either
// end or in a chain's middle, its own former chain left out, fewer peers than could
// not all lie, or none. Or it asks to begin without any.
func TestMemoryWithAHole(t *testing.T) {
	w := ready(t, 2, 3)
	for i, quorum := range [][]int{{0, 1}, {1, 2}, {0, 2}} {
		if _, err := w.Sign(w.Pay("hole-"+string(rune('a'+i)), "Exchange", payee(1), uint32(i), 2000, 100_000), quorum...); err != nil {
			t.Fatal(err)
		}
	}
	// Station 1 learns of the last batch, so that it can say all.
	if _, err := w.Sign(w.Pay("hole-d", "Exchange", payee(1), 3, 2000, 100_000), 1, 2); err != nil {
		t.Fatal(err)
	}
	former := w.Stations[0].Sign.Status().Head
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	b, err := w.Ballot(w.Relisting(0, s.Identity.Instance.Public()), nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Certify(b, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	s.Line = w.Line
	setup, err := w.Setup(s)
	if err != nil {
		t.Fatal(err)
	}
	whole := w.Memory(1, 2)
	without := func(drop func(ledger.Record) bool) signing.Memory {
		return signing.Memory{Records: slices.DeleteFunc(slices.Clone(whole.Records), drop), Heads: whole.Heads}
	}
	for name, m := range map[string]signing.Memory{
		"nothing":                {},
		"one peer":               {Records: whole.Records, Heads: whole.Heads[:1]},
		"one peer twice":         {Records: whole.Records, Heads: []ledger.Head{whole.Heads[0], whole.Heads[0]}},
		"a peer's last record":   without(func(r ledger.Record) bool { return r.Station == 1 && r.Seq == 3 }),
		"a peer's first record":  without(func(r ledger.Record) bool { return r.Station == 2 && r.Seq == 1 }),
		"the own former chain":   without(func(r ledger.Record) bool { return r.Station == 0 }),
		"its last record":        without(func(r ledger.Record) bool { return r.Station == 0 && r.Seq == 2 }),
		"a head without records": {Heads: whole.Heads},
	} {
		if _, _, err := signing.RestoreStation(setup, m, w.At(s, ceremonies.Start{})); err == nil {
			t.Errorf("%s: the station starts", name)
		}
	}
	if _, _, err := signing.NewStation(setup, w.At(s, ceremonies.Start{})); !errors.Is(err, signing.ErrForgotten) {
		t.Errorf("without a memory: %v", err)
	}
	other, err := w.Setup(w.Stations[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := signing.RestoreStation(other, whole, w.At(s, ceremonies.Start{})); err == nil {
		t.Error("a station that was never lost begins anew")
	}
	// What a peer knows of the lost installation itself says nothing more.
	more := signing.Memory{Records: whole.Records, Heads: append(slices.Clone(whole.Heads), former)}
	if _, _, err := signing.RestoreStation(setup, more, w.At(s, ceremonies.Start{})); err != nil {
		t.Errorf("with a head of its former installation besides: %v", err)
	}
	if err := w.Restore(0, certificate, 1, 2); err != nil {
		t.Fatalf("with all of it: %v", err)
	}
	w.Now += 60
	if _, err := w.Sign(w.Pay("hole-e", "Exchange", payee(1), 4, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
}

// A station that is listed anew shows a pool whose head is by another key than its
// own. The desk would open orders with it that no station takes.
func TestPoolWithAForeignHead(t *testing.T) {
	w := ready(t, 2, 3)
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	b, err := w.Ballot(w.Relisting(0, s.Identity.Instance.Public()), nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Certify(b, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	s.Line = w.Line
	setup, err := w.Setup(s)
	if err != nil {
		t.Fatal(err)
	}
	_, step, err := signing.RestoreStation(setup, w.Memory(1, 2), w.At(s, ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	pool := open[signing.Pool](t, w, step.Send[0].Bytes)
	if pool.Head, err = ledger.SignHead(pool.Head, w.Stations[1].Identity.Instance, w.Random()); err != nil {
		t.Fatal(err)
	}
	body, err := wire.Marshal(pool)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Seal(wire.KindNoncePool, [32]byte(w.Public.Wallet.ID()), body, s.Identity.Instance, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Desk.AddPool(m.Bytes); err == nil {
		t.Fatal("the desk takes it")
	}
	if _, _, err := w.Desk.AddPool(step.Send[0].Bytes); err != nil {
		t.Fatalf("the right one: %v", err)
	}
}

// The disk of the lost installation turns up, and its state is put beside the new
// instance key: nonces that it may have used, under a name that nobody watches.
func TestStateOfAnotherInstallation(t *testing.T) {
	w := ready(t, 2, 3)
	old := w.Stations[0].Disk.Copy() // it never signed: its chain is as empty as the new one
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	if err := w.Relist(0); err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	s.Disk[signing.StateName] = old[signing.StateName]
	if err := w.Restart(s); err == nil {
		t.Fatal("the station goes on from its former installation's nonces")
	}
}

// A station is being listed anew, which takes effect later. Until then the others
// sign without it: neither the installation that was lost, which somebody may have
// found, nor the one that follows takes part.
func TestWhileAStationIsListedAnew(t *testing.T) {
	w := readyUnder(t, 2, 3, delayed())
	if _, err := w.Sign(w.Pay("before", "Exchange", payee(1), 0, 2000, 1_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	found := &Station{Number: 0, Disk: w.Stations[0].Disk.Copy(), Identity: w.Stations[0].Identity, Line: w.Line}
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	if err := w.Relist(0); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	_, request, err := w.Open(w.Pay("with-it", "Exchange", payee(1), 1, 2000, 1_000_000), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], request, "signing/replaced")
	_, request, err = w.Open(w.Pay("with-it", "Exchange", payee(1), 1, 2000, 1_000_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "signing/not-listed-yet")
	// The lost disk is found, and knows of no amendment. It signs its part; the
	// other station of its quorum does not go on from there.
	if err := w.Restart(found); err != nil {
		t.Fatal(err)
	}
	session, request, err := w.Open(w.Pay("found", "Exchange", payee(1), 1, 2000, 1_000_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := w.Visit(found, request)
	if err != nil || refused != nil {
		t.Fatal(err, refused)
	}
	step, err := w.Answer(session, answer)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], step.Send[0].Bytes, "signing/replaced")
	w.Now += 60
	if err := w.openDesk(); err != nil {
		t.Fatal(err)
	}
	// Until the new charter is in force, what the old installation released is no
	// proof against it: a station may learn of it.
	var released [][]byte
	for _, r := range w.Desk.Ledger().Missing(nil) {
		if b, err := r.Encode(); err == nil && r.Station == 0 {
			released = append(released, b)
		}
	}
	if err := w.learn(w.Stations[2], released...); err != nil || len(released) != 2 {
		t.Fatalf("%d records: %v", len(released), err)
	}
	if _, err := w.Sign(w.Pay("without", "Exchange", payee(1), 1, 2000, 1_000_000), 1, 2); err != nil {
		t.Fatalf("the others: %v", err)
	}
	w.Now += delay
	if _, err := w.Sign(w.Pay("after", "Exchange", payee(1), 2, 2000, 1_000_000), 0, 2); err != nil {
		t.Fatalf("in force: %v", err)
	}
}

// learn shows records to a station, before a request.
func (w *World) learn(s *Station, records ...[]byte) error {
	body, err := wire.Marshal(signing.Records{Records: records})
	if err != nil {
		return err
	}
	m, err := wire.Seal(wire.KindRecords, [32]byte(w.Public.Wallet.ID()), body, w.Courier, w.Random())
	if err != nil {
		return err
	}
	_, err = w.Do(s, ceremonies.Scanned{Bytes: m.Bytes})
	return err
}

// The lost disk of a station that was listed anew is found by somebody who is on
// the coordinator's side. It signs under the old charter; nobody goes on from there;
// its record, shown to anyone, is proof that it is in use.
func TestRetiredInstanceGoesOn(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("before", "Exchange", payee(1), 0, 2000, 1_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	found := &Station{Number: 0, Disk: w.Stations[0].Disk.Copy(), Identity: w.Stations[0].Identity, Line: w.Line}
	told, err := w.Copy() // the story that this installation is told
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	if err := w.Relist(0); err != nil {
		t.Fatal(err)
	}
	if err := w.Restart(found); err != nil {
		t.Fatal(err)
	}
	told.Now += 60
	_, request, err := told.Open(told.Pay("found", "Exchange", payee(1), 1, 2000, 1_000_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := told.Visit(found, request)
	if err != nil || refused != nil {
		t.Fatalf("it knows of no amendment: %v %v", refused, err)
	}
	response := open[signing.Response](t, w, answer)
	w.Now += 60
	w.refuses(t, w.Stations[1], w.forge(t, request, nil, func(r *signing.Request) { r.Acks = [][64]byte{response.Ack} }), "rule/charter/current")
	// Under the new charter its acknowledgement is nobody's.
	session, honest, err := w.Open(w.Pay("honest", "Exchange", payee(1), 1, 2000, 1_000_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], w.forge(t, honest, nil, func(r *signing.Request) { r.Acks = [][64]byte{response.Ack} }), "signing/acknowledgement")
	if _, err := session.Step(w.Event(ceremonies.Scanned{Bytes: answer})); code(err) != "session/other-station" {
		t.Fatalf("the coordinator takes an answer of a retired instance: %v", err)
	}
	// Its record is void, and evidence.
	evil := w.forge(t, honest, nil, func(r *signing.Request) { r.Missed = append(r.Missed, response.Record) })
	_, _, err = w.Visit(w.Stations[0], evil)
	var fault *ceremonies.Fault
	if !errors.As(err, &fault) || fault.Code != "signing/retired" || fault.Suspect != (ceremonies.Suspect{Kind: ceremonies.Station, Station: 0}) {
		t.Fatalf("a record beyond the end of its chain: %v", err)
	}
	if finding, err := signing.VerifyBlame(w.Group(w.Line), fault.Record); err != nil || finding.Station != 0 {
		t.Fatalf("a third program finds %+v, %v", finding, err)
	}
	if _, err := signing.VerifyBlame(w.Group(w.Public.Line()), fault.Record); !errors.Is(err, signing.ErrNotProven) {
		t.Fatalf("under a charter that retires nobody: %v", err)
	}
	// Told of the amendment, the found disk is a stranger to itself.
	found.Line = w.Line
	if err := w.Restart(found); !errors.Is(err, signing.ErrUnlisted) {
		t.Fatalf("it starts under the charter that retired it: %v", err)
	}
	pool := found.Disk[signing.PoolName]
	if _, _, err := w.Desk.AddPool(pool); err == nil {
		t.Fatal("the desk takes a pool of a retired instance")
	}
	if _, err := w.Finish(session, honest); err != nil {
		t.Fatalf("undone, the batch must pass: %v", err)
	}
}

// A wrong answer of an installation that was retired afterwards is proof as long as
// anybody keeps it: the key that signed it stood for its station.
func TestBlameOutlivesTheInstance(t *testing.T) {
	w := ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("blame", "Exchange", payee(1), 0, 2000, 1_000_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[0], request)
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.Step(w.Event(ceremonies.Scanned{Bytes: w.reseal(t, w.Stations[0], answer, func(r *signing.Response) { r.Shares[3] ^= 1 })}))
	var fault *ceremonies.Fault
	if !errors.As(err, &fault) {
		t.Fatal(err)
	}
	if _, err := w.Answer(session, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sign(w.Pay("shown", "Exchange", payee(1), 0, 2000, 1_000_000), 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	if err := w.Relist(0); err != nil {
		t.Fatal(err)
	}
	if found, err := signing.VerifyBlame(w.Group(w.Line), fault.Record); err != nil || found.Station != 0 {
		t.Fatalf("%+v, %v", found, err)
	}
}

// The coordinator keeps the former records of a station that was listed anew from
// a station that was not there when they were made.
func TestRetiredRecordsLeftOut(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("before", "Exchange", payee(1), 0, 2000, 4_000_000, 4_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	b, err := w.Ballot(w.Relisting(0, w.Stations[0].Identity.Instance.Public()), nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Certify(b, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := w.Restore(0, certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	_, request, err := w.Open(w.Pay("after", "Vendor", payee(3), 1, 2000, 3_000_000), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[2], w.forge(t, request, nil, func(r *signing.Request) {
		r.Missed = slices.DeleteFunc(r.Missed, func(b []byte) bool {
			record, err := ledger.DecodeRecord(b)
			return err == nil && record.Station == 0
		})
	}), "signing/snapshot")
	w.refuses(t, w.Stations[2], request, "rule/cap/day")
	// To the restored station itself the desk sends nothing that it has.
	_, request, err = w.Open(w.Pay("after", "Vendor", payee(3), 1, 2000, 1_000_000), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	if sent := open[signing.Request](t, w, request).Missed; len(sent) != 0 {
		t.Errorf("%d records travel to a station that said that it has them", len(sent))
	}
	if _, _, err := w.Visit(w.Stations[0], request); err != nil {
		t.Fatal(err)
	}
}
