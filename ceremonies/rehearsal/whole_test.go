package rehearsal

import (
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
)

// Payee is a P2WPKH script of a counterparty; n tells payees apart.
func payee(n byte) []byte {
	s := make([]byte, 22)
	s[1], s[2] = 20, n
	return s
}

// rules is the charter of the rehearsals: two counterparties, and a limit of
// every kind that an attack tries to get around.
func rules() charter.Document {
	return charter.Document{
		Name: "Rehearsal",
		Counterparties: []charter.Counterparty{
			{Name: "Exchange", Destinations: [][]byte{payee(1), payee(2)}},
			{Name: "Vendor", Destinations: [][]byte{payee(3)}},
		},
		Rules: []charter.Rule{
			{ID: "allow/known", Effect: charter.Allow},
			{ID: "cap/output", Effect: charter.Require, Check: charter.MaxOutput, Max: 5_000_000},
			{ID: "cap/day", Effect: charter.Require, Check: charter.MaxWindow, Max: 10_000_000, Window: 24 * 3600},
			{ID: "fee/total", Effect: charter.Require, Check: charter.MaxFee, Max: 20_000},
			{ID: "fee/rate", Effect: charter.Require, Check: charter.MaxFeeRate, Max: 100},
			{ID: "life/request", Effect: charter.Require, Check: charter.MaxLifetime, Max: 2 * 3600},
		},
		Gap:            20,
		ClockTolerance: 2 * 3600,
	}
}

// ready is a world of t of n stations that may sign.
func ready(t *testing.T, threshold, n int) *World {
	t.Helper()
	return readySeed(t, threshold, n, 1)
}

func readySeed(t *testing.T, threshold, n int, seed uint64) *World {
	t.Helper()
	key := [3]uint64{uint64(threshold), uint64(n), seed}
	if generated[key] == nil {
		w, err := New(threshold, n, seed)
		if err != nil {
			t.Fatal(err)
		}
		generated[key] = w.begin(t)
	}
	w, err := generated[key].Copy()
	if err != nil {
		t.Fatal(err)
	}
	w.Enrol = generated[key].Enrol // for drafts; enrolment is over
	return w
}

// generated holds worlds after key generation, of which tests take copies: they
// differ only in what happens afterwards.
var generated = make(map[[3]uint64]*World)

// readyPool is a 2-of-3 world with larger nonce pools.
func readyPool(t *testing.T, pool int) *World {
	t.Helper()
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Pool = pool
	return w.begin(t)
}

// begin runs enrolment and key generation.
func (w *World) begin(t *testing.T) *World {
	t.Helper()
	if err := w.Enrolment(); err != nil {
		t.Fatal(err)
	}
	draft, err := w.Draft(rules())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.KeyGeneration(draft); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWholePath(t *testing.T) {
	for _, c := range []struct {
		t, n   int
		quorum []int
	}{{2, 3, []int{0, 2}}, {2, 2, []int{1, 0}}, {3, 5, []int{4, 1, 2}}} {
		w := ready(t, c.t, c.n)
		for round := range uint32(3) {
			w.Now += 60
			r := w.Pay("whole-"+string(rune('a'+round)), "Exchange", payee(1), round, 2_000, 100_000, 200_000)
			sigs, err := w.Sign(r, c.quorum...)
			if err != nil {
				t.Fatalf("%d of %d, round %d: %v", c.t, c.n, round, err)
			}
			v, err := r.Verify(w.Public.Wallet)
			if err != nil {
				t.Fatal(err)
			}
			if len(sigs) != 64*v.Inputs() || !verifies(t, v, sigs) {
				t.Fatalf("%d of %d, round %d: the signatures do not verify", c.t, c.n, round)
			}
		}
	}
}

// verifies checks every slot's signature with btcec, independently of frost.
func verifies(t *testing.T, v batch.Verified, sigs []byte) bool {
	t.Helper()
	for i, slot := range v.Slots() {
		spot := v.Transactions()[slot.Transaction].Spots()[slot.Input]
		key, err := schnorr.ParsePubKey(spot.OutputKey[:])
		if err != nil {
			t.Fatal(err)
		}
		sig, err := schnorr.ParseSignature(sigs[i*64 : i*64+64])
		if err != nil {
			t.Fatal(err)
		}
		if !sig.Verify(slot.Sighash[:], key) {
			return false
		}
	}
	return true
}
