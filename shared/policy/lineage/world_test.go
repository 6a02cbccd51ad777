package lineage

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const (
	start = int64(1_800_000_000)
	hour  = int64(3600)
	day   = 24 * hour
)

// fatal is what a test or a property can fail with.
type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is a wallet of t of n stations and the people who may change its
// charter. Keys are made from names.
type world struct {
	t      fatal
	line   Line
	n      int
	number uint32
}

func key(name string) *wire.SigningKey {
	h := sha256.Sum256([]byte(name))
	k, err := wire.GenerateSigningKey(h)
	if err != nil {
		panic(err)
	}
	return k
}

func instance(i int) *wire.SigningKey { return key(fmt.Sprintf("instance %d", i)) }

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

// document is a desk: one counterparty, a cap of one bitcoin a payment. One
// treasurer tightens, two loosen with a day's delay, one of the board thaws.
func document(t, n int) charter.Document {
	d := charter.Document{
		Version: charter.Version, Name: "Treasury", Network: wallet.Regtest, Threshold: uint8(t), Gap: 20, ClockTolerance: uint32(2 * hour), Issued: start - 30*day,
		Courier: key("courier").Public(),
		Rules: []charter.Rule{
			{ID: "pay/all", Effect: charter.Allow},
			{ID: "cap/payment", Effect: charter.Require, Check: charter.MaxOutput, Max: 100_000_000},
		},
		Counterparties: []charter.Counterparty{{Name: "Kraken", Destinations: [][]byte{script("Kraken")}}},
		People: []charter.Person{
			{Name: "Ada", Roles: []string{"officer", "treasurer"}, Credentials: []charter.Credential{device("Ada")}},
			{Name: "Ben", Roles: []string{"treasurer"}, Credentials: []charter.Credential{device("Ben")}},
			{Name: "Cem", Roles: []string{"treasurer"}, Credentials: []charter.Credential{device("Cem")}},
			{Name: "Dora", Roles: []string{"board", "officer"}, Credentials: []charter.Credential{device("Dora")}},
		},
		Governance: charter.Governance{
			Tighten: approvals(1, "treasurer"), Loosen: approvals(2, "treasurer"), Thaw: approvals(1, "board"),
			Delay: uint32(day), Officers: []string{"officer"},
		},
	}
	for i := range n {
		_, host := btcec.PrivKeyFromBytes([]byte{0x32, byte(i + 1)})
		d.Stations = append(d.Stations, charter.Station{Name: fmt.Sprintf("Station %d", i), HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: instance(i).Public(), Site: "Bern", Entity: "Helio AG"})
	}
	return d
}

func newWorld(t fatal, threshold, n int, change ...func(*charter.Document)) *world {
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
	w, err := wallet.New([33]byte(k.SerializeCompressed()), [32]byte{1}, wallet.Regtest, c.ID())
	if err != nil {
		t.Fatal(err)
	}
	line, err := Begin(c, w)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, line: line, n: n}
}

// draft is the newest charter's successor, changed from the charter in force at
// the time at, as an author would write it.
func (w *world) draft(at int64, change ...func(*charter.Document)) charter.Charter {
	w.t.Helper()
	d := w.line.At(at).Charter().Document()
	d.Epoch, d.Prior, d.Issued = w.line.Latest().Document().Epoch+1, w.line.Latest().ID(), at
	for _, f := range change {
		f(&d)
	}
	c, err := charter.New(d)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// ballot asks for a charter, approved at the time at by people who hold devices
// of the charter in force then.
func (w *world) ballot(c charter.Charter, at int64, people ...string) Ballot {
	w.t.Helper()
	w.number++
	b := Ballot{Prior: c.Document().Prior, Number: w.number, Charter: c.Bytes()}
	b.Statements = w.approve(w.digest(b, c), at, people...)
	return b
}

func (w *world) digest(b Ballot, c charter.Charter) [32]byte {
	return BallotDigest(w.line.walletID(), b.Prior, c.ID(), b.Number)
}

func (w *world) approve(digest [32]byte, at int64, people ...string) [][]byte {
	w.t.Helper()
	var out [][]byte
	for _, name := range people {
		out = append(out, w.statement(digest, at, name))
	}
	return out
}

func (w *world) statement(digest [32]byte, at int64, name string) []byte {
	w.t.Helper()
	s := approval.Statement{
		Wallet: w.line.walletID(), Charter: w.line.At(at).Charter().ID(), Subject: approval.OfBallot(digest), Decision: approval.Approve,
		Person: name, Time: at, Expiry: at + 7*day,
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

// ack is what a station signs whose clock says at, without looking.
func (w *world) ack(digest [32]byte, station int, at int64) Ack {
	w.t.Helper()
	a, err := SignAck(digest, uint8(station), at, instance(station), [32]byte{2})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// certify has stations acknowledge a ballot, without looking.
func (w *world) certify(b Ballot, at int64, stations ...int) []byte {
	w.t.Helper()
	c, err := charter.Decode(b.Charter)
	if err != nil {
		w.t.Fatal(err)
	}
	var acks []Ack
	for _, s := range stations {
		acks = append(acks, w.ack(w.digest(b, c), s, at))
	}
	out, err := NewCertificate(b, acks).Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) adopt(certificate []byte) {
	w.t.Helper()
	line, err := w.line.Adopt(certificate)
	if err != nil {
		w.t.Fatal(err)
	}
	w.line = line
}

// amend drafts, approves, acknowledges by the first t stations and adopts, all at
// one time.
func (w *world) amend(at int64, people []string, change ...func(*charter.Document)) {
	w.t.Helper()
	b := w.ballot(w.draft(at, change...), at, people...)
	w.adopt(w.certify(b, at, upTo(int(w.line.Latest().Document().Threshold))...))
}

func upTo(n int) []int {
	var out []int
	for i := range n {
		out = append(out, i)
	}
	return out
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

func capOf(c charter.Charter) int64 {
	for _, r := range c.Document().Rules {
		if r.ID == "cap/payment" {
			return r.Max
		}
	}
	return 0
}

func dismiss(name string) func(*charter.Document) {
	return func(d *charter.Document) {
		d.People = slices.DeleteFunc(d.People, func(p charter.Person) bool { return p.Name == name })
	}
}

// isRefused demands a refusal for a reason.
func isRefused(t fatal, err error, reason Reason) {
	t.Helper()
	var r *Refused
	if !errors.As(err, &r) || r.Reason != reason {
		t.Fatalf("want a refusal for reason %d, got %v", reason, err)
	}
	if len(r.Sentences) == 0 {
		t.Fatalf("a refusal without a sentence")
	}
}

var two = []string{"Ada", "Ben"}

func TestAmendmentOfACap(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, two, setCap(200_000_000))
	from := start + day
	if got := capOf(w.line.At(from - 1).Charter()); got != 100_000_000 {
		t.Errorf("a second before it is in force, the cap is %d", got)
	}
	if got := capOf(w.line.At(from).Charter()); got != 200_000_000 {
		t.Errorf("when it is in force, the cap is %d", got)
	}
	if next, at, pending := w.line.Pending(start); !pending || at != from || next.ID() != w.line.Latest().ID() {
		t.Errorf("pending: %v from %d", pending, at)
	}
	if _, _, pending := w.line.Pending(from); pending {
		t.Error("still pending when it is in force")
	}
	w.amend(from+hour, []string{"Cem"}, setCap(50_000_000))
	for _, at := range []int64{start, from, from + hour} {
		if got := capOf(w.line.At(at).Charter()); got != 50_000_000 {
			t.Errorf("a tightening is not in force for a request that states %d: the cap is %d", at, got)
		}
	}
}

// edwards is an Ed25519 public key, told apart by one byte.
func edwards(i byte) []byte {
	seed := sha256.Sum256([]byte{i})
	return ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
}

// A line begins with the charter that the wallet's key was made under, of the
// wallet's network, and with nothing else.
func TestBegin(t *testing.T) {
	w := newWorld(t, 2, 3)
	own := w.line.Wallet()
	c := w.line.Latest()
	second := w.draft(start)
	d := c.Document()
	d.Name = "Other"
	other, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	d.Network = wallet.Signet
	foreign, err := charter.New(func() charter.Document { d := d; d.Counterparties = nil; d.Rules = nil; return d }())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := wallet.New(own.Key(), own.ChainCode(), wallet.Regtest, foreign.ID())
	if err != nil {
		t.Fatal(err)
	}
	successor, err := wallet.New(own.Key(), own.ChainCode(), wallet.Regtest, second.ID())
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		c charter.Charter
		w wallet.Wallet
	}{
		"no charter": {charter.Charter{}, own}, "another charter": {other, own}, "another network": {foreign, elsewhere}, "a second charter": {second, successor},
	} {
		if line, err := Begin(try.c, try.w); err == nil || line.Valid() {
			t.Errorf("%s: begun", name)
		}
	}
	if (Line{}).Valid() || (Line{}).At(start).Valid() || (Line{}).Latest().Valid() || (Line{}).Lifted([32]byte{1}, start) {
		t.Error("the zero line says something")
	}
	if _, _, pending := (Line{}).Pending(start); pending {
		t.Error("the zero line has a charter to come")
	}
}
