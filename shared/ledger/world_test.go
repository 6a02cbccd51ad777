package ledger

import (
	"slices"
	"testing"

	"heliograph/shared/wire"
)

// world is n stations with real keys that release what a test tells them to.
type world struct {
	t      testing.TB
	keys   []*wire.SigningKey
	chains [][]Record

	retired []Retired
	past    [][]Record // of the retired instances
}

var testWallet = [32]byte{0x77}

func newWorld(t testing.TB, n int) *world {
	t.Helper()
	w := &world{t: t, chains: make([][]Record, n)}
	for i := range n {
		key, err := wire.GenerateSigningKey([32]byte{1, byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		w.keys = append(w.keys, key)
	}
	return w
}

func (w *world) instances() []wire.PublicKey {
	var out []wire.PublicKey
	for _, k := range w.keys {
		out = append(out, k.Public())
	}
	return out
}

// next fills the chain fields of r for a station and signs it, without
// releasing it.
func (w *world) next(station int, r Record) Record {
	w.t.Helper()
	chain := w.chains[station]
	r.Station, r.Seq, r.Prev = uint8(station), uint64(len(chain))+1, [32]byte{}
	if len(chain) > 0 {
		r.Prev = chain[len(chain)-1].Hash()
	}
	return w.sign(station, r)
}

func (w *world) sign(station int, r Record) Record {
	w.t.Helper()
	if r.Wallet == ([32]byte{}) {
		r.Wallet = testWallet
	}
	out, err := SignRecord(r, w.keys[station], [32]byte{9})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// release appends a record to a station's chain.
func (w *world) release(station int, r Record) Record {
	w.t.Helper()
	out := w.next(station, r)
	w.chains[station] = append(w.chains[station], out)
	return out
}

func (w *world) head(station int) Head {
	w.t.Helper()
	h := Head{Wallet: testWallet, Station: uint8(station), Epoch: [16]byte{5}, Next: 10 * uint64(len(w.chains[station])), Seq: uint64(len(w.chains[station]))}
	if h.Seq > 0 {
		h.Last = w.chains[station][h.Seq-1].Hash()
	}
	return w.signHead(station, h)
}

func (w *world) signHead(station int, h Head) Head {
	w.t.Helper()
	out, err := SignHead(h, w.keys[station], [32]byte{8})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) heads() []Head {
	var out []Head
	for i := range w.keys {
		out = append(out, w.head(i))
	}
	return out
}

func (w *world) empty() *Ledger {
	w.t.Helper()
	l, err := New(w.instances(), w.retired...)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// ledger returns a ledger that holds everything released so far.
func (w *world) ledger() *Ledger {
	w.t.Helper()
	l := w.empty()
	for _, chain := range slices.Concat(w.past, w.chains) {
		for _, r := range chain {
			if err := l.Add(r); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return l
}

func (w *world) snapshot() Snapshot {
	w.t.Helper()
	s, err := w.ledger().Snapshot(w.heads())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func pay(id byte, amount int64) Payment {
	return Payment{Payout: [32]byte{id}, Counterparty: "Kraken", Amount: amount, Anchor: OutPoint{id}}
}
