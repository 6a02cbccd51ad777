package coordinator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/rehearsal"
	"heliograph/ceremonies/reviewing"
	"heliograph/ceremonies/signing"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/wallet"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"

	"heliograph/online/coordinator"
)

// The people of an office: Ann approves in a browser, Ben and Cid on offline
// devices, Robot drafts. Ann and Ben are of finance, Ann and Cid are officers.
const (
	rpID   = "approve.localhost"
	origin = "https://approve.localhost"
)

// office is who is there beside the stations' operators, and the operators when
// an amendment comes.
type office struct {
	y      *treasury
	public keygen.Public
	ann    *testauthenticator.Authenticator
	robot  *wire.SigningKey
	tablet map[string]*reviewing.Reviewer

	answered map[string][]byte // what the devices answered, by request
	present  []int             // stations that are there when a ballot or certificate is shown
	next     int               // of present, for what one station after another is shown
	again    bool              // whoever was there comes again
	veto     bool              // reviewers refuse
	restored *amendment.Restored
	pool     func() []byte // the first nonce pool of the station that was restored
}

func key(t testing.TB, n byte) *wire.SigningKey {
	k, err := wire.GenerateSigningKey([32]byte{n, 200})
	must(t, err)
	return k
}

func offlineKey(t testing.TB, n byte) charter.Credential {
	k := key(t, n).Public()
	return charter.Credential{Name: "tablet", Kind: charter.CredentialOffline, Key: k[:]}
}

// twoOf asks for two people, one of them offline.
func twoOf(roles ...string) charter.Demand {
	return charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{
		{Kind: charter.DemandApprovals, Count: 2, Roles: roles},
		{Kind: charter.DemandApprovals, Count: 1, Roles: roles, Offline: true},
	}}
}

// officeTemplate is the treasury of an office.
var officeTemplate template

// newOffice makes a treasury of 2 of 3 whose charter knows people: a batch above
// 1,000,000 sat takes two, and so does a change that loosens, an hour before it is
// in force.
func newOffice(t *testing.T) (*treasury, *office) {
	t.Helper()
	t.Parallel()
	officeTemplate.make(t, func(dir string) (*treasury, keygen.Public) { return buildOffice(t, dir, officeCharter(t)) })
	y := officeTemplate.copy(t)
	return y, y.people.open(t, y)
}

// newOfficeOf is newOffice with another charter.
func newOfficeOf(t *testing.T, d charter.Document) (*treasury, *office) {
	t.Helper()
	t.Parallel()
	y, p := buildOffice(t, t.TempDir(), d)
	w := y.people.world
	w.Public, w.Line = p, p.Line()
	for _, s := range w.Stations {
		s.Line = w.Line
	}
	return y, y.people.open(t, y)
}

func officeCharter(t *testing.T) charter.Document {
	t.Helper()
	ann, err := testauthenticator.New(webauthn.ES256, [32]byte{1})
	must(t, err)
	machine := key(t, 9).Public()
	d := rules()
	d.People = []charter.Person{
		{Name: "Ann", Roles: []string{"finance", "officer"}, Credentials: []charter.Credential{{Name: "key", Kind: charter.CredentialES256, Key: ann.Key().Point}}},
		{Name: "Ben", Roles: []string{"finance"}, Credentials: []charter.Credential{offlineKey(t, 1)}},
		{Name: "Cid", Roles: []string{"officer"}, Credentials: []charter.Credential{offlineKey(t, 2)}},
		{Name: "Robot", Machine: true, Credentials: []charter.Credential{{Name: "server", Kind: charter.CredentialMachine, Key: machine[:]}}},
	}
	d.Web = charter.Web{RPID: rpID, Origins: []string{origin}}
	d.Rules = append(d.Rules, charter.Rule{ID: "tier/amount", Effect: charter.Require, Check: charter.MaxBatch, Max: 1_000_000, Unless: twoOf("finance", "officer")})
	officers := charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"officer"}, Initiator: true}
	d.Governance = charter.Governance{Loosen: officers, Thaw: officers, Delay: 3600, Officers: []string{"officer"}}
	return d
}

func buildOffice(t *testing.T, dir string, d charter.Document) (*treasury, keygen.Public) {
	t.Helper()
	y := newTreasuryIn(t, dir, 2, 3)
	_, err := y.Enrol(t.Context(), y.people, 3, 2)
	must(t, err)
	p := y.generate(d)
	y.fund(2_000_000, 6)
	return y, p
}

// open lets the people of an office in, with their devices set up.
func (p *people) open(t *testing.T, y *treasury) *office {
	t.Helper()
	ann, err := testauthenticator.New(webauthn.ES256, [32]byte{1})
	must(t, err)
	o := &office{y: y, public: p.world.Public, ann: ann, robot: key(t, 9), tablet: map[string]*reviewing.Reviewer{}, answered: map[string][]byte{}, present: []int{0, 1, 2}}
	p.office = o
	for name, n := range map[string]byte{"Ben": 1, "Cid": 2} {
		o.tablet[name], _, err = reviewing.NewReviewer(reviewing.Setup{Name: name, Network: wallet.Regtest, Key: key(t, n)}, p.world.Event(ceremonies.Start{}))
		must(t, err)
	}
	must(t, y.Invite(t.Context(), p))
	return o
}

// amend is a station's machine for amendments, started from its disk.
func (o *office) amend(s *rehearsal.Station) *amendment.Station {
	m, err := amendment.NewStation(o.setup(s), s.Disk.Records(amendment.Prefix))
	must(o.y.t, err)
	return m
}

func (o *office) setup(s *rehearsal.Station) amendment.Setup {
	return amendment.Setup{First: o.public.Line(), Station: s.Number, Instance: s.Identity.Instance, Heads: func() []ledger.Head {
		if s.Sign == nil {
			return nil
		}
		return s.Sign.Heads()
	}}
}

// tell gives a message to a station's machine for amendments; its people approve.
func (o *office) tell(s *rehearsal.Station, sealed []byte) {
	t := o.y.t
	t.Helper()
	m := o.amend(s)
	step, err := m.Step(o.y.people.world.At(s, ceremonies.Scanned{Bytes: sealed}))
	must(t, err)
	if review, ok := step.Screen.(ceremonies.Review); ok {
		o.y.people.keep(s, ceremonies.Step{Save: step.Save})
		step, err = m.Step(o.y.people.world.At(s, ceremonies.Approve{Digest: review.Digest}))
		must(t, err)
	}
	o.y.people.keep(s, step)
	if step.Stored != "" { // what it has said before
		o.y.people.answers = append(o.y.people.answers, s.Disk[step.Stored])
	}
	s.Line, s.Frozen = m.Line(), m.Freezes()
	if s.Sign != nil && s.Disk[signing.StateName] != nil {
		must(t, o.y.people.world.Restart(s))
	}
}

// show is what the office does with what the coordinator shows.
func (o *office) show(s ceremonies.Show) (coordinator.Word, error) {
	w := o.y.people.world
	switch s.Message.Kind {
	case wire.KindBallot, wire.KindVoidRequest, wire.KindChallenge:
		if o.next >= len(o.present) && o.again {
			o.next = 0
		}
		if o.next >= len(o.present) {
			return coordinator.Away, nil
		}
		o.tell(w.Stations[o.present[o.next]], s.Message.Bytes)
		o.next++
	case wire.KindCertificate, wire.KindFreeze:
		for _, i := range o.present {
			o.tell(w.Stations[i], s.Message.Bytes)
		}
		if o.restored != nil {
			o.recall(s.Message.Bytes)
		}
		for _, device := range o.tablet {
			if _, err := device.Step(w.Event(ceremonies.Scanned{Bytes: s.Message.Bytes})); err != nil && s.Message.Kind == wire.KindFreeze {
				return coordinator.GoOn, err
			}
		}
		o.next = 0
	case wire.KindRecords:
		if !strings.HasPrefix(s.Title, "Ballot") {
			o.recall(s.Message.Bytes)
			return coordinator.GoOn, nil
		}
		station := w.Stations[o.present[o.next]]
		step, err := station.Sign.Step(w.At(station, ceremonies.Scanned{Bytes: s.Message.Bytes}))
		if err != nil {
			return coordinator.GoOn, err
		}
		o.y.people.keep(station, ceremonies.Step{Save: step.Save})
	case wire.KindWitness:
		o.recall(s.Message.Bytes)
	case wire.KindReviewerInvite:
		for _, r := range o.tablet {
			for _, in := range []ceremonies.Input{ceremonies.Scanned{Bytes: s.Message.Bytes}, ceremonies.Matches{}, ceremonies.Matches{}} {
				if _, err := r.Step(w.Event(in)); err != nil {
					return coordinator.GoOn, err
				}
			}
		}
	case wire.KindApprovalRequest:
		return coordinator.GoOn, o.review(strings.TrimPrefix(s.To, "the device of "), s.Message.Bytes)
	default:
		o.y.t.Fatalf("the coordinator shows a %s", s.Message.Kind)
	}
	return coordinator.GoOn, nil
}

// review is a person at an offline device.
func (o *office) review(name string, sealed []byte) error {
	r, w := o.tablet[name], o.y.people.world
	step, err := r.Step(w.Event(ceremonies.Scanned{Bytes: sealed}))
	if err != nil {
		return err
	}
	if before, ok := o.answered[string(sealed)]; ok { // it shows its answer again
		o.y.people.answers = append(o.y.people.answers, before)
		return nil
	}
	review, ok := step.Screen.(ceremonies.Review)
	if !ok {
		return errors.New("the device shows no review")
	}
	if o.veto {
		step, err = r.Step(w.Event(ceremonies.Refuse{Digest: review.Digest, Reason: "this is too much"}))
	} else {
		step, err = r.Step(w.Event(ceremonies.Approve{Digest: review.Digest}))
	}
	for err == nil && len(step.Send) == 0 {
		step, err = r.Step(w.Event(ceremonies.Typed{Text: "refuse"})) // not a veto
	}
	if err != nil {
		return err
	}
	o.answered[string(sealed)] = step.Send[0].Bytes
	o.y.people.answers = append(o.y.people.answers, step.Send[0].Bytes)
	return nil
}

// recall gives a message to the station that was restored.
func (o *office) recall(sealed []byte) {
	t, w := o.y.t, o.y.people.world
	t.Helper()
	s := w.Stations[2]
	step, err := o.restored.Step(w.At(s, ceremonies.Scanned{Bytes: sealed}))
	must(t, err)
	o.y.people.keep(s, step)
	if compare, ok := step.Screen.(ceremonies.Compare); ok && len(compare.Words) > 0 {
		step, err = o.restored.Step(w.At(s, ceremonies.Matches{}))
		must(t, err)
		o.y.people.keep(s, step)
	}
}

// remember starts signing at the station that was restored, and returns its first
// pool.
func (o *office) remember(s *rehearsal.Station) []byte {
	t, w := o.y.t, o.y.people.world
	t.Helper()
	records, heads, ready := o.restored.Memory()
	if !ready {
		t.Fatal("the restored station still lacks something")
	}
	s.Line = o.restored.Line()
	setup, err := w.Setup(s)
	must(t, err)
	machine, step, err := signing.RestoreStation(setup, signing.Memory{Records: records, Heads: heads}, w.At(s, ceremonies.Start{}))
	must(t, err)
	s.Sign = machine
	for _, r := range step.Save {
		s.Disk[r.Name] = r.Value
	}
	return step.Send[0].Bytes
}

// browser is Ann's answer to a challenge.
func (o *office) browser(about coordinator.Subject, d approval.Decision) (coordinator.Taken, error) {
	asked, err := o.y.Challenge(about, d, "Ann", "", 3600)
	if err != nil {
		return coordinator.Taken{}, err
	}
	challenge := asked.Statement.Challenge()
	a, err := o.ann.Assert(asked.Web.RPID, asked.Web.Origins[0], challenge, testauthenticator.Options{})
	must(o.y.t, err)
	return o.y.TakeAssertion(challenge, a)
}

func (o *office) approve(about coordinator.Subject, names ...string) {
	t := o.y.t
	t.Helper()
	for _, name := range names {
		var err error
		if name == "Ann" {
			_, err = o.browser(about, approval.Approve)
		} else {
			_, err = o.y.Review(t.Context(), o.y.people, about, name, 3600)
		}
		must(t, err)
	}
}

// change drafts a successor of the newest charter.
func (o *office) change(edit func(*charter.Document)) coordinator.Amendment {
	t := o.y.t
	t.Helper()
	line, err := o.y.Line()
	must(t, err)
	d := line.Latest().Document()
	base, err := o.y.CharterBase()
	must(t, err)
	d.Epoch, d.Prior, d.Issued = base.Epoch, base.Prior, base.Issued
	edit(&d)
	next, err := charter.New(d)
	must(t, err)
	a, err := o.y.DraftAmendment(next)
	must(t, err)
	return a
}

func rule(d *charter.Document, id string) *charter.Rule {
	return &d.Rules[slices.IndexFunc(d.Rules, func(r charter.Rule) bool { return r.ID == id })]
}
