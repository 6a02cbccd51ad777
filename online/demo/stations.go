package main

import (
	"context"
	"fmt"
	"strings"
)

// pool is how many nonces each station keeps published: enough for the largest
// batch here, and few enough to be carried quickly.
const pool = 64

// passphrase is what a station's person types. These keys are for practice.
func passphrase(name string) string { return "practice " + name + " practice" }

// powerOn starts a station's program and types the passphrase.
func (w *world) powerOn(ctx context.Context, number int) (*process, error) {
	name := stationNames[number]
	p, err := w.start(name, "heliograph-station", "--dir", keysFolder, "run", "--camera", camera, "--screen", screen)
	if err != nil {
		return nil, err
	}
	w.stations[number] = p
	if _, _, err := p.expect(ctx, promptPassphrase); err != nil {
		return nil, err
	}
	return p, p.whisper(passphrase(name))
}

// newPassphrase types a new passphrase twice.
func (w *world) newPassphrase(ctx context.Context, p *process) error {
	for _, prompt := range []string{promptNewPassphrase, promptRepeat} {
		if _, _, err := p.expect(ctx, prompt); err != nil {
			return err
		}
		if err := p.whisper(passphrase(p.name)); err != nil {
			return err
		}
	}
	return nil
}

// setUp makes the stations' keystores and the coordinator's folder, all at the
// same time.
func (w *world) setUp(ctx context.Context) error {
	var making [len(stationNames)]*process
	for i, name := range stationNames {
		p, err := w.start(name, "heliograph-station", "--dir", keysFolder, "init", "--name", name, "--network", "regtest", "--pool", fmt.Sprint(pool))
		if err != nil {
			return err
		}
		making[i] = p
		if err := w.newPassphrase(ctx, p); err != nil {
			return err
		}
	}
	if _, err := w.ask(ctx, 0, "init", "--name", "Demo treasury", "--network", "regtest"); err != nil {
		return err
	}
	for _, p := range making {
		if _, err := w.ended(ctx, p, 0, []string{"init"}); err != nil {
			return err
		}
	}
	w.page.fact("processes", "1 coordinator, 3 stations, 1 reviewer's device, 1 channel; each with a folder of its own")
	w.page.fact("channel", "camera level L1, 20 %% of the frames lost, seeded")
	return nil
}

// enrol brings three introductions to the coordinator and its roster to three
// stations, whose people compare twelve words.
func (w *world) enrol(ctx context.Context) error {
	w.page.chapter("Enrol three stations")
	if err := w.setUp(ctx); err != nil {
		return err
	}
	desk, err := w.coordinate("enrol", "--stations", "3", "--threshold", "2", "--camera", camera, "--screen", screen)
	if err != nil {
		return err
	}
	for i := range stationNames {
		if _, err := w.powerOn(ctx, i); err != nil {
			return err
		}
	}
	for i, p := range w.stations {
		if _, _, err := p.expect(ctx, promptShow); err != nil {
			return err
		}
		until := fmt.Sprintf("Introductions: %d of 3", i+1)
		if i == 2 {
			until = promptShow
		}
		if _, _, err := w.pass(ctx, p, desk, "introduction", until); err != nil {
			return err
		}
	}
	var first string
	for _, p := range w.stations {
		if _, _, err := p.expect(ctx, promptScan); err != nil {
			return err
		}
		_, said, err := w.carry(ctx, coordinator, p, "roster", promptCompare)
		if err != nil {
			return err
		}
		words, err := readAloud(said)
		if err != nil {
			return err
		}
		if first == "" {
			first = words
		}
		if words != first {
			return fmt.Errorf("demo: %s reads %q and %s reads %q", stationNames[0], first, p.name, words)
		}
	}
	for _, p := range w.stations {
		if err := p.say("same"); err != nil {
			return err
		}
	}
	w.page.quote("roster words", first)
	w.page.fact("", "the same at all three; each typed same")
	if err := desk.say(""); err != nil {
		return err
	}
	_, err = w.ended(ctx, desk, 0, []string{"enrol"})
	return err
}

// readAloud gives the words of a comparison.
func readAloud(said string) (string, error) {
	_, said, found := strings.Cut(said, "Read aloud with ")
	_, said, _ = strings.Cut(said, "\n")
	var words []string
	for i, field := range strings.Fields(said) {
		want := fmt.Sprint(i/2 + 1)
		if i%2 == 0 && field != want {
			break
		}
		if i%2 == 1 {
			words = append(words, field)
		}
	}
	if !found || len(words) < 12 {
		return "", fmt.Errorf("demo: no twelve words to compare in %q", said)
	}
	return strings.Join(words[:12], " "), nil
}

// generate runs key generation in its three visits. All stations must show the
// same first address.
func (w *world) generate(ctx context.Context) error {
	w.page.chapter("Generate the key, 2 of 3")
	if err := w.writeCharter(charterFile); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 0, "charter", "check", charterFile); err != nil {
		return err
	}
	desk, err := w.coordinate("keygen", "--charter", charterFile, "--camera", camera, "--screen", screen)
	if err != nil {
		return err
	}
	for i, visit := range []struct{ out, back string }{{"charter", "shares"}, {"all shares", "signature"}} {
		if _, _, err := desk.expect(ctx, promptShow); err != nil {
			return err
		}
		for _, p := range w.stations {
			if _, _, err := p.expect(ctx, promptScan); err != nil {
				return err
			}
			which, said, err := w.carry(ctx, coordinator, p, visit.out, promptDecide, promptShow)
			if err != nil {
				return err
			}
			if which == 0 {
				w.charterWords = bracketed(said)
				if err := p.say("approve"); err != nil {
					return err
				}
				if _, _, err := p.expect(ctx, promptShow); err != nil {
					return err
				}
			}
		}
		if err := w.answers(ctx, desk, i+1, visit.back, fmt.Sprintf("visit %d of 3: 0 of 3 stations heard", i+2)); err != nil {
			return err
		}
	}
	return w.confirm(ctx, desk)
}

// answers ends the coordinator's show and brings it every station's answer in a
// visit. A camera may still see the station before for a moment, so what counts
// is not that a message came but how many stations were heard.
func (w *world) answers(ctx context.Context, desk *process, visit int, message, last string) error {
	if err := desk.say(""); err != nil {
		return err
	}
	for i, p := range w.stations {
		until := fmt.Sprintf("visit %d of 3: %d of 3 stations heard", visit, i+1)
		if i == len(w.stations)-1 {
			until = last
		}
		if _, _, err := w.pass(ctx, p, desk, message, until); err != nil {
			return err
		}
	}
	return nil
}

// bracketed gives the twelve words of the charter that is shown for approval.
func bracketed(said string) string {
	words, _, _ := strings.Cut(after(said, "  Words  ["), "]")
	return words
}

// confirm is the third visit: the certificate, the first address, and the first
// nonce pools.
func (w *world) confirm(ctx context.Context, desk *process) error {
	if _, _, err := desk.expect(ctx, promptShow); err != nil {
		return err
	}
	var first string
	for _, p := range w.stations {
		if _, _, err := p.expect(ctx, promptScan); err != nil {
			return err
		}
		_, said, err := w.carry(ctx, coordinator, p, "certificate", promptCompare)
		if err != nil {
			return err
		}
		if w.walletWords, err = readAloud(said); err != nil {
			return err
		}
		address := firstAddress(said)
		if first == "" {
			first = address
		}
		if address == "" || address != first {
			return fmt.Errorf("demo: %s shows the first address %q and %s shows %q", stationNames[0], first, p.name, address)
		}
	}
	for _, p := range w.stations {
		if err := p.say("same"); err != nil {
			return err
		}
		if _, _, err := p.expect(ctx, promptShow); err != nil {
			return err
		}
	}
	const pools = "First nonce pools: missing from station "
	if err := w.answers(ctx, desk, 3, "confirmation", pools); err != nil {
		return err
	}
	for i, p := range w.stations {
		if _, _, err := p.expect(ctx, promptShow); err != nil {
			return err
		}
		until := fmt.Sprintf("%s%d", pools, i+1)
		if i == len(w.stations)-1 {
			until = itsEnd
		}
		if _, _, err := w.pass(ctx, p, desk, "nonce pool", until); err != nil {
			return err
		}
		if _, _, err := p.expect(ctx, promptScan); err != nil {
			return err
		}
	}
	w.page.fact("first address", "%s", first)
	w.page.fact("", "the same at all three; each typed same")
	_, err := w.ended(ctx, desk, 0, []string{"keygen"})
	return err
}

// firstAddress finds the practice address that stands alone on a line.
func firstAddress(said string) string {
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "bcrt1p") && !strings.Contains(line, " ") {
			return line
		}
	}
	return ""
}
