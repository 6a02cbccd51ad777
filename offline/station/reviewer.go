package station

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/reviewing"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// reviewerName is the record of who a reviewer's installation is. A keystore
// holds this record or identityName, and never both: a reviewer has no host key,
// no instance key and no share.
const reviewerName = "station/reviewer"

// reviewerRecord holds a secret; the keystore encrypts it.
type reviewerRecord struct {
	Name    string         `cbor:"1,keyasint"`
	Network wallet.Network `cbor:"2,keyasint"`
	Key     [32]byte       `cbor:"3,keyasint"`
	Created int64          `cbor:"4,keyasint"`
}

// ErrReviewer says that a command is for stations, and this is a reviewer's
// device.
var ErrReviewer = errors.New("station: this is a reviewer's device: it holds an approval key and no share")

// CreateReviewer draws the approval key of a person's device. It is not backed
// up: a lost one is replaced by an amendment.
func CreateReviewer(name string, net wallet.Network, now int64, random io.Reader) (*Installation, error) {
	b, err := draw(random)
	defer clear(b[:])
	if err != nil {
		return nil, err
	}
	key, err := wire.GenerateSigningKey(b)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	aux, err := draw(random)
	if err != nil {
		return nil, err
	}
	setup := reviewing.Setup{Name: name, Network: net, Key: key}
	if _, _, err := reviewing.NewReviewer(setup, ceremonies.Event{Time: now, Random: aux, Input: ceremonies.Start{}}); err != nil {
		return nil, err
	}
	r := reviewerRecord{Name: name, Network: net, Key: key.Bytes(), Created: now}
	defer clear(r.Key[:])
	value, err := wire.Marshal(r)
	if err != nil {
		return nil, err
	}
	return &Installation{records: []ceremonies.Record{{Name: reviewerName, Value: value}}}, nil
}

// reviewer is who a reviewer's device is. Not comparable.
type reviewer struct {
	_       [0]func()
	name    string
	network wallet.Network
	key     *wire.SigningKey
}

// String hides the key.
func (r *reviewer) String() string { return "station.reviewer(redacted)" }

// GoString hides the key.
func (r *reviewer) GoString() string { return r.String() }

// loadReviewer reads who a reviewer's device is, or nil if this is a station.
func loadReviewer(s Store) (*reviewer, error) {
	value, found, err := s.Get(reviewerName)
	if err != nil || !found {
		return nil, err
	}
	defer clear(value)
	unreadable := errors.New("station: reviewer: the record cannot be read")
	var r reviewerRecord
	if err := wire.Unmarshal(value, &r, 1024); err != nil {
		return nil, unreadable
	}
	defer clear(r.Key[:])
	key, err := wire.ParseSigningKey(r.Key[:])
	if err != nil || !r.Network.Valid() {
		return nil, unreadable
	}
	for _, name := range []string{identityName, keygen.ShareName} {
		other, found, err := s.Get(name)
		clear(other)
		if err != nil {
			return nil, err
		}
		if found {
			return nil, errors.New("station: reviewer: this keystore also holds what belongs to a station; do not use it")
		}
	}
	return &reviewer{name: r.Name, network: r.Network, key: key}, nil
}

// Reviewer is the name of the person whose device this is; false at a station.
func (a *App) Reviewer() (string, bool) {
	if a.reviewer == nil {
		return "", false
	}
	return a.reviewer.name, true
}

func (r *reviewer) setup() reviewing.Setup {
	return reviewing.Setup{Name: r.name, Network: r.network, Key: r.key}
}

const reviewingPrefix = "reviewing/"

// reviewingMachine resumes reviewing, or begins it in the returned step.
func (a *App) reviewingMachine() (*reviewing.Reviewer, ceremonies.Step, error) {
	kept, err := a.records(reviewingPrefix)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	if len(kept) > 0 {
		machine, err := reviewing.ResumeReviewer(a.reviewer.setup(), kept)
		if err != nil {
			return nil, ceremonies.Step{}, err
		}
		first, err := a.start(machine)
		return machine, first, err
	}
	e, err := a.event(ceremonies.Start{})
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	return reviewing.NewReviewer(a.reviewer.setup(), e)
}

// reviewing is the one ceremony of a reviewer's device; it has no end.
func (a *App) reviewing() (*ceremony, error) {
	machine, first, err := a.reviewingMachine()
	if err != nil {
		return nil, err
	}
	return &ceremony{
		machine: machine, first: first, failing: scanAgain,
		over: func() bool { return false },
		want: machine.Awaits,
		parties: func() parties {
			line := machine.Status().Line
			if !line.Valid() {
				return nil
			}
			return partiesUnder(line.At(a.world.Now()).Charter())
		},
	}, nil
}

// reviewerStatus reads the state of a reviewer's device.
func (a *App) reviewerStatus() (Status, error) {
	s := Status{Role: RoleReviewer, Name: a.reviewer.name, Network: a.reviewer.network.String(), Practice: a.Practice(), Phase: PhaseInvite}
	public := a.reviewer.key.Public()
	s.ApprovalKey = public.String()
	kept, err := a.records(reviewingPrefix)
	if err != nil || len(kept) == 0 {
		return s, err
	}
	machine, err := reviewing.ResumeReviewer(a.reviewer.setup(), kept)
	if err != nil {
		return s, err
	}
	evidence, err := a.world.Store.Names(EvidencePrefix)
	if err != nil {
		return s, err
	}
	st := machine.Status()
	s.KeyWords, s.Answers, s.FreezesSeen, s.Evidence = st.KeyWords[:], st.Answers, len(st.Frozen), len(evidence)
	receipt := words.Fingerprint(st.Receipt)
	s.Receipt, s.ReceiptWords = hex.EncodeToString(st.Receipt[:]), receipt[:]
	if s.ReceiptTime, err = a.lastTime(reviewing.TranscriptPrefix); err != nil || !st.Line.Valid() {
		return s, err
	}
	s.Phase = PhaseReviewing
	if err := a.lineStatus(&s, st.Line); err != nil {
		return s, err
	}
	for _, k := range st.Line.At(a.world.Now()).Charter().OfflineKeys() {
		if k.Key == public {
			s.ListedAs = fmt.Sprintf("%s, %s", k.Person, k.Credential)
		}
	}
	return s, nil
}

func (s Status) reviewerLines() []ceremonies.Line {
	var lines []ceremonies.Line
	say := func(label, value string) { lines = append(lines, ceremonies.Line{Label: label, Value: value}) }
	say("Role", "reviewer: an approval key, no share")
	say("Person", s.Name)
	say("Network", s.Network)
	say("Phase", s.Phase)
	if len(s.KeyWords) > 0 {
		say("Key words", strings.Join(s.KeyWords, " "))
	}
	if s.Wallet != "" {
		lines = append(lines, s.walletLines()...)
		listed := ceremonies.Line{Label: "Listed as", Value: s.ListedAs}
		if s.ListedAs == "" {
			listed = ceremonies.Line{Label: "Listed", Value: "no", Note: "nothing that this device signs counts until a charter in force lists its key", Alert: true}
		}
		lines = append(lines, listed)
	}
	if s.Receipt != "" {
		say("Answers", fmt.Sprint(s.Answers))
		say("Receipt", strings.Join(s.ReceiptWords, " "))
		say("Made at", Time(s.ReceiptTime))
	}
	if s.FreezesSeen > 0 {
		lines = append(lines, ceremonies.Line{Label: "Freezes seen", Value: fmt.Sprint(s.FreezesSeen), Alert: true})
	}
	return append(lines, s.evidenceLines()...)
}
