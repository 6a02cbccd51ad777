package wire

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// testKey is the signing key whose 32 bytes are all n.
func testKey(t testing.TB, n byte) *SigningKey {
	t.Helper()
	key, err := ParseSigningKey(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var (
	testWallet = [32]byte(bytes.Repeat([]byte{0xaa}, 32))
	testAux    = [32]byte(bytes.Repeat([]byte{0x55}, 32))
)

// testRing is a wallet of station 0 (key 1), station 1 (key 2), a person's device
// (key 7) and the courier (key 9).
func testRing(t testing.TB) Keyring {
	t.Helper()
	ring, err := NewKeyring(testWallet, map[PublicKey]Party{
		testKey(t, 1).Public(): {Role: RoleStation, Station: 0},
		testKey(t, 2).Public(): {Role: RoleStation, Station: 1},
		testKey(t, 7).Public(): {Role: RolePerson, Station: 5},
		testKey(t, 9).Public(): {Role: RoleCourier},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func seal(t testing.TB, kind Kind, wallet [32]byte, body []byte, key *SigningKey) []byte {
	t.Helper()
	m, err := Seal(kind, wallet, body, key, testAux)
	if err != nil {
		t.Fatal(err)
	}
	return m.Bytes
}

func TestOpenSaysWhoSealedWhat(t *testing.T) {
	body := []byte{0xa1, 0x01, 0x02}
	sealed := seal(t, KindSigningRefusal, testWallet, body, testKey(t, 2))
	opened, err := Open(sealed, testRing(t))
	if err != nil {
		t.Fatal(err)
	}
	if !opened.Valid() || opened.Kind() != KindSigningRefusal || opened.Party() != (Party{RoleStation, 1}) ||
		opened.Sender() != testKey(t, 2).Public() || opened.Wallet() != testWallet ||
		!bytes.Equal(opened.Body(), body) || !bytes.Equal(opened.Bytes(), sealed) {
		t.Errorf("opened %+v", opened)
	}
	// What is handed out is a copy: the proof cannot be changed afterwards.
	opened.Body()[0] ^= 1
	opened.Bytes()[0] ^= 1
	sealed[len(sealed)-1] ^= 1
	if !bytes.Equal(opened.Body(), body) || opened.Bytes()[0] != 0x86 || opened.Bytes()[len(sealed)-1] == sealed[len(sealed)-1] {
		t.Error("an opened message changed with a copy of it")
	}
	if (Opened{}).Valid() || (Keyring{}).Valid() {
		t.Error("a zero value is valid")
	}
}

func TestOpenRefusesEveryChangedByte(t *testing.T) {
	ring := testRing(t)
	sealed := seal(t, KindSigningRequest, testWallet, []byte("a body"), testKey(t, 9))
	for i := range sealed {
		for bit := range 8 {
			tampered := bytes.Clone(sealed)
			tampered[i] ^= 1 << bit
			if _, err := Open(tampered, ring); err == nil {
				t.Fatalf("bit %d of byte %d was changed unnoticed", bit, i)
			}
		}
		if _, err := Open(sealed[:i], ring); err == nil {
			t.Fatalf("opened the first %d of %d bytes", i, len(sealed))
		}
	}
	if _, err := Open(append(bytes.Clone(sealed), 0), ring); err == nil {
		t.Error("opened an envelope with a trailing byte")
	}
}

func TestOpenRefusals(t *testing.T) {
	ring := testRing(t)
	other := [32]byte{1}
	for _, test := range []struct {
		name   string
		sealed []byte
		ring   Keyring
		want   error
	}{
		{"other wallet", seal(t, KindSigningRequest, other, nil, testKey(t, 9)), ring, ErrWallet},
		{"self-signed kind in a wallet", seal(t, KindIntroduction, [32]byte{}, nil, testKey(t, 1)), ring, ErrWallet},
		{"stranger", seal(t, KindSigningRequest, testWallet, nil, testKey(t, 3)), ring, ErrSender},
		{"station sends a request", seal(t, KindSigningRequest, testWallet, nil, testKey(t, 1)), ring, ErrRole},
		{"courier sends a response", seal(t, KindSigningResponse, testWallet, nil, testKey(t, 9)), ring, ErrRole},
		{"empty keyring", seal(t, KindSigningRequest, testWallet, nil, testKey(t, 9)), Keyring{}, nil},
		{"unknown kind", resealed(t, func(e *envelope) { e.Kind = 9 }), ring, nil},
		{"kind zero", resealed(t, func(e *envelope) { e.Kind = 0 }), ring, nil},
		{"other suite", resealed(t, func(e *envelope) { e.Suite = 2 }), ring, nil},
		{"zero wallet", resealed(t, func(e *envelope) { e.Wallet = [32]byte{} }), ring, ErrWallet},
		{"zero wallet, self-signed kind", resealed(t, func(e *envelope) { e.Wallet, e.Kind = [32]byte{}, KindRoster }), ring, ErrWallet},
		{"body over its kind's limit", resealed(t, func(e *envelope) { e.Kind, e.Body = KindRoster, make([]byte, 64*kib+1) }), ring, nil},
		{"larger than any envelope", make([]byte, MaxSealed+1), ring, nil},
		{"empty", nil, ring, nil},
	} {
		opened, err := Open(test.sealed, test.ring)
		if err == nil || (test.want != nil && !errors.Is(err, test.want)) || opened.Valid() {
			t.Errorf("%s: opened %v, error %v", test.name, opened.Valid(), err)
		}
	}
}

// resealed is an envelope of the courier, changed before it is signed, past all
// checks of Seal: what a hostile coordinator can make.
func resealed(t testing.TB, change func(*envelope)) []byte {
	t.Helper()
	key := testKey(t, 9)
	e := envelope{Suite: suite, Kind: KindSigningRequest, Sender: key.Public(), Wallet: testWallet, Body: []byte{0xa0}}
	change(&e)
	sealed, err := Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	signature := key.Sign(sealedDigest(sealed), testAux)
	copy(sealed[len(sealed)-64:], signature[:])
	return sealed
}

// resealed without a change opens, so that its changes alone are what is refused.
func TestResealedUnchangedOpens(t *testing.T) {
	if _, err := Open(resealed(t, func(*envelope) {}), testRing(t)); err != nil {
		t.Error(err)
	}
}

// The attack: the same content in other bytes, signed again over those bytes by a
// hostile sender, so that one message has several digests.
func TestOpenRefusesOtherForms(t *testing.T) {
	key := testKey(t, 9)
	good := resealed(t, func(*envelope) {})
	signed := func(b []byte) []byte {
		signature := key.Sign(sealedDigest(b), testAux)
		copy(b[len(b)-64:], signature[:])
		return b
	}
	splice := func(at, drop int, insert ...byte) []byte {
		b := append(bytes.Clone(good[:at]), insert...)
		return signed(append(b, good[at+drop:]...))
	}
	if _, err := Open(splice(71, 2, 0x41, 0xa0), testRing(t)); err != nil {
		t.Fatalf("spliced with the same bytes: %v", err)
	}
	for name, b := range map[string][]byte{
		"long array head":      splice(0, 1, 0x98, 6),
		"indefinite array":     append(splice(0, 1, 0x9f), 0xff),
		"tagged":               splice(0, 0, 0xd9, 0xd9, 0xf7),
		"long suite":           splice(1, 1, 0x18, 1),
		"long kind":            splice(2, 1, 0x18, 20),
		"longer kind":          splice(2, 1, 0x19, 0, 20),
		"kind beyond 16 bits":  splice(2, 1, 0x1a, 0, 1, 0, 20),
		"float kind":           splice(2, 1, 0xf9, 0x4d, 0),
		"null body":            splice(71, 2, 0xf6),
		"body not in a string": splice(71, 2, 0xa0),
		"text body":            splice(71, 1, 0x61),
		"long body head":       splice(71, 1, 0x58, 1),
		"chunked body":         splice(71, 2, 0x5f, 0x41, 0xa0, 0xff),
		"short wallet":         splice(37, 3, 0x58, 0x1f),
		"five elements":        splice(0, 1, 0x85),
		"seven elements":       append(splice(0, 1, 0x87), 0),
	} {
		if _, err := Open(b, testRing(t)); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestSealRefusals(t *testing.T) {
	key := testKey(t, 9)
	for _, test := range []struct {
		name   string
		kind   Kind
		wallet [32]byte
		body   []byte
	}{
		{"unknown kind", 9, testWallet, nil},
		{"no wallet", KindSigningRequest, [32]byte{}, nil},
		{"self-signed with a wallet", KindRoster, testWallet, nil},
		{"oversized", KindSigningRefusal, testWallet, make([]byte, KindSigningRefusal.MaxBody()+1)},
	} {
		if m, err := Seal(test.kind, test.wallet, test.body, key, testAux); err == nil || m.Bytes != nil {
			t.Errorf("%s: sealed", test.name)
		}
	}
	largest := make([]byte, KindSigningRequest.MaxBody())
	opened, err := Open(seal(t, KindSigningRequest, testWallet, largest, key), testRing(t))
	if err != nil || len(opened.Body()) != len(largest) {
		t.Errorf("the largest body: %v", err)
	}
}

func TestOpenSelfSigned(t *testing.T) {
	key := testKey(t, 5)
	introduction := seal(t, KindIntroduction, [32]byte{}, []byte("me"), key)
	opened, err := OpenSelfSigned(introduction, KindIntroduction)
	if err != nil {
		t.Fatal(err)
	}
	if !opened.Valid() || opened.Sender() != key.Public() || opened.Party() != (Party{RoleStation, Unnumbered}) || string(opened.Body()) != "me" {
		t.Errorf("opened %+v", opened)
	}
	roster := seal(t, KindRoster, [32]byte{}, nil, testKey(t, 9))
	if opened, err := OpenSelfSigned(roster, KindRoster); err != nil || opened.Party().Role != RoleCourier {
		t.Errorf("roster: %v", err)
	}
	forged := bytes.Clone(introduction)
	other := testKey(t, 6).Public()
	copy(forged[5:37], other[:])
	changed := bytes.Clone(introduction)
	changed[len(changed)-70] ^= 1
	for name, test := range map[string]struct {
		sealed []byte
		kind   Kind
	}{
		"other kind":             {introduction, KindRoster},
		"kind of a wallet":       {seal(t, KindSigningRequest, testWallet, nil, key), KindSigningRequest},
		"unknown kind":           {introduction, 9},
		"key put in":             {forged, KindIntroduction},
		"changed body":           {changed, KindIntroduction},
		"cut":                    {introduction[:len(introduction)-1], KindIntroduction},
		"wallet in a roster":     {resealed(t, func(e *envelope) { e.Kind = KindRoster }), KindRoster},
		"sender is not a point":  {resealed(t, func(e *envelope) { e.Sender = PublicKey{}; e.Wallet = [32]byte{}; e.Kind = KindRoster }), KindRoster},
		"request passed as such": {seal(t, KindSigningRequest, testWallet, nil, key), KindRoster},
	} {
		if opened, err := OpenSelfSigned(test.sealed, test.kind); err == nil || opened.Valid() {
			t.Errorf("%s: opened", name)
		}
	}
}

// The attack: a response of one station is put under the name of another, which
// would then be blamed for its contents.
func TestOpenRefusesAnotherSendersSignature(t *testing.T) {
	sealed := seal(t, KindSigningResponse, testWallet, []byte("bad share"), testKey(t, 1))
	framed := testKey(t, 2).Public()
	copy(sealed[5:37], framed[:])
	if _, err := Open(sealed, testRing(t)); !errors.Is(err, ErrSignature) {
		t.Errorf("got %v", err)
	}
}

// One message sealed twice has two signatures and one digest; any other body,
// kind, sender or wallet has another.
func TestDigestNamesTheMessage(t *testing.T) {
	ring := testRing(t)
	digest := func(kind Kind, body string, key *SigningKey, aux byte) [32]byte {
		m, err := Seal(kind, testWallet, []byte(body), key, [32]byte{aux})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := Open(m.Bytes, ring)
		if err != nil {
			t.Fatal(err)
		}
		return opened.Digest()
	}
	first := digest(KindSigningResponse, "x", testKey(t, 1), 1)
	if first != digest(KindSigningResponse, "x", testKey(t, 1), 2) {
		t.Error("the digest depends on the signature")
	}
	if first == digest(KindSigningResponse, "y", testKey(t, 1), 1) || first == digest(KindSigningRefusal, "x", testKey(t, 1), 1) ||
		first == digest(KindSigningResponse, "x", testKey(t, 2), 1) {
		t.Error("two messages have one digest")
	}
}

func TestPeekClaims(t *testing.T) {
	sealed := seal(t, KindNoncePool, testWallet, []byte("x"), testKey(t, 3))
	sealed[len(sealed)-1] ^= 1 // a claim is read whether or not it is true
	claim, err := Peek(sealed)
	if err != nil || claim != (Claim{Kind: KindNoncePool, Wallet: testWallet, Sender: testKey(t, 3).Public()}) {
		t.Errorf("%+v %v", claim, err)
	}
	if _, err := Peek(resealed(t, func(e *envelope) { e.Kind = 9 })); err == nil {
		t.Error("read an unknown kind")
	}
}

func TestKeyringRefusals(t *testing.T) {
	key := func(n byte) PublicKey { return testKey(t, n).Public() }
	off := PublicKey(unhex(t, "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"))
	for name, test := range map[string]struct {
		wallet  [32]byte
		parties map[PublicKey]Party
	}{
		"zero wallet":        {[32]byte{}, map[PublicKey]Party{key(1): {RoleStation, 0}}},
		"nobody":             {testWallet, nil},
		"no point":           {testWallet, map[PublicKey]Party{off: {RoleStation, 0}}},
		"no role":            {testWallet, map[PublicKey]Party{key(1): {0, 0}}},
		"unknown role":       {testWallet, map[PublicKey]Party{key(1): {4, 0}}},
		"device too high":    {testWallet, map[PublicKey]Party{key(1): {RolePerson, MaxDevices}}},
		"unnumbered device":  {testWallet, map[PublicKey]Party{key(1): {RolePerson, Unnumbered}}},
		"unnumbered":         {testWallet, map[PublicKey]Party{key(1): {RoleStation, Unnumbered}}},
		"number too large":   {testWallet, map[PublicKey]Party{key(1): {RoleStation, MaxStations}}},
		"numbered courier":   {testWallet, map[PublicKey]Party{key(1): {RoleCourier, 1}}},
		"two keys, one seat": {testWallet, map[PublicKey]Party{key(1): {RoleStation, 0}, key(2): {RoleStation, 0}}},
		"two couriers":       {testWallet, map[PublicKey]Party{key(1): {RoleCourier, 0}, key(2): {RoleCourier, 0}}},
	} {
		if ring, err := NewKeyring(test.wallet, test.parties); err == nil || ring.Valid() {
			t.Errorf("%s: accepted", name)
		}
	}
	// A ring is a copy: who is added to the map afterwards is not in it.
	parties := map[PublicKey]Party{key(1): {RoleStation, 0}}
	ring, err := NewKeyring(testWallet, parties)
	if err != nil {
		t.Fatal(err)
	}
	parties[key(9)] = Party{Role: RoleCourier}
	if _, err := Open(seal(t, KindSigningRequest, testWallet, nil, testKey(t, 9)), ring); !errors.Is(err, ErrSender) {
		t.Errorf("a party was added to a keyring: %v", err)
	}
}

// What was sealed opens to the same, under the sealed kind and sender alone.
func TestSealOpenRoundTrip(t *testing.T) {
	ring := testRing(t)
	keys := map[Role]*SigningKey{RoleStation: testKey(t, 2), RolePerson: testKey(t, 7), RoleCourier: testKey(t, 9)}
	var kinds []Kind
	for kind := range rules {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		body := rapid.SliceOfN(rapid.Byte(), 0, min(kind.MaxBody(), 70_000)).Draw(t, "body")
		role := rapid.SampledFrom(rules[kind].senders).Draw(t, "role")
		key, wallet := keys[role], testWallet
		if rules[kind].selfSigned {
			wallet = [32]byte{}
		}
		m, err := Seal(kind, wallet, body, key, testAux)
		if err != nil {
			t.Fatal(err)
		}
		var opened Opened
		if rules[kind].selfSigned {
			opened, err = OpenSelfSigned(m.Bytes, kind)
		} else {
			opened, err = Open(m.Bytes, ring)
		}
		if err != nil {
			t.Fatal(err)
		}
		if opened.Kind() != kind || m.Kind != kind || opened.Sender() != key.Public() || !bytes.Equal(opened.Body(), body) || opened.Party().Role != role {
			t.Fatalf("sealed %s %x, opened %+v", kind, body, opened)
		}
	})
}

// Who may seal which kind, spelled out once more: a station or the coordinator
// that speaks for a person, or a person's device that speaks for a station, is
// refused before its signature is looked at.
func TestEveryKindHasItsSenders(t *testing.T) {
	station, courier, person := testKey(t, 1), testKey(t, 9), testKey(t, 7)
	only := func(keys ...*SigningKey) []*SigningKey { return keys }
	want := map[Kind][]*SigningKey{
		KindKeygenInvite: only(courier), KindKeygenMessage1: only(station), KindKeygenAggregate: only(courier), KindKeygenMessage2: only(station),
		KindKeygenCertificate: only(courier), KindKeygenConfirmation: only(station),
		KindSigningRequest: only(courier), KindSigningResponse: only(station), KindSigningRefusal: only(station), KindNoncePool: only(station), KindRecords: only(courier),
		KindBallot: only(courier), KindBallotAck: only(station), KindCertificate: only(courier), KindVoidRequest: only(courier), KindVoid: only(station),
		KindFreeze: only(station, person), KindChallenge: only(station), KindWitness: only(station), KindBallotRefusal: only(station),
		KindApprovalRequest: only(courier), KindApproval: only(person),
	}
	for kind, r := range rules {
		if r.selfSigned {
			continue
		}
		if want[kind] == nil {
			t.Errorf("%s is not in this test", kind)
		}
		for _, key := range only(station, courier, person) {
			_, err := Open(seal(t, kind, testWallet, nil, key), testRing(t))
			if may := slices.Contains(want[kind], key); may != (err == nil) || !may && !errors.Is(err, ErrRole) {
				t.Errorf("%s sealed by %s: %v", kind, key.Public(), err)
			}
		}
	}
}

// FuzzOpen: no input panics, and what opens is a message that a holder of a key
// has sealed: here, one of the digests signed below. Whatever opens can also be
// peeked at, with the same claims.
func FuzzOpen(f *testing.F) {
	ring := testRing(f)
	known := make(map[[32]byte]bool)
	for _, sealed := range [][]byte{
		seal(f, KindSigningRequest, testWallet, []byte{0xa0}, testKey(f, 9)),
		seal(f, KindSigningResponse, testWallet, bytes.Repeat([]byte{1}, 300), testKey(f, 1)),
		seal(f, KindIntroduction, [32]byte{}, []byte("x"), testKey(f, 3)),
		resealed(f, func(e *envelope) { e.Kind = 9 }),
		resealed(f, func(e *envelope) { e.Sender = PublicKey{} }),
	} {
		known[sealedDigest(sealed)] = true
		f.Add(sealed)
		f.Add(sealed[:len(sealed)-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		claim, peekErr := Peek(b)
		for _, open := range []func() (Opened, error){
			func() (Opened, error) { return Open(b, ring) },
			func() (Opened, error) { return OpenSelfSigned(b, KindIntroduction) },
		} {
			opened, err := open()
			if opened.Valid() != (err == nil) {
				t.Fatal("valid with an error, or neither")
			}
			if err != nil {
				continue
			}
			if !known[opened.Digest()] {
				t.Fatalf("opened what nobody sealed: %x", b)
			}
			if peekErr != nil || claim != (Claim{opened.Kind(), opened.Wallet(), opened.Sender()}) {
				t.Fatalf("claims %+v of %+v: %v", claim, opened, peekErr)
			}
		}
	})
}
