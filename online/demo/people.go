package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"heliograph/shared/charter"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"
)

// The reviewer, who has a device of her own and no browser, and the program that
// drafts.
const (
	reviewer      = "eve"
	reviewerName  = "Eve"
	program       = "payroll"
	programKey    = "payroll.key"
	assertionFile = "assertion.json"
)

// member is somebody who approves in a browser. Nobody does so here: the key
// is that of a test authenticator, which signs whatever it is asked to.
type member struct {
	name  string
	roles string
	word  string // of the credential, in a charter file
	key   *testauthenticator.Authenticator
}

// gather makes the members' keys. They are for practice: the seeds are their names.
func gather() ([]member, error) {
	members := []member{
		{name: "Ann", roles: "finance", word: "es256"},
		{name: "Ben", roles: "finance", word: "eddsa"},
		{name: "Dan", roles: "finance", word: "es256"},
		{name: "Cleo", roles: "board, officer", word: "es256"},
	}
	for i := range members {
		algorithm := webauthn.ES256
		if members[i].word == "eddsa" {
			algorithm = webauthn.EdDSA
		}
		key, err := testauthenticator.New(algorithm, wire.TaggedHash("heliograph demo member", []byte(members[i].name)))
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		members[i].key = key
	}
	return members, nil
}

func (w *world) member(name string) (member, error) {
	for _, m := range w.members {
		if m.name == name {
			return m, nil
		}
	}
	return member{}, fmt.Errorf("demo: nobody is called %q", name)
}

// appoint makes the keys of people who are to be in the first charter: members
// with test authenticators, a reviewer with a device, and a program.
func (w *world) appoint(ctx context.Context) error {
	w.page.chapter("Appoint people, whose keys are no wallet keys")
	var err error
	if w.members, err = gather(); err != nil {
		return err
	}
	for _, m := range w.members {
		w.page.fact(m.name, "%s; %s key in a TEST authenticator", m.roles, m.word)
	}
	said, err := w.ask(ctx, 0, "people", "machine", "--name", program, "--out", programKey, "--json")
	if err != nil {
		return err
	}
	if w.programKey, _, err = readPerson(said); err != nil {
		return err
	}
	w.page.fact(program, "a program, which drafts and never approves")
	return w.appointReviewer(ctx)
}

// readPerson reads the key and the words of a person whose key was made or taken.
func readPerson(said string) (key string, words string, err error) {
	var p struct {
		Credentials []struct {
			Key string `json:"key"`
		} `json:"credentials"`
		Words []string `json:"words"`
	}
	if err := json.Unmarshal([]byte(said), &p); err != nil || len(p.Credentials) != 1 {
		return "", "", fmt.Errorf("demo: no person in %q: %w", said, err)
	}
	return p.Credentials[0].Key, strings.Join(p.Words, " "), nil
}

// appointReviewer sets up the device of a person who approves offline, and brings
// its key to the coordinator. Both show the same twelve words.
func (w *world) appointReviewer(ctx context.Context) error {
	making, err := w.start(reviewer, "heliograph-station", "--dir", keysFolder, "init", "--reviewer", "--name", reviewerName, "--network", "regtest")
	if err != nil {
		return err
	}
	if err := w.newPassphrase(ctx, making); err != nil {
		return err
	}
	if _, err := w.ended(ctx, making, 0, []string{"init", "--reviewer"}); err != nil {
		return err
	}
	if err := w.powerOnReviewer(ctx); err != nil {
		return err
	}
	_, said, err := w.eve.expect(ctx, promptShow)
	if err != nil {
		return err
	}
	shown := after(said, "Approval key of "+reviewerName+": ")
	desk, err := w.coordinate("people", "take", "--camera", camera, "--json")
	if err != nil {
		return err
	}
	if _, said, err = w.pass(ctx, w.eve, desk, "approval key", itsEnd); err != nil {
		return err
	}
	if said, err = w.ended(ctx, desk, 0, []string{"people", "take"}); err != nil {
		return err
	}
	key, words, err := readPerson(said)
	if err != nil {
		return err
	}
	if words == "" || words != shown {
		return fmt.Errorf("demo: %s shows %q and the coordinator reads %q", reviewer, shown, words)
	}
	w.reviewerKey = key
	w.page.fact(reviewerName, "board; a device of her own, with a key that never leaves it and no share")
	w.page.quote("key words", words)
	w.page.fact("", "the same at the device and at the coordinator")
	_, _, err = w.eve.expect(ctx, promptScan)
	return err
}

// after gives the rest of the line that follows a text, without the marks of a
// title.
func after(said, text string) string {
	_, rest, _ := strings.Cut(said, text)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), " ==")
}

func (w *world) powerOnReviewer(ctx context.Context) error {
	p, err := w.start(reviewer, "heliograph-station", "--dir", keysFolder, "run", "--camera", camera, "--screen", screen)
	if err != nil {
		return err
	}
	w.eve = p
	if _, _, err := p.expect(ctx, promptPassphrase); err != nil {
		return err
	}
	return p.whisper(passphrase(reviewer))
}

// invite shows the reviewer's device the wallet. She compares twice twelve words
// with what the stations showed in key generation.
func (w *world) invite(ctx context.Context) error {
	desk, err := w.coordinate("people", "invite", "--camera", camera, "--screen", screen)
	if err != nil {
		return err
	}
	if _, _, err := desk.expect(ctx, promptShow); err != nil {
		return err
	}
	_, said, err := w.pass(ctx, desk, w.eve, "invitation", promptCompare)
	if err != nil {
		return err
	}
	for i, want := range []string{w.walletWords, w.charterWords} {
		words, err := readAloud(said)
		if err != nil {
			return err
		}
		if words != want {
			return fmt.Errorf("demo: %s reads %q, and the stations read %q", reviewer, words, want)
		}
		if err := w.eve.say("same"); err != nil {
			return err
		}
		until := promptCompare
		if i == 1 {
			until = promptScan
		}
		if _, said, err = w.eve.expect(ctx, until); err != nil {
			return err
		}
	}
	if !strings.Contains(said, "Reviewing for this wallet") {
		return fmt.Errorf("demo: %s said %q when she was invited", reviewer, said)
	}
	w.page.fact(reviewerName, "reads the words of wallet and charter that the stations read, and types same twice")
	_, err = w.ended(ctx, desk, 0, []string{"people", "invite"})
	return err
}

// about are the flags that say what a person signs about.
func aboutBatch(number int) []string { return []string{"--batch", fmt.Sprint(number)} }

var aboutAmendment = []string{"--amendment"}

// signs lets a member decide in a browser, which asks a test authenticator.
func (w *world) signs(ctx context.Context, name, decision string, about []string) error {
	m, err := w.member(name)
	if err != nil {
		return err
	}
	said, err := w.ask(ctx, 0, append([]string{"approve", "challenge", "--as", name, "--decision", decision}, about...)...)
	if err != nil {
		return err
	}
	file, err := m.browse(said)
	if err != nil {
		return err
	}
	if err := w.writeFile(assertionFile, file); err != nil {
		return err
	}
	_, err = w.ask(ctx, 0, "approve", "take", assertionFile)
	return err
}

// browse is what a member's browser does with a challenge, as a page would hand it
// over: it gives the JSON of the credential.
func (m member) browse(said string) (string, error) {
	var asked struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
			RPID      string `json:"rpId"`
		} `json:"publicKey"`
		Origins []string `json:"origins"`
	}
	if err := json.Unmarshal([]byte(said), &asked); err != nil || len(asked.Origins) == 0 {
		return "", fmt.Errorf("demo: no challenge in %q: %w", said, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(asked.PublicKey.Challenge)
	if err != nil || len(raw) != 32 {
		return "", fmt.Errorf("demo: a challenge of %q", asked.PublicKey.Challenge)
	}
	a, err := m.key.Assert(asked.PublicKey.RPID, asked.Origins[0], [32]byte(raw), testauthenticator.Options{})
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	file, err := json.Marshal(map[string]any{"type": "public-key", "response": map[string]string{
		"clientDataJSON":    base64.RawURLEncoding.EncodeToString(a.ClientData),
		"authenticatorData": base64.RawURLEncoding.EncodeToString(a.AuthenticatorData),
		"signature":         base64.RawURLEncoding.EncodeToString(a.Signature),
	}})
	return string(file), err
}

// packed is the proof of a statement, as it travels.
func (m member) packed(web charter.Web, challenge [32]byte) ([]byte, error) {
	a, err := m.key.Assert(web.RPID, web.Origins[0], challenge, testauthenticator.Options{})
	if err != nil {
		return nil, err
	}
	return webauthn.Pack(webauthn.Expected{RPID: web.RPID, Origins: web.Origins, Challenge: challenge}, a)
}

// programDrafts lets the program sign that it drafted a batch.
func (w *world) programDrafts(ctx context.Context, number int) error {
	_, err := w.ask(ctx, 0, append([]string{"approve", "draft", "--as", program, "--key", programKey}, aboutBatch(number)...)...)
	return err
}

// reviews carries a batch to the reviewer's device, whose review must name every
// payee and every text of shows, and her signed answer back.
func (w *world) reviews(ctx context.Context, number int, payouts []payout, shows ...string) error {
	args := append([]string{"approve", "request", "--as", reviewerName, "--camera", camera, "--screen", screen}, aboutBatch(number)...)
	desk, err := w.coordinate(args...)
	if err != nil {
		return err
	}
	if _, _, err := desk.expect(ctx, promptShow); err != nil {
		return err
	}
	_, review, err := w.pass(ctx, desk, w.eve, "approval request", promptDecide)
	if err != nil {
		return err
	}
	if err := named(reviewer, review, payouts, shows...); err != nil {
		return err
	}
	if err := w.eve.say("approve"); err != nil {
		return err
	}
	if _, _, err := w.eve.expect(ctx, promptShow); err != nil {
		return err
	}
	if _, _, err := w.pass(ctx, w.eve, desk, "approval", itsEnd); err != nil {
		return err
	}
	if _, _, err := w.eve.expect(ctx, promptScan); err != nil {
		return err
	}
	_, err = w.ended(ctx, desk, 0, args)
	return err
}

// named demands of a review that it shows every payout's address and amount in
// full, and some texts.
func named(who, review string, payouts []payout, texts ...string) error {
	compact := strings.ReplaceAll(review, " ", "")
	for _, to := range payouts {
		a, err := address(to.script)
		if err != nil {
			return err
		}
		if !strings.Contains(compact, a) || !strings.Contains(review, bitcoins(to.sat)) {
			return fmt.Errorf("demo: the review of %s does not show %s to %s", who, bitcoins(to.sat), a)
		}
	}
	for _, text := range texts {
		if !strings.Contains(review, text) {
			return fmt.Errorf("demo: the review of %s does not say %q:\n%s", who, text, review)
		}
	}
	return nil
}

// publicKey is a member's key as a charter file has it.
func (m member) publicKey() string { return hex.EncodeToString(m.key.Key().Point) }
