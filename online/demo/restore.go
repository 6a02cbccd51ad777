package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// away backs the third station up on paper and leaves it off.
func (w *world) away(ctx context.Context) error {
	cedar := w.stations[2]
	if err := cedar.kill(ctx); err != nil {
		return err
	}
	p, err := w.startDiscreetly(cedar.name, "heliograph-station", "--dir", keysFolder, "backup", "words")
	if err != nil {
		return err
	}
	if _, _, err := p.expect(ctx, promptPassphrase); err != nil {
		return err
	}
	if err := p.whisper(passphrase(p.name)); err != nil {
		return err
	}
	_, said, err := p.expect(ctx, promptWritten)
	if err != nil {
		return err
	}
	if w.backup, err = written(said); err != nil {
		return err
	}
	if err := p.whisper(""); err != nil {
		return err
	}
	for range asked {
		_, said, err := p.expect(ctx, " > ")
		if err != nil {
			return err
		}
		fields := strings.Fields(said)
		n, err := strconv.Atoi(fields[len(fields)-2])
		if err != nil || n < 1 || n > len(w.backup) {
			return fmt.Errorf("demo: %s asks for a word that is not there", p.name)
		}
		if err := p.whisper(w.backup[n-1]); err != nil {
			return err
		}
	}
	if _, err := w.ended(ctx, p, 0, []string{"backup", "words"}); err != nil {
		return err
	}
	w.page.fact("meanwhile", "%s's 24 words are written down, and it stays off", cedar.name)
	return nil
}

// Of backup words: the prompt below the words, and how many are asked again.
const (
	promptWritten = "backup: press Enter when the words are on paper > "
	asked         = 3
)

// written reads the words of a backup from the screen.
func written(said string) ([]string, error) {
	var words []string
	for _, field := range strings.Fields(said) {
		if field == fmt.Sprint(len(words)/2+1) && len(words)%2 == 0 || len(words)%2 == 1 {
			words = append(words, field)
		}
	}
	var out []string
	for i := 1; i < len(words) && len(out) < 24; i += 2 {
		out = append(out, words[i])
	}
	if len(out) != 24 {
		return nil, fmt.Errorf("demo: %d words on the screen; want 24", len(out))
	}
	return out, nil
}

// restored: the third station's disk is destroyed. Its words bring the share back,
// an amendment lists the new installation, and the others tell it what it forgot.
func (w *world) restored(ctx context.Context) error {
	w.page.chapter("A station restored from paper, listed again")
	instance, err := w.restore(ctx)
	if err != nil {
		return err
	}
	if err := w.introduce(ctx); err != nil {
		return err
	}
	if err := w.stranger(ctx); err != nil {
		return err
	}
	if err := w.relist(ctx, instance); err != nil {
		return err
	}
	from, err := w.pending(ctx, 4)
	if err != nil {
		return err
	}
	if err := w.remember(ctx); err != nil {
		return err
	}
	if err := w.await(ctx, from, "charter 4 is in force"); err != nil {
		return err
	}
	return w.takesPart(ctx)
}

// restore destroys the disk and brings the share back on an empty one. It returns
// the twelve words of the new instance.
func (w *world) restore(ctx context.Context) (string, error) {
	const number = 2
	name := stationNames[number]
	if err := w.stations[number].kill(ctx); err != nil {
		return "", err
	}
	if err := os.RemoveAll(w.keys(number)); err != nil {
		return "", fmt.Errorf("demo: destroy a disk: %w", err)
	}
	w.page.fact("loss", "the disk of %s is destroyed", name)
	if err := copyFile(filepath.Join(w.home(coordinator), walletFile), filepath.Join(w.home(name), walletFile)); err != nil {
		return "", err
	}
	args := []string{"--dir", keysFolder, "restore", "--file", walletFile, "--name", name, "--pool", fmt.Sprint(pool)}
	p, err := w.start(name, "heliograph-station", args...)
	if err != nil {
		return "", err
	}
	if _, _, err := p.expect(ctx, "words > "); err != nil {
		return "", err
	}
	if err := p.whisper(strings.Join(w.backup, " ")); err != nil {
		return "", err
	}
	_, said, err := p.expect(ctx, promptCompare)
	if err != nil {
		return "", err
	}
	words, err := readAloud(said)
	if err != nil {
		return "", err
	}
	if words != w.walletWords {
		return "", fmt.Errorf("demo: %s is restored for a wallet %q; want %q", name, words, w.walletWords)
	}
	if err := p.say("same"); err != nil {
		return "", err
	}
	if err := w.newPassphrase(ctx, p); err != nil {
		return "", err
	}
	if _, err := w.ended(ctx, p, 0, args); err != nil {
		return "", err
	}
	w.page.fact("restored", "from 24 words and the public recovery file, on an empty disk; the wallet's words are the same")
	if p, err = w.powerOn(ctx, number); err != nil {
		return "", err
	}
	if _, said, err = p.expect(ctx, promptShow); err != nil {
		return "", err
	}
	if err := says(name, said, "Phase          unlisted"); err != nil {
		return "", err
	}
	return after(said, "Introduction of a restored station: "), nil
}

// stranger: until an amendment lists it, the new installation is nobody to the
// others, and signs nothing itself.
func (w *world) stranger(ctx context.Context) error {
	const remedy = "remedy: "
	cedar := w.stations[2]
	w.page.fact("attack", "a request names %s, which no charter lists yet", cedar.name)
	err := w.steals(func(h *hostile) error {
		sealed, err := h.forge(forgery{number: w.drafts, quorum: []int{2, 0}})
		if err != nil {
			return fmt.Errorf("demo: forge a request: %w", err)
		}
		return h.show(ctx, sealed, func() error {
			return w.refuses(ctx, cedar, "request", "amendment/unexpected", "the certificates of all amendments", remedy)
		})
	})
	if err != nil {
		return err
	}
	_, _, err = cedar.expect(ctx, promptScan)
	return err
}

// introduce brings the introduction of the new installation to the coordinator,
// which drafts the amendment that lists it.
func (w *world) introduce(ctx context.Context) error {
	cedar := w.stations[2]
	args := []string{"relist", "draft", "--camera", camera}
	desk, err := w.coordinate(args...)
	if err != nil {
		return err
	}
	if _, _, err := w.pass(ctx, cedar, desk, "introduction", itsEnd); err != nil {
		return err
	}
	said, err := w.ended(ctx, desk, 0, args)
	if err != nil {
		return err
	}
	if err := says(coordinator, said, "amendment to charter 4", cedar.name); err != nil {
		return err
	}
	_, _, err = cedar.expect(ctx, promptScan)
	return err
}

// relist lists the new instance and retires the old one.
func (w *world) relist(ctx context.Context, instance string) error {
	cedar := w.stations[2]
	w.page.fact("amendment", "a new instance speaks for %s, and the old one is retired", cedar.name)
	_, err := w.enact(ctx, enactment{
		epoch: 4, people: []string{"Ann", "Cleo"}, review: []string{"Acknowledge charter 4", instance}, adopted: notYet, code: 4,
		stations: w.stations[:2],
	})
	if err != nil {
		return err
	}
	w.page.quote("all read", instance)
	w.page.fact("", "the words of the new instance, at %s, %s and %s", cedar.name, stationNames[0], stationNames[1])
	return nil
}

// remember gives the restored station all charters and the others' memory.
func (w *world) remember(ctx context.Context) error {
	cedar := w.stations[2]
	said, err := w.catchUp(ctx, cedar, 1, 4, "Charter 4 lists this installation as station 2", promptCompare)
	if err != nil {
		return err
	}
	words, err := readAloud(said)
	if err != nil {
		return err
	}
	if words != w.charterWords {
		return fmt.Errorf("demo: %s reads the charter's words %q; the others read %q", cedar.name, words, w.charterWords)
	}
	if err := cedar.say("same"); err != nil {
		return err
	}
	if _, _, err := cedar.expect(ctx, promptShow); err != nil {
		return err
	}
	args := []string{"relist", "remember", "--camera", camera, "--screen", screen}
	desk, err := w.coordinate(args...)
	if err != nil {
		return err
	}
	if _, _, err := w.pass(ctx, cedar, desk, "challenge", promptShow); err != nil {
		return err
	}
	if _, _, err := cedar.expect(ctx, promptScan); err != nil {
		return err
	}
	for _, p := range w.stations[:2] {
		if _, _, err := w.pass(ctx, desk, p, "challenge", promptShow); err != nil {
			return err
		}
		if _, _, err := w.pass(ctx, p, desk, "what it remembers", promptShow); err != nil {
			return err
		}
		if _, _, err := p.expect(ctx, promptScan); err != nil {
			return err
		}
	}
	for i, m := range []struct{ message, until string }{
		{"a memory", "Missing: answers of 1 more"}, {"a memory", "Missing: records"}, {"all records", promptShow},
	} {
		if i > 0 {
			if _, _, err := desk.expect(ctx, promptShow); err != nil {
				return err
			}
		}
		if _, said, err = w.pass(ctx, desk, cedar, m.message, m.until); err != nil {
			return err
		}
	}
	if err := says(cedar.name, said, "This station remembers what the others remember"); err != nil {
		return err
	}
	if _, _, err := w.pass(ctx, cedar, desk, "nonce pool", itsEnd); err != nil {
		return err
	}
	if _, _, err := cedar.expect(ctx, promptScan); err != nil {
		return err
	}
	w.page.fact("remembers", "%s, by the answers of %s and %s to its own challenge, and all records", cedar.name, stationNames[0], stationNames[1])
	_, err = w.ended(ctx, desk, 0, args)
	return err
}

// takesPart: the restored station signs, for the counterparty that has cooled.
func (w *world) takesPart(ctx context.Context) error {
	if err := w.await(ctx, w.listedSince+cooling, newcomer+" is listed for long enough"); err != nil {
		return err
	}
	if err := w.draft(ctx, "cooled.csv", few("cooled", newcomer, 1, 4_000_000)); err != nil {
		return err
	}
	alder, cedar := w.stations[0], w.stations[2]
	if err := w.sign(ctx, w.drafts, "2,0", cedar, alder); err != nil {
		return err
	}
	w.page.fact("signed", "batch %d to %s, by the restored %s and %s", w.drafts, newcomer, cedar.name, alder.name)
	return nil
}
