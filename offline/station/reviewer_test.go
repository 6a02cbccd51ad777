package station

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/qr"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// newDevice is a reviewer's device and everything around it.
func newDevice(t *testing.T, now *int64) *vault {
	t.Helper()
	v := newVault(t, 7, now)
	v.disk.records = map[string][]byte{}
	n, err := CreateReviewer("Eve", wallet.Regtest, *now, v.random)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Keep(v.disk); err != nil {
		t.Fatal(err)
	}
	return v
}

// A reviewer's device that held a share would let one person be a station of a
// quorum and an approver, from one machine.
func TestAReviewerNeverHoldsAShare(t *testing.T) {
	now := int64(dawn)
	v := newDevice(t, &now)
	app := v.open()
	err := app.keep([]ceremonies.Record{{Name: keygen.ShareName, Value: []byte{1}}})
	if !errors.Is(err, ErrReviewer) {
		t.Fatalf("a share was kept: %v", err)
	}
	for name, f := range map[string]func(*App) error{
		"backup words": func(a *App) error { _, err := a.BackupWords(); return err },
		"backup file":  func(a *App) error { _, err := a.BackupFile(); return err },
	} {
		if err := f(v.open()); !errors.Is(err, ErrReviewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{keygen.ShareName, identityName} {
		v := newDevice(t, &now)
		v.disk.records[name] = []byte{1}
		if _, err := Open(World{Store: v.disk}); err == nil || !strings.Contains(err.Error(), "belongs to a station") {
			t.Errorf("a device with %s opens: %v", name, err)
		}
	}
	n, err := Create(Choice{Name: "vault", Network: wallet.Regtest, Pool: 1}, now, v.random)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Keep(newDevice(t, &now).disk); !errors.Is(err, ErrSetUp) {
		t.Errorf("a device became a station: %v", err)
	}
}

func TestAReviewersSecretsDoNotPrint(t *testing.T) {
	now := int64(dawn)
	app := newDevice(t, &now).open()
	secret := fmt.Sprintf("%x", app.reviewer.key.Bytes())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, app.reviewer); !strings.Contains(out, "redacted") || strings.Contains(out, secret) {
			t.Errorf("%s prints %s", verb, out)
		}
	}
}

// Paper does not move: the longest freeze is one picture.
func TestTheLongestFreezeFitsOnePicture(t *testing.T) {
	key, err := wire.GenerateSigningKey([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	body, err := lineage.Freeze{Charter: [32]byte{1}, Time: dawn, Reason: strings.Repeat("w", lineage.MaxReason)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Seal(wire.KindFreeze, [32]byte{1}, body, key, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	code, err := printed(m, lineage.Frozen{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := qr.Read(code.Picture)
	if err != nil {
		t.Fatal(err)
	}
	var d qr.Decoder
	if _, err := d.Receive(text); err != nil {
		t.Fatal(err)
	}
	if read, err := d.Message(); err != nil || string(read) != string(m.Bytes) {
		t.Fatalf("the picture says something else: %v", err)
	}
}
