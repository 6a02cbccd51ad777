package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names in the coordinator's folder.
const (
	deskFolder  = "desk"
	charterFile = "charter.yaml"
	payoutFile  = "payouts.csv"
	walletFile  = "wallet.heliograph"
	psbtFolder  = "psbt"
	blockFolder = "blocks"
)

// The coins that the hot wallet gives, all alike: the 40 payouts need more than
// 30 of them.
const (
	coinSat = 10_000_000
	coins   = 36
)

// perTransaction is the most outputs of a transaction: 20 payments and change.
const perTransaction = 21

// fund lets the hot wallet pay into the cold one.
func (w *world) fund(ctx context.Context, amount int64, count int) error {
	if _, err := w.ask(ctx, 0, "fund", "--amount-sat", fmt.Sprint(amount), "--count", fmt.Sprint(count)); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 0, "mine", "--blocks", "1"); err != nil {
		return err
	}
	w.page.fact("funded", "%d coins of %s, confirmed", count, bitcoins(amount))
	return nil
}

// draft imports a payout file and drafts its batch.
func (w *world) draft(ctx context.Context, file string, payouts []payout) error {
	if err := w.writePayouts(file, payouts); err != nil {
		return err
	}
	if _, err := w.ask(ctx, 0, "payouts", "import", file); err != nil {
		return err
	}
	return w.draftPending(ctx)
}

// draftPending drafts a batch of all payouts that are pending.
func (w *world) draftPending(ctx context.Context) error {
	said, err := w.ask(ctx, 0, append(draftArgs(), "--json")...)
	if err != nil {
		return err
	}
	var b struct {
		Number int `json:"number"`
	}
	if err := json.Unmarshal([]byte(said), &b); err != nil {
		return fmt.Errorf("demo: batch draft: %w", err)
	}
	w.drafts = b.Number
	return nil
}

func draftArgs() []string {
	return []string{"batch", "draft", "--fee-rate", "5", "--max-outputs", fmt.Sprint(perTransaction)}
}

// prepare brings money and payouts together.
func (w *world) prepare(ctx context.Context) error {
	w.page.chapter("Fund, import 40 payouts, draft one batch")
	if err := w.fund(ctx, coinSat, coins); err != nil {
		return err
	}
	payouts := everybody()
	if err := w.draft(ctx, payoutFile, payouts); err != nil {
		return err
	}
	w.page.fact("imported", "%d payouts of %s together, to %d counterparties", len(payouts), bitcoins(total(payouts)), len(counterparties))
	return w.drafted(ctx, 1)
}

// signAndSend is the payout: two visits, a broadcast, a block, and somebody else
// who checks.
func (w *world) signAndSend(ctx context.Context, number int) error {
	w.page.chapter("Two stations review and sign, one visit each")
	if err := w.exportPSBT(ctx, number); err != nil {
		return err
	}
	desk, err := w.openBatch(ctx, number, "0,1")
	if err != nil {
		return err
	}
	for _, p := range append([]*process{desk, w.eve}, w.stations[:]...) {
		if err := w.alone(p); err != nil {
			return err
		}
	}
	w.page.fact("isolation", "no process has a socket, an environment, or a file open outside its own folder")
	if err := w.finish(ctx, desk, w.stations[0], w.stations[1]); err != nil {
		return err
	}
	if w.totals == "" {
		return errors.New("demo: no station showed a review of 40 payments")
	}
	w.page.chapter("Aggregate, broadcast, mine")
	if err := w.exportPSBT(ctx, number); err != nil {
		return err
	}
	w.page.fact("aggregated", "every signature verified, and every transaction by the script engine")
	if err := w.broadcast(ctx, number); err != nil {
		return err
	}
	w.page.chapter("A separate verifier reads the raw blocks")
	return w.verify(ctx, "verifier", payoutFile)
}

// exportPSBT writes the transactions of a batch for other wallets: unsigned, and
// signed once they are.
func (w *world) exportPSBT(ctx context.Context, number int) error {
	_, err := w.ask(ctx, 0, "batch", "psbt", fmt.Sprint(number), "--out", psbtFolder)
	return err
}

// openBatch starts the signing of a batch and waits until its first request is
// on the coordinator's screen.
func (w *world) openBatch(ctx context.Context, number int, quorum string, more ...string) (*process, error) {
	desk, err := w.coordinate(append(signArgs(number, quorum), more...)...)
	if err != nil {
		return nil, err
	}
	_, _, err = desk.expect(ctx, promptShow)
	return desk, err
}

func signArgs(number int, quorum string) []string {
	return []string{"batch", "sign", fmt.Sprint(number), "--quorum", quorum, "--camera", camera, "--screen", screen}
}

// visit lets a station review, approve and answer the request on the
// coordinator's screen. until is what the coordinator says once it has the
// answer.
func (w *world) visit(ctx context.Context, desk, p *process, until string) error {
	_, review, err := w.pass(ctx, desk, p, "request", promptDecide)
	if err != nil {
		return err
	}
	if err := w.reviewed(p, review); err != nil {
		return err
	}
	if err := p.say("approve"); err != nil {
		return err
	}
	if _, _, err := p.expect(ctx, promptShow); err != nil {
		return err
	}
	if _, _, err := w.pass(ctx, p, desk, "shares, new nonces", until); err != nil {
		return err
	}
	_, _, err = p.expect(ctx, promptScan)
	return err
}

// sign has a batch signed by two stations in one visit each.
func (w *world) sign(ctx context.Context, number int, quorum string, stations ...*process) error {
	desk, err := w.openBatch(ctx, number, quorum)
	if err != nil {
		return err
	}
	w.signed = append(w.signed, number)
	return w.finish(ctx, desk, stations...)
}

// finish visits the stations with a session whose first request is shown.
func (w *world) finish(ctx context.Context, desk *process, stations ...*process) error {
	for i, p := range stations {
		until := promptShow
		if i == len(stations)-1 {
			until = itsEnd
		}
		if err := w.visit(ctx, desk, p, until); err != nil {
			return err
		}
	}
	_, err := w.ended(ctx, desk, 0, []string{"batch", "sign"})
	return err
}

// reviewed repeats the totals of the 40 payouts' review, which must name every
// payee's address in full.
func (w *world) reviewed(p *process, review string) error {
	if err := named(p.name, review, nil, w.shows...); err != nil {
		return err
	}
	if !strings.Contains(review, "Batch of 40 payments") {
		return nil
	}
	if err := named(p.name, review, everybody()); err != nil {
		return err
	}
	_, totals, _ := strings.Cut(review, "\nTotals\n")
	totals, _, _ = strings.Cut(totals, "\n\n")
	label := p.name + " reads"
	if totals == w.totals {
		w.page.fact(label, "the same totals, word for word")
		return nil
	}
	w.totals = totals
	for line := range strings.Lines(totals) {
		w.page.printf("   %-13s | %s\n", label, strings.TrimRight(strings.TrimPrefix(line, "  "), " \n"))
		label = ""
	}
	return nil
}

// broadcast sends signed batches, mines a block and sees them confirmed in it.
func (w *world) broadcast(ctx context.Context, numbers ...int) error {
	for _, n := range numbers {
		if _, err := w.ask(ctx, 0, "batch", "broadcast", fmt.Sprint(n)); err != nil {
			return err
		}
	}
	if _, err := w.ask(ctx, 0, "mine", "--blocks", "1"); err != nil {
		return err
	}
	for _, n := range numbers {
		said, err := w.ask(ctx, 0, "batch", "track", fmt.Sprint(n), "--json")
		if err != nil {
			return err
		}
		var b struct {
			Status       string `json:"status"`
			Transactions []struct {
				TxID   string `json:"txid"`
				Height int    `json:"height"`
			} `json:"transactions"`
		}
		if err := json.Unmarshal([]byte(said), &b); err != nil {
			return fmt.Errorf("demo: batch track: %w", err)
		}
		if b.Status != "confirmed" {
			return fmt.Errorf("demo: batch %d is %s after a block; want confirmed", n, b.Status)
		}
		for _, tx := range b.Transactions {
			w.page.fact(fmt.Sprintf("batch %d", n), "%s in block %d", tx.TxID, tx.Height)
		}
	}
	return nil
}

// verify gives a process that has never seen the coordinator's folder the raw
// blocks, the wallet's public file and payout files.
func (w *world) verify(ctx context.Context, name string, payouts ...string) error {
	blocks := blockFolder + "-for-" + name
	if _, err := w.ask(ctx, 0, "blocks", "export", "--out", blocks); err != nil {
		return err
	}
	home := w.home(name)
	if err := os.CopyFS(filepath.Join(home, blockFolder), os.DirFS(filepath.Join(w.home(coordinator), blocks))); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	args := []string{"--dir", "no-treasury", "verify", "--blocks", blockFolder, "--wallet", walletFile}
	for _, file := range payouts {
		args = append(args, "--payouts", file)
	}
	for _, file := range append(payouts, walletFile) {
		if err := copyFile(filepath.Join(w.home(coordinator), file), filepath.Join(home, file)); err != nil {
			return err
		}
	}
	p, err := w.start(name, "heliograph", args...)
	if err != nil {
		return err
	}
	said, err := w.ended(ctx, p, 0, args)
	if err != nil {
		return err
	}
	w.page.quote(name, said)
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("demo: copy: %w", err)
	}
	return nil
}

// drafted demands of the first batch what this story is about: at least two
// transactions and at least 30 inputs.
func (w *world) drafted(ctx context.Context, number int) error {
	said, err := w.ask(ctx, 0, "batch", "show", fmt.Sprint(number), "--json")
	if err != nil {
		return err
	}
	var b struct {
		Payouts      int   `json:"payouts"`
		TotalSat     int64 `json:"total_sat"`
		MaxFeeSat    int64 `json:"max_fee_sat"`
		Inputs       int   `json:"inputs"`
		Transactions []any `json:"transactions"`
	}
	if err := json.Unmarshal([]byte(said), &b); err != nil {
		return fmt.Errorf("demo: batch show: %w", err)
	}
	if b.Payouts != 40 || len(b.Transactions) < 2 || b.Inputs < 30 {
		return fmt.Errorf("demo: a batch of %d payouts, %d transactions, %d inputs; want 40, at least 2, at least 30", b.Payouts, len(b.Transactions), b.Inputs)
	}
	w.page.fact("drafted", "1 batch: %d payouts, %s, in %d transactions with %d inputs; fees %s",
		b.Payouts, bitcoins(b.TotalSat), len(b.Transactions), b.Inputs, bitcoins(b.MaxFeeSat))
	return nil
}
