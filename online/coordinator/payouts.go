package coordinator

import (
	"errors"
	"fmt"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator/book"
)

// Columns of a payout file, as problems name them.
const (
	ColumnExternalID   = "external_id"
	ColumnCounterparty = "counterparty"
	ColumnAddress      = "address"
	ColumnAmount       = "amount_sat"
	ColumnReference    = "reference"
)

// MaxRows bounds one payout file.
const MaxRows = 10_000

// Row is one row of a payout file, as it was written.
type Row struct {
	Line         int // in the file, from 1
	ExternalID   string
	Counterparty string
	Address      string
	AmountSat    string
	Reference    string
}

// Problem is what is wrong with one field of a payout file.
type Problem struct {
	Line   int    `json:"row"`    // in the file, from 1; 0 for the file as a whole
	Column string `json:"column"` // one of the columns, or empty for the row as a whole
	What   string `json:"problem"`
}

func (p Problem) String() string {
	switch {
	case p.Line == 0:
		return p.What
	case p.Column == "":
		return fmt.Sprintf("row %d: %s", p.Line, p.What)
	}
	return fmt.Sprintf("row %d, %s: %s", p.Line, p.Column, p.What)
}

// Check reads the rows of a payout file and returns the payouts that they make,
// and everything that is wrong with them, by row. An external id counts as
// taken if any payout ever had it. Once there is a charter, a payee must be one
// of its counterparties, under that name.
func (c *Coordinator) Check(rows []Row) ([]book.Payout, []Problem, error) {
	state, err := c.store.Load()
	if err != nil {
		return nil, nil, err
	}
	k := checker{net: c.settings.Network, now: c.now(), known: make(map[string]book.PayoutStatus), first: make(map[string]int)}
	for _, p := range state.Payouts {
		k.known[p.ExternalID] = p.Status
	}
	p, err := c.at(k.now)
	if err == nil {
		k.charter, k.wallet = p.Charter, p.Wallet
	} else if !errors.Is(err, ErrNoWallet) {
		return nil, nil, err
	}
	if len(rows) == 0 {
		k.problem(0, "", "the file has no rows")
	}
	if len(rows) > MaxRows {
		return nil, []Problem{{What: fmt.Sprintf("the file has %d rows: at most %d; split it", len(rows), MaxRows)}}, nil
	}
	var payouts []book.Payout
	for _, r := range rows {
		payouts = append(payouts, k.row(r))
	}
	return payouts, k.problems, nil
}

// Import keeps the payouts of a file in which Check finds nothing wrong, all or
// none.
func (c *Coordinator) Import(rows []Row) ([]book.Payout, []Problem, error) {
	payouts, problems, err := c.Check(rows)
	if err != nil || len(problems) > 0 {
		return nil, problems, err
	}
	return payouts, nil, c.store.Commit(book.Change{Imported: payouts})
}

// Cancel ends a payout that is in no batch. Its external id stays taken.
func (c *Coordinator) Cancel(externalID string) error {
	state, err := c.store.Load()
	if err != nil {
		return err
	}
	for _, p := range state.Payouts {
		if p.ExternalID != externalID {
			continue
		}
		if p.Status != book.Pending {
			return fmt.Errorf("coordinator: cancel payout %q: it is %s; only a pending one can be cancelled (discard its batch first, if that is not signed)", externalID, p.Status)
		}
		return c.store.Commit(book.Change{Payouts: []book.PayoutMove{{ExternalID: externalID, From: book.Pending, To: book.Cancelled}}})
	}
	return fmt.Errorf("coordinator: cancel payout %q: there is none of this id (see heliograph payouts list)", externalID)
}

// checker collects problems row by row.
type checker struct {
	net      wallet.Network
	now      int64
	charter  charter.Charter // in force; zero before there is one
	wallet   wallet.Wallet   // the same
	known    map[string]book.PayoutStatus
	first    map[string]int // line of an external id in this file
	problems []Problem
}

func (k *checker) problem(line int, column, format string, args ...any) {
	k.problems = append(k.problems, Problem{Line: line, Column: column, What: fmt.Sprintf(format, args...)})
}

func (k *checker) row(r Row) book.Payout {
	p := book.Payout{ExternalID: r.ExternalID, Counterparty: r.Counterparty, Reference: r.Reference, Imported: k.now, Status: book.Pending}
	k.externalID(r)
	if err := checkText("the name", r.Counterparty, 1, charter.MaxName); err != nil {
		k.problem(r.Line, ColumnCounterparty, "%v", err)
	}
	if err := checkText("the text", r.Reference, 0, batch.MaxReference); err != nil {
		k.problem(r.Line, ColumnReference, "%v", err)
	}
	p.Script = k.address(r)
	p.Amount = k.amount(r, p.Script)
	return p
}

func (k *checker) externalID(r Row) {
	if err := checkText("the id", r.ExternalID, 1, batch.MaxExternalID); err != nil {
		k.problem(r.Line, ColumnExternalID, "%v", err)
		return
	}
	for _, b := range []byte(r.ExternalID) {
		if b > 0x7e {
			k.problem(r.Line, ColumnExternalID, "%q has characters other than plain ASCII, which could look like another id", r.ExternalID)
			return
		}
	}
	if status, taken := k.known[r.ExternalID]; taken {
		k.problem(r.Line, ColumnExternalID, "%q was imported before (%s); an id is never taken twice", r.ExternalID, status)
	}
	if line, twice := k.first[r.ExternalID]; twice {
		k.problem(r.Line, ColumnExternalID, "%q is in row %d already", r.ExternalID, line)
		return
	}
	k.first[r.ExternalID] = r.Line
}

func (k *checker) address(r Row) []byte {
	script, err := ParseDestination(k.net, r.Address)
	if err != nil {
		k.problem(r.Line, ColumnAddress, "%v", err)
		return nil
	}
	if !k.charter.Valid() {
		return script
	}
	owner, known := k.charter.Owner(k.wallet, script)
	switch {
	case !known:
		k.problem(r.Line, ColumnAddress, "%s is no counterparty's address in the charter, so no station would pay it", r.Address)
	case owner != r.Counterparty:
		k.problem(r.Line, ColumnCounterparty, "the address is %q's in the charter, not %q's", owner, r.Counterparty)
	}
	return script
}

// amount reads satoshi: digits only, without leading zeros.
func (k *checker) amount(r Row, script []byte) batch.Amount {
	bad := func(why string) batch.Amount {
		k.problem(r.Line, ColumnAmount, "%q %s; write satoshi in plain digits, such as 150000", r.AmountSat, why)
		return 0
	}
	if r.AmountSat == "" {
		return bad("is empty")
	}
	if len(r.AmountSat) > len("2100000000000000") {
		return bad("is too long")
	}
	var n int64
	for _, b := range []byte(r.AmountSat) {
		if b < '0' || b > '9' {
			return bad("is not a whole number")
		}
		n = 10*n + int64(b-'0')
	}
	if _, isData := batch.Data(script); isData {
		if r.AmountSat != "0" {
			return bad("is not 0: nobody could spend it from an OP_RETURN output")
		}
		return 0
	}
	if r.AmountSat[0] == '0' {
		return bad("begins with a zero")
	}
	if batch.Amount(n) > batch.MaxMoney {
		return bad("is more than all bitcoin")
	}
	if script != nil && batch.Amount(n) < batch.DustLimit(script) {
		return bad(fmt.Sprintf("is dust: at least %d to this address", int64(batch.DustLimit(script))))
	}
	return batch.Amount(n)
}
