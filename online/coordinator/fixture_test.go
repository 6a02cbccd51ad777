package coordinator_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/rehearsal"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
	"heliograph/online/node"
	"heliograph/online/store"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// people are the persons of a treasury: one at the coordinator, one at each
// station. They carry what the coordinator shows to whom it is for, approve what
// passes, and bring the answers back.
type people struct {
	t     testing.TB
	world *rehearsal.World // for its stations, clock and randomness

	answers [][]byte     // on their way to the coordinator's camera
	away    map[int]bool // stations that do not come
	quorums [][]int      // what to answer when asked for another quorum
	tamper  func(station int, answer []byte) []byte
	refuse  map[int]string // stations whose operator refuses, and why
	told    []ceremonies.Screen
	shown   int
	office  *office // the rest of the people, in a treasury that has them
}

func newPeople(t testing.TB, threshold, n int) *people {
	t.Helper()
	w, err := rehearsal.New(threshold, n, 1)
	must(t, err)
	p := &people{t: t, world: w, away: make(map[int]bool), refuse: make(map[int]string)}
	for _, s := range w.Stations {
		machine, step, err := enrolment.NewStation(s.Identity, w.At(s, ceremonies.Start{}))
		must(t, err)
		s.Enrol = machine
		p.keep(s, step)
	}
	return p
}

func (p *people) keep(s *rehearsal.Station, step ceremonies.Step) {
	for _, r := range step.Save {
		s.Disk[r.Name] = r.Value
	}
	for _, m := range step.Send {
		p.answers = append(p.answers, m.Bytes)
	}
}

// lose forgets what is on its way, as when the coordinator is killed.
func (p *people) lose() { p.answers = nil }

func (p *people) Show(_ context.Context, s ceremonies.Show) (coordinator.Word, error) {
	p.shown++
	var station int
	switch s.Message.Kind {
	case wire.KindRoster:
		for _, s2 := range p.world.Stations {
			p.roster(s2, s.Message.Bytes)
		}
	case wire.KindKeygenInvite, wire.KindKeygenAggregate, wire.KindKeygenCertificate:
		for _, s2 := range p.world.Stations {
			p.keygen(s2, s.Message.Bytes)
		}
	case wire.KindSigningRequest:
		if _, err := fmt.Sscanf(s.To, "station %d", &station); err != nil {
			return coordinator.GoOn, err
		}
		if p.away[station] {
			return coordinator.Away, nil
		}
		return coordinator.GoOn, p.sign(p.world.Stations[station], s.Message.Bytes)
	default:
		if p.office == nil {
			p.t.Fatalf("the coordinator shows a %s", s.Message.Kind)
		}
		return p.office.show(s)
	}
	return coordinator.GoOn, nil
}

func (p *people) roster(s *rehearsal.Station, sealed []byte) {
	for _, in := range []ceremonies.Input{ceremonies.Scanned{Bytes: sealed}, ceremonies.Matches{}} {
		if step, err := s.Enrol.Step(p.world.At(s, in)); err == nil {
			step.Send = nil
			p.keep(s, step)
		}
	}
}

func (p *people) keygen(s *rehearsal.Station, sealed []byte) {
	p.t.Helper()
	if s.Keygen == nil {
		r, own, ok := s.Enrol.Roster()
		if !ok {
			p.t.Fatal("a station is not enrolled")
		}
		var err error
		s.Keygen, err = keygen.NewStation(keygen.Setup{Group: rehearsal.Group(r), Station: own, Host: s.Identity.Host, Instance: s.Identity.Instance})
		must(p.t, err)
	}
	var in ceremonies.Input = ceremonies.Scanned{Bytes: sealed}
	for {
		step, err := s.Keygen.Step(p.world.At(s, in))
		if _, answered := errors.AsType[*ceremonies.Fault](err); answered {
			// It has answered this before: started again, it shows its answer.
			step, err = s.Keygen.Step(p.world.At(s, ceremonies.Start{}))
		}
		must(p.t, err)
		p.keep(s, step)
		switch screen := step.Screen.(type) {
		case ceremonies.Review:
			in = ceremonies.Approve{Digest: screen.Digest}
			continue
		case ceremonies.Compare:
			in = ceremonies.Matches{}
			continue
		}
		if len(step.Send) == 0 && step.Stored == "" {
			if show, ok := step.Screen.(ceremonies.Show); ok {
				p.answers = append(p.answers, show.Message.Bytes)
			}
		}
		break
	}
	p.pool(s)
}

// pool opens signing once the station has confirmed the wallet, and shows its
// first nonces; later it shows them again.
func (p *people) pool(s *rehearsal.Station) {
	p.t.Helper()
	if _, confirmed := s.Keygen.Share(); !confirmed {
		return
	}
	if s.Sign != nil {
		p.answers = append(p.answers, s.Disk["signing/pool"])
		return
	}
	setup, err := p.world.Setup(s)
	must(p.t, err)
	machine, step, err := signing.NewStation(setup, p.world.At(s, ceremonies.Start{}))
	must(p.t, err)
	s.Sign = machine
	p.keep(s, step)
}

func (p *people) sign(s *rehearsal.Station, sealed []byte) error {
	if why, no := p.refuse[s.Number]; no {
		step, err := p.world.Do(s, ceremonies.Scanned{Bytes: sealed})
		if err != nil {
			return err
		}
		review := step.Screen.(ceremonies.Review)
		if step, err = p.world.Do(s, ceremonies.Refuse{Digest: review.Digest, Reason: why}); err != nil {
			return err
		}
		p.answers = append(p.answers, step.Send[0].Bytes)
		return nil
	}
	answer, _, err := p.world.Visit(s, sealed)
	if err != nil {
		return err
	}
	if p.tamper != nil {
		answer = p.tamper(s.Number, answer)
	}
	p.answers = append(p.answers, answer)
	return nil
}

// Scan gives the next answer. When all have been scanned and more is wanted, the
// person asks for the message to be shown again, or shows the pools.
func (p *people) Scan(_ context.Context, s ceremonies.Scan) ([]byte, coordinator.Word, error) {
	if len(p.answers) == 0 {
		switch s.Want {
		case "its first nonce pool":
			p.answers = append(p.answers, p.office.pool())
		case "a station's nonce pool":
			for _, st := range p.world.Stations {
				p.answers = append(p.answers, st.Disk["signing/pool"])
			}
		case "a station's introduction":
			for _, st := range p.world.Stations {
				step, err := st.Enrol.Step(p.world.At(st, ceremonies.Start{}))
				if err != nil {
					return nil, coordinator.GoOn, err
				}
				p.keep(st, step)
			}
		default:
			return nil, coordinator.Again, nil
		}
	}
	next := p.answers[0]
	p.answers = p.answers[1:]
	return next, coordinator.GoOn, nil
}

func (p *people) Tell(s ceremonies.Screen) { p.told = append(p.told, s) }

func (p *people) Quorum(context.Context, int, []coordinator.Station) ([]int, error) {
	if len(p.quorums) == 0 {
		return nil, nil
	}
	next := p.quorums[0]
	p.quorums = p.quorums[1:]
	return next, nil
}

// chain is the embedded node, as main joins it.
type chain struct{ node *node.Embedded }

func (c chain) Block(ctx context.Context, height int32) ([]byte, error) {
	return c.node.RawBlock(ctx, height)
}

func (c chain) Tip(ctx context.Context) (int32, error) {
	height, _, err := c.node.Tip(ctx)
	return height, err
}

func (c chain) Coins(ctx context.Context, scripts [][]byte) ([]coordinator.Coin, error) {
	tip, err := c.Tip(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.node.Coins(ctx, scripts)
	var out []coordinator.Coin
	for _, f := range found {
		out = append(out, coordinator.Coin{
			OutPoint: batch.OutPoint{TxID: f.TxID, Vout: f.Vout}, Amount: batch.Amount(f.AmountSat), Script: f.Script,
			Spendable: f.Spendable(tip),
		})
	}
	return out, err
}

func (c chain) Status(ctx context.Context, txid [32]byte) (coordinator.TxStatus, error) {
	s, err := c.node.Status(ctx, txid)
	return coordinator.TxStatus{InMempool: s.InMempool, Height: s.Height, Block: s.BlockHash}, err
}

func (c chain) Broadcast(ctx context.Context, raw []byte) error { return c.node.Broadcast(ctx, raw) }

func (c chain) Pay(ctx context.Context, deposits []coordinator.Deposit) ([32]byte, error) {
	var payments []node.Payment
	for _, d := range deposits {
		payments = append(payments, node.Payment{Script: d.Script, AmountSat: int64(d.Amount)})
	}
	return c.node.FundMany(ctx, payments)
}

// treasury is a coordinator on a real store and a real chain.
type treasury struct {
	*coordinator.Coordinator
	t      testing.TB
	dir    string
	store  *store.Store
	broken *brokenStore // what the coordinator sees; nil: the store itself
	people *people
	chain  chain
}

func newTreasury(t testing.TB, threshold, n int) *treasury {
	t.Helper()
	return newTreasuryIn(t, t.TempDir(), threshold, n)
}

func newTreasuryIn(t testing.TB, parent string, threshold, n int) *treasury {
	t.Helper()
	dir := filepath.Join(parent, "treasury")
	first, err := coordinator.Setup(coordinator.Settings{Name: "Test", Network: wallet.Regtest}, rand.Reader)
	must(t, err)
	s, err := store.Create(dir, first)
	must(t, err)
	must(t, s.Close())
	y := &treasury{t: t, dir: dir, people: newPeople(t, threshold, n)}
	y.start(filepath.Join(parent, "node"))
	return y
}

// start opens the chain and the store.
func (y *treasury) start(nodeDir string) {
	y.t.Helper()
	var err error
	y.chain.node, err = node.Open(nodeDir, func() int64 { return y.people.world.Now })
	must(y.t, err)
	y.t.Cleanup(func() {
		_ = y.chain.node.Close()
		if y.store != nil {
			_ = y.store.Close()
		}
	})
	y.open()
}

// open opens the store afresh, as a new process does.
func (y *treasury) open() {
	y.t.Helper()
	if y.store != nil {
		must(y.t, y.store.Close())
	}
	var err error
	y.store, err = store.Open(y.dir)
	must(y.t, err)
	var seen coordinator.Store = y.store
	if y.broken != nil {
		y.broken.Store = y.store
		seen = y.broken
	}
	y.Coordinator, err = coordinator.Open(seen, func() int64 { return y.people.world.Now }, rand.Reader)
	must(y.t, err)
}

// payee is a P2WPKH script of a counterparty; n tells payees apart.
func payee(n byte) []byte {
	s := make([]byte, 22)
	s[1], s[2] = 20, n
	return s
}

func address(t testing.TB, script []byte) string {
	t.Helper()
	a, err := wallet.EncodeScript(wallet.Regtest, script)
	must(t, err)
	return a
}

// rules is a charter with the limits that these tests run into.
func rules() charter.Document {
	d := charter.Document{Name: "Test", Gap: 20, ClockTolerance: 7200, Rules: []charter.Rule{
		{ID: "allow/known", Effect: charter.Allow},
		{ID: "cap/day", Effect: charter.Require, Check: charter.MaxWindow, Max: 30_000_000, Window: 24 * 3600},
		{ID: "life/request", Effect: charter.Require, Check: charter.MaxLifetime, Max: 7200},
	}}
	ex := charter.Counterparty{Name: "Exchange"}
	for n := range byte(20) {
		ex.Destinations = append(ex.Destinations, payee(n+1))
	}
	d.Counterparties = []charter.Counterparty{ex, {Name: "Vendor", Destinations: [][]byte{payee(100)}}}
	return d
}

// complete makes a charter of what people wrote.
func complete(y *treasury, d charter.Document) (charter.Charter, error) {
	base, err := y.CharterBase()
	if err != nil {
		return charter.Charter{}, err
	}
	d.Version, d.Network, d.Threshold, d.Stations, d.Courier, d.Issued = base.Version, base.Network, base.Threshold, base.Stations, base.Courier, base.Issued
	return charter.New(d)
}

// make runs enrolment and key generation and funds the wallet.
func (y *treasury) make() keygen.Public {
	y.t.Helper()
	ctx := y.t.Context()
	n := len(y.people.world.Stations)
	_, err := y.Enrol(ctx, y.people, n, n/2+1)
	must(y.t, err)
	return y.generate(rules())
}

func (y *treasury) generate(d charter.Document) keygen.Public {
	y.t.Helper()
	draft, err := complete(y, d)
	must(y.t, err)
	p, err := y.Generate(y.t.Context(), y.people, draft)
	must(y.t, err)
	return p
}

func (y *treasury) fund(amount batch.Amount, count int) {
	y.t.Helper()
	ctx := y.t.Context()
	if height, _ := y.chain.Tip(ctx); height == 0 {
		must(y.t, y.chain.node.Mine(ctx, 101))
	}
	_, _, err := y.Fund(ctx, y.chain, amount, count)
	must(y.t, err)
	must(y.t, y.chain.node.Mine(ctx, 1))
}

// owe imports payouts of one amount to different addresses of the exchange.
func (y *treasury) owe(label string, amount int64, count int) []coordinator.Row {
	y.t.Helper()
	var rows []coordinator.Row
	for i := range count {
		rows = append(rows, coordinator.Row{
			Line: i + 2, ExternalID: fmt.Sprintf("%s-%d", label, i), Counterparty: "Exchange",
			Address: address(y.t, payee(byte(i%20+1))), AmountSat: fmt.Sprint(amount + int64(i)), Reference: label,
		})
	}
	_, problems, err := y.Import(rows)
	must(y.t, err)
	if len(problems) > 0 {
		y.t.Fatal(problems)
	}
	return rows
}

var plain = coordinator.DraftOptions{FeeRateSatPerKvB: 2000, MaxOutputs: 6, Lifetime: 3600, Ladder: 1}

func (y *treasury) draft(o coordinator.DraftOptions) coordinator.Drafted {
	y.t.Helper()
	d, err := y.Draft(y.t.Context(), y.chain, y.chain, o)
	must(y.t, err)
	return d
}

// status demands that all payouts, or those of a batch, have a status.
func (y *treasury) statuses(want book.PayoutStatus) {
	y.t.Helper()
	state, err := y.State()
	must(y.t, err)
	for _, p := range state.Payouts {
		if p.Status != want {
			y.t.Fatalf("payout %s is %s, want %s", p.ExternalID, p.Status, want)
		}
	}
}
