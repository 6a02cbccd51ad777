package amendment

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const (
	start = int64(1_800_000_000)
	hour  = int64(3600)
	day   = 24 * hour
)

func key(name string) *wire.SigningKey {
	k, err := wire.GenerateSigningKey(sha256.Sum256([]byte(name)))
	if err != nil {
		panic(err)
	}
	return k
}

func script(name string) []byte {
	h := sha256.Sum256([]byte(name))
	return append([]byte{0x00, 0x14}, h[:20]...)
}

func device(name string) charter.Credential {
	k := key("device of " + name).Public()
	return charter.Credential{Name: "tablet", Kind: charter.CredentialOffline, Key: k[:]}
}

func approvals(count uint8, role string) charter.Demand {
	return charter.Demand{Kind: charter.DemandApprovals, Count: count, Roles: []string{role}, Initiator: true}
}

func document(t, n int) charter.Document {
	d := charter.Document{
		Version: charter.Version, Name: "Treasury", Network: wallet.Regtest, Threshold: uint8(t), Gap: 20, ClockTolerance: uint32(2 * hour), Issued: start - day,
		Courier: key("courier").Public(),
		Rules: []charter.Rule{
			{ID: "pay/all", Effect: charter.Allow},
			{ID: "cap/payment", Effect: charter.Require, Check: charter.MaxOutput, Max: 100_000_000},
		},
		Counterparties: []charter.Counterparty{{Name: "Kraken", Destinations: [][]byte{script("Kraken")}}},
		People: []charter.Person{
			{Name: "Ada", Roles: []string{"treasurer"}, Credentials: []charter.Credential{device("Ada")}},
			{Name: "Ben", Roles: []string{"treasurer"}, Credentials: []charter.Credential{device("Ben")}},
			{Name: "Cem", Roles: []string{"treasurer"}, Credentials: []charter.Credential{device("Cem")}},
			{Name: "Dora", Roles: []string{"officer"}, Credentials: []charter.Credential{device("Dora")}},
		},
		Governance: charter.Governance{
			Tighten: approvals(1, "treasurer"), Loosen: approvals(2, "treasurer"), Thaw: approvals(1, "officer"), Delay: uint32(day), Officers: []string{"officer"},
		},
	}
	for i := range n {
		_, host := btcec.PrivKeyFromBytes([]byte{0x32, byte(i + 1)})
		d.Stations = append(d.Stations, charter.Station{Name: fmt.Sprintf("Station %d", i), HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: key(fmt.Sprintf("instance %d", i)).Public()})
	}
	return d
}

// world is a wallet whose parties are all in memory. Every machine is built anew
// from its disk before each step, so that every test is a test of resuming.
type world struct {
	t     testing.TB
	first lineage.Line
	disks []map[string][]byte // by station
	desk  map[string][]byte
	keys  []*wire.SigningKey // instances, by station
	now   int64
	count byte

	chains [][]ledger.Record // what each station released
}

func newWorld(t testing.TB, threshold, n int, change ...func(*charter.Document)) *world {
	t.Helper()
	d := document(threshold, n)
	for _, f := range change {
		f(&d)
	}
	c, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	_, k := btcec.PrivKeyFromBytes([]byte{0x33})
	wl, err := wallet.New([33]byte(k.SerializeCompressed()), [32]byte{1}, wallet.Regtest, c.ID())
	if err != nil {
		t.Fatal(err)
	}
	line, err := lineage.Begin(c, wl)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, first: line, desk: make(map[string][]byte), now: start, chains: make([][]ledger.Record, n)}
	for i := range n {
		w.disks = append(w.disks, make(map[string][]byte))
		w.keys = append(w.keys, key(fmt.Sprintf("instance %d", i)))
	}
	return w
}

func (w *world) id() [32]byte { return [32]byte(w.first.Wallet().ID()) }

func (w *world) event(in ceremonies.Input) ceremonies.Event {
	w.count++
	return ceremonies.Event{Time: w.now, Random: [32]byte{w.count, 7}, Input: in}
}

func records(disk map[string][]byte) []ceremonies.Record {
	var out []ceremonies.Record
	for name, value := range disk {
		out = append(out, ceremonies.Record{Name: name, Value: value})
	}
	slices.SortFunc(out, func(a, b ceremonies.Record) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// keep is what a driver does before it shows anything.
func keep(disk map[string][]byte, step ceremonies.Step, err error) (ceremonies.Step, error) {
	if err != nil {
		return step, err
	}
	for _, r := range step.Save {
		disk[r.Name] = r.Value
	}
	if step.Stored != "" {
		step.Send = []wire.Message{{Bytes: disk[step.Stored]}}
	}
	return step, nil
}

func (w *world) setup(i int) Setup {
	return Setup{First: w.first, Station: i, Instance: w.keys[i], Heads: func() []ledger.Head { return w.heads(i) }}
}

func (w *world) station(i int) *Station {
	w.t.Helper()
	s, err := NewStation(w.setup(i), records(w.disks[i]))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// do runs events at a station, one after another, on one machine.
func (w *world) do(i int, inputs ...ceremonies.Input) (ceremonies.Step, error) {
	w.t.Helper()
	s := w.station(i)
	var step ceremonies.Step
	var err error
	for _, in := range inputs {
		if step, err = w.on(i, s, in); err != nil {
			return step, err
		}
	}
	return step, nil
}

// on runs one event at a station's machine.
func (w *world) on(i int, s *Station, in ceremonies.Input) (ceremonies.Step, error) {
	w.t.Helper()
	step, err := s.Step(w.event(in))
	return keep(w.disks[i], step, err)
}

func (w *world) coordinator() *Coordinator {
	w.t.Helper()
	c, err := NewCoordinator(w.first, key("courier"), records(w.desk))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// at runs one step of the coordinator.
func (w *world) at(f func(*Coordinator, ceremonies.Event) (ceremonies.Step, error)) (ceremonies.Step, error) {
	w.t.Helper()
	step, err := f(w.coordinator(), w.event(ceremonies.Start{}))
	return keep(w.desk, step, err)
}

func (w *world) tell(sealed []byte) (ceremonies.Step, error) {
	w.t.Helper()
	step, err := w.coordinator().Step(w.event(ceremonies.Scanned{Bytes: sealed}))
	return keep(w.desk, step, err)
}

// draft is the successor of the newest charter, changed from the one in force.
func (w *world) draft(change ...func(*charter.Document)) charter.Charter {
	w.t.Helper()
	line := w.coordinator().Line()
	d := line.At(w.now).Charter().Document()
	d.Epoch, d.Prior, d.Issued = line.Latest().Document().Epoch+1, line.Latest().ID(), w.now
	for _, f := range change {
		f(&d)
	}
	c, err := charter.New(d)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// propose drafts a ballot and has people approve it; it returns the sealed ballot.
func (w *world) propose(people []string, change ...func(*charter.Document)) []byte {
	w.t.Helper()
	next := w.draft(change...)
	step := w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.Propose(next, e) }))
	for _, name := range people {
		statement := w.statement(name)
		step = w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.Add(statement, e) }))
	}
	if len(step.Send) == 0 {
		w.t.Fatalf("the ballot is not ready: %+v", step.Screen)
	}
	return step.Send[0].Bytes
}

// statement is a person's approval of the ballot under way.
func (w *world) statement(name string) []byte {
	w.t.Helper()
	p, ok, err := w.coordinator().Proposal(w.now)
	if err != nil || !ok {
		w.t.Fatalf("no ballot: %v", err)
	}
	s := approval.Statement{
		Wallet: w.id(), Charter: w.coordinator().Line().At(w.now).Charter().ID(), Subject: approval.OfBallot(p.Digest), Decision: approval.Approve,
		Person: name, Time: w.now, Expiry: w.now + day,
	}
	signed, err := approval.SignKey(s, "tablet", key("device of "+name), [32]byte{1})
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := signed.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) must(step ceremonies.Step, err error) ceremonies.Step {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return step
}

// visit carries a ballot to a station whose people agree, and its answer back.
func (w *world) visit(i int, ballot []byte) ceremonies.Step {
	w.t.Helper()
	return w.must(w.tell(w.agree(i, ballot)))
}

// agree is a visit without the way back: what the station shows.
func (w *world) agree(i int, ballot []byte) []byte {
	w.t.Helper()
	s := w.station(i)
	step := w.must(w.on(i, s, ceremonies.Scanned{Bytes: ballot}))
	review, ok := step.Screen.(ceremonies.Review)
	if !ok {
		w.t.Fatalf("station %d shows %+v", i, step.Screen)
	}
	step = w.must(w.on(i, s, ceremonies.Approve{Digest: review.Digest}))
	if len(step.Send) != 1 || step.Send[0].Kind != wire.KindBallotAck {
		w.t.Fatalf("station %d answers %+v", i, step.Screen)
	}
	return step.Send[0].Bytes
}

// amend runs a whole amendment with the first t stations, and has everybody adopt.
func (w *world) amend(people []string, change ...func(*charter.Document)) []byte {
	w.t.Helper()
	ballot := w.propose(people, change...)
	var step ceremonies.Step
	for i := range int(w.first.Latest().Document().Threshold) {
		step = w.visit(i, ballot)
	}
	if len(step.Send) != 1 || step.Send[0].Kind != wire.KindCertificate {
		w.t.Fatalf("no certificate: %+v", step.Screen)
	}
	for i := range w.disks {
		w.must(w.do(i, ceremonies.Scanned{Bytes: step.Send[0].Bytes}))
	}
	return step.Send[0].Bytes
}

func setCap(sat int64) func(*charter.Document) {
	return func(d *charter.Document) {
		for i := range d.Rules {
			if d.Rules[i].ID == "cap/payment" {
				d.Rules[i].Max = sat
			}
		}
	}
}

func dismiss(name string) func(*charter.Document) {
	return func(d *charter.Document) {
		d.People = slices.DeleteFunc(d.People, func(p charter.Person) bool { return p.Name == name })
	}
}

var two = []string{"Ada", "Ben"}

// isFault demands a fault with a code, and all of its sentences.
func isFault(t testing.TB, err error, code string) *ceremonies.Fault {
	t.Helper()
	var f *ceremonies.Fault
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
	if f.What == "" || f.Safe == "" || f.Remedy == "" {
		t.Fatalf("a fault without a sentence: %+v", f)
	}
	return f
}

// isFailed demands a screen that shows a fault.
func isFailed(t testing.TB, s ceremonies.Screen, code string) {
	t.Helper()
	f, ok := s.(ceremonies.Failed)
	if !ok {
		t.Fatalf("want %s, got %+v", code, s)
	}
	isFault(t, f.Fault, code)
}

// text is everything that a screen says.
func text(s ceremonies.Screen) string { return fmt.Sprintf("%+v", s) }

// release has a station sign a record that it released something.
func (w *world) release(i int) {
	w.t.Helper()
	r := ledger.Record{Wallet: w.id(), Station: uint8(i), Seq: uint64(len(w.chains[i])) + 1, Request: [32]byte{byte(i), 1}, Batch: [32]byte{byte(len(w.chains[i])), 2}, Time: w.now}
	if n := len(w.chains[i]); n > 0 {
		r.Prev = w.chains[i][n-1].Hash()
	}
	signed, err := ledger.SignRecord(r, w.keys[i], [32]byte{3})
	if err != nil {
		w.t.Fatal(err)
	}
	w.chains[i] = append(w.chains[i], signed)
}

// heads are what a station knows: here, everything, its own signed.
func (w *world) heads(own int) []ledger.Head {
	var out []ledger.Head
	for i, chain := range w.chains {
		h := ledger.Head{Wallet: w.id(), Station: uint8(i), Instance: w.keys[i].Public(), Epoch: [16]byte{1}, Seq: uint64(len(chain))}
		if n := len(chain); n > 0 {
			h.Last = chain[n-1].Hash()
		}
		if i == own {
			var err error
			if h, err = ledger.SignHead(h, w.keys[i], [32]byte{4}); err != nil {
				w.t.Fatal(err)
			}
		}
		out = append(out, h)
	}
	return out
}

func mustProposal(t testing.TB, w *world) Proposal {
	t.Helper()
	p, ok, err := w.coordinator().Proposal(w.now)
	if err != nil || !ok {
		t.Fatalf("no ballot: %v", err)
	}
	return p
}

func sealVoid(t testing.TB, w *world, i int, digest [32]byte) []byte {
	t.Helper()
	body, err := lineage.SignVoid(digest, uint8(i), w.keys[i], [32]byte{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return w.seal(wire.KindVoid, body, w.keys[i])
}

func (w *world) seal(kind wire.Kind, body []byte, k *wire.SigningKey) []byte {
	w.t.Helper()
	m, err := wire.Seal(kind, w.id(), body, k, [32]byte{})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Bytes
}
