package policy

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/wallet"
)

// Ids of the built-in checks, which no rule of a charter can have.
const (
	CharterCurrent = "charter/current"     // drafted under the charter in force
	CharterAge     = "charter/age"         // the charter is not due for renewal
	TimeOrder      = "time/order"          // not before any record
	TimeExpired    = "time/expired"        // expires after the stated time
	ChangeGap      = "wallet/change-gap"   // change stays near addresses already used
	PayoutAnchor   = "payout/anchor"       // a payout drafted again spends its anchor
	PayoutOnce     = "payout/once"         // a destination that is paid once was not paid before
	PayoutTo       = "payout/counterparty" // a destination is its counterparty's own
	ReplacementFee = "replacement/fee"     // a payout drafted again costs no less and returns no more
	DefaultDeny    = "default/deny"        // what no rule allows is refused
)

// structure checks what holds under every charter.
func (t *trace) structure(drafted [32]byte, s ledger.Snapshot) {
	l, f := t.law, t.f
	t.line(Line{
		Rule: CharterCurrent, Check: "current", Got: hex.EncodeToString(drafted[:]), Wanted: hex.EncodeToString(l.id[:]),
		Pass: drafted == l.id,
	})
	if l.d.Governance.MaxAge != 0 {
		due := l.d.Issued + int64(l.d.Governance.MaxAge)
		t.line(Line{Rule: CharterAge, Check: "age", Got: clock(f.time), Wanted: clock(due), Pass: f.time <= due})
	}
	t.line(Line{
		Rule: TimeOrder, Check: "order", Got: clock(f.time), Wanted: clock(s.LastTime()),
		Pass: f.time >= s.LastTime(),
	})
	t.line(Line{
		Rule: TimeExpired, Check: "expiry", Got: clock(f.time + f.lifetime), Wanted: clock(f.time),
		Pass: f.lifetime > 0,
	})
	t.changeGap(int64(s.ChangeWithin(l.d.Gap)), int64(l.d.Gap))
	t.anchors(s)
	t.replacements()
	t.once()
	t.destinations()
}

// changeGap keeps change where a wallet restored from its descriptor looks for
// it: below the highest index used so far plus the gap. A far index would be as
// good as lost.
func (t *trace) changeGap(next, gap int64) {
	var subjects []int
	for i, tx := range t.f.txs {
		if tx.change != nil {
			subjects = append(subjects, i)
		}
	}
	if len(subjects) == 0 {
		t.line(Line{Rule: ChangeGap, Check: "no-change", Pass: true})
		return
	}
	t.holds(limit{
		rule: ChangeGap, check: "change-gap", bound: next + gap - 1, number: len(subjects), // below 2^31 + MaxGap
		got:     func(i int) int64 { return int64(*t.f.txs[subjects[i]].change) },
		subject: func(i int) string { return t.f.tx(subjects[i]) },
		show:    func(n int64) string { return fmt.Sprint(n) },
	})
}

// anchors lets a payout that was released before, in whatever batch, be paid
// only by spending the same coin again: of its versions one can confirm.
func (t *trace) anchors(s ledger.Snapshot) {
	elsewhere := t.without(func(p payment) bool { return s.BoundTo(p.payout, p.anchor.Bytes()) })
	t.refuse(PayoutAnchor, "anchor", elsewhere, func(p payment) (got, wanted string) {
		first, _ := s.Anchor(p.payout)
		return p.anchor.String(), outpoint(first).String()
	}, Line{})
}

// replacements holds a transaction that pays a payout which was released before
// to what was released: it may only raise the fee and lower the change, so that
// the new version can replace the old one and takes nothing from the payees.
func (t *trace) replacements() {
	refused, again := 0, false
	for i := range t.f.txs {
		tx := &t.f.txs[i]
		if tx.replaces == nil {
			continue
		}
		again = true
		line := Line{Rule: ReplacementFee, Subject: t.f.tx(i)}
		switch {
		case tx.fee < tx.replaces.fee:
			line.Check, line.Got, line.Wanted = "replaced-fee", money(tx.fee), money(tx.replaces.fee)
		case tx.least > tx.replaces.change:
			line.Check, line.Got, line.Wanted = "replaced-change", money(tx.least), money(tx.replaces.change)
		default:
			continue
		}
		if refused++; refused <= maxRefused {
			t.line(line)
		}
	}
	if again && refused == 0 {
		t.line(Line{Rule: ReplacementFee, Check: "replaced", Pass: true})
	}
	t.more(ReplacementFee, refused)
}

// once lets a destination that is paid once be paid by one payout, ever.
func (t *trace) once() {
	var spent []int
	paid := map[string]bool{}
	for i := range t.f.payments {
		p := &t.f.payments[i]
		if !p.once {
			continue
		}
		if p.paidBefore || paid[string(p.script)] {
			spent = append(spent, i)
		}
		paid[string(p.script)] = true
	}
	if len(paid) == 0 {
		return
	}
	t.refuse(PayoutOnce, "once", spent, func(p payment) (got, wanted string) { return t.address(p.script), "" }, Line{})
}

// destinations holds a payment to the counterparty that it names.
func (t *trace) destinations() {
	strange := t.without(func(p payment) bool { return p.owner != "" && p.owner == p.to })
	t.refuse(PayoutTo, "destination", strange, func(p payment) (got, wanted string) {
		got = t.address(p.script)
		if p.owner != "" {
			got += fmt.Sprintf(" (%q)", p.owner)
		}
		return got, fmt.Sprintf("%q", p.to)
	}, Line{})
}

// address shows a script as people know it.
func (t *trace) address(script []byte) string {
	if kind, _ := charter.KindOf(script); kind == charter.Data {
		return "an OP_RETURN output"
	}
	a, err := wallet.EncodeScript(t.law.d.Network, script)
	if err != nil {
		return "the script " + hex.EncodeToString(script)
	}
	return a
}

func outpoint(b ledger.OutPoint) batch.OutPoint {
	return batch.OutPoint{
		TxID: [32]byte(b[:32]),
		Vout: binary.LittleEndian.Uint32(b[32:]),
	}
}

// clock shows unix seconds as people write them.
func clock(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}
