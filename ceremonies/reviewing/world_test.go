package reviewing

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const (
	start = int64(1_800_000_000)
	hour  = int64(3600)
	day   = 24 * hour
)

// world is a 2-of-3 wallet, its coordinator's view of the line, and the device
// of one person. Keys are made from names.
type world struct {
	t        testing.TB
	line     lineage.Line
	courier  *wire.SigningKey
	setup    Setup
	device   *Reviewer
	disk     map[string][]byte
	now      int64
	drawn    uint64
	number   uint32
	lastSeen ceremonies.Screen
}

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

func tablet(name string) charter.Credential {
	k := key("device of " + name).Public()
	return charter.Credential{Name: name + " tablet", Kind: charter.CredentialOffline, Key: k[:]}
}

func approvals(count uint8, role string) charter.Demand {
	return charter.Demand{Kind: charter.DemandApprovals, Count: count, Roles: []string{role}, Initiator: true}
}

func document() charter.Document {
	d := charter.Document{
		Version: charter.Version, Name: "Treasury", Network: wallet.Regtest, Threshold: 2, Gap: 20, ClockTolerance: uint32(2 * hour), Issued: start - 30*day,
		Courier: key("courier").Public(),
		Rules: []charter.Rule{
			{ID: "pay/all", Effect: charter.Allow},
			{ID: "cap/payment", Effect: charter.Require, Check: charter.MaxOutput, Max: 100_000_000},
			{ID: "tier/large", Effect: charter.Require, Check: charter.MaxBatch, Max: 10_000_000,
				Unless: charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"treasurer"}, Offline: true}},
			{ID: "tier/other", Effect: charter.Require, Check: charter.MaxBatch, Max: 1, To: []string{"Bitstamp"},
				Unless: charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"board"}}},
		},
		Counterparties: []charter.Counterparty{
			{Name: "Bitstamp", Destinations: [][]byte{script("Bitstamp")}},
			{Name: "Kraken", Destinations: [][]byte{script("Kraken")}},
		},
		People: []charter.Person{
			{Name: "Ada", Roles: []string{"treasurer"}, Credentials: []charter.Credential{tablet("Ada")}},
			{Name: "Bob", Roles: []string{"board"}, Credentials: []charter.Credential{tablet("Bob")}},
			{Name: "Cem", Roles: []string{"treasurer"}, Credentials: []charter.Credential{tablet("Cem")}},
			{Name: "Eve", Roles: []string{"officer", "treasurer"}, Credentials: []charter.Credential{tablet("Eve")}},
		},
		Governance: charter.Governance{
			Tighten: approvals(1, "treasurer"), Loosen: approvals(2, "treasurer"), Thaw: approvals(1, "board"),
			Delay: uint32(day), Officers: []string{"officer"},
		},
	}
	for i := range 3 {
		_, host := btcec.PrivKeyFromBytes([]byte{0x32, byte(i + 1)})
		d.Stations = append(d.Stations, charter.Station{
			Name: fmt.Sprintf("Station %d", i), HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: instance(i).Public(),
		})
	}
	return d
}

func instance(i int) *wire.SigningKey { return key(fmt.Sprintf("instance %d", i)) }

// newLine is the line of the wallet whose threshold key is made from a name.
func newLine(t testing.TB, name string, change ...func(*charter.Document)) lineage.Line {
	t.Helper()
	d := document()
	for _, f := range change {
		f(&d)
	}
	c, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256([]byte(name))
	_, k := btcec.PrivKeyFromBytes(h[:])
	w, err := wallet.New([33]byte(k.SerializeCompressed()), [32]byte{1}, d.Network, c.ID())
	if err != nil {
		t.Fatal(err)
	}
	line, err := lineage.Begin(c, w)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// newWorld has a device of Eve that has only shown its key.
func newWorld(t testing.TB, change ...func(*charter.Document)) *world {
	t.Helper()
	w := &world{t: t, line: newLine(t, "wallet", change...), courier: key("courier"), now: start, disk: make(map[string][]byte)}
	w.setup = Setup{Name: "Eve", Network: wallet.Regtest, Key: key("device of Eve")}
	device, step, err := NewReviewer(w.setup, w.event(ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	w.device = device
	w.keep(step)
	return w
}

// ready is newWorld after the invitation and the comparison.
func ready(t testing.TB, change ...func(*charter.Document)) *world {
	t.Helper()
	w := newWorld(t, change...)
	w.must(ceremonies.Scanned{Bytes: w.invite()})
	w.must(ceremonies.Matches{})
	w.must(ceremonies.Matches{})
	return w
}

func (w *world) random() [32]byte {
	w.drawn++
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("random"), w.drawn))
}

func (w *world) event(in ceremonies.Input) ceremonies.Event {
	return ceremonies.Event{Time: w.now, Random: w.random(), Input: in}
}

// keep does what a driver does before it shows anything.
func (w *world) keep(step ceremonies.Step) ceremonies.Step {
	for _, r := range step.Save {
		w.disk[r.Name] = r.Value
	}
	if step.Stored != "" {
		stored, ok := w.disk[step.Stored]
		if !ok {
			w.t.Fatalf("no record %q to show", step.Stored)
		}
		step.Send = []wire.Message{{Bytes: stored}}
	}
	w.lastSeen = step.Screen
	return step
}

func (w *world) do(in ceremonies.Input) (ceremonies.Step, error) {
	step, err := w.device.Step(w.event(in))
	if err != nil {
		return step, err
	}
	return w.keep(step), nil
}

func (w *world) must(in ceremonies.Input) ceremonies.Step {
	w.t.Helper()
	step, err := w.do(in)
	if err != nil {
		w.t.Fatalf("%T: %v", in, err)
	}
	return step
}

// refuses demands a fault and that nothing else came of it: the machine then
// takes what it would have taken before.
func (w *world) refuses(code string, in ceremonies.Input) *ceremonies.Fault {
	w.t.Helper()
	before, records := w.device.state, len(w.disk)
	step, err := w.do(in)
	var f *ceremonies.Fault
	if !errors.As(err, &f) {
		w.t.Fatalf("%T: screen %T, error %v; want the fault %s", in, step.Screen, err, code)
	}
	if f.Code != code {
		w.t.Fatalf("fault %v; want %s", f, code)
	}
	if w.device.state != before || len(w.disk) != records {
		w.t.Fatalf("the fault %s changed something", code)
	}
	return f
}

// restart drops the machine and resumes it from its disk.
func (w *world) restart() {
	w.t.Helper()
	device, err := ResumeReviewer(w.setup, w.records())
	if err != nil {
		w.t.Fatal(err)
	}
	w.device = device
}

func (w *world) records() []ceremonies.Record {
	var kept []ceremonies.Record
	for _, name := range slices.Sorted(maps.Keys(w.disk)) {
		kept = append(kept, ceremonies.Record{Name: name, Value: w.disk[name]})
	}
	return kept
}

func (w *world) invite() []byte {
	w.t.Helper()
	m, err := NewInvite(w.line, w.courier, w.random())
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Bytes
}

func (w *world) id() [32]byte { return [32]byte(w.line.Wallet().ID()) }

// facts is a batch that pays amounts to one counterparty from one coin.
func (w *world) facts(to string, amounts ...batch.Amount) batch.Request {
	const fee, back = 1_000, 50_000
	r := batch.Request{Wallet: w.line.Wallet().ID(), Charter: w.line.At(w.now).Charter().ID(), Time: w.now, Expiry: w.now + hour}
	tx := batch.Transaction{Variants: []batch.Variant{{Change: back}}, Change: &batch.Change{At: uint32(len(amounts))}}
	total := batch.Amount(fee + back)
	for i, a := range amounts {
		r.Payments = append(r.Payments, batch.Payment{ExternalID: fmt.Sprintf("%s-%d", to, i), Counterparty: to, Amount: a, Script: script(to)})
		tx.Payments = append(tx.Payments, uint32(i))
		total += a
	}
	tx.Inputs = []batch.Input{{OutPoint: batch.OutPoint{TxID: sha256.Sum256([]byte(to))}, Amount: total}}
	r.Transactions = []batch.Transaction{tx}
	return r
}

// ask seals a request as the coordinator does.
func (w *world) ask(q Request) wire.Message {
	w.t.Helper()
	m, err := q.Seal(w.line.Wallet().ID(), w.courier, w.random())
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) askBatch(person string, r batch.Request, e policy.Evidence) wire.Message {
	w.t.Helper()
	q, err := AskBatch(person, r, e, w.now+day)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.ask(q)
}

// statement is what another person signed with an offline device.
func (w *world) statement(person string, decision approval.Decision, subject [32]byte) []byte {
	w.t.Helper()
	s, err := approval.SignKey(approval.Statement{
		Wallet: w.id(), Charter: w.line.At(w.now).Charter().ID(), Subject: subject, Decision: decision, Person: person, Time: w.now, Expiry: w.now + day,
	}, person+" tablet", key("device of "+person), w.random())
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := s.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// draft is the newest charter's successor.
func (w *world) draft(line lineage.Line, change ...func(*charter.Document)) charter.Charter {
	w.t.Helper()
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

// certify has a charter approved by people and acknowledged by two stations.
func (w *world) certify(c charter.Charter, people ...string) []byte {
	w.t.Helper()
	w.number++
	b := lineage.Ballot{Prior: c.Document().Prior, Number: w.number, Charter: c.Bytes()}
	digest := lineage.BallotDigest(w.id(), b.Prior, c.ID(), b.Number)
	for _, p := range people {
		b.Statements = append(b.Statements, w.statement(p, approval.Approve, approval.OfBallot(digest)))
	}
	var acks []lineage.Ack
	for i := range 2 {
		a, err := lineage.SignAck(digest, uint8(i), w.now, instance(i), w.random())
		if err != nil {
			w.t.Fatal(err)
		}
		acks = append(acks, a)
	}
	encoded, err := lineage.NewCertificate(b, acks).Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return encoded
}

// amend is a charter that is certified and adopted at the coordinator. It
// returns the certificate in its envelope.
func (w *world) amend(people []string, change ...func(*charter.Document)) []byte {
	w.t.Helper()
	certificate := w.certify(w.draft(w.line, change...), people...)
	sealed := w.seal(wire.KindCertificate, certificate)
	line, err := w.line.Adopt(certificate)
	if err != nil {
		w.t.Fatal(err)
	}
	w.line = line
	return sealed
}

func (w *world) seal(kind wire.Kind, body []byte) []byte {
	w.t.Helper()
	m, err := wire.Seal(kind, w.id(), body, w.courier, w.random())
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Bytes
}

// Rules stand by id: cap/payment, pay/all, tier/large, tier/other.

func lowerCap(d *charter.Document)  { d.Rules[0].Max = 50_000_000 }
func raiseTier(d *charter.Document) { d.Rules[2].Max = 20_000_000 }
