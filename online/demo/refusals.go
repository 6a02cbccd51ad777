package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"heliograph/shared/batch"
)

// refuses carries what is on the coordinator's screen to a station that must
// refuse it with a code and a sentence, and repeats what it said.
func (w *world) refuses(ctx context.Context, p *process, message, code, sentence string, until string) error {
	_, said, err := w.carry(ctx, coordinator, p, message, until, promptDecide)
	if err != nil {
		return err
	}
	got, what := fault(said)
	if got != code || !strings.Contains(what, sentence) {
		return fmt.Errorf("demo: %s refused with %q: %q; want %q and %q", p.name, got, what, code, sentence)
	}
	w.page.fact("refused", "%s", got)
	w.page.quote(p.name, withoutPasses(what))
	return nil
}

// withoutPasses leaves out what a verdict says of the rules that hold; it says
// first what does not.
func withoutPasses(what string) string {
	holds := strings.Index(what, " holds: ")
	if holds < 0 {
		return what
	}
	return what[:max(0, strings.LastIndex(what[:holds], " "))]
}

// fault reads the code and the sentence of a refusal.
func fault(said string) (code, what string) {
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "fault: "); ok {
			code = s
		}
		if s, ok := strings.CutPrefix(line, "what: "); ok {
			what = s
		}
	}
	return code, what
}

// swappedPayee: the coordinator changes where a payment goes after the treasury
// drafted it. The station looks the address up in the charter that it signed
// in key generation, and refuses. The honest request passes.
func (w *world) swappedPayee(ctx context.Context, number int) error {
	w.page.chapter("Refused: a payee swapped after drafting")
	payouts := few("swap", "Payroll", 2, 4_000_000)
	if err := w.draft(ctx, "swap.csv", payouts); err != nil {
		return err
	}
	desk, err := w.openBatch(ctx, number, "0,1")
	if err != nil {
		return err
	}
	if err := desk.kill(ctx); err != nil {
		return err
	}
	w.page.fact("attack", "the coordinator is killed; its thief seals another payee with its key")
	thief := destination("a stranger", 0)
	theirs, err := address(thief)
	if err != nil {
		return err
	}
	h, err := w.turn()
	if err != nil {
		return err
	}
	alder := w.stations[0]
	err = h.attack(ctx, number, func(r *batch.Request) error {
		r.Payments[0].Script = thief
		return nil
	}, func() error {
		return w.refuses(ctx, alder, "request, altered", "rule/payout/counterparty", fmt.Sprintf("goes to %s, which is no destination of %q.", theirs, "Payroll"), promptShow)
	})
	if err := errors.Join(err, h.close()); err != nil {
		return err
	}
	if err := alder.say(""); err != nil {
		return err
	}
	if _, _, err := alder.expect(ctx, promptScan); err != nil {
		return err
	}
	w.page.fact("undone", "started again, the coordinator shows what it kept: the honest request")
	if err := w.sign(ctx, number, "0,1", alder, w.stations[1]); err != nil {
		return err
	}
	w.page.fact("signed", "by %s and %s", alder.name, w.stations[1].name)
	return nil
}

// attack shows an altered request of a batch while do runs.
func (h *hostile) attack(ctx context.Context, number int, change func(*batch.Request) error, do func() error) error {
	r, err := h.request(number)
	if err != nil {
		return err
	}
	sealed, err := h.alter(r, change)
	if err != nil {
		return err
	}
	return h.show(ctx, sealed, do)
}

// Two batches of dayPart each are within the day's limit, but not both.
const (
	dayLimit = 520_000_000
	dayPart  = 100_000_000
)

// dayLimitAcrossQuorums: two batches that are each within the limit of 24 hours
// are drafted before either is signed, and shown to different quorums. Two
// quorums of two out of three share a station; and the one that was not there
// reads the other's signed records, which travel with the request. A batch that
// fits passes the same quorum.
func (w *world) dayLimitAcrossQuorums(ctx context.Context, number int) error {
	w.page.chapter("Refused: the day's limit, split over two quorums")
	alder, birch, cedar := w.stations[0], w.stations[1], w.stations[2]
	if err := w.fund(ctx, 60_000_000, 6); err != nil {
		return err
	}
	for i, label := range []string{"first", "second"} {
		if err := w.draft(ctx, label+".csv", few(label, counterparties[i], 4, dayPart/4)); err != nil {
			return err
		}
		w.page.fact("batch "+fmt.Sprint(number+i), "pays %s; drafted while the day's limit has room for it", bitcoins(dayPart))
	}
	if err := w.copyKeys(0, w.aside("older")); err != nil {
		return err
	}
	w.page.fact("meanwhile", "somebody copies the disk of %s, for the next chapter", alder.name)
	if err := w.sign(ctx, number, "0,1", alder, birch); err != nil {
		return err
	}
	w.page.fact("signed", "batch %d, by %s and %s; %s was not there", number, alder.name, birch.name, cedar.name)
	w.page.fact("attack", "batch %d is shown to %s and %s", number+1, cedar.name, alder.name)
	if _, err := w.ask(ctx, 3, signArgs(number+1, "2,0")...); err != nil {
		return err
	}
	w.page.fact("coordinator", "judges it again and refuses (exit 3); the thief says --anyway")
	desk, err := w.openBatch(ctx, number+1, "2,0", "--anyway")
	if err != nil {
		return err
	}
	limit := fmt.Sprintf("would leave within 24 h; at most %s may.", bitcoins(dayLimit))
	if err := w.refuses(ctx, cedar, "request", "rule/cap/day", limit, promptShow); err != nil {
		return err
	}
	if err := w.carryRefusal(ctx, desk, cedar); err != nil {
		return err
	}
	w.page.fact("undone", "batch %d is discarded; one that fits goes to the same two", number+1)
	if err := w.giveUp(ctx, number+1, few("second", counterparties[1], 4, dayPart/4)); err != nil {
		return err
	}
	if err := w.draft(ctx, "fits.csv", few("fits", counterparties[1], 2, dayPart/4)); err != nil {
		return err
	}
	if err := w.sign(ctx, number+2, "2,0", cedar, alder); err != nil {
		return err
	}
	w.page.fact("signed", "batch %d of %s, by %s and %s", number+2, bitcoins(dayPart/2), cedar.name, alder.name)
	return nil
}

// receipt prints the last receipt and its time from what a station shows when it
// is unlocked.
func (w *world) receipt(said string) {
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "Receipt "); ok {
			w.page.fact("its receipt", "%s", strings.TrimSpace(s))
		}
		if s, ok := strings.CutPrefix(line, "Made at "); ok {
			w.page.fact("made at", "%s", strings.TrimSpace(s))
		}
	}
}

// carryRefusal brings a station's signed refusal to the coordinator, which ends
// the session.
func (w *world) carryRefusal(ctx context.Context, desk, p *process) error {
	if err := desk.say(""); err != nil {
		return err
	}
	if _, _, err := w.pass(ctx, p, desk, "refusal", itsEnd); err != nil {
		return err
	}
	if _, _, err := p.expect(ctx, promptScan); err != nil {
		return err
	}
	_, err := w.ended(ctx, desk, 3, []string{"batch", "sign"})
	return err
}

// giveUp discards a batch and cancels its payouts.
func (w *world) giveUp(ctx context.Context, number int, payouts []payout) error {
	if _, err := w.ask(ctx, 0, "batch", "discard", fmt.Sprint(number)); err != nil {
		return err
	}
	for _, p := range payouts {
		if _, err := w.ask(ctx, 0, "payouts", "cancel", p.externalID); err != nil {
			return err
		}
	}
	return nil
}

// rolledBack starts a station from an older copy of its disk. The request shows
// it its own signature over a later state, and it freezes. With the newest disk
// it signs.
func (w *world) rolledBack(ctx context.Context, number int) error {
	w.page.chapter("Refused: a station on an older copy of its disk")
	if err := w.draft(ctx, "back.csv", few("back", "Grants", 2, 3_000_000)); err != nil {
		return err
	}
	newest := w.aside("newest")
	if err := w.swapDisk(ctx, newest, w.aside("older")); err != nil {
		return err
	}
	alder, err := w.powerOn(ctx, 0)
	if err != nil {
		return err
	}
	_, said, err := alder.expect(ctx, promptScan)
	if err != nil {
		return err
	}
	w.page.fact("attack", "%s is started from the copy of its disk that was made before batch 3", alder.name)
	w.receipt(said)
	desk, err := w.openBatch(ctx, number, "0,1")
	if err != nil {
		return err
	}
	if err := w.refuses(ctx, alder, "request", "signing/rolled-back", "it was shown its own signature over a later state than its disk holds.", promptScan); err != nil {
		return err
	}
	if err := w.swapDisk(ctx, w.aside("frozen"), newest); err != nil {
		return err
	}
	if alder, err = w.powerOn(ctx, 0); err != nil {
		return err
	}
	if _, said, err = alder.expect(ctx, promptScan); err != nil {
		return err
	}
	w.page.fact("undone", "%s is started from its newest disk", alder.name)
	w.receipt(said)
	if err := w.finish(ctx, desk, alder, w.stations[1]); err != nil {
		return err
	}
	w.signed = append(w.signed, number)
	w.page.fact("signed", "batch %d, by %s and %s", number, alder.name, w.stations[1].name)
	return nil
}

// aside is a folder for copies of the first station's disk.
func (w *world) aside(name string) string {
	return filepath.Join(w.home(stationNames[0]), "disk-"+name)
}

// keys is the keystore of a station.
func (w *world) keys(number int) string {
	return filepath.Join(w.home(stationNames[number]), keysFolder)
}

// swapDisk turns the first station off, puts its disk aside, and another in its
// place.
func (w *world) swapDisk(ctx context.Context, aside, instead string) error {
	if err := w.stations[0].kill(ctx); err != nil {
		return err
	}
	err := os.Rename(w.keys(0), aside)
	if err == nil {
		err = os.Rename(instead, w.keys(0))
	}
	if err != nil {
		return fmt.Errorf("demo: change the disk: %w", err)
	}
	return nil
}

// copyKeys copies a station's disk, as somebody who holds it would.
func (w *world) copyKeys(number int, to string) error {
	if err := os.CopyFS(to, os.DirFS(w.keys(number))); err != nil {
		return fmt.Errorf("demo: copy a disk: %w", err)
	}
	return filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("demo: copy a disk: %w", err)
		}
		mode := os.FileMode(0o600)
		if d.IsDir() {
			mode = 0o700
		}
		return os.Chmod(path, mode) // a keystore that others can read is refused
	})
}
