package approval

import (
	"errors"
	"testing"
)

func TestEveryKindOfCredentialVerifies(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		person, credential string
		decision           Decision
		offline            bool
	}{
		{"Ann", "ann blue", Approve, false},
		{"Ann", "ann phone", Veto, false},
		{"Ben", "ben", Draft, false},
		{"Ben", "ben device", Approve, true},
		{"Eve", "eve device", NotFrozen, true},
		{"Payroll", "payroll", Draft, false},
	} {
		signed := w.sign(t, w.statement(c.person, c.decision), c.credential)
		b, err := signed.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeSigned(b)
		if err != nil {
			t.Fatal(err)
		}
		set := w.verify(t, back)
		if len(set.Given()) != 1 || len(set.Void()) != 0 {
			t.Fatalf("%s with %s: given %v, void %v", c.person, c.credential, set.Given(), set.Void())
		}
		g := set.Given()[0]
		if g.Person.Name != c.person || g.Decision != c.decision || g.Offline != c.offline || g.Time != now || g.Expiry != now+86_400 {
			t.Errorf("%s with %s: %+v", c.person, c.credential, g)
		}
	}
}

func TestTwoDraftsAreRefused(t *testing.T) {
	w := newWorld(t)
	drafts := []Signed{w.sign(t, w.statement("Ann", Draft), "ann blue"), w.sign(t, w.statement("Ben", Draft), "ben")}
	if _, err := Verify(w.charter, walletID, OfBatch(batchID), drafts); !errors.Is(err, ErrDrafts) {
		t.Fatalf("two drafts: %v", err)
	}
}
