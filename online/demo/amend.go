package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// amendFile is the charter file of an amendment.
const amendFile = "amended.yaml"

// propose writes the newest rules to a file and drafts the amendment to them. It
// returns what the coordinator says that this newly allows, which must name some
// rules and no other.
func (w *world) propose(ctx context.Context, epoch int, allows ...string) ([]string, error) {
	if err := w.writeCharter(amendFile); err != nil {
		return nil, err
	}
	said, err := w.ask(ctx, 0, "amend", "draft", amendFile)
	if err != nil {
		return nil, err
	}
	proof := newlyAllowed(said)
	if len(proof) != len(allows) {
		return nil, fmt.Errorf("demo: the amendment to charter %d newly allows %d things; want %d:\n%s", epoch, len(proof), len(allows), said)
	}
	for i, rule := range allows {
		if err := says(coordinator, proof[i], "("+rule+")"); err != nil {
			return nil, err
		}
	}
	return proof, says(coordinator, said, fmt.Sprintf("amendment to charter %d,", epoch))
}

// newlyAllowed gives the lines of a review that say what a change newly allows,
// with an example of each.
func newlyAllowed(said string) []string {
	var out []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "NEWLY ALLOWED") {
			out = append(out, line)
		}
	}
	return out
}

// says demands texts of what somebody said.
func says(who, said string, texts ...string) error {
	for _, text := range texts {
		if !strings.Contains(said, text) {
			return fmt.Errorf("demo: %s does not say %q:\n%s", who, text, said)
		}
	}
	return nil
}

// enactment is a change that is drafted, on its way through people and stations.
type enactment struct {
	epoch    int
	people   []string // who approve it
	review   []string // texts of every station's review
	adopted  string   // what a station says that scans the certificate
	code     int      // of amend carry: 4 while it is not yet in force
	stations []*process
	more     []*process // who scan the certificate too
}

// enact has people approve an amendment, carries it to stations that acknowledge
// it, and its certificate to all who are there.
func (w *world) enact(ctx context.Context, a enactment) (string, error) {
	for _, name := range a.people {
		if err := w.signs(ctx, name, "approve", aboutAmendment); err != nil {
			return "", err
		}
	}
	w.page.fact("approved", "by %s", strings.Join(a.people, " and "))
	args := []string{"amend", "carry", "--camera", camera, "--screen", screen}
	desk, err := w.coordinate(args...)
	if err != nil {
		return "", err
	}
	_, shown, err := desk.expect(ctx, promptShow)
	if err != nil {
		return "", err
	}
	for _, p := range a.stations {
		if shown, err = w.acknowledges(ctx, desk, p, a, shown); err != nil {
			return "", err
		}
	}
	for _, p := range append(a.stations, a.more...) {
		adopted := fmt.Sprintf("Charter %d is adopted and %s", a.epoch, a.adopted)
		if p == w.eve {
			adopted = "A newer charter is adopted"
		}
		if _, _, err := w.carry(ctx, coordinator, p, "certificate", adopted); err != nil {
			return "", err
		}
		_, said, err := p.expect(ctx, promptScan)
		if err != nil {
			return "", err
		}
		if p != w.eve {
			w.charterWords = lastTwelve(said)
		}
	}
	if err := desk.say(""); err != nil {
		return "", err
	}
	said, err := w.ended(ctx, desk, a.code, args)
	if err != nil {
		return "", err
	}
	w.page.fact("adopted", "charter %d, acknowledged by %s and %s: %s", a.epoch, a.stations[0].name, a.stations[1].name, strings.ToLower(a.adopted))
	return said, nil
}

// lastTwelve gives the last line of twelve words: those of the newest charter.
func lastTwelve(said string) string {
	words := ""
	for line := range strings.Lines(said) {
		fields := strings.Fields(line)
		sentence := func(r rune) bool { return r != ' ' && (r < 'a' || r > 'z') }
		if line := strings.Join(fields, " "); len(fields) == 12 && strings.IndexFunc(line, sentence) < 0 {
			words = line
		}
	}
	return words
}

// acknowledges lets a station review a ballot and acknowledge it. shown is what is
// on the coordinator's screen before: records that the station may have missed
// come first. It returns what is there afterwards.
func (w *world) acknowledges(ctx context.Context, desk, p *process, a enactment, shown string) (string, error) {
	for strings.Contains(shown, "first what the station may have missed") {
		_, _, err := w.pass(ctx, desk, p, "missed records", "complete: ")
		if err != nil {
			return "", err
		}
		if _, _, err := p.expect(ctx, promptScan); err != nil {
			return "", err
		}
		if _, shown, err = desk.expect(ctx, promptShow); err != nil {
			return "", err
		}
	}
	_, review, err := w.pass(ctx, desk, p, "ballot", promptDecide)
	if err != nil {
		return "", err
	}
	if err := says(p.name, review, append(a.review, a.people...)...); err != nil {
		return "", err
	}
	if err := p.say("approve"); err != nil {
		return "", err
	}
	if _, _, err := p.expect(ctx, promptShow); err != nil {
		return "", err
	}
	if _, shown, err = w.pass(ctx, p, desk, "acknowledgement", promptShow); err != nil {
		return "", err
	}
	_, _, err = p.expect(ctx, promptScan)
	return shown, err
}

// Whether the newest charter is in force.
const (
	atOnce = "in force"
	notYet = "NOT YET IN FORCE"
)

// pending reads from when a charter is in force that is not yet; amend status must
// end with exit code 4 and say so.
func (w *world) pending(ctx context.Context, epoch int) (from int64, err error) {
	desk, err := w.coordinate("amend", "status", "--json")
	if err != nil {
		return 0, err
	}
	said, err := w.ended(ctx, desk, 4, []string{"amend", "status"})
	if err != nil {
		return 0, err
	}
	var s struct {
		NotBefore int64 `json:"not_before"`
	}
	if err := json.Unmarshal([]byte(said), &s); err != nil || s.NotBefore == 0 {
		return 0, fmt.Errorf("demo: amend status: %q: %w", said, err)
	}
	until := time.Unix(s.NotBefore, 0).UTC().Format("2006-01-02 15:04:05 UTC")
	want := fmt.Sprintf("charter %d is adopted and not yet in force until %s", epoch, until)
	if err := says(coordinator, desk.complaint(), want); err != nil {
		return 0, err
	}
	w.page.fact("exit 4", "%s", want)
	return s.NotBefore, nil
}

// await waits until a second after a time.
func (w *world) await(ctx context.Context, unix int64, what string) error {
	left := time.Until(time.Unix(unix+1, 0))
	if left <= 0 {
		return nil
	}
	w.page.fact("waited", "%.0f s, until %s", left.Seconds(), what)
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// catchUp shows a station that was away every certificate from an epoch on; it
// must say text when it has the last one. It then waits with a prompt.
func (w *world) catchUp(ctx context.Context, p *process, from, newest int, text, prompt string) (string, error) {
	args := []string{"amend", "certificate", fmt.Sprint(from), "--camera", camera, "--screen", screen}
	desk, err := w.coordinate(args...)
	if err != nil {
		return "", err
	}
	var said string
	for epoch := from; epoch <= newest; epoch++ {
		if _, _, err := desk.expect(ctx, promptShow); err != nil {
			return "", err
		}
		until := promptScan
		if epoch == newest {
			until = prompt
		}
		if _, said, err = w.pass(ctx, desk, p, fmt.Sprintf("certificate %d", epoch), until); err != nil {
			return "", err
		}
	}
	if err := says(p.name, said, text); err != nil {
		return "", err
	}
	_, err = w.ended(ctx, desk, 0, args)
	return said, err
}

// refusedDraft demands that the coordinator refuses to draft what is pending, with
// exit code 3 and a sentence.
func (w *world) refusedDraft(ctx context.Context, sentence string) error {
	args := draftArgs()
	desk, err := w.coordinate(args...)
	if err != nil {
		return err
	}
	if _, err := w.ended(ctx, desk, 3, args); err != nil {
		return err
	}
	if err := says(coordinator, desk.complaint(), sentence); err != nil {
		return err
	}
	for line := range strings.Lines(desk.complaint()) {
		if strings.Contains(line, sentence) {
			w.page.quote("exit 3", strings.TrimSpace(line))
		}
	}
	return nil
}

// stolen is a forgery that one station must refuse, by a thief of the coordinator.
func (w *world) stolen(ctx context.Context, p *process, what string, f forgery, code, sentence string) error {
	w.page.fact("attack", "%s", what)
	return w.steals(func(h *hostile) error { return w.forged(ctx, p, h, f, code, sentence) })
}
