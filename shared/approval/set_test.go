package approval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
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
		set := w.verify(t, w.sign(t, w.statement(c.person, c.decision), c.credential))
		if len(set.Given()) != 1 || len(set.Void()) != 0 {
			t.Fatalf("%s with %s: given %v, void %v", c.person, c.credential, set.Given(), set.Void())
		}
		g := set.Given()[0]
		if g.Person.Name != c.person || len(g.Person.Roles) != 1 || g.Decision != c.decision || g.Offline != c.offline || g.Time != now || g.Expiry != now+86_400 {
			t.Errorf("%s with %s: %+v", c.person, c.credential, g)
		}
	}
}

// oneVoid fails the test unless the statement is void for this reason, in these
// words, and voids nothing else.
func (w world) oneVoid(t *testing.T, s Signed, reason Reason, why string) {
	t.Helper()
	other := w.sign(t, w.statement("Eve", Veto), "eve device")
	set := w.verify(t, s, other)
	if len(set.Void()) != 1 || len(set.Given()) != 1 || set.Given()[0].Person.Name != "Eve" {
		t.Fatalf("given %v, void %v", set.Given(), set.Void())
	}
	v := set.Void()[0]
	if v.Reason != reason || !strings.HasPrefix(v.Why, why) || v.Person != s.Person || v.Decision != s.Decision {
		t.Errorf("%+v, want reason %d, %q", v, reason, why)
	}
}

// The attack: the coordinator shows an approval of Monday's batch with Tuesday's.
func TestReplayFromAnotherBatch(t *testing.T) {
	w := newWorld(t)
	for person, credential := range map[string]string{"Ann": "ann blue", "Ben": "ben device"} {
		s := w.statement(person, Approve)
		s.Subject = OfBatch([32]byte{0xbb, 2})
		monday := w.sign(t, s, credential)
		w.oneVoid(t, monday, OtherSubject, "is for another batch")
		// The coordinator may write another subject on it.
		monday.Subject = OfBatch(batchID)
		w.oneVoid(t, monday, NotVerified, "does not verify: ")
	}
}

// The attack: an approval of a ballot whose digest equals a batch id, or of a
// wallet, stands for the batch.
func TestSubjectsOfAnotherKind(t *testing.T) {
	w := newWorld(t)
	for _, subject := range [][32]byte{OfBallot(batchID), OfWallet(batchID), batchID} {
		s := w.statement("Ann", Approve)
		s.Subject = subject
		w.oneVoid(t, w.sign(t, s, "ann blue"), OtherSubject, "is for another batch")
	}
	seen := map[[32]byte]bool{batchID: true, OfBatch(batchID): true, OfBallot(batchID): true, OfWallet(batchID): true}
	if len(seen) != 4 {
		t.Error("two subjects are equal")
	}
}

// The attack: somebody who was revoked, or whose limits were tightened, is still
// heard through what he signed under the charter before.
func TestOlderCharter(t *testing.T) {
	old := newWorld(t)
	signed := old.sign(t, old.statement("Ann", Approve), "ann blue")
	w := newWorld(t, func(d *charter.Document) { d.Gap = 21 })
	w.oneVoid(t, signed, OtherCharter, "was given under another charter")
	if _, err := w.trySign(t, old.statement("Ann", Approve), "ann blue", testauthenticator.Options{}); err == nil || !strings.Contains(err.Error(), "under another charter") {
		t.Errorf("signing for an older charter: %v", err)
	}
	if _, err := SignWeb(charter.Charter{}, w.statement("Ann", Approve), "ann blue", webauthn.Assertion{}); err == nil {
		t.Error("signing without a charter")
	}
	signed.Charter = w.charter.ID()
	w.oneVoid(t, signed, NotVerified, "does not verify: the signature does not belong")
}

// A statement for another batch under another charter is first of all for another
// batch.
func TestOtherBatchAndCharter(t *testing.T) {
	old := newWorld(t, func(d *charter.Document) { d.Gap = 21 })
	s := old.statement("Ann", Approve)
	s.Subject = OfBatch([32]byte{0xbb, 2})
	newWorld(t).oneVoid(t, old.sign(t, s, "ann blue"), OtherSubject, "is for another batch")
}

func TestRevoked(t *testing.T) {
	w := newWorld(t, func(d *charter.Document) {
		d.People = slices.DeleteFunc(d.People, func(p charter.Person) bool { return p.Name == "Ann" })
	})
	s := w.statement("Ann", Approve)
	a, err := w.web["ann blue"].Assert(rpID, origin, s.Challenge(), testauthenticator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignWeb(w.charter, s, "ann blue", a); err == nil || !strings.Contains(err.Error(), "does not list") {
		t.Errorf("signing for somebody who is not in the charter: %v", err)
	}
	w.oneVoid(t, s.signed("ann blue", make([]byte, 71)), UnknownPerson, "is by nobody in the charter")

	w = newWorld(t, func(d *charter.Document) {
		for i, p := range d.People {
			if p.Name == "Ben" {
				d.People[i].Credentials = p.Credentials[:1]
			}
		}
	})
	w.oneVoid(t, w.sign(t, w.statement("Ben", Approve), "ben device"), UnknownCredential, "was made with a credential that the charter does not list")
}

// The attack: one person signs with his own credential in another person's name,
// or names another person's credential.
func TestOneSpeaksForAnother(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Ann", Approve)
	w.oneVoid(t, w.sign(t, s, "eve device"), UnknownCredential, "was made with a credential")
	signed := w.sign(t, s, "eve device")
	signed.Credential = "ann blue"
	w.oneVoid(t, signed, NotVerified, "does not verify: ")

	// Under Ann's name and credential, with Ben's WebAuthn key.
	challenge := s.Challenge()
	a, err := w.web["ben"].Assert(rpID, origin, challenge, testauthenticator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignWeb(w.charter, s, "ann blue", a); err == nil || !strings.Contains(err.Error(), "does not verify: the signature does not belong") {
		t.Errorf("signing with another person's key: %v", err)
	}
	// What Ben signed for himself does not become Ann's.
	signed = w.sign(t, w.statement("Ben", Approve), "ben")
	signed.Person, signed.Credential = "Ann", "ann blue"
	w.oneVoid(t, signed, NotVerified, "does not verify: ")
}

// The attack: a program that drafts payments approves them as well.
func TestProgramsOnlyDraft(t *testing.T) {
	w := newWorld(t)
	for _, d := range []Decision{Approve, Veto, NotFrozen} {
		w.oneVoid(t, w.sign(t, w.statement("Payroll", d), "payroll"), WrongCredential, "is by a program, which may only draft")
	}
}

// The attack: the browser's page, or the person at it, is not what the charter
// demands. SignWeb says so at the desk, before anyone walks.
func TestWebConditions(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, person, credential, rpID, origin string
		options                                testauthenticator.Options
		words                                  string
	}{
		{"no PIN", "Ann", "ann blue", rpID, origin, testauthenticator.Options{NotVerified: true}, "did not verify who was present"},
		{"copied key, bound demanded", "Ann", "ann blue", rpID, origin, testauthenticator.Options{BackupEligible: true}, "copied off its device"},
		{"copied key, allowed", "Ben", "ben", rpID, origin, testauthenticator.Options{BackupEligible: true}, ""},
		{"second origin", "Ann", "ann blue", rpID, "https://desk.approve.localhost", testauthenticator.Options{}, ""},
		{"unlisted origin", "Ann", "ann blue", rpID, "https://evil.example", testauthenticator.Options{}, "page of another origin"},
		{"other relying party", "Ann", "ann blue", "evil.example", origin, testauthenticator.Options{}, "another relying party"},
		{"Chromium's extra key", "Ann", "ann phone", rpID, origin, testauthenticator.Options{ExtraKey: true}, ""},
	} {
		s := w.statement(c.person, Approve)
		a, err := w.web[c.credential].Assert(c.rpID, c.origin, s.Challenge(), c.options)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := SignWeb(w.charter, s, c.credential, a)
		if c.words != "" {
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s: got %v, want %q", c.name, err, c.words)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if set := w.verify(t, signed); len(set.Given()) != 1 {
			t.Errorf("%s: %v", c.name, set.Void())
		}
	}
}

// A station refuses by itself what an honest SignWeb would not have made.
func TestStationChecksWebConditions(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Ann", Approve)
	for words, options := range map[string]testauthenticator.Options{
		"does not verify: the key can be copied off its device":                    {BackupEligible: true},
		"does not verify: the authenticator did not verify who was present":        {NotVerified: true},
		"does not verify: it was made on a page inside another origin's":           {CrossOrigin: true},
		"does not verify: client data of another type than webauthn.get":           {Type: "webauthn.create"},
		"does not verify: authenticator data announces attested data, extensions ": {MoreFlags: 0x80},
	} {
		a, err := w.web["ann blue"].Assert(rpID, origin, s.Challenge(), options)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := webauthn.Pack(webauthn.Expected{RPID: rpID, Origins: w.charter.Document().Web.Origins, Challenge: s.Challenge()}, a)
		if err != nil {
			t.Fatal(err)
		}
		w.oneVoid(t, s.signed("ann blue", packed), NotVerified, words)
	}
	w.oneVoid(t, s.signed("ann blue", make([]byte, 64)), NotVerified, "does not verify: 64 bytes")
}

func TestNotFrozenIsAboutTheWallet(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Eve", NotFrozen)
	signed := w.sign(t, s, "eve device")
	for _, subject := range [][32]byte{OfBatch(batchID), OfBatch([32]byte{9}), OfBallot([32]byte{9})} {
		set, err := Verify(w.charter, walletID, subject, []Signed{signed})
		if err != nil || len(set.Given()) != 1 {
			t.Errorf("given %v, void %v, %v", set.Given(), set.Void(), err)
		}
	}
	// Of another wallet, or of a batch, it says nothing.
	s.Subject = OfWallet([32]byte{0xaa, 2})
	w.oneVoid(t, w.sign(t, s, "eve device"), OtherSubject, "is for another wallet")
	s.Subject = OfBatch(batchID)
	w.oneVoid(t, w.sign(t, s, "eve device"), OtherSubject, "is for another wallet")
	// An approval is not about the wallet.
	s = w.statement("Eve", Approve)
	s.Subject = OfWallet(walletID)
	set := w.verify(t, w.sign(t, s, "eve device"))
	if len(set.Void()) != 1 || set.Void()[0].Reason != OtherSubject {
		t.Errorf("given %v, void %v", set.Given(), set.Void())
	}
}

// The attack: a statement for one wallet is shown with another one's batch. The
// wallet is not in what travels, but in what was signed.
func TestOtherWallet(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Ann", Approve)
	s.Wallet = [32]byte{0xaa, 2}
	w.oneVoid(t, w.sign(t, s, "ann blue"), NotVerified, "does not verify: the signature does not belong")
	s = w.statement("Ben", Approve)
	s.Wallet = [32]byte{0xaa, 2}
	w.oneVoid(t, w.sign(t, s, "ben device"), NotVerified, "does not verify: the signature does not belong")
}

func TestMalformed(t *testing.T) {
	w := newWorld(t)
	s := w.sign(t, w.statement("Ann", Approve), "ann blue")
	s.Expiry = s.Time
	w.oneVoid(t, s, Malformed, "is malformed")
	s = w.sign(t, w.statement("Ben", Approve), "ben device")
	s.Proof = append(s.Proof, 0)
	w.oneVoid(t, s, NotVerified, "does not verify: ")
}

func TestVerifyRefusesWhatIsNoQuestion(t *testing.T) {
	w := newWorld(t)
	one := w.sign(t, w.statement("Ben", Approve), "ben device")
	for _, c := range []struct {
		name            string
		charter         charter.Charter
		wallet, subject [32]byte
		signed          []Signed
		words           string
	}{
		{"no charter", charter.Charter{}, walletID, OfBatch(batchID), nil, "missing"},
		{"no wallet", w.charter, [32]byte{}, OfBatch(batchID), nil, "missing"},
		{"no subject", w.charter, walletID, [32]byte{}, nil, "missing"},
		{"too many", w.charter, walletID, OfBatch(batchID), slices.Repeat([]Signed{one}, 65), "65 statements"},
		{"as many as may be", w.charter, walletID, OfBatch(batchID), slices.Repeat([]Signed{one}, 64), ""},
		{"none", w.charter, walletID, OfBatch(batchID), nil, ""},
	} {
		set, err := Verify(c.charter, c.wallet, c.subject, c.signed)
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.words)
		}
		if want := min(len(c.signed), 1); c.words == "" && len(set.Given()) != want {
			t.Errorf("%s: %d given", c.name, len(set.Given()))
		}
	}
}

// Two drafts, and nobody could say whose approval is the initiator's own.
func TestTwoDrafts(t *testing.T) {
	w := newWorld(t)
	ann, ben := w.sign(t, w.statement("Ann", Draft), "ann blue"), w.sign(t, w.statement("Ben", Draft), "ben")
	void := ben
	void.Subject = OfBatch([32]byte{9})
	for _, signed := range [][]Signed{{ann, ben}, {ann, ann}, {void, ann}} {
		if _, err := Verify(w.charter, walletID, OfBatch(batchID), signed); !errors.Is(err, ErrDrafts) {
			t.Errorf("two drafts: %v", err)
		}
	}
}

// show is a set in one line a statement.
func show(s Set) string {
	var b strings.Builder
	for _, g := range s.Given() {
		fmt.Fprintf(&b, "%s %s %t %d %d\n", g.Decision, g.Person.Name, g.Offline, g.Time-now, g.Expiry-now)
	}
	for _, v := range s.Void() {
		fmt.Fprintf(&b, "void: %s %s %s\n", v.Decision, v.Person, v.Why)
	}
	return b.String()
}

// The attack: one person approves twice, from two devices or at two times, to be
// counted as two.
func TestOnePersonTwice(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Ann", Approve)
	later := s
	later.Time, later.Expiry = now+60, now+120
	longer := s
	longer.Expiry++
	both := w.verify(t, w.sign(t, s, "ann blue"), w.sign(t, longer, "ann blue"))
	if got, want := show(both), "approval Ann false 0 86401\napproval Ann false 0 86400\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	again := w.sign(t, s, "ann blue") // the counter moved on: another signature
	set := w.verify(t, w.sign(t, s, "ann phone"), w.sign(t, later, "ann blue"), again, w.sign(t, s, "ann blue"))
	want := "approval Ann false 60 120\napproval Ann false 0 86400\n" +
		strings.Repeat("void: approval Ann is a second one by the same person\n", 2)
	if got := show(set); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, c := range []struct {
		stated, tolerance int64
		want              string
	}{
		{now + 90, 0, "approval Ann false 60 120\n" + strings.Repeat("void: approval Ann is a second one by the same person\n", 3)},
		{now + 30, 0, "approval Ann false 0 86400\n" + strings.Repeat("void: approval Ann is a second one by the same person\n", 2) + "void: approval Ann was made after the stated time\n"},
		{now + 120, 0, "approval Ann false 0 86400\n" + strings.Repeat("void: approval Ann is a second one by the same person\n", 2) + "void: approval Ann has expired\n"},
	} {
		if got := show(set.At(c.stated, c.tolerance)); got != c.want {
			t.Errorf("at %d: got\n%swant\n%s", c.stated-now, got, c.want)
		}
	}
}

func TestOfflineBesideOnline(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Ben", Approve)
	later := s
	later.Time++
	set := w.verify(t, w.sign(t, later, "ben"), w.sign(t, s, "ben device"), w.sign(t, w.statement("Ben", Veto), "ben")).At(now+10, 0)
	want := "approval Ben true 0 86400\napproval Ben false 1 86400\nveto Ben false 0 86400\n"
	if got := show(set); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAtTheEdges(t *testing.T) {
	w := newWorld(t)
	s := w.statement("Ann", Approve)
	s.Expiry = now + 100
	set := w.verify(t, w.sign(t, s, "ann blue"))
	for _, c := range []struct {
		stated, tolerance int64
		reason            Reason // 0: holds
	}{
		{now, 0, 0}, {now - 1, 0, Early}, {now - 7200, 7200, 0}, {now - 7201, 7200, Early},
		{now + 99, 0, 0}, {now + 100, 0, Expired}, {now + 100, 7200, Expired},
	} {
		at := set.At(c.stated, c.tolerance)
		if c.reason == 0 && (len(at.Given()) != 1 || len(at.Void()) != 0) || c.reason != 0 && (len(at.Given()) != 0 || len(at.Void()) != 1 || at.Void()[0].Reason != c.reason || at.Void()[0].Person != "Ann") {
			t.Errorf("at %d tolerance %d: %s", c.stated-now, c.tolerance, show(at))
		}
	}
}

// What a set hands out is the caller's to change.
func TestListsAreCopies(t *testing.T) {
	w := newWorld(t)
	bad := w.sign(t, w.statement("Eve", Approve), "eve device")
	bad.Subject[0]++
	set := w.verify(t, w.sign(t, w.statement("Ann", Approve), "ann blue"), bad)
	before := show(set)
	set.Given()[0].Person.Name, set.Void()[0].Person = "Mal", "Mal"
	set.At(now+86_400, 0).Void()[0].Person = "Mal"
	if show(set) != before {
		t.Error("a caller changed the set")
	}
}

// pool is a number of statements, good and void, of which no two are drafts.
func pool(t testing.TB, w world) []Signed {
	var all []Signed
	for _, who := range []struct{ person, credential string }{{"Ann", "ann blue"}, {"Ann", "ann phone"}, {"Ben", "ben"}, {"Ben", "ben device"}, {"Eve", "eve device"}, {"Payroll", "payroll"}, {"Eve", "ann blue"}} {
		for _, d := range []Decision{Approve, Veto, NotFrozen} {
			for _, times := range [][2]int64{{0, 100}, {10, 20}, {50, 60}} {
				s := w.statement(who.person, d)
				s.Time, s.Expiry = now+times[0], now+times[1]
				if key, ok := w.keys[who.credential]; ok {
					signed, err := SignKey(s, who.credential, key, [32]byte{})
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, signed)
					continue
				}
				if who.person == "Eve" {
					all = append(all, s.signed(who.credential, make([]byte, 71)))
					continue
				}
				all = append(all, w.sign(t, s, who.credential))
			}
		}
	}
	return append(all, w.sign(t, w.statement("Ann", Draft), "ann blue"))
}

// Order is nothing, repeats are nothing, and one statement more or less changes
// nothing for the others: so nobody can refuse a batch by adding to its evidence.
func TestSetsAreSets(t *testing.T) {
	w := newWorld(t)
	all := pool(t, w)
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 20, rapid.ID).Draw(t, "some")
		stated := now + rapid.Int64Range(-20, 110).Draw(t, "stated")
		tolerance := rapid.Int64Range(0, 30).Draw(t, "tolerance")
		sets := func(indices []int) (Set, Set) {
			signed := make([]Signed, len(indices))
			for i, at := range indices {
				signed[i] = all[at]
			}
			set, err := Verify(w.charter, walletID, OfBatch(batchID), signed)
			if err != nil {
				t.Fatal(err)
			}
			return set, set.At(stated, tolerance)
		}
		set, at := sets(some)
		if n := len(set.Given()) + len(set.Void()); n != len(some) {
			t.Fatalf("%d statements became %d", len(some), n)
		}
		if n := len(at.Given()) + len(at.Void()); n != len(some) {
			t.Fatalf("at a time, %d statements became %d", len(some), n)
		}
		shuffled, shuffledAt := sets(rapid.Permutation(some).Draw(t, "shuffled"))
		if show(set) != show(shuffled) || show(at) != show(shuffledAt) {
			t.Fatalf("order matters:\n%s\n%s", show(set), show(shuffled))
		}
		// Each person stands once for a decision and kind of device, and holds.
		seen := make(map[string]bool)
		for _, g := range at.Given() {
			key := fmt.Sprint(g.Person.Name, g.Decision, g.Offline)
			if seen[key] || stated >= g.Expiry || g.Time-stated > tolerance || g.Person.Machine && g.Decision != Draft {
				t.Fatalf("%s does not belong into\n%s", key, show(at))
			}
			seen[key] = true
		}
		// One statement more takes nothing away.
		_, fewer := sets(some[1:])
		for _, g := range fewer.Given() {
			if !slices.ContainsFunc(at.Given(), func(o Given) bool {
				return o.Person.Name == g.Person.Name && o.Decision == g.Decision && o.Offline == g.Offline && o.Time >= g.Time
			}) {
				t.Fatalf("one statement more took away %s of %s", g.Decision, g.Person.Name)
			}
		}
	})
}
