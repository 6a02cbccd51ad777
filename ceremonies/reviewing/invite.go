package reviewing

import (
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// invited takes an invitation: the first one to be compared, a later one of the
// same wallet for the certificates in it.
func (r *Reviewer) invited(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	line, err := openInvite(sealed)
	if err != nil {
		return ceremonies.Step{}, notLine(err)
	}
	if line.Wallet().Network() != r.setup.Network {
		return ceremonies.Step{}, refused("reviewing/network", fmt.Sprintf("the wallet is on %s, this device is for %s", line.Wallet().Network(), r.setup.Network))
	}
	if r.line.Valid() {
		if line.Wallet().ID() != r.line.Wallet().ID() {
			return ceremonies.Step{}, refused("reviewing/another-wallet", "it invites to another wallet than the one that was compared; a device reviews for one")
		}
		return r.follow(e, line)
	}
	w := awaitingComparison{sealed: sealed, line: line}
	save, err := r.keep(e, "invited", sealed, ceremonies.Record{Name: pendingName, Value: sealed})
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.await = w
	return ceremonies.Step{Save: save, Screen: w.screen()}, nil
}

// follow adopts what another line of the same wallet has beyond this one's.
func (r *Reviewer) follow(e ceremonies.Event, other lineage.Line) (ceremonies.Step, error) {
	have, theirs := r.line.Epochs(), other.Epochs()
	var certificates [][]byte
	for i, epoch := range theirs {
		if i >= len(have) {
			certificates = append(certificates, epoch.Certificate)
			continue
		}
		if epoch.Charter.ID() != have[i].Charter.ID() {
			return ceremonies.Step{}, forked(uint32(i))
		}
	}
	if len(certificates) == 0 {
		return ceremonies.Step{}, older(fmt.Sprintf("it ends at charter %d, and charter %d is adopted here", len(theirs)-1, len(have)-1))
	}
	return r.adopt(e, certificates)
}

// certificate opens the envelope of a certificate, which a coordinator of any
// charter in the line may carry: it proves itself.
func (r *Reviewer) certificate(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	var last error
	for _, epoch := range r.line.Epochs() {
		ring, err := epoch.Charter.Keyring([32]byte(r.line.Wallet().ID()))
		if err != nil {
			return ceremonies.Step{}, unable(err)
		}
		opened, err := wire.Open(sealed, ring)
		if err == nil {
			return r.adopt(e, [][]byte{opened.Body()})
		}
		last = err
	}
	return ceremonies.Step{}, foreign(last)
}

// adopt takes newer charters into the line. They carry what the charter before
// demands; the person is not asked.
func (r *Reviewer) adopt(e ceremonies.Event, certificates [][]byte) (ceremonies.Step, error) {
	line := r.line
	var changed []ceremonies.Record
	for _, certificate := range certificates {
		next, err := line.Adopt(certificate)
		if err != nil {
			return ceremonies.Step{}, notLine(err)
		}
		line = next
		changed = append(changed, ceremonies.Record{Name: certificateName(line.Latest().Document().Epoch), Value: certificate})
	}
	save, err := r.keep(e, "adopted", certificates[len(certificates)-1], changed...)
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.line, r.await = line, awaitingRequest{}
	return ceremonies.Step{Save: save, Screen: ceremonies.Done{Title: practice(line, "A newer charter is adopted"), Lines: charterLines(line, e.Time)}}, nil
}

// notLine sorts what lineage refuses.
func notLine(err error) *ceremonies.Fault {
	var fork *lineage.Fork
	if errors.As(err, &fork) {
		f := forked(fork.Epoch)
		f.What = fmt.Sprintf("Two charters are certified as charter %d: stations %v acknowledged both, which no honest one does.", fork.Epoch, fork.Stations)
		f.Record = fork.Theirs
		return f
	}
	if errors.Is(err, lineage.ErrAdopted) {
		return older(err.Error())
	}
	var no *lineage.Refused
	if !errors.As(err, &no) {
		return refused("reviewing/malformed", err.Error())
	}
	text := sentence(no)
	if no.Reason == lineage.OlderEpoch {
		return older(text)
	}
	f := fault("reviewing/charter", ceremonies.Coordinator, "This charter is not adopted: "+text+".", "Keep this device's charter. If there is a charter between them, scan that one's certificate first; otherwise tell an officer.")
	f.Safe = "Nothing has changed: the charter that was adopted before stays."
	return f
}

// sentence is a refusal without its full stop.
func sentence(r *lineage.Refused) string {
	return strings.TrimSuffix(strings.Join(r.Sentences, " "), ".")
}

func older(why string) *ceremonies.Fault {
	f := fault("reviewing/older", ceremonies.Unknown, "This is nothing newer: "+why+".", "Nothing is to be done; a device goes back to no older charter.")
	f.Safe = "Nothing has changed."
	return f
}

func forked(epoch uint32) *ceremonies.Fault {
	f := fault("reviewing/fork", ceremonies.Unknown, fmt.Sprintf("The message has another charter %d than this device: one wallet has one line of charters.", epoch), "Stop. Compare the charter's words with every station, and keep both codes as evidence.")
	f.Safe = "Nothing has changed: the charter that was compared and adopted stays."
	return f
}

func (w awaitingComparison) screen() ceremonies.Screen {
	d := w.line.Latest().Document()
	if !w.wallet {
		fingerprint := words.Fingerprint([32]byte(w.line.Wallet().ID()))
		return ceremonies.Compare{
			Title: practice(w.line, fmt.Sprintf("Wallet %s on %s, 1 of 2: the wallet's words", d.Name, d.Network)),
			Words: fingerprint[:], With: "a station of this wallet, where status shows them",
		}
	}
	fingerprint := words.Fingerprint(w.line.Latest().ID())
	return ceremonies.Compare{
		Title: practice(w.line, fmt.Sprintf("Wallet %s, 2 of 2: the words of its newest charter, epoch %d", d.Name, d.Epoch)),
		Words: fingerprint[:], With: "a station of this wallet, where status shows them",
	}
}

func (r *Reviewer) compared(e ceremonies.Event, w awaitingComparison) (ceremonies.Step, error) {
	if !w.wallet {
		w.wallet = true
		r.await = w
		return ceremonies.Step{Screen: w.screen()}, nil
	}
	save, err := r.keep(e, "compared", w.sealed,
		ceremonies.Record{Name: InviteName, Value: w.sealed}, ceremonies.Record{Name: pendingName})
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.line, r.await = w.line, awaitingRequest{}
	lines := append([]ceremonies.Line{
		{Label: "Wallet", Value: w.line.Latest().Document().Name},
	}, charterLines(w.line, e.Time)...)
	lines = append(lines, r.listing(e.Time))
	return ceremonies.Step{Save: save, Screen: ceremonies.Done{Title: practice(w.line, "Reviewing for this wallet"), Lines: lines}}, nil
}

func (r *Reviewer) differs(e ceremonies.Event, w awaitingComparison) (ceremonies.Step, error) {
	save, err := r.keep(e, "differs", w.sealed, ceremonies.Record{Name: pendingName})
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.await = awaitingInvite{}
	return ceremonies.Step{Save: save, Screen: ceremonies.Failed{Fault: fault("reviewing/differs", ceremonies.Coordinator,
		"The words differ between this device and the station: the invitation is of another wallet or of an older charter.",
		"Ask for a new invitation. If it happens twice, treat the coordinator as hostile.")}}, nil
}

// listing says as whom the charter in force lists this device.
func (r *Reviewer) listing(now int64) ceremonies.Line {
	if k, ok := r.listed(now); ok {
		return ceremonies.Line{Label: "This device", Value: fmt.Sprintf("of %s", k.Person), Note: "listed in the charter in force as " + k.Credential}
	}
	return ceremonies.Line{Label: "This device", Value: "not in the charter in force", Note: "nothing that it signs counts until an amendment lists its key", Alert: true}
}

// charterLines say which charter is in force and which one is to follow.
func charterLines(line lineage.Line, now int64) []ceremonies.Line {
	c := line.At(now).Charter()
	fingerprint := words.Fingerprint(c.ID())
	lines := []ceremonies.Line{
		{Label: "Charter in force", Value: fmt.Sprintf("epoch %d", c.Document().Epoch), Note: strings.Join(fingerprint[:], " ")},
	}
	if next, from, pending := line.Pending(now); pending {
		lines = append(lines, ceremonies.Line{
			Label: "Not yet in force", Value: fmt.Sprintf("epoch %d, from %s", next.Document().Epoch, ceremonies.Clock(from)),
			Note: "what is signed under the charter before it is void then", Alert: true,
		})
	}
	return lines
}
