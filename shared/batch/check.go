package batch

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"heliograph/shared/wallet"
)

// check settles everything that can be said of a request without its wallet:
// counts and texts first, then that ids, payments and outpoints are used once,
// then the money. Encode, Decode and Verify all run it.
func (r *Request) check() error {
	if err := r.checkCounts(); err != nil {
		return err
	}
	if r.Time < 1 || r.Time > MaxTime || r.Expiry <= r.Time || r.Expiry > MaxTime {
		return fmt.Errorf("stated time %d and expiry %d: want 0 < time < expiry <= %d", r.Time, r.Expiry, int64(MaxTime))
	}
	ids := make(map[string]int, len(r.Payments))
	var total Amount
	for i := range r.Payments {
		p := &r.Payments[i]
		if err := p.check(); err != nil {
			return fmt.Errorf("payment %d: %w", i, err)
		}
		if first, ok := ids[p.ExternalID]; ok {
			return fmt.Errorf("payment %d: external id %q is that of payment %d: one payout would be paid twice", i, p.ExternalID, first)
		}
		ids[p.ExternalID] = i
		sum, ok := total.add(p.Amount)
		if !ok {
			return fmt.Errorf("payment %d: the payments add up to more than %v", i, MaxMoney)
		}
		total = sum
	}
	used := usage{
		payments:  make([]bool, len(r.Payments)),
		outpoints: make(map[OutPoint]bool),
		change:    make(map[uint32]bool),
	}
	for i := range r.Transactions {
		if err := r.Transactions[i].check(r.Payments, &used); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	for i, ok := range used.payments {
		if !ok {
			return fmt.Errorf("payment %d (%q) is in no transaction", i, r.Payments[i].ExternalID)
		}
	}
	return nil
}

// checkCounts bounds every list, so that what follows is bounded too.
func (r *Request) checkCounts() error {
	if n := len(r.Payments); n < 1 || n > MaxPayments {
		return fmt.Errorf("%d payments: want 1 to %d", n, MaxPayments)
	}
	if n := len(r.Transactions); n < 1 || n > MaxTransactions {
		return fmt.Errorf("%d transactions: want 1 to %d", n, MaxTransactions)
	}
	slots := 0
	for i := range r.Transactions {
		t := &r.Transactions[i]
		if n := len(t.Inputs); n < 1 || n > MaxSlots {
			return fmt.Errorf("transaction %d: %d inputs: want 1 to %d", i, n, MaxSlots)
		}
		if n := len(t.Payments); n < 1 || n > len(r.Payments) {
			return fmt.Errorf("transaction %d: %d payments: want 1 to %d", i, n, len(r.Payments))
		}
		if n := len(t.Variants); n < 1 || n > MaxVariants {
			return fmt.Errorf("transaction %d: %d variants: want 1 to %d", i, n, MaxVariants)
		}
		if slots += len(t.Inputs) * len(t.Variants); slots > MaxSlots {
			return fmt.Errorf("transaction %d: more than %d signatures in the batch (inputs times variants)", i, MaxSlots)
		}
	}
	return nil
}

func (p *Payment) check() error {
	if err := checkText("external id", p.ExternalID, 1, MaxExternalID); err != nil {
		return err
	}
	// An external id decides whether two payouts are the same, so it has one
	// spelling only: no letters that merely look alike.
	for _, c := range []byte(p.ExternalID) {
		if c > 0x7e {
			return fmt.Errorf("external id %q: want printable ASCII", p.ExternalID)
		}
	}
	if err := checkText("counterparty", p.Counterparty, 1, MaxCounterparty); err != nil {
		return err
	}
	if err := checkText("reference", p.Reference, 0, MaxReference); err != nil {
		return err
	}
	if _, ok := Data(p.Script); ok {
		if p.Amount != 0 {
			return fmt.Errorf("amount %s: nobody could spend it from an OP_RETURN output", p.Amount.Sat())
		}
		return nil
	}
	// The kind of a script does not depend on the network.
	if _, err := wallet.EncodeScript(wallet.Mainnet, p.Script); err != nil {
		return fmt.Errorf("destination: %w", err)
	}
	if dust := DustLimit(p.Script); p.Amount < dust || p.Amount > MaxMoney {
		return fmt.Errorf("amount %s: want %s (below it is dust) to %s", p.Amount.Sat(), dust.Sat(), MaxMoney.Sat())
	}
	return nil
}

// checkText refuses what would deceive on a screen: control and format
// characters (line breaks, changes of direction, zero width), every space but
// the plain one, and spaces at either end.
func checkText(what, s string, least, most int) error {
	if len(s) < least || len(s) > most {
		return fmt.Errorf("%s of %d bytes: want %d to %d", what, len(s), least, most)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s is not UTF-8", what)
	}
	for _, c := range s {
		if !unicode.IsPrint(c) {
			return fmt.Errorf("%s %q: character %U does not print", what, s, c)
		}
	}
	if strings.TrimSpace(s) != s {
		return fmt.Errorf("%s %q begins or ends with a space", what, s)
	}
	return nil
}

// usage is what the transactions seen so far have taken; each thing serves once.
type usage struct {
	payments  []bool
	outpoints map[OutPoint]bool
	change    map[uint32]bool
}

func (t *Transaction) check(payments []Payment, used *usage) error {
	in, err := t.checkInputs(used)
	if err != nil {
		return err
	}
	var out Amount // at most the sum of all payments, which is a valid amount
	data := 0
	for _, p := range t.Payments {
		if int64(p) >= int64(len(payments)) {
			return fmt.Errorf("payment %d is not in the batch", p)
		}
		if used.payments[p] {
			return fmt.Errorf("payment %d (%q) is made twice", p, payments[p].ExternalID)
		}
		used.payments[p] = true
		out += payments[p].Amount
		if payments[p].Amount == 0 { // an OP_RETURN output; every other amount is above dust
			data++
		}
	}
	if data > 1 {
		return fmt.Errorf("%d OP_RETURN outputs: nodes relay one", data)
	}
	if t.Change == nil {
		if len(t.Variants) != 1 || t.Variants[0].Change != 0 {
			return errors.New("without change there is exactly one variant, of change 0")
		}
	} else if err := t.checkChange(used); err != nil {
		return err
	}
	for i, v := range t.Variants {
		if fee := in - out - v.Change; fee < 0 {
			return fmt.Errorf("variant %d: the outputs exceed the inputs by %s", i, (-fee).Sat())
		}
	}
	return nil
}

func (t *Transaction) checkInputs(used *usage) (Amount, error) {
	var in Amount
	for i, input := range t.Inputs {
		if used.outpoints[input.OutPoint] {
			return 0, fmt.Errorf("input %d: %v is spent twice", i, input.OutPoint)
		}
		used.outpoints[input.OutPoint] = true
		if uint32(input.Chain) > wallet.Change || input.Index > wallet.MaxIndex {
			return 0, fmt.Errorf("input %d: %d/%d is no place in the wallet", i, input.Chain, input.Index)
		}
		if input.Amount < 1 {
			return 0, fmt.Errorf("input %d: amount %s: want at least 1", i, input.Amount.Sat())
		}
		sum, ok := in.add(input.Amount)
		if !ok {
			return 0, fmt.Errorf("input %d: the inputs add up to more than %v", i, MaxMoney)
		}
		in = sum
	}
	if int64(t.Anchor) >= int64(len(t.Inputs)) {
		return 0, fmt.Errorf("anchor %d is none of %d inputs", t.Anchor, len(t.Inputs))
	}
	return in, nil
}

func (t *Transaction) checkChange(used *usage) error {
	if int64(t.Change.At) > int64(len(t.Payments)) {
		return fmt.Errorf("change at position %d of %d outputs", t.Change.At, len(t.Payments)+1)
	}
	if t.Change.Index > wallet.MaxIndex {
		return fmt.Errorf("change index %d is hardened", t.Change.Index)
	}
	if used.change[t.Change.Index] {
		return fmt.Errorf("change index %d serves twice", t.Change.Index)
	}
	used.change[t.Change.Index] = true
	for i, v := range t.Variants {
		if v.Change < dustTaproot || v.Change > MaxMoney {
			return fmt.Errorf("variant %d: change of %s: want %s to %s", i, v.Change.Sat(), dustTaproot.Sat(), MaxMoney.Sat())
		}
		if i > 0 && v.Change >= t.Variants[i-1].Change {
			return fmt.Errorf("variant %d: change of %s does not fall below the %s before it", i, v.Change.Sat(), t.Variants[i-1].Change.Sat())
		}
	}
	return nil
}
