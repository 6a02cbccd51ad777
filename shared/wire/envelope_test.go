package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
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

// testRing is a wallet of station 0 (key 1), station 1 (key 2) and the courier (key 9).
func testRing(t testing.TB) Keyring {
	t.Helper()
	ring, err := NewKeyring(testWallet, map[PublicKey]Party{
		testKey(t, 1).Public(): {Role: RoleStation, Station: 0},
		testKey(t, 2).Public(): {Role: RoleStation, Station: 1},
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
	t.Log(hex.EncodeToString(opened.Bytes()))
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
	} {
		opened, err := Open(test.sealed, test.ring)
		if err == nil || (test.want != nil && !errors.Is(err, test.want)) || opened.Valid() {
			t.Errorf("%s: opened %v, error %v", test.name, opened.Valid(), err)
		}
	}
}
