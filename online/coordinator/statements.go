package coordinator

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/webauthn"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// Names of the records of what people sign.
const (
	statementPrefix = "statement/" // signed statements, by subject and digest
	challengePrefix = "challenge/" // what a browser was asked to sign, by challenge
)

// Subject is what a statement is about.
type Subject struct {
	ID    [32]byte
	About string // "batch 3"
}

// BatchSubject is a batch, as people sign about it.
func (c *Coordinator) BatchSubject(ref string) (Subject, error) {
	_, b, err := c.find(ref)
	if err != nil {
		return Subject{}, err
	}
	return batchSubject(b.ID, b.Number), nil
}

func batchSubject(id batch.ID, number int) Subject {
	return Subject{ID: approval.OfBatch([32]byte(id)), About: fmt.Sprintf("batch %d", number)}
}

// WalletSubject is the wallet itself, about which people state that nothing is
// frozen.
func (c *Coordinator) WalletSubject() (Subject, error) {
	p, err := c.Public()
	if err != nil {
		return Subject{}, err
	}
	return Subject{ID: approval.OfWallet([32]byte(p.Wallet.ID())), About: "this wallet"}, nil
}

// Challenge is what a person's authenticator is asked to sign.
type Challenge struct {
	Statement  approval.Statement
	Credential string // of the person, in the charter
	Web        charter.Web
	About      string
}

// challengeFile is a challenge as it is kept until its assertion comes.
type challengeFile struct {
	Charter    [32]byte          `cbor:"1,keyasint"`
	Subject    [32]byte          `cbor:"2,keyasint"`
	Decision   approval.Decision `cbor:"3,keyasint"`
	Person     string            `cbor:"4,keyasint"`
	Credential string            `cbor:"5,keyasint"`
	Time       int64             `cbor:"6,keyasint"`
	Expiry     int64             `cbor:"7,keyasint"`
	About      string            `cbor:"8,keyasint"`
}

func challengeName(challenge [32]byte) string { return fmt.Sprintf("%s%x", challengePrefix, challenge) }

// Challenge asks a person for a decision in a browser, and keeps what was asked.
// credential may be empty if the person has one WebAuthn credential.
func (c *Coordinator) Challenge(about Subject, d approval.Decision, person, credential string, lifetime int64) (Challenge, error) {
	now, err := c.at(c.now())
	if err != nil {
		return Challenge{}, err
	}
	who, err := personIn(now.Charter, person)
	if err != nil {
		return Challenge{}, err
	}
	name, err := pickCredential(who, credential, "WebAuthn credential", charter.CredentialES256, charter.CredentialEdDSA)
	if err != nil {
		return Challenge{}, err
	}
	s := c.statement(now, about, d, who.Name, lifetime)
	file, err := wire.Marshal(challengeFile{s.Charter, s.Subject, s.Decision, s.Person, name, s.Time, s.Expiry, about.About})
	if err != nil {
		return Challenge{}, err
	}
	err = c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: challengeName(s.Challenge()), Value: file}}})
	return Challenge{Statement: s, Credential: name, Web: now.Charter.Document().Web, About: about.About}, err
}

func (c *Coordinator) statement(now standing, about Subject, d approval.Decision, person string, lifetime int64) approval.Statement {
	t := c.now()
	return approval.Statement{
		Wallet: [32]byte(now.Wallet.ID()), Charter: now.Charter.ID(), Subject: about.ID,
		Decision: d, Person: person, Time: t, Expiry: t + lifetime,
	}
}

func personIn(c charter.Charter, name string) (charter.Person, error) {
	var names []string
	for _, p := range c.Document().People {
		if p.Name == name {
			return p, nil
		}
		names = append(names, fmt.Sprintf("%q", p.Name))
	}
	if len(names) == 0 {
		return charter.Person{}, errors.New("coordinator: the charter in force lists no people: an amendment adds them")
	}
	return charter.Person{}, fmt.Errorf("coordinator: the charter in force lists nobody called %q; it lists %s", name, join(names, "and"))
}

// pickCredential finds the one credential of certain kinds that is meant.
func pickCredential(p charter.Person, name, what string, kinds ...charter.CredentialKind) (string, error) {
	var fit []string
	for _, c := range p.Credentials {
		if slices.Contains(kinds, c.Kind) && (name == "" || name == c.Name) {
			fit = append(fit, c.Name)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], nil
	case len(fit) == 0 && name == "":
		return "", fmt.Errorf("coordinator: %q has no %s in the charter in force", p.Name, what)
	case len(fit) == 0:
		return "", fmt.Errorf("coordinator: %q has no %s called %q in the charter in force", p.Name, what, name)
	}
	return "", fmt.Errorf("coordinator: %q has more than one %s: name it: %s", p.Name, what, join(fit, "or"))
}

// Taken is a statement that was taken in.
type Taken struct {
	approval.Signed
	About string
	New   bool // it was not there before
}

// ErrVoid says that a statement counts nothing; nothing was kept.
var ErrVoid = errors.New("this counts nothing, and is not kept")

// TakeAssertion takes in what a person's authenticator signed for a challenge.
func (c *Coordinator) TakeAssertion(challenge [32]byte, a webauthn.Assertion) (Taken, error) {
	kept, err := c.record(challengeName(challenge))
	if err != nil {
		return Taken{}, err
	}
	if kept == nil {
		return Taken{}, errors.New("coordinator: this assertion is for a challenge that this treasury never made")
	}
	var f challengeFile
	if err := wire.Unmarshal(kept, &f, 4096); err != nil {
		return Taken{}, err
	}
	now, err := c.at(c.now())
	if err != nil {
		return Taken{}, err
	}
	if f.Charter != now.Charter.ID() {
		return Taken{}, fmt.Errorf("coordinator: the %s of %q was asked for under another charter than the one in force: %w", f.Decision, f.Person, ErrVoid)
	}
	s := approval.Statement{Wallet: [32]byte(now.Wallet.ID()), Charter: f.Charter, Subject: f.Subject, Decision: f.Decision, Person: f.Person, Time: f.Time, Expiry: f.Expiry}
	signed, err := approval.SignWeb(now.Charter, s, f.Credential, a)
	if err != nil {
		return Taken{}, err
	}
	return c.takeSigned(now, signed, Subject{ID: f.Subject, About: f.About})
}

// SignAs makes a statement with a program's key.
func (c *Coordinator) SignAs(about Subject, d approval.Decision, person, credential string, key *wire.SigningKey, lifetime int64) (Taken, error) {
	now, err := c.at(c.now())
	if err != nil {
		return Taken{}, err
	}
	who, err := personIn(now.Charter, person)
	if err != nil {
		return Taken{}, err
	}
	name, err := pickCredential(who, credential, "program's key", charter.CredentialMachine)
	if err != nil {
		return Taken{}, err
	}
	e, err := c.event(ceremonies.Start{})
	if err != nil {
		return Taken{}, err
	}
	signed, err := approval.SignKey(c.statement(now, about, d, who.Name, lifetime), name, key, e.Random)
	if err != nil {
		return Taken{}, err
	}
	return c.takeSigned(now, signed, about)
}

// takeSigned keeps a statement that counts now.
func (c *Coordinator) takeSigned(now standing, s approval.Signed, about Subject) (Taken, error) {
	set, err := approval.Verify(now.Charter, [32]byte(now.Wallet.ID()), about.ID, []approval.Signed{s})
	if err != nil {
		return Taken{}, err
	}
	set = set.At(c.now(), int64(now.Charter.Document().ClockTolerance))
	for _, v := range set.Void() {
		return Taken{}, fmt.Errorf("coordinator: the %s of %q %s: %w", v.Decision, v.Person, v.Why, ErrVoid)
	}
	b, err := s.Encode()
	if err != nil {
		return Taken{}, err
	}
	before, err := c.statements(s.Subject)
	if err != nil {
		return Taken{}, err
	}
	taken := Taken{Signed: s, About: about.About, New: true}
	for _, other := range before {
		if other.Charter != s.Charter {
			continue
		}
		old, err := other.Encode()
		if err != nil {
			return Taken{}, err
		}
		if string(old) == string(b) {
			taken.New = false
			return taken, nil
		}
		if s.Decision == approval.Draft && other.Decision == approval.Draft {
			return Taken{}, fmt.Errorf("coordinator: %q signed already that they drafted %s: one initiator only; discard it and draft anew if that was wrong", other.Person, about.About)
		}
	}
	if len(before) >= maxKept {
		return Taken{}, fmt.Errorf("coordinator: there are %d statements about %s already, more than any rule can ask for", len(before), about.About)
	}
	return taken, c.keepStatement(s.Subject, b)
}

// keepStatement keeps what somebody signed, and with it the ballot that is under
// way, if that is what it is about.
func (c *Coordinator) keepStatement(subject [32]byte, b []byte) error {
	record := ceremonies.Record{Name: statementName(subject, b), Value: b}
	m, err := c.amendments()
	if err != nil {
		return err
	}
	p, under, err := m.Proposal(c.now())
	if err != nil {
		return err
	}
	if !under || approval.OfBallot(p.Digest) != subject {
		return c.store.Commit(book.Change{Records: []ceremonies.Record{record}})
	}
	_, err = c.amend(m, func(e ceremonies.Event) (ceremonies.Step, error) {
		step, err := m.Add(b, e)
		step.Save = append(step.Save, record)
		return step, err
	})
	return err
}

// maxKept bounds the statements about one subject.
const maxKept = 1000

func statementName(subject [32]byte, encoded []byte) string {
	digest := sha256.Sum256(encoded)
	return fmt.Sprintf("%s%x/%x", statementPrefix, subject, digest[:16])
}

// statements are those that were kept about a subject, under whatever charter.
func (c *Coordinator) statements(subject [32]byte) ([]approval.Signed, error) {
	kept, err := c.store.Records(fmt.Sprintf("%s%x/", statementPrefix, subject))
	if err != nil {
		return nil, err
	}
	var out []approval.Signed
	for _, r := range kept {
		s, err := approval.DecodeSigned(r.Value)
		if err != nil {
			return nil, fmt.Errorf("coordinator: statement %s: %w", r.Name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Statements are what people signed about a subject: what counts now, and what
// does not and why.
func (c *Coordinator) Statements(about Subject) (approval.Set, error) {
	now, err := c.at(c.now())
	if err != nil {
		return approval.Set{}, err
	}
	chosen, err := c.chosen(now.Charter, about, c.now())
	if err != nil {
		return approval.Set{}, err
	}
	set, err := approval.Verify(now.Charter, [32]byte(now.Wallet.ID()), about.ID, chosen)
	if err != nil {
		return approval.Set{}, err
	}
	return set.At(c.now(), int64(now.Charter.Document().ClockTolerance)), nil
}

// chosen are the statements that travel with a subject: about it and, for what
// rules may demand, that nothing is frozen; latest first, those of the charter in
// force before others, as many as there may be.
func (c *Coordinator) chosen(in charter.Charter, about Subject, at int64) ([]approval.Signed, error) {
	all, err := c.statements(about.ID)
	if err != nil {
		return nil, err
	}
	whole, err := c.WalletSubject()
	if err != nil {
		return nil, err
	}
	if whole.ID != about.ID {
		more, err := c.statements(whole.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	useful := func(s approval.Signed) bool { return s.Charter == in.ID() && at < s.Expiry }
	slices.SortStableFunc(all, func(a, b approval.Signed) int {
		if useful(a) != useful(b) {
			if useful(a) {
				return -1
			}
			return 1
		}
		return int(min(max(b.Time-a.Time, -1), 1))
	})
	drafted := false
	all = slices.DeleteFunc(all, func(s approval.Signed) bool {
		twice := s.Decision == approval.Draft && drafted
		drafted = drafted || s.Decision == approval.Draft
		return twice
	})
	return all[:min(len(all), approval.MaxStatements)], nil
}

// join writes a list as people do: "a, b and c".
func join(all []string, last string) string {
	out := ""
	for i, s := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			out += " " + last + " "
		default:
			out += ", "
		}
		out += s
	}
	return out
}
