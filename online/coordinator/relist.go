package coordinator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Relist scans the introduction of a restored station, or of one whose disk was
// lost, and drafts the amendment that lists its new instance. The old one is
// retired at the last of its records that is known here: the stations compare
// that with what they know. Stories are records of faults that prove that it
// contradicted itself: they are shown to the stations that are to agree, and the
// instance is retired where its stories part.
func (c *Coordinator) Relist(ctx context.Context, at Terminal, stories ...[]byte) (Amendment, error) {
	line, err := c.Line()
	if err != nil {
		return Amendment{}, err
	}
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: "Restored station", Want: "the introduction of a station that was restored"})
		if err != nil {
			return Amendment{}, err
		}
		if word != GoOn {
			return Amendment{}, ErrWaiting
		}
		in, key, err := introduced(b)
		number := -1
		if err == nil {
			number = slices.IndexFunc(line.Latest().Document().Stations, func(s charter.Station) bool { return s.HostKey == in.HostKey })
		}
		switch {
		case err != nil:
		case number < 0:
			err = errors.New("its host key is that of no station of this wallet")
		case line.Latest().Instances()[number] == key:
			err = fmt.Errorf("station %d is listed with this very instance", number)
		default:
			next, err := c.relisted(number, key, stories)
			if err != nil {
				return Amendment{}, err
			}
			if err := c.showStories(ctx, at, line.Wallet().ID(), stories); err != nil {
				return Amendment{}, err
			}
			return c.DraftAmendment(next)
		}
		refused.tell(at, b, &ceremonies.Fault{
			Code: "amendment/introduction", What: "This introduces no restored station: " + err.Error() + ".",
			Safe: "Nothing has changed.", Remedy: "Restore the station from its words, and have it show its introduction.",
		})
	}
}

func introduced(sealed []byte) (enrolment.Introduction, wire.PublicKey, error) {
	var in enrolment.Introduction
	opened, err := wire.OpenSelfSigned(sealed, wire.KindIntroduction)
	if err != nil {
		return in, wire.PublicKey{}, err
	}
	err = wire.Unmarshal(opened.Body(), &in, wire.KindIntroduction.MaxBody())
	return in, opened.Sender(), err
}

// relisted is the newest charter with another instance for a station.
func (c *Coordinator) relisted(station int, instance wire.PublicKey, stories [][]byte) (charter.Charter, error) {
	desk, p, err := c.desk()
	if err != nil {
		return charter.Charter{}, err
	}
	for _, proof := range stories {
		if err := desk.Consider(proof); err != nil {
			return charter.Charter{}, err
		}
	}
	of := successor(p.Line, c.now()/day*day)
	d := p.Line.Latest().Document()
	d.Epoch, d.Prior, d.Issued = of.Epoch, of.Prior, of.Issued
	old := d.Stations[station].InstanceKey
	gone := charter.Retired{Station: uint8(station), Instance: old}
	for _, h := range desk.Ledger().Ends() {
		if h.Instance == old {
			gone.Seq, gone.Last = h.Seq, h.Last
		}
	}
	d.Retired = append(d.Retired, gone)
	d.Stations[station].InstanceKey = instance
	return charter.New(d)
}

// showStories shows two stories of one station to the others: each may know one, and
// agrees to retire that station's instance where they part once it has seen both.
func (c *Coordinator) showStories(ctx context.Context, at Terminal, id wallet.ID, stories [][]byte) error {
	for i, proof := range stories {
		records, err := signing.Stories(proof)
		if err != nil {
			return err
		}
		body, err := wire.Marshal(signing.Records{Records: records})
		if err != nil {
			return err
		}
		e, err := c.event(ceremonies.Start{})
		if err != nil {
			return err
		}
		m, err := wire.Seal(wire.KindRecords, [32]byte(id), body, c.courier, e.Random)
		if err != nil {
			return err
		}
		word, err := at.Show(ctx, ceremonies.Show{
			Title: fmt.Sprintf("Two stories of one station, %d of %d: each of the others names it and keeps the proof", i+1, len(stories)),
			To:    "every station that is to agree", Message: m,
		})
		if err != nil || word == Away {
			return errors.Join(err, waiting(word))
		}
	}
	return nil
}

// Witness carries the challenge of a station that was listed anew to other
// stations, and their answers and all records back to it, until it remembers what
// they remember. Then it takes in the station's first nonce pool. The person goes
// between the machines; nothing is kept but the pool, and the same command can
// begin again at any time.
func (c *Coordinator) Witness(ctx context.Context, at Terminal) error {
	desk, p, err := c.desk()
	if err != nil {
		return err
	}
	challenge, station, err := c.scanChallenge(ctx, at, p)
	if err != nil {
		return err
	}
	d := p.Line.Latest().Document()
	needed := len(d.Stations) - int(d.Threshold) + 1
	show := ceremonies.Show{
		Title: fmt.Sprintf("Challenge of station %d", station), To: fmt.Sprintf("%d other stations, one after another", needed),
		Message: wire.Message{Kind: wire.KindChallenge, Bytes: challenge},
	}
	var answers [][]byte
	for len(answers) < needed {
		if word, err := at.Show(ctx, show); err != nil || word == Away {
			return errors.Join(err, waiting(word))
		}
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: fmt.Sprintf("%d of %d answers", len(answers), needed), Want: "a station's answer to the challenge"})
		switch {
		case err != nil:
			return err
		case word == Away:
			return ErrWaiting
		case word == Again:
			continue
		}
		claim, err := wire.Peek(b)
		if err == nil && claim.Kind == wire.KindWitness && !slices.ContainsFunc(answers, func(a []byte) bool { return senderOf(a) == claim.Sender }) {
			answers = append(answers, b)
		}
	}
	var messages []wire.Message
	for _, a := range answers {
		messages = append(messages, wire.Message{Kind: wire.KindWitness, Bytes: a})
	}
	records, err := c.records(desk, p, func(ledger.Record) bool { return true })
	if err != nil {
		return err
	}
	messages = append(messages, records...)
	to := fmt.Sprintf("station %d (%s)", station, d.Stations[station].Name)
	for i, m := range messages {
		word, err := at.Show(ctx, ceremonies.Show{Title: fmt.Sprintf("What the others remember, %d of %d", i+1, len(messages)), To: to, Message: m})
		if err != nil || word == Away {
			return errors.Join(err, waiting(word))
		}
	}
	return c.scanPool(ctx, at, desk, station)
}

func senderOf(sealed []byte) wire.PublicKey {
	claim, err := wire.Peek(sealed)
	if err != nil {
		return wire.PublicKey{}
	}
	return claim.Sender
}

// scanChallenge finds the challenge of a station of the newest charter.
func (c *Coordinator) scanChallenge(ctx context.Context, at Terminal, p standing) ([]byte, int, error) {
	ring, err := p.Line.Latest().Keyring([32]byte(p.Wallet.ID()))
	if err != nil {
		return nil, 0, err
	}
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: "Station listed anew", Want: "its challenge"})
		if err != nil {
			return nil, 0, err
		}
		if word != GoOn {
			return nil, 0, ErrWaiting
		}
		opened, err := wire.Open(b, ring)
		if err == nil && opened.Kind() == wire.KindChallenge {
			return b, opened.Party().Station, nil
		}
		why := "it is another message"
		if err != nil {
			why = err.Error()
		}
		refused.tell(at, b, &ceremonies.Fault{
			Code: "amendment/challenge", What: "This is no challenge of a station that the newest charter lists: " + why + ".",
			Safe: "Nothing has changed.", Remedy: "Show the station the certificates first (heliograph amend certificate); then it shows its challenge.",
		})
	}
}

// records are what stations released, as far as it is wanted, in as many messages
// as that needs.
func (c *Coordinator) records(desk *signing.Desk, p standing, wanted func(ledger.Record) bool) ([]wire.Message, error) {
	const room = 4096 // of a message, for what is around the records
	var out []wire.Message
	var page [][]byte
	size := 0
	post := func() error {
		body, err := wire.Marshal(signing.Records{Records: page})
		if err != nil {
			return err
		}
		e, err := c.event(ceremonies.Start{})
		if err != nil {
			return err
		}
		m, err := wire.Seal(wire.KindRecords, [32]byte(p.Wallet.ID()), body, c.courier, e.Random)
		out, page, size = append(out, m), nil, 0
		return err
	}
	for _, r := range desk.Ledger().Missing(nil) {
		if !wanted(r) {
			continue
		}
		b, err := r.Encode()
		if err != nil {
			return nil, err
		}
		if size+len(b) > wire.KindRecords.MaxBody()-room {
			if err := post(); err != nil {
				return nil, err
			}
		}
		page, size = append(page, b), size+len(b)+8
	}
	if len(page) == 0 {
		return out, nil
	}
	return out, post()
}

// scanPool takes in the first nonce pool of a station that was listed anew.
func (c *Coordinator) scanPool(ctx context.Context, at Terminal, desk *signing.Desk, station int) error {
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: fmt.Sprintf("Station %d remembers", station), Want: "its first nonce pool"})
		if err != nil {
			return err
		}
		if word != GoOn {
			return ErrWaiting
		}
		fault, err := c.addPool(desk, b)
		if err != nil || fault == nil {
			return err
		}
		refused.tell(at, b, fault)
	}
}
