package station

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// Roles of an installation.
const (
	RoleStation  = "station"
	RoleReviewer = "reviewer"
)

// Phases of an installation.
const (
	PhaseEnrolment = "enrolment"
	PhaseKeygen    = "key generation"
	PhaseSigning   = "signing"
	PhaseUnlisted  = "unlisted"  // restored or copied: no charter lists it, or none any more
	PhaseRecalling = "recalling" // listed anew: it collects what the others remember
	PhaseFrozen    = "frozen"    // by a freeze, or because it was shown its own signature over a later state
	PhaseInvite    = "invitation"
	PhaseReviewing = "reviewing"
)

// Status is what an installation says of itself. It holds no secret.
type Status struct {
	Role          string   `json:"role"` // "station" or "reviewer"
	Name          string   `json:"name"`
	Network       string   `json:"network"`
	Practice      bool     `json:"practice"`
	Phase         string   `json:"phase"`
	Station       *int     `json:"station,omitempty"` // number in the roster or charter
	Threshold     int      `json:"threshold,omitempty"`
	Stations      int      `json:"stations,omitempty"`
	WalletName    string   `json:"wallet_name,omitempty"`
	Wallet        string   `json:"wallet,omitempty"` // id, hex
	WalletWords   []string `json:"wallet_words,omitempty"`
	FirstAddress  string   `json:"first_address,omitempty"`
	CharterEpoch  *uint32  `json:"charter_epoch,omitempty"`
	Charter       string   `json:"charter,omitempty"` // id, hex
	CharterWords  []string `json:"charter_words,omitempty"`
	Next          *Pending `json:"next_charter,omitempty"` // adopted, not yet in force
	NoncesLeft    uint64   `json:"nonces_left"`
	Released      uint64   `json:"released"`          // batches that this station signed
	Receipt       string   `json:"receipt,omitempty"` // end of the transcript, hex
	ReceiptWords  []string `json:"receipt_words,omitempty"`
	ReceiptTime   int64    `json:"receipt_time,omitempty"` // unix seconds
	Frozen        bool     `json:"frozen"`
	RolledBack    bool     `json:"rolled_back"`                 // it was shown its own signature over a later state
	FrozenBy      []string `json:"frozen_by,omitempty"`         // freezes that it obeys: by whom, why, when, id
	Amended       string   `json:"amendment_receipt,omitempty"` // end of the transcript of amendments, hex
	AmendedWords  []string `json:"amendment_receipt_words,omitempty"`
	AmendedTime   int64    `json:"amendment_receipt_time,omitempty"` // unix seconds
	Version       string   `json:"version"`
	BackupChecked bool     `json:"backup_checked"` // the words were typed in again
	Evidence      int      `json:"evidence"`       // kept records of faults

	// Of a reviewer's device.
	ApprovalKey string   `json:"approval_key,omitempty"` // hex
	KeyWords    []string `json:"key_words,omitempty"`
	ListedAs    string   `json:"listed_as,omitempty"` // person and credential in the charter in force
	Answers     int      `json:"answers,omitempty"`
	FreezesSeen int      `json:"freezes_seen,omitempty"`
}

// Pending is a charter that is adopted and not yet in force.
type Pending struct {
	Epoch   uint32   `json:"epoch"`
	Charter string   `json:"charter"` // id, hex
	Words   []string `json:"words"`
	From    int64    `json:"from"` // unix seconds
}

// Status reads the state of the installation; it changes nothing.
func (a *App) Status() (Status, error) {
	if a.reviewer != nil {
		return a.reviewerStatus()
	}
	s := Status{Role: RoleStation, Version: Version, Name: a.identity.name, Network: a.identity.network.String(), Practice: a.Practice(), Phase: PhaseEnrolment}
	var err error
	if s.BackupChecked, err = a.has(backupName); err != nil {
		return s, err
	}
	evidence, err := a.world.Store.Names(EvidencePrefix)
	if err != nil {
		return s, err
	}
	s.Evidence = len(evidence)
	share, found, err := a.share()
	if err != nil {
		return s, err
	}
	if found {
		return s, a.walletStatus(&s, share)
	}
	listed, err := a.has(enrolment.RosterName)
	if err != nil || !listed {
		return s, err
	}
	roster, own, err := a.roster()
	if err != nil {
		return s, err
	}
	s.Phase, s.Station, s.Threshold, s.Stations = PhaseKeygen, &own, roster.Threshold, len(roster.Stations)
	return s, nil
}

func (a *App) walletStatus(s *Status, share *keygen.Share) error {
	begun, err := a.has(signing.StateName)
	if err != nil {
		return err
	}
	var p *post
	if begun { // then it holds the line, and nothing is verified twice
		if p, _, _, err = a.openPost(share); err != nil {
			return err
		}
	}
	line, err := a.line(share)
	if err != nil {
		return err
	}
	if err := a.lineStatus(s, line); err != nil {
		return err
	}
	s.Phase, s.Station = PhaseSigning, &share.Station
	switch {
	case line.Latest().Instances()[share.Station] != a.identity.instance.Public():
		s.Phase = PhaseUnlisted
		return nil
	case !begun && a.identity.restored:
		s.Phase = PhaseRecalling
		return nil
	case !begun:
		return nil
	}
	now := a.world.Now()
	for _, l := range p.amend.Frozen(now) {
		s.FrozenBy = append(s.FrozenBy, fmt.Sprintf("%s: %s (%s)", l.Label, l.Value, l.Note))
	}
	st := p.sign.Status()
	receipt := words.Fingerprint(st.Receipt)
	s.NoncesLeft, s.Released, s.RolledBack, s.Frozen = st.Unused, st.Head.Seq, st.Frozen, st.Frozen || len(s.FrozenBy) > 0
	s.Receipt, s.ReceiptWords = hex.EncodeToString(st.Receipt[:]), receipt[:]
	if s.Frozen {
		s.Phase = PhaseFrozen
	}
	if log := p.amend.Log(); log.Events > 0 {
		amended := words.Fingerprint(log.Receipt)
		s.Amended, s.AmendedWords = hex.EncodeToString(log.Receipt[:]), amended[:]
		if s.AmendedTime, err = a.lastTime(amendment.TranscriptPrefix); err != nil {
			return err
		}
	}
	s.ReceiptTime, err = a.lastTime(signing.TranscriptPrefix)
	return err
}

// lineStatus says which wallet it is and by which charter it is ruled.
func (a *App) lineStatus(s *Status, line lineage.Line) error {
	w, now := line.Wallet(), a.world.Now()
	c := line.At(now).Charter()
	d, id, charter := c.Document(), [32]byte(w.ID()), c.ID()
	walletWords, charterWords := words.Fingerprint(id), words.Fingerprint(charter)
	address, err := w.Address(0, 0)
	if err != nil {
		return err
	}
	s.Threshold, s.Stations = int(d.Threshold), len(d.Stations)
	s.WalletName, s.Wallet, s.WalletWords, s.FirstAddress = d.Name, hex.EncodeToString(id[:]), walletWords[:], address
	s.CharterEpoch, s.Charter, s.CharterWords = &d.Epoch, hex.EncodeToString(charter[:]), charterWords[:]
	if next, from, pending := line.Pending(now); pending {
		nextID := next.ID()
		nextWords := words.Fingerprint(nextID)
		s.Next = &Pending{Epoch: next.Document().Epoch, Charter: hex.EncodeToString(nextID[:]), Words: nextWords[:], From: from}
	}
	return nil
}

// lastTime is the time of a transcript's last entry.
func (a *App) lastTime(prefix string) (int64, error) {
	names, err := a.world.Store.Names(prefix)
	if err != nil || len(names) == 0 {
		return 0, err
	}
	e, err := a.entry(names[len(names)-1])
	return e.Time, err
}

func (a *App) entry(name string) (ceremonies.Entry, error) {
	var e ceremonies.Entry
	value, err := a.mustGet(name)
	if err != nil {
		return e, err
	}
	if err := wire.Unmarshal(value, &e, 1024); err != nil {
		return e, fmt.Errorf("station: transcript: %s: %w", name, err)
	}
	return e, nil
}

// receiptLines are for the person, between keeping a step and showing it.
func (a *App) receiptLines(p *post) ([]ceremonies.Line, error) {
	var lines []ceremonies.Line
	for _, part := range []struct {
		label, prefix string
		receipt       [32]byte
	}{
		{"Receipt", signing.TranscriptPrefix, p.receipt()},
		{"Of amendments", amendment.TranscriptPrefix, p.amend.Log().Receipt},
	} {
		if part.receipt == [32]byte{} {
			continue
		}
		when, err := a.lastTime(part.prefix)
		if err != nil {
			return nil, &UnshownError{Err: err}
		}
		fingerprint := words.Fingerprint(part.receipt)
		lines = append(lines, ceremonies.Line{Label: part.label, Value: strings.Join(fingerprint[:], " ")}, ceremonies.Line{Label: "Made at", Value: Time(when)})
	}
	return lines, nil
}

// Time writes unix seconds for people.
func Time(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC") }

// Greeting is the first screen after unlocking: which installation this is, and
// the last receipt, for the person to compare with the one that was written
// down. An older copy of the disk shows an older one.
func (a *App) Greeting() (ceremonies.Done, error) {
	s, err := a.Status()
	if err != nil {
		return ceremonies.Done{}, err
	}
	g := ceremonies.Done{Title: "Unlocked: " + s.Name, Lines: s.Lines()}
	if s.Receipt != "" {
		g.Lines = append(g.Lines, ceremonies.Line{
			Label: "Compare", Value: "the receipt with the one you wrote down last, and so the one of amendments.",
			Note: "If yours is newer, this disk is an older copy: stop, do not sign.", Alert: true,
		})
	}
	return g, nil
}

// Lines are the status for people.
func (s Status) Lines() []ceremonies.Line {
	var lines []ceremonies.Line
	say := func(label, value string) { lines = append(lines, ceremonies.Line{Label: label, Value: value}) }
	if s.Role == RoleReviewer {
		return s.reviewerLines()
	}
	say("Role", s.Role)
	say("Installation", s.Name)
	say("Network", s.Network)
	say("Phase", s.Phase)
	if s.Station != nil {
		say("Station", fmt.Sprintf("%d of 0 to %d; %d sign together", *s.Station, s.Stations-1, s.Threshold))
	}
	if s.Wallet != "" {
		lines = append(lines, s.walletLines()...)
	}
	if s.Receipt != "" {
		say("Nonces left", fmt.Sprint(s.NoncesLeft))
		say("Batches signed", fmt.Sprint(s.Released))
		say("Receipt", strings.Join(s.ReceiptWords, " "))
		say("Made at", Time(s.ReceiptTime))
	}
	if s.Amended != "" {
		say("Of amendments", strings.Join(s.AmendedWords, " "))
		say("Made at", Time(s.AmendedTime))
	}
	checked := "not checked: run backup words"
	if s.BackupChecked {
		checked = "words were checked"
	}
	lines = append(lines, ceremonies.Line{Label: "Backup", Value: checked, Alert: !s.BackupChecked})
	for _, freeze := range s.FrozenBy {
		lines = append(lines, ceremonies.Line{Label: "Frozen", Value: freeze, Alert: true})
	}
	if s.RolledBack {
		lines = append(lines, ceremonies.Line{Label: "Frozen", Value: "yes", Note: "this station was shown its own signature over a later state; it signs nothing", Alert: true})
	}
	return append(lines, s.evidenceLines()...)
}

func (s Status) walletLines() []ceremonies.Line {
	lines := []ceremonies.Line{
		{Label: "Wallet", Value: s.WalletName},
		{Label: "Wallet words", Value: strings.Join(s.WalletWords, " ")},
		{Label: "First address", Value: ceremonies.Grouped(s.FirstAddress)},
		{Label: "Charter", Value: fmt.Sprintf("epoch %d", *s.CharterEpoch)},
		{Label: "Charter words", Value: strings.Join(s.CharterWords, " ")},
	}
	if s.Next != nil {
		lines = append(lines,
			ceremonies.Line{Label: "Not yet in force", Value: fmt.Sprintf("epoch %d, until %s", s.Next.Epoch, Time(s.Next.From)), Alert: true},
			ceremonies.Line{Label: "Its words", Value: strings.Join(s.Next.Words, " ")})
	}
	return lines
}

func (s Status) evidenceLines() []ceremonies.Line {
	if s.Evidence == 0 {
		return nil
	}
	return []ceremonies.Line{{Label: "Evidence", Value: fmt.Sprintf("%d kept: run history --evidence DIR", s.Evidence), Alert: true}}
}
