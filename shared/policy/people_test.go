package policy

import (
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy/internal/force"
	"heliograph/shared/wallet"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"
)

const (
	rpID   = "approve.localhost"
	origin = "http://approve.localhost"
	zurich = "Europe/Zurich"
)

// said is one statement that travels with the batch.
type said struct {
	person   string
	decision approval.Decision
	offset   int64                     // seconds from the stated time
	alter    func(*approval.Statement) // what the coordinator makes of it before it is signed
	with     string                    // name of the credential, the person's first if empty
}

func approve(people ...string) []said {
	var out []said
	for _, p := range people {
		out = append(out, said{person: p, decision: approval.Approve})
	}
	return out
}

func drafted(by string) said { return said{person: by, decision: approval.Draft} }

// made keeps what is slow to make and never changes.
var made sync.Map

func once[T any](name string, of func() T) T {
	if v, ok := made.Load(name); ok {
		return v.(T)
	}
	v := of()
	made.Store(name, v)
	return v
}

// personKey is the BIP340 key of a credential.
func personKey(t testing.TB, credential string) *wire.SigningKey {
	t.Helper()
	return once("key "+credential, func() *wire.SigningKey { return newPersonKey(t, credential) })
}

func newPersonKey(t testing.TB, credential string) *wire.SigningKey {
	var random [32]byte
	copy(random[:], "policy "+credential)
	key, err := wire.GenerateSigningKey(random)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func authenticator(t testing.TB, credential string, kind charter.CredentialKind) *testauthenticator.Authenticator {
	t.Helper()
	algorithm := webauthn.ES256
	if kind == charter.CredentialEdDSA {
		algorithm = webauthn.EdDSA
	}
	var seed [32]byte
	copy(seed[:], "policy "+credential)
	a, err := testauthenticator.New(algorithm, seed)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func credential(t testing.TB, name string, kind charter.CredentialKind) charter.Credential {
	t.Helper()
	if kind.WebAuthn() {
		return once("credential "+name, func() charter.Credential {
			return charter.Credential{Name: name, Kind: kind, Key: authenticator(t, name, kind).Key().Point}
		})
	}
	key := personKey(t, name).Public()
	return charter.Credential{Name: name, Kind: kind, Key: key[:]}
}

// staffed is a desk with people, a time zone, a source of prices, groups, and
// every kind of destination.
func staffed(t testing.TB, rules ...charter.Rule) *desk {
	t.Helper()
	d := newDesk(t, rules...)
	person := func(name, role string, credentials ...charter.Credential) charter.Person {
		return charter.Person{Name: name, Roles: []string{role}, Credentials: credentials}
	}
	d.doc.People = []charter.Person{
		person("Ann", "finance", credential(t, "ann", charter.CredentialES256)),
		person("Ben", "finance", credential(t, "ben", charter.CredentialOffline), credential(t, "ben web", charter.CredentialES256)),
		person("Cleo", "finance", credential(t, "cleo", charter.CredentialOffline)),
		person("Dan", "finance", credential(t, "dan", charter.CredentialEdDSA)),
		person("Eve", "officer", credential(t, "eve", charter.CredentialOffline)),
		{Name: "Desk", Roles: []string{"program"}, Machine: true, Credentials: []charter.Credential{credential(t, "desk", charter.CredentialMachine)}},
	}
	d.doc.Web = charter.Web{RPID: rpID, Origins: []string{origin}}
	d.doc.Zones = []charter.Zone{{Name: zurich, Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}}
	d.doc.Prices = []charter.PriceSource{{Name: "Exchange", Currency: "CHF", Key: personKey(t, "exchange").Public()}}
	d.doc.Work = 0x207fffff
	d.doc.Issued = now - 30*day
	d.doc.Counterparties[0].Groups = []string{"exchanges"}
	d.doc.Counterparties[1].Groups = []string{"exchanges"}
	d.doc.Counterparties[2].Groups = []string{"staff"}
	d.doc.Counterparties = append(d.doc.Counterparties,
		charter.Counterparty{Name: "Treasury", Own: true},
		charter.Counterparty{Name: "Hot", Descriptor: hot(t).Descriptor()},
		charter.Counterparty{Name: "Notary", Data: true},
		charter.Counterparty{Name: "Invoice", Once: [][]byte{destination("invoice 1"), destination("invoice 2")}},
	)
	d.quorum = []uint8{0, 1}
	return d
}

// hot is another wallet of the treasury, with addresses of another kind.
func hot(t testing.TB) wallet.Foreign {
	t.Helper()
	return once("hot", func() wallet.Foreign {
		_, key := btcec.PrivKeyFromBytes([]byte{0x36})
		w, err := wallet.New([33]byte(key.SerializeCompressed()), wallet.ChainCode([]byte("hot")), wallet.Regtest, [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		f, err := wallet.ParseForeign(wallet.Regtest, "wpkh("+w.Xpub()+"/<0;1>/*)")
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}

// inForce puts the desk's charter in force for the wallet of a batch.
func (d *desk) inForce(c charter.Charter, b batch.Verified) InForce {
	return force.New(c, b.Wallet().ID(), d.listed)
}

// evidence is what travels with the batch.
func (d *desk) evidence(c charter.Charter, b batch.Verified) Evidence {
	d.t.Helper()
	e := Evidence{Prices: d.prices, Claims: d.claims}
	for _, s := range d.said {
		signed := d.sign(c, b, s)
		encoded, err := signed.Encode()
		if err != nil {
			d.t.Fatal(err)
		}
		e.Statements = append(e.Statements, encoded)
	}
	return e
}

// sign makes a statement as the person's device does; what is altered is signed
// as altered.
func (d *desk) sign(c charter.Charter, b batch.Verified, s said) approval.Signed {
	d.t.Helper()
	w := b.Wallet().ID()
	out := approval.Statement{
		Wallet: w, Charter: c.ID(), Subject: approval.OfBatch(b.ID()), Decision: s.decision, Person: s.person, Time: now + s.offset, Expiry: now + s.offset + 30*day,
	}
	if s.decision == approval.NotFrozen {
		out.Subject = approval.OfWallet(w)
	}
	if s.alter != nil {
		s.alter(&out)
	}
	k := d.credential(s)
	var signed approval.Signed
	var err error
	if !k.Kind.WebAuthn() {
		signed, err = approval.SignKey(out, k.Name, personKey(d.t, k.Name), [32]byte{})
	} else {
		assertion, failed := authenticator(d.t, k.Name, k.Kind).Assert(rpID, origin, out.Challenge(), testauthenticator.Options{})
		if failed != nil {
			d.t.Fatal(failed)
		}
		packed, failed := webauthn.Pack(webauthn.Expected{RPID: rpID, Origins: []string{origin}, Challenge: out.Challenge()}, assertion)
		if failed != nil {
			d.t.Fatal(failed)
		}
		signed = approval.Signed{
			Charter: out.Charter, Subject: out.Subject, Decision: out.Decision, Person: out.Person, Credential: k.Name, Time: out.Time, Expiry: out.Expiry, Proof: packed,
		}
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return signed
}

// credential finds what a person signs with. Somebody who left signs with the
// key that was theirs.
func (d *desk) credential(s said) charter.Credential {
	if k, ok := d.lost[s.with]; ok {
		return k
	}
	for _, p := range d.doc.People {
		if p.Name != s.person {
			continue
		}
		for _, k := range p.Credentials {
			if s.with == "" || k.Name == s.with {
				return k
			}
		}
	}
	return charter.Credential{Name: s.person, Kind: charter.CredentialOffline}
}

// own is a receive address of the desk's wallet. The batch spends other ones.
func (d *desk) own(index uint32) []byte {
	d.t.Helper()
	s, err := d.wallet().Script(wallet.Receive, index)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *desk) states(francs int64, offset int64) Price {
	d.t.Helper()
	p, err := SignPrice(Price{Source: "Exchange", Currency: "CHF", Hundredths: 100 * francs, Time: now + offset}, personKey(d.t, "exchange"), [32]byte{})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}
