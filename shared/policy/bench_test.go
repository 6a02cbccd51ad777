package policy

import (
	"fmt"
	"testing"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// benchDesk is a batch of 100 transactions and 500 outputs under 50 rules with
// every check, tiers, hours and three approvals, after a history of 1,000
// payouts.
func benchDesk(b *testing.B) *desk {
	d := staffed(b, allowAll())
	working := charter.Demand{Kind: charter.DemandHours, Zone: zurich, Days: 0x7f, Until: 24 * 60}
	tiers := []charter.Demand{
		{}, approvals(2, "finance"), working,
		{Kind: charter.DemandAll, Of: []charter.Demand{approvals(2, "finance"), {Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, Offline: true}, working}},
		{Kind: charter.DemandAny, Of: []charter.Demand{approvals(1, "officer"), {Kind: charter.DemandStations, Count: 2}}},
	}
	for i := range 49 {
		r := require(fmt.Sprintf("rule/%02d", i), charter.Check(i%int(charter.MaxFiat)+1), charter.MaxMoney)
		switch r.Check {
		case charter.MaxFeeRate:
			r.Max = 1000
		case charter.MaxFeePercent:
			r.Max = 10_000
		case charter.MaxLifetime:
			r.Max = 7200
		case charter.MaxCount, charter.MaxInputs, charter.MaxCountWindow:
			r.Max = 10_000
		case charter.MinFeeRate, charter.MinOwnShare, charter.MinReserve, charter.MinConfirmations:
			r.Max = 1
		case charter.MaxFiat:
			r.Currency, r.Window = "CHF", 3600
		}
		if r.Check.OverTime() {
			r.Window = 0
			r.Calendar, r.Zone = charter.Calendar(i/17+1), zurich
		}
		if i%2 == 1 {
			r.To = []string{"Kraken", "Staff"}
		}
		if r.Unless = tiers[i%len(tiers)]; r.Unless.Kind != 0 && r.Check != charter.MaxChange && !r.Check.Minimum() {
			r.Max = 0 // every tier is asked
		}
		d.doc.Rules = append(d.doc.Rules, r)
	}
	for i := range 100 {
		tx := draft{fees: []batch.Amount{500, 900}, change: i, anchor: 1}
		for j := range 5 { // and the change
			tx.pay = append(tx.pay, pay{fmt.Sprintf("%d/%d", i, j), people[(i+j)%3], 100_000})
		}
		d.txs = append(d.txs, tx)
		d.claims.Confirmations = append(d.claims.Confirmations, 6)
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
	d.said = append(approve("Ann", "Cleo", "Eve"), drafted("Desk"))
	d.prices = []Price{d.states(90_000, 0)}
	d.claims.Balance = charter.MaxMoney
	return d
}

// BenchmarkJudge is one verdict, from a verified batch, evidence whose signatures
// it verifies, and a snapshot.
func BenchmarkJudge(b *testing.B) {
	for name, change := range map[string]func(*desk){
		"allowed": func(*desk) {},
		"refused": func(d *desk) {
			for i := range d.doc.Rules[1:] {
				if r := &d.doc.Rules[i+1]; !r.Check.Minimum() {
					r.Max, r.Unless = 1, charter.Demand{}
				}
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			d := benchDesk(b)
			change(d)
			c, v, s := d.parts()
			e, in := d.evidence(c, v), d.inForce(c, v)
			b.ReportAllocs()
			for b.Loop() {
				if _, verdict, err := Judge(in, v, e, d.quorum, s); err != nil || verdict.Allowed != (name == "allowed") {
					b.Fatal(err, verdict.Sentences())
				}
			}
		})
	}
}
