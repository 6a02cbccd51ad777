package main

import (
	"context"
	"fmt"

	"heliograph/shared/batch"
)

// The day's limit after the amendment, a payment that fits only then, and one that
// just fits before.
const (
	higherLimit  = 700_000_000
	bigPayment   = 25_000_000
	smallPayment = 10_200_000
)

// raised: an amendment raises the day's limit and lists a new counterparty. Both
// loosen, so they wait, and everybody sees from when they hold.
func (w *world) raised(ctx context.Context) error {
	w.page.chapter("An amendment raises the day's limit, and waits")
	alder, birch, cedar := w.stations[0], w.stations[1], stationNames[2]
	old := w.rules.dayLimit
	big := few("big", "Suppliers", 1, bigPayment)
	tooMuch := fmt.Sprintf("would leave within 24 h; at most %s may", bitcoins(old))
	if err := w.beforeRaise(ctx, big, tooMuch); err != nil {
		return err
	}
	w.rules.dayLimit, w.rules.newcomer = higherLimit, true
	proof, err := w.propose(ctx, 2, "payout/counterparty", "cap/day")
	if err != nil {
		return err
	}
	w.page.fact("amendment", "the limit of a day from %s to %s, and %s is listed", bitcoins(old), bitcoins(higherLimit), newcomer)
	for _, line := range proof {
		w.page.quote("proof", line)
	}
	said, err := w.enact(ctx, enactment{
		epoch: 2, people: []string{"Ann", "Cleo"}, review: proof, adopted: notYet, code: 4, stations: w.stations[:2],
	})
	if err != nil {
		return err
	}
	if err := says(coordinator, said, "not yet in force, until"); err != nil {
		return err
	}
	w.page.fact("", "both stations computed and showed the same proof, word for word")
	from, err := w.pending(ctx, 2)
	if err != nil {
		return err
	}
	if err := w.refusedDraft(ctx, tooMuch); err != nil {
		return err
	}
	if _, err := w.powerOn(ctx, 2); err != nil {
		return err
	}
	if _, _, err := w.stations[2].expect(ctx, promptScan); err != nil {
		return err
	}
	if _, err := w.catchUp(ctx, w.stations[2], 1, 2, "Charter 2 is adopted", promptScan); err != nil {
		return err
	}
	w.page.fact("caught up", "%s, which was away, adopts charters 1 and 2 by their certificates", cedar)
	if err := w.await(ctx, from, "charter 2 is in force"); err != nil {
		return err
	}
	w.listedSince = from
	if _, err := w.ask(ctx, 0, "amend", "status"); err != nil {
		return err
	}
	if err := w.draftPending(ctx); err != nil {
		return err
	}
	number := w.drafts
	if err := w.tooYoung(ctx, number); err != nil {
		return err
	}
	if err := w.sign(ctx, number, "0,1", alder, birch); err != nil {
		return err
	}
	w.page.fact("signed", "batch %d, above the old limit, by %s and %s", number, alder.name, birch.name)
	return nil
}

// beforeRaise: under the old limit the payment is refused by the coordinator, and
// by a station to which a thief shows it.
func (w *world) beforeRaise(ctx context.Context, big []payout, tooMuch string) error {
	small := few("small", "Suppliers", 1, smallPayment)
	if err := w.draft(ctx, "small.csv", small); err != nil {
		return err
	}
	number := w.drafts
	f := forgery{message: "request, altered", number: number, quorum: []int{0, 1}, facts: func(r *batch.Request) error {
		more := r.Transactions[0].Variants[0].Change / 2
		r.Payments[0].Amount += more
		r.Transactions[0].Variants[0].Change -= more
		return nil
	}}
	if err := w.stolen(ctx, w.stations[0], fmt.Sprintf("the coordinator's thief pays more than the %s that were drafted", bitcoins(smallPayment)), f, "rule/cap/day", tooMuch); err != nil {
		return err
	}
	if err := w.giveUp(ctx, number, small); err != nil {
		return err
	}
	if err := w.writePayouts("big.csv", big); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 0, "payouts", "import", "big.csv"); err != nil {
		return err
	}
	return w.refusedDraft(ctx, tooMuch)
}

// tooYoung: the new counterparty is listed, and not for long enough.
func (w *world) tooYoung(ctx context.Context, number int) error {
	f := forgery{message: "request, altered", number: number, quorum: []int{0, 1}, facts: func(r *batch.Request) error {
		r.Payments[0].Counterparty, r.Payments[0].Script = newcomer, destination(newcomer, 0)
		return nil
	}}
	what := fmt.Sprintf("%s is to be paid, who is listed for a moment; the charter says %d s", newcomer, cooling)
	return w.stolen(ctx, w.stations[0], what, f, "rule/cool/new", fmt.Sprintf("nothing may be paid to anybody at a destination that is listed for less than %d s", cooling))
}
