package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"heliograph/ceremonies/rehearsal"
	"heliograph/ceremonies/reviewing"
	"heliograph/ceremonies/signing"
	"heliograph/offline/keystore"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const (
	clock = 1_800_000_000 // everybody's, unix seconds
	pool  = 4             // nonces kept published
)

// vault is the place of one station: its keystore, its camera, its screen.
type vault struct {
	t                    *testing.T
	keys, camera, screen string
	drawn                *sync.Map // pictures by text, of all copies: drawing is slow
}

// scene is a treasury of three stations of which two sign: a coordinator, and
// for each station a vault. The world also holds the same stations in memory,
// for the visits that an attack is not about.
type scene struct {
	t      *testing.T
	w      *rehearsal.World
	vaults []*vault
}

func payee(n byte) []byte {
	s := make([]byte, 22)
	s[1], s[2] = 20, n
	return s
}

func newWorld(t *testing.T) *rehearsal.World {
	t.Helper()
	w, err := rehearsal.New(2, 3, 1)
	must(t, err)
	w.Pool, w.Now = pool, clock
	must(t, w.Enrolment())
	draft, err := w.Draft(charter.Document{
		Name:           "Attacked",
		Counterparties: []charter.Counterparty{{Name: "Exchange", Destinations: [][]byte{payee(1), payee(2)}}},
		Rules:          []charter.Rule{{ID: "allow/known", Effect: charter.Allow}},
		Gap:            20, ClockTolerance: 7200,
	})
	must(t, err)
	must(t, w.KeyGeneration(draft))
	return w
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, w: newWorld(t)}
	for _, station := range s.w.Stations {
		v := newVault(t)
		settle(t, v, station)
		s.vaults = append(s.vaults, v)
	}
	return s
}

// apart is the same treasury for an attack of its own.
func (s *scene) apart(t *testing.T) *scene {
	t.Helper()
	w, err := s.w.Copy()
	must(t, err)
	c := &scene{t: t, w: w}
	for _, v := range s.vaults {
		c.vaults = append(c.vaults, v.copied(t))
	}
	return c
}

// newVault is a place without a keystore.
func newVault(t *testing.T) *vault {
	t.Helper()
	dir := t.TempDir()
	v := &vault{t: t, keys: filepath.Join(dir, "keys"), camera: filepath.Join(dir, "camera"), screen: filepath.Join(dir, "screen"), drawn: new(sync.Map)}
	must(t, os.Mkdir(v.camera, 0o700))
	must(t, os.Mkdir(v.screen, 0o700))
	return v
}

// settle makes the keystore that a station has after its key generation.
func settle(t *testing.T, v *vault, s *rehearsal.Station) {
	t.Helper()
	store, err := keystore.Create(v.keys, []byte(passphrase), rand.Reader, keystore.WorkFactor(1))
	must(t, err)
	// As station/identity is encoded.
	identity, err := wire.Marshal(struct {
		Name     string         `cbor:"1,keyasint"`
		Network  wallet.Network `cbor:"2,keyasint"`
		Host     [32]byte       `cbor:"3,keyasint"`
		Instance [32]byte       `cbor:"4,keyasint"`
		Pool     uint32         `cbor:"5,keyasint"`
		Restored bool           `cbor:"6,keyasint"`
		Created  int64          `cbor:"7,keyasint"`
	}{s.Identity.Name, s.Identity.Network, s.Identity.Host.Bytes(), s.Identity.Instance.Bytes(), pool, false, clock})
	must(t, err)
	records := []keystore.Record{
		{Name: "station/identity", Value: identity},
		{Name: "station/handed/confirmation", Value: []byte{1}},
		{Name: "station/handed/pool", Value: []byte{1}},
	}
	for _, r := range s.Disk.Records("") {
		records = append(records, keystore.Record{Name: r.Name, Value: r.Value})
	}
	must(t, store.PutAll(records))
	must(t, store.Close())
}

// copied is a copy of a vault's keystore in a new place, as a thief or a
// well-meaning administrator makes one.
func (v *vault) copied(t *testing.T) *vault {
	t.Helper()
	c := newVault(t)
	c.drawn = v.drawn
	must(t, os.Mkdir(c.keys, 0o700))
	v.restore(t, c.keys)
	return c
}

// restore copies the keystore's files into a folder, over what is there, and
// removes all else.
func (v *vault) restore(t *testing.T, dir string) {
	t.Helper()
	for name := range contents(t, dir) {
		must(t, os.Remove(filepath.Join(dir, name)))
	}
	for name, content := range contents(t, v.keys) {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
}

// contents are a folder's files.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	files := make(map[string][]byte, len(entries))
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		files[e.Name()] = content
	}
	return files
}

// bill is a batch of one payment of 100,000 sat, offered to station 0 and then
// station 1.
func (s *scene) bill(id string) (*signing.Session, []byte) {
	s.t.Helper()
	session, request, err := s.w.Open(s.w.Pay(id, "Exchange", payee(1), 0, 2_000, 100_000), 0, 1)
	must(s.t, err)
	return session, request
}

// finish gives a station's answer to the coordinator, visits the rest of the
// quorum in memory, and demands the signatures: BIP340, verified.
func (s *scene) finish(session *signing.Session, answer []byte) {
	s.t.Helper()
	_, err := s.w.Finish(session, s.next(session, answer))
	must(s.t, err)
}

// next gives a station's answer to the coordinator and returns the request to
// the next station.
func (s *scene) next(session *signing.Session, answer []byte) []byte {
	s.t.Helper()
	step, err := s.w.Answer(session, answer)
	must(s.t, err)
	return step.Send[0].Bytes
}

// forge changes an order of the coordinator's.
func (s *scene) forge(request []byte, change func(*signing.Order, *batch.Request)) []byte {
	s.t.Helper()
	evil, err := s.w.Forge(request, change, nil)
	must(s.t, err)
	return evil
}

// response is what an answer says.
func (s *scene) response(answer []byte) signing.Response {
	s.t.Helper()
	var r signing.Response
	must(s.t, s.w.Read(answer, &r))
	return r
}

// says demands that all of these are in what a person read.
func says(t *testing.T, said string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(said, text) {
			t.Errorf("the station does not say %q:\n%s", text, said)
		}
	}
}

// device is Eve's, listed by an amendment that all stations in memory agreed to,
// ready to review.
func (s *scene) device() (*vault, lineage.Line) {
	s.t.Helper()
	key := deviceKey(s.t)
	must(s.t, s.w.Amend(listEve(key.Public())))
	line := s.w.Line
	invite, err := reviewing.NewInvite(line, s.w.Courier, s.w.Random())
	must(s.t, err)
	v := newVault(s.t)
	s.settleDevice(v, key, invite.Bytes)
	return v, line
}

// facts are a batch that nobody signed yet.
func (s *scene) facts(line lineage.Line) batch.Request {
	r := s.w.Pay("reviewed", "Exchange", payee(1), 0, 2_000, 100_000)
	r.Charter = line.At(clock).Charter().ID()
	return r
}
