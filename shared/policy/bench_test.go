package policy

import (
	"fmt"
	"testing"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// benchDesk is a batch of 100 transactions and 500 outputs under 50 rules of all
// kinds, after a history of 1,000 payouts.
func benchDesk(b *testing.B) *desk {
	d := newDesk(b, allowAll())
	for i := range 49 {
		r := require(fmt.Sprintf("rule/%02d", i), charter.Check(i%8+1), charter.MaxMoney)
		switch r.Check {
		case charter.MaxFeeRate:
			r.Max = 1000
		case charter.MaxFeePercent:
			r.Max = 10_000
		case charter.MaxLifetime:
			r.Max = 7200
		}
		if i%2 == 1 {
			r.To = []string{"Kraken", "Staff"}
		}
		d.doc.Rules = append(d.doc.Rules, r)
	}
	for i := range 100 {
		tx := draft{fees: []batch.Amount{500, 900}, change: i, anchor: 1}
		for j := range 5 { // and the change
			tx.pay = append(tx.pay, pay{fmt.Sprintf("%d/%d", i, j), people[(i+j)%3], 100_000})
		}
		d.txs = append(d.txs, tx)
	}
	d.doc.Gap = 200
	for i := range 10 {
		r := ledger.Record{Batch: [32]byte{byte(i)}, Time: now - int64(i)*3600, Fee: 5}
		for j := range 100 {
			r.Payments = append(r.Payments, ledger.Payment{
				Payout: [32]byte{byte(i), byte(j)}, Counterparty: people[j%3], Amount: 1000, Anchor: anchorOf(9, 9),
			})
		}
		d.release = append([]release{{i % 3, r}}, d.release...)
	}
	return d
}

// BenchmarkJudge is one verdict, from a verified batch and a snapshot.
func BenchmarkJudge(b *testing.B) {
	for name, change := range map[string]func(*desk){
		"allowed": func(*desk) {},
		"refused": func(d *desk) {
			for i := range d.doc.Rules[1:] {
				d.doc.Rules[i+1].Max = 1
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			d := benchDesk(b)
			change(d)
			c, v, s := d.parts()
			b.ReportAllocs()
			for b.Loop() {
				if _, verdict, err := Judge(inForce(c, v), v, Evidence{}, nil, s); err != nil || verdict.Allowed != (name == "allowed") {
					b.Fatal(err, verdict.Sentences())
				}
			}
		})
	}
}
