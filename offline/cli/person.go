package cli

import (
	"context"
	"strings"
	"unicode/utf8"

	"heliograph/ceremonies"
	"heliograph/offline/station"
)

// The prompts. A program that types the answers waits for exactly these.
const (
	promptPassphrase    = "passphrase: "
	promptNewPassphrase = "new passphrase: "
	promptRepeat        = "repeat new passphrase: "
	promptScan          = "scan: press nothing, show the code to the camera"
	promptShow          = "show: press Enter when the other side has it > "
	promptCompare       = "compare: type same or different > "
	promptDecide        = "decide: type approve or refuse > "
	promptReason        = "reason > "
	promptAnswer        = "answer > "
)

// maxReason bounds the reason of a refusal, in bytes: it travels back.
const maxReason = 400

// person is whoever sits at the terminal.
type person struct {
	terminal *terminal
	banner   banner
	scanning bool // a line of progress is unfinished
}

// Look prints a screen.
func (p *person) Look(s ceremonies.Screen) {
	p.terminal.printf("%s", render(s, p.banner))
	if _, scans := s.(ceremonies.Scan); scans {
		p.terminal.printf("%s", promptScan)
		p.scanning = false
	}
}

// Scanning prints exact progress on one line.
func (p *person) Scanning(now station.Progress) {
	if now.Foreign != "" {
		p.terminal.printf("\n(%s)", now.Foreign)
		p.scanning = false
		return
	}
	if !p.scanning {
		p.terminal.printf("\n")
		p.scanning = true
	}
	p.terminal.printf("\rreceived %d/%d", now.Rank, now.K)
	if now.Says != "" {
		p.terminal.printf("\ncomplete: %s; not checked yet\n", escape(now.Says))
		p.scanning = false
	}
}

// Answer asks with the prompt of the screen until an answer fits.
func (p *person) Answer(ctx context.Context, s ceremonies.Screen, offers station.Offers) (station.Answer, error) {
	switch s := s.(type) {
	case ceremonies.Show:
		return p.handed(ctx)
	case ceremonies.Review:
		return p.decide(ctx, s)
	case ceremonies.Compare:
		return p.compare(ctx, offers)
	}
	text, err := p.terminal.ask(ctx, promptAnswer)
	return station.Answer{Input: ceremonies.Typed{Text: text}}, err
}

// handed takes Enter alone, so that an answer to some other question, typed too
// late, does not take a message off the screen.
func (p *person) handed(ctx context.Context) (station.Answer, error) {
	for {
		text, err := p.terminal.ask(ctx, promptShow)
		if err != nil || strings.TrimSpace(text) == "" {
			return station.Answer{}, err
		}
		p.terminal.printf("Press Enter alone. The code stays on the screen until then.\n")
	}
}

// decide takes the whole word only. The answer carries the digest of the review
// that was asked about.
func (p *person) decide(ctx context.Context, s ceremonies.Review) (station.Answer, error) {
	for {
		text, err := p.terminal.askDecision(ctx, promptDecide)
		if err != nil {
			return station.Answer{}, err
		}
		switch strings.TrimSpace(text) {
		case "approve":
			return station.Answer{Input: ceremonies.Approve{Digest: s.Digest}}, nil
		case "refuse":
			reason, err := p.reason(ctx)
			return station.Answer{Input: ceremonies.Refuse{Digest: s.Digest, Reason: reason}}, err
		}
		p.terminal.printf("Nothing was decided. Type the whole word approve, or refuse.\n")
	}
}

func (p *person) reason(ctx context.Context) (string, error) {
	for {
		text, err := p.terminal.ask(ctx, promptReason)
		if err != nil {
			return "", err
		}
		text = strings.TrimSpace(text)
		if text != "" && len(text) <= maxReason && utf8.ValidString(text) {
			return text, nil
		}
		p.terminal.printf("Say why in a few words; it travels back with the refusal (at most %d bytes).\n", maxReason)
	}
}

func (p *person) compare(ctx context.Context, offers station.Offers) (station.Answer, error) {
	if offers.Scan {
		p.terminal.printf("Or: type scan to read another station's introduction from its own screen,\nor show to show it this one's.\n")
	}
	for {
		text, err := p.terminal.askDecision(ctx, promptCompare)
		if err != nil {
			return station.Answer{}, err
		}
		switch text = strings.TrimSpace(text); {
		case text == "same":
			return station.Answer{Input: ceremonies.Matches{}}, nil
		case text == "different":
			return station.Answer{Input: ceremonies.Differs{}}, nil
		case text == "scan" && offers.Scan:
			return station.Answer{Scan: true}, nil
		case text == "show" && offers.Show:
			return station.Answer{Show: true}, nil
		}
		p.terminal.printf("Type the whole word same, or different.\n")
	}
}
