package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/qr"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// drawn is a generator that is a function of its seed.
type drawn struct {
	seed uint64
	n    uint64
	left []byte
}

func (d *drawn) Read(p []byte) (int, error) {
	for i := range p {
		if len(d.left) == 0 {
			d.n++
			h := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, d.seed), d.n))
			d.left = h[:]
		}
		p[i], d.left = d.left[0], d.left[1:]
	}
	return len(p), nil
}

// diary is what happened at one station, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// disk is a Store in memory.
type disk struct {
	diary   *diary
	records map[string][]byte
	fail    func([]ceremonies.Record) error
}

func (d *disk) PutAll(records []ceremonies.Record) error {
	if d.fail != nil {
		if err := d.fail(records); err != nil {
			d.diary.add("lost")
			return err
		}
	}
	for _, r := range records {
		d.records[r.Name] = bytes.Clone(r.Value)
	}
	d.diary.add("kept %s", records[0].Name)
	return nil
}

func (d *disk) Get(name string) ([]byte, bool, error) {
	v, ok := d.records[name]
	return bytes.Clone(v), ok, nil
}

func (d *disk) Names(prefix string) ([]string, error) {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(d.records)) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out, nil
}

// glass is a Screen: it reads what is shown, as the other side would.
type glass struct {
	diary    *diary
	mu       sync.Mutex
	decoder  qr.Decoder
	complete chan struct{} // one for each message that was read whole
	messages [][]byte
	fail     error
}

func (g *glass) Show(ctx context.Context, frame image.Image) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	g.diary.add("frame")
	text, err := qr.Read(frame)
	if err != nil {
		return err
	}
	if g.decoder.Done() {
		g.mu.Unlock()
		<-ctx.Done()
		g.mu.Lock()
		return ctx.Err()
	}
	if _, err := g.decoder.Receive(text); err != nil {
		return err
	}
	if g.decoder.Done() {
		m, err := g.decoder.Message()
		if err != nil {
			return err
		}
		g.messages = append(g.messages, m)
		g.complete <- struct{}{}
	}
	return nil
}

func (g *glass) Clear() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.decoder = qr.Decoder{}
	return nil
}

// lens is a Camera. For each scan it is held before the next message of feed,
// and when it has seen a message many times over, before the next; when there is
// none left the day ends.
type lens struct {
	feed   [][]byte
	junk   []string // texts of codes that come between
	frames *qr.Encoder
	i      int
	end    context.CancelFunc
}

func (l *lens) Begin() error {
	l.frames, l.i = nil, 0
	if len(l.feed) == 0 {
		return nil
	}
	frames, err := qr.NewEncoder(l.feed[0], qr.DefaultFragment)
	l.frames, l.feed = frames, l.feed[1:]
	return err
}

func (l *lens) Next(ctx context.Context) (image.Image, error) {
	if l.frames == nil {
		l.end()
		return nil, ctx.Err()
	}
	if l.i++; l.i > 6*l.frames.K()+8 {
		if err := l.Begin(); err != nil {
			return nil, err
		}
		return l.Next(ctx)
	}
	if n := len(l.junk); n > 0 && l.i%2 == 0 {
		return qr.Draw(l.junk[l.i/2%n], modulePx)
	}
	return qr.Draw(l.frames.Frame(l.i), modulePx)
}

// operator is a Person who agrees, unless told otherwise.
type operator struct {
	diary    *diary
	glass    *glass
	screens  []ceremonies.Screen
	scans    []Progress
	decide   func(ceremonies.Review) ceremonies.Input
	compare  func(ceremonies.Compare, Offers) Answer
	handOver func() error
}

func (o *operator) Look(s ceremonies.Screen) {
	o.diary.add("screen %T", s)
	o.screens = append(o.screens, s)
}

func (o *operator) Scanning(p Progress) { o.scans = append(o.scans, p) }

func (o *operator) Answer(ctx context.Context, s ceremonies.Screen, offers Offers) (Answer, error) {
	switch s := s.(type) {
	case ceremonies.Show:
		if o.handOver != nil {
			return Answer{}, o.handOver()
		}
		select {
		case <-o.glass.complete:
			return Answer{}, nil
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	case ceremonies.Review:
		if o.decide != nil {
			return Answer{Input: o.decide(s)}, nil
		}
		return Answer{Input: ceremonies.Approve{Digest: s.Digest}}, nil
	case ceremonies.Compare:
		if o.compare != nil {
			return o.compare(s, offers), nil
		}
		return Answer{Input: ceremonies.Matches{}}, nil
	}
	return Answer{}, errors.New("nobody answers this screen")
}

// vault is one station and everything around it.
type vault struct {
	t        *testing.T
	diary    *diary
	disk     *disk
	glass    *glass
	lens     *lens
	operator *operator
	random   *drawn
	now      *int64
	shown    [][]byte // all that this station ever showed whole
}

const dawn = 1_800_000_000

func newVault(t *testing.T, number int, now *int64) *vault {
	t.Helper()
	d := &diary{}
	v := &vault{t: t, diary: d, disk: &disk{diary: d, records: map[string][]byte{}}, random: &drawn{seed: uint64(number)}, now: now}
	v.glass = &glass{diary: d, complete: make(chan struct{}, 16)}
	v.lens = &lens{}
	v.operator = &operator{diary: d, glass: v.glass}
	n, err := Create(Choice{Name: fmt.Sprintf("vault %c", 'a'+number), Network: wallet.Regtest, Pool: 16}, *now, v.random)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Keep(v.disk); err != nil {
		t.Fatal(err)
	}
	return v
}

// open starts the station from its disk.
func (v *vault) open() *App {
	v.t.Helper()
	app, err := Open(World{
		Store: v.disk, Camera: v.lens, Screen: v.glass, Person: v.operator,
		Now: func() int64 { return *v.now }, Random: v.random,
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return app
}

// visit starts the station, holds messages before its camera, and returns what
// it showed. A day without a message ends with context.Canceled.
func (v *vault) visit(feed ...[]byte) ([][]byte, Outcome, error) {
	v.t.Helper()
	app := v.open()
	defer app.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	v.lens.feed, v.lens.end = feed, cancel
	v.glass.messages, v.operator.screens, v.operator.scans = nil, nil, nil
	for len(v.glass.complete) > 0 {
		<-v.glass.complete // of a show that was cut off
	}
	outcome, err := app.Run(ctx, true)
	v.shown = append(v.shown, v.glass.messages...)
	return v.glass.messages, outcome, err
}

// latest is the last message of a kind that this station showed.
func (v *vault) latest(kind wire.Kind) []byte {
	v.t.Helper()
	for _, m := range slices.Backward(v.shown) {
		if claim, err := wire.Peek(m); err == nil && claim.Kind == kind {
			return m
		}
	}
	v.t.Fatalf("no %s was shown", kind)
	return nil
}

// answer is a visit that must be answered; it returns the last message shown.
func (v *vault) answer(feed ...[]byte) []byte {
	v.t.Helper()
	shown, outcome, err := v.visit(feed...)
	if err != nil || outcome != Answered || len(shown) == 0 {
		v.t.Fatalf("visit: outcome %d, %d messages, %v; last screen %+v", outcome, len(shown), err, v.operator.last())
	}
	return shown[len(shown)-1]
}

func (o *operator) last() ceremonies.Screen {
	if len(o.screens) == 0 {
		return nil
	}
	return o.screens[len(o.screens)-1]
}

// faults are those that were told, by code.
func (o *operator) faults() []string {
	var out []string
	for _, s := range o.screens {
		if f, ok := s.(ceremonies.Failed); ok {
			out = append(out, f.Fault.Code)
		}
	}
	return out
}

// treasury is some vaults, mostly two, and an honest coordinator.
type treasury struct {
	t       *testing.T
	now     int64
	vaults  []*vault
	courier *wire.SigningKey
	random  *drawn
	roster  []byte
	enrol   *enrolment.Coordinator
	keygen  *keygen.Coordinator
	public  keygen.Public
	desk    *signing.Desk
	pools   [][]byte

	change    func(*charter.Document) // of the first charter's draft, or nil
	certified lineage.Line            // the coordinator's, once something was certified
}

func newTreasury(t *testing.T) *treasury { return newTreasuryOf(t, 2) }

// newTreasuryOf is a treasury of so many vaults, two of which sign.
func newTreasuryOf(t *testing.T, n int) *treasury {
	t.Helper()
	w := &treasury{t: t, now: dawn, random: &drawn{seed: 99}}
	for i := range n {
		w.vaults = append(w.vaults, newVault(t, i, &w.now))
	}
	var err error
	w.courier, err = wire.GenerateSigningKey(w.draw())
	w.must(err)
	w.enrol, err = enrolment.NewCoordinator(enrolment.Plan{Network: wallet.Regtest, Stations: n, Threshold: 2}, w.courier, nil)
	w.must(err)
	return w
}

func (w *treasury) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *treasury) draw() [32]byte {
	b, err := draw(w.random)
	w.must(err)
	return b
}

func (w *treasury) event(in ceremonies.Input) ceremonies.Event {
	return ceremonies.Event{Time: w.now, Random: w.draw(), Input: in}
}

// introduce collects every introduction into the roster.
func (w *treasury) introduce() {
	w.t.Helper()
	for _, v := range w.vaults {
		shown, _, err := v.visit()
		if !errors.Is(err, context.Canceled) || len(shown) != 1 {
			w.t.Fatalf("introduction: %d messages, %v", len(shown), err)
		}
		step, err := w.enrol.Step(w.event(ceremonies.Scanned{Bytes: shown[0]}))
		w.must(err)
		if len(step.Send) > 0 {
			w.roster = step.Send[0].Bytes
		}
	}
}

func payee(n byte) []byte {
	s := make([]byte, 22)
	s[1], s[2] = 20, n
	return s
}

// draft begins key generation with a charter.
func (w *treasury) draft() {
	w.t.Helper()
	r, ok := w.enrol.Roster()
	if !ok {
		w.t.Fatal("no roster")
	}
	d := charter.Document{
		Version: charter.Version, Name: "Cold", Network: r.Network, Threshold: 2, Stations: r.Stations, Courier: r.Courier,
		Counterparties: []charter.Counterparty{{Name: "Exchange", Destinations: [][]byte{payee(1), payee(2)}}},
		Rules: []charter.Rule{
			{ID: "allow/known", Effect: charter.Allow},
			{ID: "cap/output", Effect: charter.Require, Check: charter.MaxOutput, Max: 1_000_000},
		},
		Gap: 20, ClockTolerance: 7200, Issued: dawn,
	}
	if w.change != nil {
		w.change(&d)
	}
	draft, err := charter.New(d)
	w.must(err)
	w.keygen, err = keygen.NewCoordinator(keygen.Group{ID: r.ID, Network: r.Network, Threshold: r.Threshold, Stations: r.Stations, Courier: r.Courier}, draft, w.courier, nil)
	w.must(err)
}

// present is the message of the present visit of key generation.
func (w *treasury) present() []byte {
	w.t.Helper()
	step, err := w.keygen.Step(w.event(ceremonies.Start{}))
	w.must(err)
	return step.Send[0].Bytes
}

func (w *treasury) heard(message []byte) {
	w.t.Helper()
	_, err := w.keygen.Step(w.event(ceremonies.Scanned{Bytes: message}))
	w.must(err)
}

// enrolled is a treasury whose stations have one roster. change alters the draft
// of its charter, or is nil.
func enrolled(t *testing.T, change func(*charter.Document)) *treasury {
	t.Helper()
	w := newTreasury(t)
	w.change = change
	return w.enrolled()
}

func (w *treasury) enrolled() *treasury {
	w.t.Helper()
	w.introduce()
	for _, v := range w.vaults {
		v.answer(w.roster)
	}
	w.draft()
	return w
}

// grown is a treasury that may sign, made once and copied by ready.
var grown struct {
	once  sync.Once
	world *treasury
	pools [][]byte
	disks []map[string][]byte
}

// ready is a treasury that may sign, with its own copy of everything that
// changes.
func ready(t *testing.T) *treasury {
	t.Helper()
	grown.once.Do(func() {
		grown.world, grown.pools = grow(t, nil)
		for _, v := range grown.world.vaults {
			grown.disks = append(grown.disks, v.disk.records)
		}
	})
	if grown.disks == nil {
		t.Fatal("the treasury did not grow")
	}
	from := grown.world
	w := &treasury{t: t, now: dawn, random: &drawn{seed: 98}, courier: from.courier, roster: from.roster, enrol: from.enrol, keygen: from.keygen}
	for i, records := range grown.disks {
		v := newVault(t, i, &w.now)
		v.random = &drawn{seed: 100 + uint64(i)}
		v.disk.records = maps.Clone(records)
		v.shown = slices.Clone(from.vaults[i].shown)
		w.vaults = append(w.vaults, v)
	}
	w.openDesk(grown.pools...)
	return w
}

// readyUnder is ready, under a charter of its own.
func readyUnder(t *testing.T, change func(*charter.Document)) *treasury {
	t.Helper()
	w, pools := grow(t, change)
	w.openDesk(pools...)
	return w
}

func grow(t *testing.T, change func(*charter.Document)) (*treasury, [][]byte) {
	t.Helper()
	w := enrolled(t, change)
	return w, w.grow()
}

// grow generates the key, and returns the first nonce pools.
func (w *treasury) grow() (pools [][]byte) {
	w.t.Helper()
	for range 2 {
		message := w.present()
		for _, v := range w.vaults {
			w.heard(v.answer(message))
		}
	}
	message := w.present()
	for _, v := range w.vaults {
		shown, outcome, err := v.visit(message)
		if err != nil || outcome != Answered || len(shown) < 2 {
			w.t.Fatalf("visit 3: %d messages, %d, %v", len(shown), outcome, err)
		}
		w.heard(shown[len(shown)-2])
		pools = append(pools, shown[len(shown)-1])
	}
	return pools
}

func (w *treasury) openDesk(pools ...[]byte) {
	w.t.Helper()
	var err error
	w.public, err = w.keygen.Public()
	w.must(err)
	w.pools = pools
	w.desk = w.deskOf(w.public.Line())
}

// deskOf is the coordinator's memory after the first pools, under a line.
func (w *treasury) deskOf(line lineage.Line) *signing.Desk {
	w.t.Helper()
	desk, err := signing.NewDesk(signing.Group{Line: line, Wallet: w.public.Wallet, PublicShares: w.public.PublicShares}, w.courier, nil)
	w.must(err)
	for _, pool := range w.pools {
		_, _, err := desk.AddPool(pool)
		w.must(err)
	}
	return desk
}

// pay is a request with one payment and one input.
func (w *treasury) pay(id string, amount batch.Amount) batch.Request {
	return batch.Request{
		Wallet: w.public.Wallet.ID(), Charter: w.public.Charter.ID(), Time: w.now, Expiry: w.now + 3600,
		Payments: []batch.Payment{{ExternalID: id, Counterparty: "Exchange", Reference: "ref", Amount: amount, Script: payee(1)}},
		Transactions: []batch.Transaction{{
			Inputs:   []batch.Input{{OutPoint: batch.OutPoint{TxID: w.draw()}, Amount: amount + 1000}},
			Payments: []uint32{0}, Variants: []batch.Variant{{}},
		}},
	}
}

// order opens a session for a batch.
func (w *treasury) order(r batch.Request, quorum ...int) (*signing.Session, []byte) {
	w.t.Helper()
	return w.orderAt(w.desk, r, quorum...)
}

// orderAt opens a session at a desk.
func (w *treasury) orderAt(desk *signing.Desk, r batch.Request, quorum ...int) (*signing.Session, []byte) {
	w.t.Helper()
	session, step, err := desk.Open(r, policy.Evidence{}, quorum, w.event(ceremonies.Start{}))
	w.must(err)
	return session, step.Send[0].Bytes
}

// take gives a station's answer to a session and returns the next request.
func (w *treasury) take(session *signing.Session, answer []byte) []byte {
	w.t.Helper()
	step, err := session.Step(w.event(ceremonies.Scanned{Bytes: answer}))
	w.must(err)
	if len(step.Send) == 0 {
		return nil
	}
	return step.Send[0].Bytes
}
