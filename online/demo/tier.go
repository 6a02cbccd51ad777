package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"heliograph/shared/approval"
)

// Coins for the chapters about people: each batch takes one.
const (
	peopleCoin  = 30_000_000
	peopleCoins = 12
)

// Payments to partners: one above the tier, two that are below it apart and not
// together, and one that comes on top.
const (
	tierPayment = 12_000_000
	halfPayment = 6_000_000
	morePayment = 2_000_000
)

// checked demands what policy check says of a batch: its exit code, and sentences
// of the verdict.
func (w *world) checked(ctx context.Context, number, code int, sentences ...string) error {
	args := append([]string{"policy", "check", "--json"}, aboutBatch(number)...)
	said, err := w.ask(ctx, code, args...)
	if err != nil {
		return fmt.Errorf("%w:\n%s", err, said)
	}
	var k struct {
		Allowed bool     `json:"allowed"`
		Verdict []string `json:"verdict"`
	}
	if err := json.Unmarshal([]byte(said), &k); err != nil {
		return fmt.Errorf("demo: policy check: %w", err)
	}
	verdict := strings.Join(k.Verdict, "\n")
	for _, s := range sentences {
		if !strings.Contains(verdict, s) {
			return fmt.Errorf("demo: policy check of batch %d does not say %q:\n%s", number, s, verdict)
		}
	}
	if k.Allowed != (code == 0) {
		return fmt.Errorf("demo: policy check of batch %d: allowed is %v with exit code %d", number, k.Allowed, code)
	}
	if code != 0 {
		w.page.fact("policy check", "exit %d", code)
		w.page.quote("", k.Verdict[0])
	}
	return nil
}

// tiered: more than the tier leaves for a partner, once two of finance and one of
// the board, on an offline device, have approved.
func (w *world) tiered(ctx context.Context) error {
	w.page.chapter("A tiered amount: 2 of finance, 1 of board offline")
	if err := w.fund(ctx, peopleCoin, peopleCoins); err != nil {
		return err
	}
	if err := w.invite(ctx); err != nil {
		return err
	}
	payouts := few("tier", partners[0], 1, tierPayment)
	if err := w.draft(ctx, "tier.csv", payouts); err != nil {
		return err
	}
	number := w.drafts
	w.tierBatch = number
	w.page.fact("drafted", "batch %d: %s to %s; the tier is %s a day", number, bitcoins(total(payouts)), partners[0], bitcoins(tier))
	if err := w.signs(ctx, "Ann", "draft", aboutBatch(number)); err != nil {
		return err
	}
	w.page.fact("Ann", "signs the draft")
	if err := w.checked(ctx, number, 4, "tier/partner: ", "above "+bitcoins(tier)); err != nil {
		return err
	}
	for _, name := range []string{"Ben", "Dan"} {
		if err := w.signs(ctx, name, "approve", aboutBatch(number)); err != nil {
			return err
		}
		w.page.fact(name, "approves")
	}
	if err := w.reviews(ctx, number, payouts, "Ann", "Ben", "Dan"); err != nil {
		return err
	}
	w.page.fact(reviewerName, "read every payee, and who drafted and approved; approves")
	if err := w.checked(ctx, number, 0, "tier/partner holds: "); err != nil {
		return err
	}
	w.shows = []string{"Ann", "Ben", "Dan", reviewerName}
	if err := w.sign(ctx, number, "0,1", w.stations[0], w.stations[1]); err != nil {
		return err
	}
	w.shows = nil
	w.page.fact("signed", "by %s and %s, whose reviews name who drafted and who approved", stationNames[0], stationNames[1])
	return nil
}

// split: what is too much for one batch without people is too much for two.
func (w *world) split(ctx context.Context) error {
	w.page.chapter("Refused: a payment split to pass under the tier")
	if err := w.draft(ctx, "half.csv", few("half", partners[1], 1, halfPayment)); err != nil {
		return err
	}
	first := w.drafts
	if err := w.draft(ctx, "other.csv", few("other", partners[1], 1, halfPayment)); err != nil {
		return err
	}
	second := w.drafts
	w.page.fact("drafted", "batches %d and %d: %s each to %s, each below the tier", first, second, bitcoins(halfPayment), partners[1])
	if err := w.sign(ctx, first, "0,1", w.stations[0], w.stations[1]); err != nil {
		return err
	}
	w.page.fact("signed", "batch %d, by %s and %s", first, stationNames[0], stationNames[1])
	const sum = `0.12000000 BTC to "Partner West" would leave within 24 h, above 0.10000000 BTC`
	if err := w.checked(ctx, second, 4, sum); err != nil {
		return err
	}
	err := w.steals(func(h *hostile) error {
		w.page.fact("attack", "batch %d is shown to %s, who was not there, with nobody's approval", second, stationNames[2])
		return w.forged(ctx, w.stations[2], h, forgery{message: "request", number: second, quorum: []int{2, 1}}, "rule/tier/partner", sum)
	})
	if err != nil {
		return err
	}
	w.page.fact("undone", "batch %d is discarded; people may approve it another day", second)
	return w.giveUp(ctx, second, few("other", partners[1], 1, halfPayment))
}

// worthless: approvals that look like some and are none.
func (w *world) worthless(ctx context.Context) error {
	w.page.chapter("Refused: approvals that count nothing")
	payouts := few("more", partners[0], 1, morePayment)
	if err := w.draft(ctx, "more.csv", payouts); err != nil {
		return err
	}
	number := w.drafts
	w.page.fact("drafted", "batch %d: %s more to %s on the same day", number, bitcoins(total(payouts)), partners[0])
	for _, s := range [][2]string{{"Ann", "draft"}, {"Ann", "approve"}, {"Ben", "approve"}, {"Ben", "approve"}} {
		if err := w.signs(ctx, s[0], s[1], aboutBatch(number)); err != nil {
			return err
		}
	}
	if err := w.reviews(ctx, number, payouts); err != nil {
		return err
	}
	if err := w.checked(ctx, number, 4, "tier/partner: "); err != nil {
		return err
	}
	alder := w.stations[0]
	const tier = "rule/tier/partner"
	err := w.steals(func(h *hostile) error {
		old, err := h.signed(w.tierBatch)
		if err != nil {
			return err
		}
		own, err := h.signed(number)
		if err != nil {
			return err
		}
		for _, a := range []struct {
			what, sentence string
			of             []approval.Signed
			which          []string
		}{
			{"Dan's approval is replayed from batch " + fmt.Sprint(w.tierBatch), `the approval of "Dan" is for another batch`, append(old, own...), []string{"Ann draft", "Eve approval", "Ben approval", "Dan approval"}},
			{"Ann approves what she drafted", `"Ann" signed the draft and does not count`, own, []string{"Ann draft", "Eve approval", "Ben approval", "Ann approval"}},
			{"Ben approves twice", `the approval of "Ben" is a second one by the same person`, own, []string{"Ann draft", "Eve approval", "Ben approval", "Ben approval"}},
		} {
			w.page.fact("attack", "%s", a.what)
			signed, err := pick(a.of, a.which...)
			if err != nil {
				return err
			}
			if err := w.forged(ctx, alder, h, forgery{message: "request", number: number, quorum: []int{0, 1}, signed: signed}, tier, a.sentence); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.signs(ctx, "Dan", "approve", aboutBatch(number)); err != nil {
		return err
	}
	if err := w.sign(ctx, number, "0,1", alder, w.stations[1]); err != nil {
		return err
	}
	w.page.fact("undone", "Dan approves this batch; signed by %s and %s", alder.name, stationNames[1])
	return nil
}
