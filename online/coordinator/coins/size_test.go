package coins

import (
	"bytes"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/mempool"
	"github.com/btcsuite/btcd/wire/v2"
)

// scripts by kind, with the lengths that matter for sizes.
var scripts = map[string][]byte{
	"p2tr":   append([]byte{0x51, 32}, make([]byte, 32)...),
	"p2wsh":  append([]byte{0x00, 32}, make([]byte, 32)...),
	"p2wpkh": append([]byte{0x00, 20}, make([]byte, 20)...),
	"p2pkh":  append(append([]byte{0x76, 0xa9, 20}, make([]byte, 20)...), 0x88, 0xac),
	"p2sh":   append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87),
}

func taprootScript() []byte { return scripts["p2tr"] }

// The sizes are those of real transactions, as btcd weighs them, also where the counts
// of inputs and outputs take three bytes.
func TestTransactionWeight(t *testing.T) {
	for _, inputs := range []int{1, 2, 252, 253, 500} {
		for _, outputs := range []int{1, 40, 251, 252, 253} {
			for kind, script := range scripts {
				for _, change := range []bool{false, true} {
					payments := make([]Payment, outputs)
					tx := wire.NewMsgTx(2)
					for i := range payments {
						payments[i] = Payment{AmountSat: 1_000, Script: script}
						tx.AddTxOut(wire.NewTxOut(1_000, script))
					}
					if change {
						tx.AddTxOut(wire.NewTxOut(1_000, taprootScript()))
					}
					for range inputs {
						tx.AddTxIn(&wire.TxIn{Witness: wire.TxWitness{make([]byte, 64)}})
					}
					want := blockchain.GetTransactionWeight(btcutil.NewTx(tx))
					if got := TransactionWeight(inputs, payments, change); got != want {
						t.Fatalf("%d in, %d %s out, change %v: %d WU, want %d", inputs, outputs, kind, change, got, want)
					}
				}
			}
		}
	}
}

func TestSizesPublished(t *testing.T) {
	if InputWeight != 230 || ChangeWeight != 172 || OutputWeight(34) != 172 || fixedWeight+8 != 42 {
		t.Fatal("a taproot input is 57.5 vB, an output 43, the rest 10.5")
	}
	for weight, want := range map[int64]int64{4: 1, 5: 2, 8: 2, 230: 58} {
		if got := VSize(weight); got != want {
			t.Errorf("%d WU are %d vB, want %d", weight, got, want)
		}
	}
	if got := FeeSat(401, 1_001); got != 102 {
		t.Errorf("101 vB at 1.001 sat/vB cost %d sat, want 102 (rounded up)", got)
	}
}

func TestDust(t *testing.T) {
	// Bitcoin Core's well-known thresholds, and btcd's for the same scripts.
	for kind, want := range map[string]int64{"p2tr": 330, "p2wsh": 330, "p2wpkh": 294, "p2pkh": 546, "p2sh": 540} {
		got, btcd := DustSat(scripts[kind]), mempool.GetDustThreshold(wire.NewTxOut(0, scripts[kind]))
		if got != want || got != btcd {
			t.Errorf("%s: %d sat, want %d, btcd says %d", kind, got, want, btcd)
		}
	}
	if dustOfChange != DustSat(taprootScript()) {
		t.Error("change is a taproot output")
	}
}

func TestBadInputIsRefused(t *testing.T) {
	coin := Coin{AmountSat: 100_000}
	pay := Payment{ID: "rent", AmountSat: 10_000, Script: taprootScript()}
	good := Target{Payments: []Payment{pay}, FeeRateSatPerKvB: 1_000}
	if _, err := Select([]Coin{coin}, good); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Payment)) Target {
		p, target := pay, good
		change(&p)
		target.Payments = []Payment{p}
		return target
	}
	target := func(change func(*Target)) Target {
		changed := good
		change(&changed)
		return changed
	}
	one := []Coin{coin}
	for name, c := range map[string]struct {
		coins  []Coin
		target Target
		want   string
	}{
		"no payment":         {one, target(func(t *Target) { t.Payments = nil }), "no payment"},
		"dust":               {one, with(func(p *Payment) { p.AmountSat = 329 }), `"rent": 329 sat is dust, want at least 330`},
		"negative payment":   {one, with(func(p *Payment) { p.AmountSat = -1 }), "dust"},
		"too much":           {one, with(func(p *Payment) { p.AmountSat = MaxMoneySat + 1 }), "out of range"},
		"no script":          {one, with(func(p *Payment) { p.Script = nil }), "cannot be paid"},
		"burns money":        {one, with(func(p *Payment) { p.Script = []byte{opReturn, 1, 1} }), "cannot be paid"},
		"long script":        {one, with(func(p *Payment) { p.Script = bytes.Repeat([]byte{1}, maxScriptLen+1) }), "cannot be paid"},
		"same coin twice":    {[]Coin{coin, coin}, good, "listed twice"},
		"required is chosen": {one, target(func(t *Target) { t.Required = one }), "listed twice"},
		"empty coin":         {[]Coin{{}}, good, "out of range"},
		"coins of 42 M":      {[]Coin{{AmountSat: MaxMoneySat}, {Vout: 1, AmountSat: MaxMoneySat}}, good, "out of range"},
		"rate of zero":       {one, target(func(t *Target) { t.FeeRateSatPerKvB = 0 }), "fee rates"},
		"enormous rate":      {one, target(func(t *Target) { t.FeeRateSatPerKvB = MaxFeeRateSatPerKvB + 1 }), "fee rates"},
		"negative later":     {one, target(func(t *Target) { t.LongTermFeeRateSatPerKvB = -1 }), "fee rates"},
		"negative change":    {one, target(func(t *Target) { t.MinChangeSat = -1 }), "least change"},
		"negative inputs":    {one, target(func(t *Target) { t.MaxInputs = -1 }), "bound"},
		"requires too many":  {nil, target(func(t *Target) { t.Required, t.MaxInputs = []Coin{coin, {Vout: 1, AmountSat: 1}}, 1 }), "split the payments"},
		"too many payments": {one, target(func(t *Target) {
			t.Payments = slicesRepeat(pay, 2_400)
		}), "split the payments"},
	} {
		if _, err := Select(c.coins, c.target); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func slicesRepeat(p Payment, n int) []Payment {
	payments := make([]Payment, n)
	for i := range payments {
		payments[i] = p
	}
	return payments
}
