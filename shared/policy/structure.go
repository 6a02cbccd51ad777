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
	TimeOrder      = "time/order"          // not before any record
	TimeExpired    = "time/expired"        // expires after the stated time
	ChangeGap      = "wallet/change-gap"   // change stays near addresses already used
	PayoutAnchor   = "payout/anchor"       // a payout drafted again spends its anchor
	PayoutTo       = "payout/counterparty" // a destination is its counterparty's own
	DefaultDeny    = "default/deny"        // what no rule allows is refused
)

// structure checks what holds under every charter.
func (t *trace) structure(c charter.Charter, d charter.Document, s ledger.Snapshot) {
	r := t.f.request
	id := c.ID()
	t.line(Line{
		Rule: CharterCurrent, Check: "current", Got: hex.EncodeToString(r.Charter[:]), Wanted: hex.EncodeToString(id[:]),
		Pass: r.Charter == id,
	})
	t.line(Line{
		Rule: TimeOrder, Check: "order", Got: clock(r.Time), Wanted: clock(s.LastTime()),
		Pass: r.Time >= s.LastTime(),
	})
	t.line(Line{
		Rule: TimeExpired, Check: "expiry", Got: clock(r.Expiry), Wanted: clock(r.Time),
		Pass: r.Expiry > r.Time,
	})
	t.changeGap(int64(s.ChangeWithin(d.Gap)), int64(d.Gap))
	t.anchors(s)
	t.destinations(c, d.Network)
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
		rule: ChangeGap, check: "change-gap", most: next + gap - 1, // below 2^31 + MaxGap
		got:     func(i int) int64 { return int64(*t.f.txs[i].change) },
		subject: t.f.tx,
		show:    func(n int64) string { return fmt.Sprint(n) },
	}, subjects)
}

// anchors lets a payout that was released before, in whatever batch, be paid
// only by spending the same coin again: of its versions one can confirm.
func (t *trace) anchors(s ledger.Snapshot) {
	elsewhere := t.without(func(p payment) bool { return s.BoundTo(p.id, p.anchor.Bytes()) })
	t.refuse(PayoutAnchor, "anchor", elsewhere, func(p payment) (got, wanted string) {
		first, _ := s.Anchor(p.id)
		return p.anchor.String(), outpoint(first).String()
	}, Line{})
}

// destinations holds a payment to the counterparty that it names.
func (t *trace) destinations(c charter.Charter, net wallet.Network) {
	strange := t.without(func(p payment) bool {
		name, known := c.Counterparty(p.Script)
		return known && name == p.Counterparty
	})
	t.refuse(PayoutTo, "destination", strange, func(p payment) (got, wanted string) {
		got, err := wallet.EncodeScript(net, p.Script)
		if err != nil {
			got = "the script " + hex.EncodeToString(p.Script)
		}
		if name, known := c.Counterparty(p.Script); known {
			got += fmt.Sprintf(" (%q)", name)
		}
		return got, fmt.Sprintf("%q", p.Counterparty)
	}, Line{})
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
