package batch

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/btcsuite/btcd/txscript/v2"

	"heliograph/shared/wallet"
)

// Every part of the rebuilt transactions, against the request by hand.
func TestVerifyRebuilds(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 3, 5, 3)
	v := verified(t, r, w)
	if !v.Valid() || v.ID() != r.ID() || v.Wallet().ID() != w.ID() || v.Inputs() != 3*5*3 {
		t.Fatalf("id %v, %d slots", v.ID(), v.Inputs())
	}
	var maxFee Amount
	for ti, tx := range v.Transactions() {
		claim := r.Transactions[ti]
		if !slices.Equal(tx.Inputs(), claim.Inputs) || tx.Anchor() != claim.Inputs[claim.Anchor].OutPoint || tx.LockTime() != claim.LockTime {
			t.Errorf("transaction %d: inputs, anchor or locktime differ", ti)
		}
		change, at, ok := tx.Change()
		if !ok || at != int(claim.Change.At) || change.Chain != wallet.Change || change.Index != claim.Change.Index {
			t.Fatalf("transaction %d: change %+v at %d", ti, change, at)
		}
		next := 0
		for oi, out := range tx.Outputs() {
			if oi == at {
				want, err := w.Script(1, claim.Change.Index)
				if err != nil || !out.Change || out.Payment != -1 || !bytes.Equal(out.Script, want) || out.Amount != claim.Variants[0].Change {
					t.Errorf("transaction %d: change output %+v", ti, out)
				}
				continue
			}
			p := r.Payments[claim.Payments[next]]
			if out.Change || out.Payment != int(claim.Payments[next]) || out.Amount != p.Amount || !bytes.Equal(out.Script, p.Script) {
				t.Errorf("transaction %d: output %d is %+v", ti, oi, out)
			}
			next++
		}
		if next != len(claim.Payments) {
			t.Errorf("transaction %d: %d payments", ti, next)
		}
		for vi, variant := range tx.Variants() {
			m := variant.Tx()
			if m.Version != 2 || m.LockTime != claim.LockTime || len(m.TxIn) != 5 || len(m.TxOut) != len(claim.Payments)+1 {
				t.Fatalf("transaction %d.%d: %+v", ti, vi, m)
			}
			fee := Amount(5 * 1_000_000)
			for oi, out := range m.TxOut {
				want := tx.Outputs()[oi]
				if oi == at {
					want.Amount = claim.Variants[vi].Change
				}
				if out.Value != int64(want.Amount) || !bytes.Equal(out.PkScript, want.Script) {
					t.Errorf("transaction %d.%d: output %d is %+v", ti, vi, oi, out)
				}
				fee -= Amount(out.Value)
			}
			if variant.Fee() != fee || fee != 10_000+Amount(vi)*5_000 || variant.Change() != claim.Variants[vi].Change {
				t.Errorf("transaction %d.%d: fee %v, want %v", ti, vi, variant.Fee(), fee)
			}
			for ii, in := range m.TxIn {
				if in.Sequence != 0xfffffffd || [32]byte(in.PreviousOutPoint.Hash) != claim.Inputs[ii].TxID || in.PreviousOutPoint.Index != claim.Inputs[ii].Vout {
					t.Errorf("transaction %d.%d: input %d is %+v", ti, vi, ii, in)
				}
				in.Witness = btcwire.TxWitness{make([]byte, 64)}
			}
			// BIP141: vsize is a quarter of three times the stripped size plus the
			// whole size, rounded up.
			if want := int64(3*m.SerializeSizeStripped()+m.SerializeSize()+3) / 4; variant.VSize() != want {
				t.Errorf("transaction %d.%d: %d vB, signed %d", ti, vi, variant.VSize(), want)
			}
			if variant.TxID() != [32]byte(m.TxHash()) {
				t.Errorf("transaction %d.%d: txid", ti, vi)
			}
		}
		maxFee += 20_000
	}
	var total Amount
	for i, p := range r.Payments {
		total += p.Amount
		if v.PayoutIDs()[i] != NewPayoutID(w.ID(), p.ExternalID) {
			t.Errorf("payout id %d", i)
		}
	}
	if v.MaxFee() != maxFee || v.Total() != total || v.NextChange() != 1003 {
		t.Errorf("fee %v, total %v, next change %d", v.MaxFee(), v.Total(), v.NextChange())
	}
}

func TestWithoutChange(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 1, 2, 1)
	r.Transactions[0].Change = nil
	r.Transactions[0].Variants = []Variant{{0}}
	v := verified(t, r, w)
	tx := v.Transactions()[0]
	if _, _, ok := tx.Change(); ok || v.NextChange() != 0 || len(tx.Outputs()) != 1 || len(tx.Variants()) != 1 {
		t.Error("there is change")
	}
	if fee := tx.Variants()[0].Fee(); fee != 2_000_000-r.Payments[0].Amount || v.MaxFee() != fee {
		t.Errorf("fee %v", fee)
	}
}

// The digests are those of btcd, which hashes by other code, and with the
// tweaks of the slots they make signatures that spend: the order of slots is by
// transaction, variant, input.
func TestSighashesEqualBtcd(t *testing.T) {
	w := testWallet(t)
	v := verified(t, fixture(w, 2, 7, 3), w)
	slots := v.Slots()
	next := 0
	for ti, tx := range v.Transactions() {
		for vi, variant := range tx.Variants() {
			m := variant.Tx()
			spent := txscript.NewMultiPrevOutFetcher(nil)
			for ii, in := range m.TxIn {
				spent.AddPrevOut(in.PreviousOutPoint, btcwire.NewTxOut(int64(tx.Inputs()[ii].Amount), tx.Spots()[ii].Script()))
			}
			hashes := txscript.NewTxSigHashes(m, spent)
			for ii, digest := range variant.Sighashes() {
				want, err := txscript.CalcTaprootSignatureHash(hashes, txscript.SigHashDefault, m, ii, spent)
				if err != nil || !bytes.Equal(digest[:], want) {
					t.Fatalf("digest %d.%d.%d is %x (%v), want %x", ti, vi, ii, digest, err, want)
				}
				s := slots[next]
				next++
				if s.Transaction != ti || s.Variant != vi || s.Input != ii || s.Sighash != digest {
					t.Fatalf("slot %d is %+v", next-1, s)
				}
				place := tx.Inputs()[ii]
				want2, err := w.Tweaks(uint32(place.Chain), place.Index)
				if err != nil || !reflect.DeepEqual(s.Tweaks, want2) {
					t.Fatalf("slot %d has other tweaks (%v)", next-1, err)
				}
			}
		}
	}
	if next != len(slots) || next != v.Inputs() {
		t.Errorf("%d slots, want %d", len(slots), next)
	}
}

// edit is one way to spoil the good request fixture(w, 2, 4, 2), which has
// payments 0 and 1 in transaction 0, 2 and 3 in transaction 1.
type edit struct {
	name, want string
	do         func(r *Request)
}

func edits(t testing.TB, w wallet.Wallet) []edit {
	script := func(chain, index uint32) []byte {
		s, err := w.Script(chain, index)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return []edit{
		{"no payments", "0 payments", func(r *Request) { r.Payments = nil }},
		{"many payments", "1025 payments", func(r *Request) { r.Payments = make([]Payment, MaxPayments+1) }},
		{"no transactions", "0 transactions", func(r *Request) { r.Transactions = nil }},
		{"many transactions", "257 transactions", func(r *Request) { r.Transactions = make([]Transaction, MaxTransactions+1) }},
		{"no inputs", "0 inputs", func(r *Request) { r.Transactions[1].Inputs = nil }},
		{"many inputs", "2049 inputs", func(r *Request) { r.Transactions[1].Inputs = make([]Input, MaxSlots+1) }},
		{"many signatures", "2048 signatures", func(r *Request) { r.Transactions[1].Inputs = make([]Input, MaxSlots/2) }},
		{"a transaction that pays nobody", "0 payments", func(r *Request) { r.Transactions[0].Payments = nil }},
		{"no variants", "0 variants", func(r *Request) { r.Transactions[0].Variants = nil }},
		{"many variants", "9 variants", func(r *Request) { r.Transactions[0].Variants = make([]Variant, MaxVariants+1) }},
		{"no time", "stated time", func(r *Request) { r.Time = 0 }},
		{"negative time", "stated time", func(r *Request) { r.Time = -1 }},
		{"expired when stated", "stated time", func(r *Request) { r.Expiry = r.Time }},
		{"time past 9999", "stated time", func(r *Request) { r.Expiry = MaxTime + 1 }},
		{"no external id", "external id", func(r *Request) { r.Payments[0].ExternalID = "" }},
		{"long external id", "external id", func(r *Request) { r.Payments[0].ExternalID = strings.Repeat("x", MaxExternalID+1) }},
		{"look-alike external id", "ASCII", func(r *Request) { r.Payments[0].ExternalID = "ΙNV-0000" }},
		{"control in external id", "does not print", func(r *Request) { r.Payments[0].ExternalID = "INV\x1b[2J" }},
		{"external id twice", "paid twice", func(r *Request) { r.Payments[3].ExternalID = r.Payments[0].ExternalID }},
		{"no counterparty", "counterparty", func(r *Request) { r.Payments[0].Counterparty = "" }},
		{"counterparty turned round", "does not print", func(r *Request) { r.Payments[0].Counterparty = "a\u202eb" }},
		{"counterparty with a tail", "space", func(r *Request) { r.Payments[0].Counterparty = "Supplier 0 " }},
		{"counterparty not UTF-8", "UTF-8", func(r *Request) { r.Payments[0].Counterparty = "\xff" }},
		{"zero width in reference", "does not print", func(r *Request) { r.Payments[0].Reference = "a\u200bb" }},
		{"line break in reference", "does not print", func(r *Request) { r.Payments[0].Reference = "a\nb" }},
		{"long reference", "reference", func(r *Request) { r.Payments[0].Reference = strings.Repeat("x", MaxReference+1) }},
		{"zero amount", "dust", func(r *Request) { r.Payments[0].Amount = 0 }},
		{"negative amount", "dust", func(r *Request) { r.Payments[0].Amount = -700_000 }},
		{"dust", "dust", func(r *Request) { r.Payments[0].Amount = 293 }},
		{"over 21 million", "amount", func(r *Request) { r.Payments[0].Amount = MaxMoney + 1 }},
		{"payments over 21 million", "add up", func(r *Request) { r.Payments[0].Amount, r.Payments[1].Amount = MaxMoney, MaxMoney }},
		{"no script", "destination", func(r *Request) { r.Payments[0].Script = nil }},
		{"script that nobody can spend", "destination", func(r *Request) { r.Payments[0].Script = []byte{0x6a, 1, 2} }},
		{"money that nobody can spend", "OP_RETURN", func(r *Request) { r.Payments[0].Script = dataScript(9) }},
		{"one sat that nobody can spend", "OP_RETURN", func(r *Request) { r.says(0, 0, dataScript(9)); r.Payments[0].Amount = 1 }},
		{"data beside money", "2 OP_RETURN outputs", func(r *Request) { r.says(0, 0, dataScript(9)); r.says(0, 1, dataScript(8)) }},
		{"more data than nodes relay", "destination", func(r *Request) { r.says(0, 0, append([]byte{0x6a, 0x4c, 81}, make([]byte, 81)...)) }},
		{"script of a further witness version", "destination", func(r *Request) { r.Payments[0].Script = append([]byte{0x52, 0x20}, make([]byte, 32)...) }},
		{"payment made twice", "made twice", func(r *Request) { r.Transactions[1].Payments[0] = 0 }},
		{"payment made twice in one", "made twice", func(r *Request) { r.Transactions[1].Payments[0] = 3 }},
		{"payment left out", "in no transaction", func(r *Request) { r.Transactions[1].Payments = []uint32{2} }},
		{"payment unknown", "not in the batch", func(r *Request) { r.Transactions[1].Payments[0] = 4 }},
		{"coin spent twice", "spent twice", func(r *Request) { r.Transactions[0].Inputs[1].OutPoint = r.Transactions[0].Inputs[0].OutPoint }},
		{"coin spent by two", "spent twice", func(r *Request) { r.Transactions[1].Inputs[3] = r.Transactions[0].Inputs[0] }},
		{"input of chain 2", "no place", func(r *Request) { r.Transactions[0].Inputs[0].Chain = 2 }},
		{"input of a hardened index", "no place", func(r *Request) { r.Transactions[0].Inputs[0].Index = 1 << 31 }},
		{"input of nothing", "at least 1", func(r *Request) { r.Transactions[0].Inputs[0].Amount = 0 }},
		{"negative input", "at least 1", func(r *Request) { r.Transactions[0].Inputs[0].Amount = -1 }},
		{"input over 21 million", "add up", func(r *Request) { r.Transactions[0].Inputs[0].Amount = MaxMoney + 1 }},
		{"inputs over 21 million", "add up", func(r *Request) { r.Transactions[0].Inputs[0].Amount = MaxMoney }},
		{"anchor beyond the inputs", "anchor", func(r *Request) { r.Transactions[0].Anchor = 4 }},
		{"change beyond the outputs", "position 3", func(r *Request) { r.Transactions[0].Change.At = 3 }},
		{"hardened change", "hardened", func(r *Request) { r.Transactions[0].Change.Index = 1 << 31 }},
		{"change index twice", "serves twice", func(r *Request) { r.Transactions[1].Change.Index = 1000 }},
		{"change of dust", "want 330 sat", func(r *Request) { r.Transactions[0].Variants[1].Change = 329 }},
		{"negative change", "want 330 sat", func(r *Request) { r.Transactions[0].Variants[1].Change = -1 }},
		{"change over 21 million", "want 330 sat", func(r *Request) { r.Transactions[0].Variants[0].Change = MaxMoney + 1 }},
		{"rising change", "does not fall", func(r *Request) { v := r.Transactions[0].Variants; v[0], v[1] = v[1], v[0] }},
		{"equal variants", "does not fall", func(r *Request) { v := r.Transactions[0].Variants; v[1] = v[0] }},
		{"variants without change", "exactly one", func(r *Request) { r.Transactions[0].Change = nil }},
		{"change amount without change", "exactly one", func(r *Request) {
			r.Transactions[0].Change = nil
			r.Transactions[0].Variants = r.Transactions[0].Variants[:1]
		}},
		{"negative fee", "exceed the inputs by 1 sat", func(r *Request) { r.Transactions[0].Variants[0].Change += 10_001 }},
		{"negative fee by an input", "exceed the inputs", func(r *Request) { r.Transactions[0].Inputs[0].Amount -= 20_000 }},
		{"another wallet", "for wallet", func(r *Request) { r.Wallet[0] ^= 1 }},
		{"payment to an input's script", "the wallet itself", func(r *Request) { r.Payments[0].Script = script(1, 7) }},
		{"payment to its own change", "the wallet itself", func(r *Request) { r.Payments[0].Script = script(1, 1000) }},
		{"payment to the change of another", "the wallet itself", func(r *Request) { r.Payments[0].Script = script(1, 1001) }},
	}
}

func TestVerifyRefuses(t *testing.T) {
	w := testWallet(t)
	verified(t, fixture(w, 2, 4, 2), w)
	for _, e := range edits(t, w) {
		r := fixture(w, 2, 4, 2)
		e.do(&r)
		v, err := r.Verify(w)
		if err == nil || v.Valid() || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%s: error %v, want %q", e.name, err, e.want)
		}
	}
	r := fixture(w, 1, 1, 1)
	r.Wallet = wallet.ID{} // that of the zero wallet
	if _, err := r.Verify(wallet.Wallet{}); err == nil || !strings.Contains(err.Error(), "verify: the wallet is the zero value") {
		t.Errorf("verified against the zero wallet: %v", err)
	}
}

// What Verify refuses without its wallet, Encode and Decode refuse as well: the
// courier learns of it before a station does.
func TestDecodeRefusesWhatCheckRefuses(t *testing.T) {
	w := testWallet(t)
	for _, e := range edits(t, w) {
		if e.want == "for wallet" || e.want == "the wallet itself" {
			continue // only the wallet can tell
		}
		r := fixture(w, 2, 4, 2)
		e.do(&r)
		if _, err := r.Encode(); err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%s: encoded (%v)", e.name, err)
		}
		b, err := encodeUnchecked(r)
		if err != nil {
			continue // nothing that CBOR can say
		}
		if _, err := Decode(b); err == nil {
			t.Errorf("%s: decoded", e.name)
		}
	}
}

// A transaction that no node relays is refused before it is signed.
func TestVerifyRefusesHeavyTransactions(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 1, 1750, 1) // 875 payments: 230 wu an input, 4 wu an output byte
	if _, err := r.Verify(w); err == nil || !strings.Contains(err.Error(), "relay") {
		t.Fatalf("a transaction over %d wu: %v", maxWeight, err)
	}
}

// Changing what an accessor returned changes nothing in the verified batch, and
// neither does changing the request that was verified.
func TestVerifiedIsUntouchable(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 1, 4, 2)
	v := verified(t, r, w)
	want := verified(t, r.Clone(), w)

	r.Payments[0].Script[3] ^= 1
	r.Transactions[0].Inputs[0].Amount++
	r.Transactions[0].Change.Index++
	r.Transactions[0].Variants[0].Change--
	got := v.Request()
	got.Payments[0].Script[3] ^= 1
	got.Transactions[0].Change.At++
	v.PayoutIDs()[0][0] ^= 1
	tx := v.Transactions()[0]
	tx.Inputs()[0].Amount++
	tx.Outputs()[0].Script[3] ^= 1
	tx.Spots()[0].Index++
	m := tx.Variants()[0].Tx()
	m.TxOut[0].Value++
	m.TxOut[0].PkScript[3] ^= 1
	m.TxIn[0].PreviousOutPoint.Index++
	tx.Variants()[0].Sighashes()[0][0] ^= 1
	v.Slots()[0].Tweaks[0].T[0] ^= 1

	if !reflect.DeepEqual(v, want) || !reflect.DeepEqual(v.Slots(), want.Slots()) {
		t.Error("the verified batch changed")
	}
}

func TestZeroVerifiedDescribesNothing(t *testing.T) {
	var v Verified
	if v.Valid() || v.ID() != (ID{}) || v.Inputs() != 0 || v.Wallet().Valid() || len(v.Transactions()) != 0 ||
		len(v.Slots()) != 0 || v.Total() != 0 || v.MaxFee() != 0 || v.NextChange() != 0 || len(v.PayoutIDs()) != 0 || len(v.Request().Payments) != 0 {
		t.Error("the zero value describes a batch")
	}
}

// Dust limits of Bitcoin Core at its default rate of 3 sat/vB.
func TestDustLimit(t *testing.T) {
	for n, want := range map[int]Amount{0: 294, 1: 546, 2: 540, 3: 330, 4: 330} {
		if got := DustLimit(payee(n)); got != want {
			t.Errorf("%x: %v, want %v", payee(n), got, want)
		}
	}
}

func TestAmountString(t *testing.T) {
	for a, want := range map[Amount][2]string{
		0:                     {"0.00000000 BTC", "0 sat"},
		12_345:                {"0.00012345 BTC", "12,345 sat"},
		-1:                    {"-0.00000001 BTC", "-1 sat"},
		-123_456:              {"-0.00123456 BTC", "-123,456 sat"},
		MaxMoney:              {"21000000.00000000 BTC", "2,100,000,000,000,000 sat"},
		-9223372036854775808:  {"-92233720368.54775808 BTC", "-9,223,372,036,854,775,808 sat"},
		100_000_000:           {"1.00000000 BTC", "100,000,000 sat"},
		999:                   {"0.00000999 BTC", "999 sat"},
		1_000:                 {"0.00001000 BTC", "1,000 sat"},
		2_100_000_000_000_001: {"21000000.00000001 BTC", "2,100,000,000,000,001 sat"},
	} {
		if a.String() != want[0] || a.Sat() != want[1] {
			t.Errorf("%d: %q %q", int64(a), a.String(), a.Sat())
		}
	}
	if !MaxMoney.Valid() || (MaxMoney + 1).Valid() || Amount(-1).Valid() {
		t.Error("range of amounts")
	}
}

func TestOutPoint(t *testing.T) {
	o := OutPoint{[32]byte{0: 0xab, 31: 0x01}, 258}
	if got, want := o.String(), "01"+strings.Repeat("00", 30)+"ab:258"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	b := o.Bytes()
	if b[0] != 0xab || b[31] != 1 || b[32] != 2 || b[33] != 1 {
		t.Errorf("%x", b)
	}
}

// The keys behind the slots: the secret key, moved by the tweaks, signs for the
// script. (The threshold signers do the same with shares.)
func TestSlotTweaksFitTheScript(t *testing.T) {
	w := testWallet(t)
	v := verified(t, fixture(w, 1, 4, 1), w)
	tx := v.Transactions()[0]
	for _, s := range v.Slots() {
		priv, _ := btcec.PrivKeyFromBytes(secret[:])
		for _, tw := range s.Tweaks {
			if tw.XOnly && priv.PubKey().SerializeCompressed()[0] == 3 {
				priv.Key.Negate()
			}
			var k btcec.ModNScalar
			k.SetBytes(&tw.T)
			priv.Key.Add(&k)
		}
		if got := priv.PubKey().SerializeCompressed()[1:]; !bytes.Equal(got, tx.Spots()[s.Input].Script()[2:]) {
			t.Errorf("input %d: key %x", s.Input, got)
		}
	}
}
