package policy

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/internal/force"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const (
	now  = int64(1_800_000_000)
	coin = batch.Amount(100_000_000) // sat in one bitcoin
	day  = 86_400
)

// desk is a 2-of-3 treasury: its charter, what its stations released, and the
// batch that is asked for.
type desk struct {
	t       testing.TB
	doc     charter.Document
	release []release
	txs     []draft
	alter   func(*batch.Request) // the coordinator's last word
	first   [32]byte             // the charter that the wallet's id names; the desk's own came after it

	scripts map[string][]byte // where payments go that do not go to their counterparty's address, by id
	listed  map[string]int64  // since when destinations are listed
	said    []said
	prices  []Price
	claims  Claims
	quorum  []uint8
	lost    map[string]charter.Credential // of people, struck from the charter
}

// release is a record of a station.
type release struct {
	station int
	ledger.Record
}

// draft is one transaction: its payments, and the fee of each variant.
type draft struct {
	pay    []pay
	fees   []batch.Amount
	change int // change index, -1 for none
	anchor byte
}

// pay is one payment.
type pay struct {
	id, to string
	amount batch.Amount
}

// instanceKey is the key of a station, or of the coordinator for courier.
func instanceKey(t testing.TB, i int) *wire.SigningKey {
	t.Helper()
	keys, err := instanceKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys[i]
}

const courier = 3

var instanceKeys = sync.OnceValues(func() ([]*wire.SigningKey, error) {
	keys := make([]*wire.SigningKey, courier+1)
	for i := range keys {
		var err error
		if keys[i], err = wire.GenerateSigningKey([32]byte{0x31, byte(i)}); err != nil {
			return nil, err
		}
	}
	return keys, nil
})

// destination is the one address of a counterparty.
func destination(name string) []byte {
	h := sha256.Sum256([]byte(name))
	return append([]byte{0x00, 0x14}, h[:20]...)
}

func newDesk(t testing.TB, rules ...charter.Rule) *desk {
	t.Helper()
	d := &desk{t: t, doc: charter.Document{
		Version: charter.Version, Name: "Treasury", Network: wallet.Regtest, Threshold: 2, Gap: 20, ClockTolerance: 7200,
		Courier: instanceKey(t, courier).Public(), Rules: rules,
	}}
	places := []charter.Station{{Site: "Zug", Entity: "Holding"}, {Site: "Geneva", Entity: "Holding"}, {Site: "Geneva", Entity: "Trust"}}
	for i, name := range []string{"Ada", "Ben", "Cem"} {
		_, host := btcec.PrivKeyFromBytes([]byte{0x32, byte(i)})
		d.doc.Stations = append(d.doc.Stations, charter.Station{
			Name: name, HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: instanceKey(t, i).Public(),
			Site: places[i].Site, Entity: places[i].Entity,
		})
	}
	for _, name := range []string{"Kraken", "Bitstamp", "Staff"} {
		d.doc.Counterparties = append(d.doc.Counterparties, charter.Counterparty{Name: name, Destinations: [][]byte{destination(name)}})
	}
	return d
}

// pays sets the batch to one transaction without history of its own.
func (d *desk) pays(payments ...pay) *desk {
	d.txs = []draft{{pay: payments, fees: []batch.Amount{1000}, change: 0, anchor: 1}}
	return d
}

func (d *desk) charter() charter.Charter {
	d.t.Helper()
	c, err := charter.New(d.doc)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *desk) wallet() wallet.Wallet {
	d.t.Helper()
	return once(fmt.Sprintf("wallet %x %d", d.first, d.doc.Network), d.newWallet)
}

func (d *desk) newWallet() wallet.Wallet {
	_, key := btcec.PrivKeyFromBytes([]byte{0x33})
	w, err := wallet.New([33]byte(key.SerializeCompressed()), wallet.ChainCode([]byte("policy")), d.doc.Network, d.first)
	if err != nil {
		d.t.Fatal(err)
	}
	return w
}

func (d *desk) request(c charter.Charter, w wallet.Wallet) batch.Request {
	r := batch.Request{Wallet: w.ID(), Charter: c.ID(), Time: now, Expiry: now + 3600}
	for ti, tx := range d.txs {
		t := batch.Transaction{LockTime: 1}
		var out batch.Amount
		for _, p := range tx.pay {
			t.Payments = append(t.Payments, uint32(len(r.Payments)))
			r.Payments = append(r.Payments, batch.Payment{ExternalID: p.id, Counterparty: p.to, Amount: p.amount, Script: d.script(p)})
			out += p.amount
		}
		last := tx.fees[len(tx.fees)-1]
		in := batch.Input{OutPoint: batch.OutPoint{TxID: [32]byte{byte(ti), tx.anchor}}, Amount: out + last, Index: uint32(ti)}
		if tx.change >= 0 {
			in.Amount += coin
			t.Change = &batch.Change{Index: uint32(tx.change)}
		}
		for _, fee := range tx.fees {
			t.Variants = append(t.Variants, batch.Variant{Change: in.Amount - out - fee})
		}
		t.Inputs = []batch.Input{in}
		r.Transactions = append(r.Transactions, t)
	}
	if d.alter != nil {
		d.alter(&r)
	}
	return r
}

// script is where a payment goes.
func (d *desk) script(p pay) []byte {
	if s, ok := d.scripts[p.id]; ok {
		return s
	}
	return destination(p.to)
}

// anchorOf is the coin that transaction ti spends.
func anchorOf(ti int, anchor byte) ledger.OutPoint {
	return batch.OutPoint{TxID: [32]byte{byte(ti), anchor}}.Bytes()
}

// payout is the record of a payment that was released for the desk's wallet.
func (d *desk) payout(id, to string, amount batch.Amount, anchor ledger.OutPoint) ledger.Payment {
	w := d.wallet()
	return ledger.Payment{
		Payout: batch.NewPayoutID(w.ID(), id), Counterparty: to, Amount: int64(amount), Anchor: anchor,
		Destination: ledger.NewDestination(d.script(pay{id: id, to: to})),
	}
}

func (d *desk) snapshot(c charter.Charter, w wallet.Wallet) ledger.Snapshot {
	d.t.Helper()
	return once(fmt.Sprintf("snapshot %x %x %#v", w.ID(), c.Instances(), d.release), func() ledger.Snapshot { return d.newSnapshot(c, w) })
}

func (d *desk) newSnapshot(c charter.Charter, w wallet.Wallet) ledger.Snapshot {
	l, err := ledger.New(c.Instances())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range d.release {
		end := l.Heads()[r.station]
		r.Wallet, r.Station, r.Seq, r.Prev = [32]byte(w.ID()), uint8(r.station), end.Seq+1, end.Last
		signed, err := ledger.SignRecord(r.Record, instanceKey(d.t, r.station), [32]byte{})
		if err != nil {
			d.t.Fatal(err)
		}
		if err := l.Add(signed); err != nil {
			d.t.Fatal(err)
		}
	}
	heads := l.Heads()
	for i := range heads {
		heads[i].Wallet = [32]byte(w.ID())
		if heads[i], err = ledger.SignHead(heads[i], instanceKey(d.t, i), [32]byte{}); err != nil {
			d.t.Fatal(err)
		}
	}
	s, err := l.Snapshot(heads)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *desk) parts() (charter.Charter, batch.Verified, ledger.Snapshot) {
	d.t.Helper()
	c := d.charter()
	w := d.wallet()
	v, err := d.request(c, w).Verify(w)
	if err != nil {
		d.t.Fatal(err)
	}
	return c, v, d.snapshot(c, w)
}

func (d *desk) judge() Verdict {
	d.t.Helper()
	c, b, s := d.parts()
	approved, v, err := Judge(d.inForce(c, b), b, d.evidence(c, b), d.quorum, s)
	if err != nil {
		d.t.Fatal(err)
	}
	if approved.Valid() != v.Allowed || approved.Verified().Valid() != v.Allowed || v.Allowed != (len(v.Refusals()) == 0) {
		d.t.Fatalf("approved %v, allowed %v, %d refusals", approved.Valid(), v.Allowed, len(v.Refusals()))
	}
	return v
}

// allows fails the test unless the batch passes.
func (d *desk) allows() {
	d.t.Helper()
	if v := d.judge(); !v.Allowed {
		d.t.Errorf("refused:\n%s", strings.Join(v.Sentences(), "\n"))
	}
}

// refuses fails the test unless the batch is refused for exactly these reasons.
func (d *desk) refuses(sentences ...string) {
	d.t.Helper()
	v := d.judge()
	var got []string
	for _, l := range v.Refusals() {
		got = append(got, l.Sentence())
	}
	if fmt.Sprint(got) != fmt.Sprint(sentences) {
		d.t.Errorf("refused:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(sentences, "\n"))
	}
}

func allowAll() charter.Rule { return charter.Rule{ID: "pay/all", Effect: charter.Allow} }

func require(id string, check charter.Check, most int64, to ...string) charter.Rule {
	r := charter.Rule{ID: id, Effect: charter.Require, Check: check, Max: most, To: to}
	if check == charter.MaxWindow {
		r.Window = day
	}
	return r
}

// inForce puts a charter in force for the wallet of a batch.
func inForce(c charter.Charter, b batch.Verified) InForce {
	return force.New(c, b.Wallet().ID(), nil)
}
