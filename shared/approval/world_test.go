package approval

import (
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"
)

const (
	rpID   = "approve.localhost"
	origin = "http://approve.localhost:8080"
)

var (
	walletID = [32]byte{0xaa, 1}
	batchID  = [32]byte{0xbb, 1}
)

func signingKey(t testing.TB, seed ...byte) *wire.SigningKey {
	t.Helper()
	var random [32]byte
	copy(random[:], append([]byte{0x33}, seed...))
	key, err := wire.GenerateSigningKey(random)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// world is a charter with people and everything that they sign with.
type world struct {
	charter charter.Charter
	web     map[string]*testauthenticator.Authenticator // by credential
	keys    map[string]*wire.SigningKey                 // by credential
}

func document(t testing.TB) (charter.Document, world) {
	t.Helper()
	w := world{web: make(map[string]*testauthenticator.Authenticator), keys: make(map[string]*wire.SigningKey)}
	web := func(name string, kind charter.CredentialKind, bound bool) charter.Credential {
		algorithm := webauthn.ES256
		if kind == charter.CredentialEdDSA {
			algorithm = webauthn.EdDSA
		}
		a, err := testauthenticator.New(algorithm, [32]byte([]byte(name + "                                ")[:32]))
		if err != nil {
			t.Fatal(err)
		}
		w.web[name] = a
		return charter.Credential{Name: name, Kind: kind, Key: a.Key().Point, DeviceBound: bound}
	}
	key := func(name string, kind charter.CredentialKind) charter.Credential {
		k := signingKey(t, []byte(name)...)
		w.keys[name] = k
		public := k.Public()
		return charter.Credential{Name: name, Kind: kind, Key: public[:]}
	}
	d := charter.Document{
		Version: 1, Name: "Treasury", Network: wallet.Regtest, Threshold: 2, Gap: 20, ClockTolerance: 7200, Issued: 1_700_000_000,
		Courier: signingKey(t, 99).Public(),
		Web:     charter.Web{RPID: rpID, Origins: []string{origin, "https://desk.approve.localhost"}},
		People: []charter.Person{
			{Name: "Ann", Roles: []string{"treasurer"}, Credentials: []charter.Credential{web("ann blue", charter.CredentialES256, true), web("ann phone", charter.CredentialEdDSA, false)}},
			{Name: "Ben", Roles: []string{"treasurer"}, Credentials: []charter.Credential{web("ben", charter.CredentialES256, false), key("ben device", charter.CredentialOffline)}},
			{Name: "Eve", Roles: []string{"officer"}, Credentials: []charter.Credential{key("eve device", charter.CredentialOffline)}},
			{Name: "Payroll", Roles: []string{"desk"}, Machine: true, Credentials: []charter.Credential{key("payroll", charter.CredentialMachine)}},
		},
		Counterparties: []charter.Counterparty{{Name: "Kraken", Destinations: [][]byte{append([]byte{0, 0x14}, make([]byte, 20)...)}}},
		Rules:          []charter.Rule{{ID: "pay/all", Effect: charter.Allow}},
	}
	for i, name := range []string{"Ada", "Bob", "Cem"} {
		_, host := btcec.PrivKeyFromBytes([]byte{0x22, byte(i)})
		d.Stations = append(d.Stations, charter.Station{Name: name, HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: signingKey(t, byte(i)).Public()})
	}
	return d, w
}

func newWorld(t testing.TB, change ...func(*charter.Document)) world {
	t.Helper()
	d, w := document(t)
	for _, f := range change {
		f(&d)
	}
	c, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	w.charter = c
	return w
}

const now = 1_800_000_000

func (w world) statement(person string, d Decision) Statement {
	s := Statement{Wallet: walletID, Charter: w.charter.ID(), Subject: OfBatch(batchID), Decision: d, Person: person, Time: now, Expiry: now + 86_400}
	if d == NotFrozen {
		s.Subject = OfWallet(walletID)
	}
	return s
}

// sign signs with a credential of whatever kind.
func (w world) sign(t testing.TB, s Statement, credential string) Signed {
	t.Helper()
	signed, err := w.trySign(t, s, credential, testauthenticator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (w world) trySign(t testing.TB, s Statement, credential string, o testauthenticator.Options) (Signed, error) {
	t.Helper()
	if key, ok := w.keys[credential]; ok {
		return SignKey(s, credential, key, [32]byte{7})
	}
	a, err := w.web[credential].Assert(rpID, origin, s.Challenge(), o)
	if err != nil {
		t.Fatal(err)
	}
	return SignWeb(w.charter, s, credential, a)
}

func (w world) verify(t testing.TB, signed ...Signed) Set {
	t.Helper()
	set, err := Verify(w.charter, walletID, OfBatch(batchID), signed)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
