package station

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

func TestCreateRefuses(t *testing.T) {
	for _, c := range []Choice{
		{Name: "", Network: wallet.Regtest, Pool: 1},
		{Name: "vault\u202e", Network: wallet.Regtest, Pool: 1},
		{Name: "vault", Network: 0, Pool: 1},
		{Name: "vault", Network: wallet.Regtest, Pool: 0},
		{Name: "vault", Network: wallet.Regtest, Pool: MaxPool + 1},
	} {
		if _, err := Create(c, dawn, &drawn{}); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

type stuck byte

func (s stuck) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

// A generator that gives the same for ever, as a broken driver does, must not
// make a key.
func TestAStuckGeneratorMakesNoKey(t *testing.T) {
	for _, s := range []stuck{0, 7} {
		if _, err := Create(Choice{Name: "vault", Network: wallet.Regtest, Pool: 1}, dawn, s); err == nil {
			t.Errorf("a generator of %d was accepted", s)
		}
	}
}

func TestAKeystoreIsSetUpOnce(t *testing.T) {
	now := int64(dawn)
	v := newVault(t, 0, &now)
	n, err := Create(Choice{Name: "again", Network: wallet.Regtest, Pool: 1}, dawn, &drawn{seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Keep(v.disk); !errors.Is(err, ErrSetUp) {
		t.Errorf("a second identity: %v", err)
	}
}

func backupWords(t *testing.T, app *App) Words {
	t.Helper()
	w, err := app.BackupWords()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSecretsDoNotPrint(t *testing.T) {
	now := int64(dawn)
	v := newVault(t, 0, &now)
	app := v.open()
	secret := fmt.Sprintf("%x", app.identity.host.Bytes())
	n, err := Create(Choice{Name: "vault", Network: wallet.Regtest, Pool: 1}, dawn, &drawn{})
	if err != nil {
		t.Fatal(err)
	}
	words := backupWords(t, app)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, x := range []any{app.identity, n, words} {
			if out := fmt.Sprintf(verb, x); !strings.Contains(out, "redacted") || strings.Contains(out, secret) || strings.Contains(out, words.List()[0]+" ") {
				t.Errorf("%s of %T prints %s", verb, x, out)
			}
		}
	}
}

// Two people read different words: the coordinator told two stories. The
// station drops the roster and begins again.
func TestDifferentWordsBeginEnrolmentAgain(t *testing.T) {
	w := newTreasury(t)
	w.introduce()
	v := w.vaults[0]
	v.operator.compare = func(ceremonies.Compare, Offers) Answer { return Answer{Input: ceremonies.Differs{}} }
	_, outcome, err := v.visit(w.roster)
	if err != nil || outcome != Refused || !slices.Equal(v.operator.faults(), []string{"enrolment/differs"}) {
		t.Fatalf("outcome %d, %v, faults %v", outcome, err, v.operator.faults())
	}
	if s, err := v.open().Status(); err != nil || s.Phase != PhaseEnrolment {
		t.Errorf("phase %q, %v", s.Phase, err)
	}
}

// The stations stand together: instead of comparing words, one reads the
// other's introduction from its own screen, and shows it its own.
func TestStationsScanEachOther(t *testing.T) {
	w := newTreasury(t)
	w.introduce()
	v := w.vaults[0]
	offers := []Answer{{Show: true}, {Scan: true}}
	v.operator.compare = func(_ ceremonies.Compare, o Offers) Answer {
		if !o.Scan || !o.Show || len(offers) == 0 {
			t.Fatalf("offers %+v, %d answers left", o, len(offers))
		}
		next := offers[0]
		offers = offers[1:]
		return next
	}
	shown, outcome, err := v.visit(w.roster, w.vaults[1].latest(wire.KindIntroduction))
	if err != nil || outcome != Answered || len(shown) != 2 {
		t.Fatalf("%d messages, outcome %d, %v", len(shown), outcome, err)
	}
	if s, err := v.open().Status(); err != nil || s.Phase != PhaseKeygen {
		t.Errorf("phase %q, %v", s.Phase, err)
	}
}

// The first address differs: the stations hold no shares of one key. There is
// nothing to go on with.
func TestADifferentAddressStops(t *testing.T) {
	w := enrolled(t, nil)
	for range 2 {
		message := w.present()
		for _, v := range w.vaults {
			w.heard(v.answer(message))
		}
	}
	v := w.vaults[0]
	v.operator.compare = func(_ ceremonies.Compare, o Offers) Answer {
		if o != (Offers{}) {
			t.Errorf("offers %+v beside an address", o)
		}
		return Answer{Input: ceremonies.Differs{}}
	}
	shown, _, err := v.visit(w.present())
	var stopped *StoppedError
	if !errors.As(err, &stopped) || stopped.Fault.Code != "keygen/address-differs" {
		t.Fatalf("the run ended with %v", err)
	}
	for _, m := range shown {
		if claim, _ := wire.Peek(m); claim.Kind == wire.KindKeygenConfirmation {
			t.Error("it confirmed")
		}
	}
}

func TestARefusedCharterSendsNothing(t *testing.T) {
	w := enrolled(t, nil)
	v := w.vaults[0]
	v.operator.decide = func(r ceremonies.Review) ceremonies.Input { return ceremonies.Refuse{Digest: r.Digest, Reason: "no"} }
	shown, outcome, err := v.visit(w.present())
	if err != nil || outcome != Refused || len(shown) != 0 {
		t.Fatalf("%d messages, outcome %d, %v", len(shown), outcome, err)
	}
}

// A keystore that holds a share is given another, so that one machine would be
// two of a quorum.
func TestASecondShareIsRefused(t *testing.T) {
	w := ready(t)
	app := w.vaults[0].open()
	other := w.vaults[1].disk.records[keygen.ShareName]
	err := app.keep([]ceremonies.Record{{Name: keygen.ShareName, Value: other}})
	if !errors.Is(err, ErrSecondShare) {
		t.Fatalf("another share: %v", err)
	}
}

// A restored station has its share and nothing of what it signed. It must not
// sign, however it is asked.
func TestARestoredStationIsAStranger(t *testing.T) {
	w := ready(t)
	app := w.vaults[0].open()
	file, err := app.BackupFile()
	w.must(err)
	words := backupWords(t, app).List()
	r, err := Restore(words, file, "vault again", 16, dawn, &drawn{seed: 7})
	w.must(err)
	before, err := app.Status()
	w.must(err)
	if r.Station != 0 || r.Network != wallet.Regtest || !slices.Equal(r.WalletWords, before.WalletWords) || r.FirstAddress != before.FirstAddress {
		t.Errorf("restored %+v", r)
	}
	v := newVault(t, 3, &w.now)
	clear(v.disk.records)
	w.must(r.Installation.Keep(v.disk))
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	shown, _, err := v.visit(request)
	if !errors.Is(err, context.Canceled) || !slices.Contains(v.operator.faults(), "amendment/unexpected") {
		t.Fatalf("faults %v, %v", v.operator.faults(), err)
	}
	for _, m := range shown {
		if claim, err := wire.Peek(m); err != nil || claim.Kind != wire.KindIntroduction {
			t.Fatalf("it shows a %s", claim.Kind)
		}
	}
	again, _, _ := v.visit()
	if len(shown) != 1 || len(again) != 1 || !bytes.Equal(shown[0], again[0]) {
		t.Error("the introduction is not shown, or another one at each start")
	}
	s, err := v.open().Status()
	w.must(err)
	if s.Phase != PhaseUnlisted || !s.BackupChecked || s.NoncesLeft != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestRestoreRefuses(t *testing.T) {
	w := ready(t)
	app := w.vaults[0].open()
	file, err := app.BackupFile()
	w.must(err)
	words := backupWords(t, app).List()
	now := int64(dawn)
	stranger := backupWords(t, newVault(t, 9, &now).open()).List()
	torn := slices.Clone(file)
	torn[len(torn)/2] ^= 1
	for what, c := range map[string]struct {
		words []string
		file  []byte
	}{
		"words of another station": {stranger, file},
		"a word is missing":        {words[:23], file},
		"two words are swapped":    {append([]string{words[1], words[0]}, words[2:]...), file},
		"a torn file":              {words, torn},
		"no file":                  {words, nil},
	} {
		if _, err := Restore(c.words, c.file, "vault", 16, dawn, &drawn{seed: 8}); err == nil {
			t.Errorf("%s: accepted", what)
		} else if strings.Contains(err.Error(), words[5]) {
			t.Errorf("%s: the error holds a word", what)
		}
	}
}

func TestBackupWordsAreChecked(t *testing.T) {
	now := int64(dawn)
	v := newVault(t, 0, &now)
	app := v.open()
	words := backupWords(t, app)
	list := words.List()
	if !words.Is(3, " "+strings.ToUpper(list[3])+" ") || words.Is(3, list[3]+"x") || words.Is(3, "") {
		t.Error("Is compares wrongly")
	}
	asked, err := AskedWords(3, v.random)
	if err != nil || len(asked) != 3 || !slices.IsSorted(asked) {
		t.Errorf("asked %v, %v", asked, err)
	}
	if all, err := AskedWords(24, v.random); err != nil || len(all) != 24 || all[0] != 0 || all[23] != 23 {
		t.Errorf("asked %v, %v", all, err)
	}
	if _, err := app.BackupFile(); !errors.Is(err, ErrNoWallet) {
		t.Errorf("a recovery file without a wallet: %v", err)
	}
	if err := app.BackupChecked(); err != nil {
		t.Fatal(err)
	}
	if s, err := v.open().Status(); err != nil || !s.BackupChecked {
		t.Errorf("status %+v, %v", s, err)
	}
}

// After Close neither keys nor shares can be used any more.
func TestCloseWipes(t *testing.T) {
	w := ready(t)
	app := w.vaults[0].open()
	share, found, err := app.share()
	if err != nil || !found {
		t.Fatal(err)
	}
	app.Close()
	for what, read := range map[string]func() [32]byte{
		"share": share.Secret.Bytes, "host key": app.identity.host.Bytes, "instance key": app.identity.instance.Bytes,
	} {
		if !gone(read) {
			t.Errorf("the %s is still in memory", what)
		}
	}
}

// gone reports whether a secret reads as zeros, or not at all.
func gone(read func() [32]byte) (is bool) {
	defer func() { is = recover() != nil || is }()
	return read() == [32]byte{}
}

// Stopping from outside at any prompt ends the run with the context's error.
func TestStopping(t *testing.T) {
	now := int64(dawn)
	v := newVault(t, 0, &now)
	ctx, stop := context.WithCancel(context.Background())
	v.operator.handOver = func() error { stop(); return ctx.Err() }
	if _, err := v.open().Run(ctx, false); !errors.Is(err, context.Canceled) {
		t.Errorf("the run ended with %v", err)
	}
}
