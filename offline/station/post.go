package station

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// post is a station at work: it signs batches, amends the charter and obeys
// freezes, in one run. Each message goes to the machine of its kind; when the
// one that amends has a newer charter or a new freeze, the one that signs goes on
// under it, in the same step.
type post struct {
	app    *App
	share  *keygen.Share
	amend  *amendment.Station
	sign   *signing.Station   // nil while the newest charter lists another installation
	asking ceremonies.Machine // whose question is on the screen, or nil
}

// amendmentSetup is what a share brings to amendments. heads is what this
// station knows of records, or nil.
func (a *App) amendmentSetup(share *keygen.Share, heads func() []ledger.Head) amendment.Setup {
	return amendment.Setup{First: share.Public.Line(), Station: share.Station, Instance: a.identity.instance, Heads: heads}
}

// openPost resumes both machines from what is kept, every certificate verified
// again. Where signing has not begun, the returned step begins it: with the
// memory of others, if this installation was listed in the place of another. It
// has no signing machine if the newest charter lists another one in its place.
func (a *App) openPost(share *keygen.Share) (p *post, first ceremonies.Step, fresh bool, err error) {
	if a.post != nil {
		return a.post, first, false, nil
	}
	p = &post{app: a, share: share}
	kept, err := a.records(amendment.Prefix)
	if err != nil {
		return nil, first, false, err
	}
	heads := func() []ledger.Head {
		if p.sign == nil {
			return nil
		}
		return p.sign.Heads()
	}
	if p.amend, err = amendment.NewStation(a.amendmentSetup(share, heads), kept); err != nil {
		return nil, first, false, err
	}
	begun, err := a.has(signing.StateName)
	if err != nil {
		return nil, first, false, err
	}
	if begun {
		if err := p.resume(); err != nil && !errors.Is(err, signing.ErrUnlisted) {
			return nil, first, false, err
		}
		a.post = p
		return p, first, false, nil
	}
	e, err := a.event(ceremonies.Start{})
	if err != nil {
		return nil, first, false, err
	}
	if !a.identity.restored {
		p.sign, first, err = signing.NewStation(p.setup(), e)
		return p, first, true, err
	}
	recall, err := amendment.NewRestored(a.amendmentSetup(share, nil), kept)
	if err != nil {
		return nil, first, false, err
	}
	records, known, ready := recall.Memory()
	if !ready {
		return nil, first, false, errors.New("station: internal error: signing is to begin without the memory of the others")
	}
	p.sign, first, err = signing.RestoreStation(p.setup(), signing.Memory{Records: records, Heads: known}, e)
	return p, first, true, err
}

// reopenPost resumes a station that has begun to sign. ErrNoWallet before that.
func (a *App) reopenPost() (*post, error) {
	share, found, err := a.share()
	if err != nil {
		return nil, err
	}
	begun, err := a.has(signing.StateName)
	if err != nil {
		return nil, err
	}
	if !found || !begun {
		return nil, ErrNoWallet
	}
	p, _, _, err := a.openPost(share)
	if err == nil && p.sign == nil {
		err = signing.ErrUnlisted
	}
	return p, err
}

// setup is what this station brings to signing now.
func (p *post) setup() signing.Setup {
	return signing.Setup{
		Group:   signing.Group{Line: p.amend.Line(), Wallet: p.share.Public.Wallet, PublicShares: p.share.Public.PublicShares},
		Station: p.share.Station, Share: p.share.Secret, Instance: p.app.identity.instance, Pool: p.app.identity.pool,
		Version: Version, Frozen: p.amend.Freezes(),
	}
}

// resume rebuilds signing from what is kept, on the line and the freezes of now.
func (p *post) resume() error {
	kept, err := p.app.records(signing.StateName, signing.LedgerPrefix)
	if err != nil {
		return err
	}
	sign, err := signing.ResumeStation(p.setup(), kept)
	p.sign = sign
	return err
}

// Step routes an event: a message by its kind, an answer to whoever asked.
func (p *post) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return p.home(e)
	case ceremonies.Scanned:
		machine := p.machine(in.Bytes)
		return p.take(machine, e)
	}
	if p.asking == nil {
		return ceremonies.Step{}, ceremonies.Unexpected("signing/unexpected", p.awaits())
	}
	return p.take(p.asking, e)
}

// machine is the one that a message is for, by what its envelope claims. A station
// that is being replaced takes what is about the charter, and nothing else.
func (p *post) machine(sealed []byte) ceremonies.Machine {
	if p.sign == nil {
		return p.amend
	}
	claim, err := wire.Peek(sealed)
	if err != nil {
		return p.sign
	}
	switch claim.Kind {
	case wire.KindBallot, wire.KindCertificate, wire.KindVoidRequest, wire.KindFreeze, wire.KindChallenge:
		return p.amend
	}
	return p.sign
}

// take gives an event to a machine, and keeps signing in step with the charter.
func (p *post) take(m ceremonies.Machine, e ceremonies.Event) (ceremonies.Step, error) {
	before, freezes := p.epochs(), p.amend.Freezes()
	step, err := m.Step(e)
	if err != nil {
		return step, err
	}
	p.asking = nil
	if asks(step.Screen) {
		p.asking = m
	}
	if p.sign != nil && !slices.Equal(freezes, p.amend.Freezes()) {
		p.sign.Obey(p.amend.Freezes())
	}
	if slices.Equal(p.epochs(), before) {
		return step, nil
	}
	err = p.resume()
	if errors.Is(err, signing.ErrUnlisted) {
		p.sign = nil // the step is kept and shown; then over says whether there is more to do
		return step, nil
	}
	return step, err
}

// epochs says from when each charter of the line is in force, the newest last: what
// tells two lines of one wallet apart.
func (p *post) epochs() []int64 {
	var from []int64
	for _, e := range p.amend.Line().Epochs() {
		from = append(from, e.From)
	}
	return from
}

func asks(s ceremonies.Screen) bool {
	switch s.(type) {
	case ceremonies.Review, ceremonies.Compare, ceremonies.Ask:
		return true
	}
	return false
}

// home drops what is on the screen and says how this station stands.
func (p *post) home(e ceremonies.Event) (ceremonies.Step, error) {
	p.asking = nil
	if _, err := p.amend.Step(e); err != nil {
		return ceremonies.Step{}, err
	}
	if p.sign == nil {
		return ceremonies.Step{Screen: ceremonies.Done{Title: "This station is being replaced and signs nothing", Lines: p.waiting(e.Time)}}, nil
	}
	step, err := p.sign.Step(e)
	if err != nil {
		return step, err
	}
	if frozen := p.amend.Frozen(e.Time); len(frozen) > 0 && !p.sign.Status().Frozen {
		step.Screen = ceremonies.Done{Title: "FROZEN: this station signs no payment", Lines: append(frozen,
			ceremonies.Line{Label: "To lift it", Value: "an amendment that names the freeze; nothing else does"})}
		return step, nil
	}
	if pending := p.waiting(e.Time); len(pending) > 0 {
		step.Screen = ceremonies.Done{Title: "Ready to sign", Lines: pending}
	}
	return step, nil
}

// waiting says which charter is adopted and not yet in force; nothing if none is.
func (p *post) waiting(now int64) []ceremonies.Line {
	next, from, pending := p.amend.Line().Pending(now)
	if !pending {
		return nil
	}
	return []ceremonies.Line{{
		Label: "Not yet in force", Value: fmt.Sprintf("charter %d, until %s", next.Document().Epoch, ceremonies.Clock(from)), Alert: true,
	}}
}

// over reports whether this installation is out of service: the charter in force
// lists another one in its place. Before that the change may still be withdrawn,
// and this installation must be able to learn of it.
func (p *post) over() bool {
	now := p.amend.Line().At(p.app.world.Now()).Charter().Instances()
	return p.sign == nil && now[p.share.Station] != p.app.identity.instance.Public()
}

// receipt is the end of the transcript of signing.
func (p *post) receipt() [32]byte {
	if p.sign == nil {
		return [32]byte{}
	}
	return p.sign.Status().Receipt
}

// awaits says what this station takes when it asks nothing.
func (p *post) awaits() string {
	if p.sign == nil {
		return "a message about the charter, or a freeze"
	}
	return "a signing request from the coordinator, a message about the charter, or a freeze"
}

// parties are those who may speak under the charter in force.
func (p *post) parties() parties {
	return partiesUnder(p.amend.Line().At(p.app.world.Now()).Charter())
}

// line is the wallet's line of charters as far as this installation adopted it.
func (a *App) line(share *keygen.Share) (lineage.Line, error) {
	if a.post != nil {
		return a.post.amend.Line(), nil
	}
	kept, err := a.records(amendment.EpochPrefix)
	if err != nil {
		return lineage.Line{}, err
	}
	return amendment.Follow(share.Public.Line(), kept)
}

// work is the ceremony that a finished share has come to.
func (a *App) work(share *keygen.Share) (*ceremony, error) {
	begun, err := a.has(signing.StateName)
	if err != nil {
		return nil, err
	}
	if !a.identity.restored || begun {
		return a.signing(share)
	}
	r, err := a.openRestoring(share)
	if err != nil {
		return nil, err
	}
	if r.ready() {
		return a.signing(share)
	}
	return a.restoring(r)
}
