package station

import (
	"context"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/qr"
	"heliograph/shared/wire"
)

// parties says who speaks with a key.
type parties map[wire.PublicKey]string

// partiesUnder are all who may speak under a charter.
func partiesUnder(c charter.Charter) parties {
	d := c.Document()
	p := partiesOf(d.Stations, d.Courier)
	for _, k := range c.OfflineKeys() {
		p[k.Key] = fmt.Sprintf("the offline device of %s", k.Person)
	}
	return p
}

func partiesOf(stations []charter.Station, courier wire.PublicKey) parties {
	p := parties{courier: "the coordinator"}
	for i, s := range stations {
		p[s.InstanceKey] = fmt.Sprintf("station %d (%s)", i, s.Name)
	}
	return p
}

// claim says what a message says of itself. Only the machine finds out whether
// that is true.
func (p parties) claim(message []byte) string {
	c, err := wire.Peek(message)
	if err != nil {
		return fmt.Sprintf("%d bytes that are no message of this program", len(message))
	}
	who, known := p[c.Sender]
	if !known {
		who = "an unknown key"
		if p == nil {
			who = "a key that nobody knows yet"
		}
	}
	return fmt.Sprintf("%d bytes, says it is a %s from %s", len(message), c.Kind, who)
}

// identify tells scanned messages apart.
func identify(message []byte) [32]byte { return wire.TaggedHash("Heliograph/scanned/v1", message) }

// scan reads one whole message with the camera. Frames of other messages, codes
// of other programs and messages that were dealt with are passed over; nothing
// that a camera sees can end a scan.
func (a *App) scan(ctx context.Context, screen ceremonies.Scan, from parties, passed map[[32]byte]bool) ([]byte, error) {
	if err := a.world.Camera.Begin(); err != nil {
		return nil, fmt.Errorf("station: camera: %w", err)
	}
	a.world.Person.Look(screen)
	var reader qr.Reader
	var decoder qr.Decoder
	foreign := ""
	for {
		picture, err := a.world.Camera.Next(ctx)
		if err != nil {
			return nil, err
		}
		text, err := reader.Read(picture)
		if err != nil {
			continue // most pictures of a camera hold no code that can be read
		}
		result, err := decoder.Receive(text)
		if err != nil {
			if why := passedOver(err); why != foreign {
				foreign = why
				a.world.Person.Scanning(Progress{Foreign: why})
			}
			continue
		}
		if !result.New || result.Foreign && !decoder.Done() {
			continue
		}
		rank, k := decoder.Progress()
		if !decoder.Done() {
			a.world.Person.Scanning(Progress{Rank: rank, K: k})
			continue
		}
		message, err := decoder.Message()
		if err != nil || len(message) > wire.MaxSealed {
			decoder = qr.Decoder{}
			a.world.Person.Scanning(Progress{Foreign: "a message that is too long or damaged was passed over"})
			continue
		}
		if passed[identify(message)] {
			decoder = qr.Decoder{}
			continue
		}
		a.world.Person.Scanning(Progress{Rank: rank, K: k, Says: from.claim(message)})
		return message, nil
	}
}

func passedOver(err error) string {
	if errors.Is(err, qr.ErrForeignText) {
		return "a code of another program was passed over"
	}
	return "a damaged or foreign code was passed over"
}
