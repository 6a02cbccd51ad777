// Package coordinator is the application of the online side: it keeps the book
// of payouts and batches, drafts transactions, carries the ceremonies' messages
// between stations, and broadcasts what they signed. It follows DESIGN sections
// 3, 6 and 11.
//
// It is trusted for availability and for nothing else: it holds no share of any
// key, and every station recomputes what it says. What it does guarantee is its
// own memory. Business rows and machine records change together, in one
// Store.Commit, before anything that follows from them is shown or broadcast;
// so a process that is killed between any two steps goes on where it was, and
// pays nothing twice.
//
// It opens no connection and no file: chain, store and the person at the
// terminal are interfaces that it declares and main joins.
package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// Store keeps the book and the machines' records.
type Store interface {
	// Load reads the whole book.
	Load() (book.State, error)
	// Records lists the records whose names begin with prefix, by name.
	Records(prefix string) ([]ceremonies.Record, error)
	// Commit keeps all of a change, durably, or none of it.
	Commit(book.Change) error
}

// Coin is an unspent output on the chain.
type Coin struct {
	batch.OutPoint
	Amount    batch.Amount
	Script    []byte
	Spendable bool // confirmed, and as a coinbase mature
}

// TxStatus is where a transaction is.
type TxStatus struct {
	InMempool bool
	Height    int32    // of its block, 0 if in none
	Block     [32]byte // wire order
}

// Chain is the bitcoin network.
type Chain interface {
	// Tip returns the height of the best block.
	Tip(ctx context.Context) (height int32, err error)
	// Coins returns the unspent outputs that pay any of the scripts.
	Coins(ctx context.Context, scripts [][]byte) ([]Coin, error)
	// Status looks a transaction up, by its id in wire order.
	Status(ctx context.Context, txid [32]byte) (TxStatus, error)
	// Broadcast offers a transaction; one that is known already succeeds.
	Broadcast(ctx context.Context, raw []byte) error
}

// Deposit is an output that the hot wallet is to make.
type Deposit struct {
	Script []byte
	Amount batch.Amount
}

// HotWallet pays from the online side's own, small purse.
type HotWallet interface {
	// Pay makes all deposits in one transaction and broadcasts it.
	Pay(ctx context.Context, deposits []Deposit) (txid [32]byte, err error)
}

// Word is what the person at the terminal says while a message is on its way.
type Word uint8

const (
	// GoOn says that the other side has the message, or that one was scanned.
	GoOn Word = iota
	// Away says that the station does not come.
	Away
	// Again asks for the message to be shown again.
	Again
)

// Terminal is the person, with a screen and a camera.
type Terminal interface {
	// Show shows a message until the person says GoOn or Away.
	Show(ctx context.Context, s ceremonies.Show) (Word, error)
	// Scan waits for a message, unless the person says Away or Again.
	Scan(ctx context.Context, s ceremonies.Scan) ([]byte, Word, error)
	// Tell puts something before the person that needs no answer.
	Tell(s ceremonies.Screen)
	// Quorum asks which stations are to sign instead; none means to stop.
	Quorum(ctx context.Context, threshold int, stations []Station) ([]int, error)
}

// Station is one station of the wallet, as a person chooses among them.
type Station struct {
	Number int
	Name   string
	Unused int // nonces that no answer has used
}

// ErrWaiting says that a ceremony stopped because somebody is not there; it can
// be gone on with at any time.
var ErrWaiting = errors.New("waiting for someone; what was done so far is kept, run the same command again to go on")

// Settings are what a treasury was set up with.
type Settings struct {
	Name    string         `cbor:"1,keyasint"`
	Network wallet.Network `cbor:"2,keyasint"`
}

// Names of the coordinator's own records.
const (
	settingsName = "treasury/settings"
	courierName  = "treasury/courier" // 32 bytes, secret
	planName     = "enrolment-plan"
	draftName    = "charter-draft"
	publicName   = "wallet/public"
	poolPrefix   = "early-pool/"
)

// Coordinator is the application on an open store. It is used from one
// goroutine.
type Coordinator struct {
	store    Store
	now      func() int64
	random   io.Reader
	settings Settings
	courier  *wire.SigningKey
	public   keygen.Public // zero before it was read; it never changes
	line     lineage.Line  // zero before it was read; a certificate makes it longer
}

// Setup draws a new courier key and returns what a new store must hold.
func Setup(s Settings, random io.Reader) (book.Change, error) {
	if !s.Network.Valid() {
		return book.Change{}, errors.New("coordinator: set up: unknown network")
	}
	if err := checkText("name", s.Name, 1, 64); err != nil {
		return book.Change{}, fmt.Errorf("coordinator: set up: %w", err)
	}
	settings, err := wire.Marshal(s)
	if err != nil {
		return book.Change{}, fmt.Errorf("coordinator: set up: %w", err)
	}
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return book.Change{}, fmt.Errorf("coordinator: set up: random numbers: %w", err)
	}
	courier, err := wire.GenerateSigningKey(seed)
	if err != nil {
		return book.Change{}, fmt.Errorf("coordinator: set up: %w", err)
	}
	key := courier.Bytes()
	return book.Change{Records: []ceremonies.Record{{Name: settingsName, Value: settings}, {Name: courierName, Value: key[:]}}}, nil
}

// Open opens the treasury that a store holds. now gives unix seconds, random is
// the operating system's generator.
func Open(store Store, now func() int64, random io.Reader) (*Coordinator, error) {
	c := &Coordinator{store: store, now: now, random: random}
	settings, err := c.record(settingsName)
	if err != nil {
		return nil, err
	}
	if err := wire.Unmarshal(settings, &c.settings, 1024); err != nil {
		return nil, fmt.Errorf("coordinator: open: settings: %w", err)
	}
	key, err := c.record(courierName)
	if err != nil {
		return nil, err
	}
	if c.courier, err = wire.ParseSigningKey(key); err != nil {
		return nil, errors.New("coordinator: open: the courier key cannot be read")
	}
	return c, nil
}

// Settings are what the treasury was set up with.
func (c *Coordinator) Settings() Settings { return c.settings }

// Courier is the public half of the courier key.
func (c *Coordinator) Courier() wire.PublicKey { return c.courier.Public() }

// record reads one record by its whole name; nil if there is none.
func (c *Coordinator) record(name string) ([]byte, error) {
	found, err := c.store.Records(name)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		if r.Name == name {
			return r.Value, nil
		}
	}
	return nil, nil
}

// event wraps an input with the time and fresh randomness.
func (c *Coordinator) event(in ceremonies.Input) (ceremonies.Event, error) {
	e := ceremonies.Event{Time: c.now(), Input: in}
	if _, err := io.ReadFull(c.random, e.Random[:]); err != nil {
		return ceremonies.Event{}, fmt.Errorf("coordinator: random numbers: %w", err)
	}
	return e, nil
}

// step gives a machine an input and keeps what it saves. Nothing of the step
// may be shown if it errs.
func (c *Coordinator) step(m ceremonies.Machine, in ceremonies.Input) (ceremonies.Step, error) {
	e, err := c.event(in)
	if err != nil {
		return ceremonies.Step{}, err
	}
	step, err := m.Step(e)
	if err != nil {
		return ceremonies.Step{}, err
	}
	if len(step.Save) == 0 {
		return step, nil
	}
	return step, c.store.Commit(book.Change{Records: step.Save})
}

// ErrNoWallet says that key generation is not finished.
var ErrNoWallet = errors.New("there is no wallet yet")

// Public is the wallet's public record. ErrNoWallet before all stations have
// confirmed it.
func (c *Coordinator) Public() (keygen.Public, error) {
	if c.public.Wallet.Valid() {
		return c.public, nil
	}
	b, err := c.record(publicName)
	if err != nil {
		return keygen.Public{}, err
	}
	if b == nil {
		return keygen.Public{}, ErrNoWallet
	}
	if c.public, err = keygen.DecodePublic(b); err != nil {
		c.public = keygen.Public{}
	}
	return c.public, err
}

// desk opens the coordinator's memory of the stations.
func (c *Coordinator) desk() (*signing.Desk, standing, error) {
	p, err := c.at(c.now())
	if err != nil {
		return nil, p, err
	}
	d, err := c.deskOf(p)
	return d, p, err
}

func (c *Coordinator) deskOf(p standing) (*signing.Desk, error) {
	kept, err := c.store.Records("desk/")
	if err != nil {
		return nil, err
	}
	d, err := signing.NewDesk(signing.Group{Line: p.Line, Wallet: p.Wallet, PublicShares: p.PublicShares}, c.courier, kept)
	if err != nil {
		return nil, err
	}
	return d, d.Under(c.now())
}

// Stations lists the wallet's stations.
func (c *Coordinator) Stations() ([]Station, error) {
	d, p, err := c.desk()
	if err != nil {
		return nil, err
	}
	return stations(d, p), nil
}

func stations(d *signing.Desk, p standing) []Station {
	var out []Station
	for i, s := range p.Charter.Document().Stations {
		out = append(out, Station{Number: i, Name: s.Name, Unused: d.Unused(i)})
	}
	return out
}
