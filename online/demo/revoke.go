package main

import (
	"context"
	"fmt"
)

// revoked: a member leaves. That only tightens, so it is in force at once; what
// was drafted before is void, and so is what that member signs from then on.
func (w *world) revoked(ctx context.Context) error {
	w.page.chapter("Refused: a revoked person, an older charter")
	alder, birch := w.stations[0], w.stations[1]
	payouts := few("late", partners[0], 1, morePayment)
	if err := w.draft(ctx, "late.csv", payouts); err != nil {
		return err
	}
	old := w.drafts
	for _, s := range [][2]string{{"Ann", "draft"}, {"Ben", "approve"}, {"Dan", "approve"}} {
		if err := w.signs(ctx, s[0], s[1], aboutBatch(old)); err != nil {
			return err
		}
	}
	w.page.fact("drafted", "batch %d, under charter 0, by Ann; approved by Ben and Dan", old)
	if err := w.away(ctx); err != nil {
		return err
	}
	if err := w.revoke(ctx); err != nil {
		return err
	}
	const older = "the request was drafted under charter 0; charter 1 is in force here."
	if err := w.stolen(ctx, alder, fmt.Sprintf("batch %d is shown as it was approved", old), forgery{message: "request", number: old, quorum: []int{0, 1}}, "rule/charter/current", older); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 3, signArgs(old, "0,1")...); err != nil {
		return err
	}
	w.page.fact("exit 3", "the coordinator does not carry batch %d either", old)
	if _, err := w.ask(ctx, 0, "batch", "discard", fmt.Sprint(old)); err != nil {
		return err
	}
	if err := w.draftPending(ctx); err != nil {
		return err
	}
	number := w.drafts
	w.page.fact("undone", "discarded and drafted anew under charter 1, as batch %d, by the program %s", number, program)
	if err := w.programDrafts(ctx, number); err != nil {
		return err
	}
	if err := w.signs(ctx, "Ben", "approve", aboutBatch(number)); err != nil {
		return err
	}
	if err := w.reviews(ctx, number, payouts, program, "Ben"); err != nil {
		return err
	}
	if err := w.leaverSigns(ctx, number); err != nil {
		return err
	}
	if err := w.signs(ctx, "Ann", "approve", aboutBatch(number)); err != nil {
		return err
	}
	if err := w.sign(ctx, number, "0,1", alder, birch); err != nil {
		return err
	}
	w.page.fact("undone", "Ann approves instead, who drafted nothing here; signed by %s and %s", alder.name, birch.name)
	return nil
}

// revoke is the amendment by which a member leaves.
func (w *world) revoke(ctx context.Context) error {
	w.rules.left = append(w.rules.left, "Dan")
	if _, err := w.propose(ctx, 1); err != nil {
		return err
	}
	w.page.fact("amendment", "Dan leaves: a tightening, which one officer approves")
	_, err := w.enact(ctx, enactment{
		epoch: 1, people: []string{"Cleo"}, review: []string{"Acknowledge charter 1", "Dan"}, adopted: atOnce,
		stations: w.stations[:2], more: []*process{w.eve},
	})
	return err
}

// leaverSigns: the member who left approves all the same, with a genuine key.
func (w *world) leaverSigns(ctx context.Context, number int) error {
	dan, err := w.member("Dan")
	if err != nil {
		return err
	}
	if _, err := w.ask(ctx, 1, append([]string{"approve", "challenge", "--as", dan.name}, aboutBatch(number)...)...); err != nil {
		return err
	}
	w.page.fact("exit 1", "the coordinator asks Dan for nothing any more; Dan signs for its thief")
	return w.steals(func(h *hostile) error {
		signed, err := h.signed(number)
		if err != nil {
			return err
		}
		theirs, err := h.signsUnasked(dan, number)
		if err != nil {
			return err
		}
		f := forgery{message: "request", number: number, quorum: []int{0, 1}, signed: append(signed, theirs)}
		return w.forged(ctx, w.stations[0], h, f, "rule/tier/partner", `the approval of "Dan" is by nobody in the charter`)
	})
}
