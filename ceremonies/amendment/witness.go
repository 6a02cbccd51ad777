package amendment

import (
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// challenge answers a restored station with what this one knows of everybody's
// releases. Nobody is asked: it tells nothing that requests do not carry.
func (s *Station) challenge(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	message, err := openedByNewest(s.line, sealed)
	if err != nil {
		return ceremonies.Step{}, unreadable(err)
	}
	var c Challenge
	if err := wire.Unmarshal(message.Body(), &c, wire.KindChallenge.MaxBody()); err != nil {
		return ceremonies.Step{}, malformed(message.Party(), err)
	}
	if message.Party().Station == s.setup.Station {
		return ceremonies.Step{}, refused(&lineage.Refused{Reason: lineage.Unknown, Sentences: []string{"This is a challenge of this very station; the others answer it."}})
	}
	if c.Charter != s.line.Latest().ID() {
		return ceremonies.Step{}, refused(&lineage.Refused{Reason: lineage.Unknown, Sentences: []string{"The restored station has another newest charter than this one; whichever lacks certificates needs them first."}})
	}
	w, fault := s.witness(c, e.Time)
	if fault != nil {
		return ceremonies.Step{}, fault
	}
	body, err := wire.Marshal(w)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	who := fmt.Sprintf("station %d", message.Party().Station)
	return s.show(e, s.state, wire.KindWitness, body, "witnessed", "", func(m wire.Message) ceremonies.Screen {
		return ceremonies.Show{Title: "What this station remembers, for " + who, To: who, Message: m}
	})
}

// witness is what this station knows: its own signed head, of every other chain
// how far it goes, and the freezes that no charter has lifted.
func (s *Station) witness(c Challenge, now int64) (Witness, *ceremonies.Fault) {
	out := Witness{Nonce: c.Nonce, Charter: c.Charter, Known: []Chain{}, Freezes: [][]byte{}}
	for _, k := range s.freezes {
		if !s.line.Lifted(k.ID, now) && len(out.Freezes) < maxRecalled {
			out.Freezes = append(out.Freezes, k.Sealed)
		}
	}
	var heads []ledger.Head
	if s.setup.Heads != nil {
		heads = s.setup.Heads()
	}
	for _, h := range heads {
		if h.Instance == s.setup.Instance.Public() {
			out.Head = h
			continue
		}
		out.Known = append(out.Known, Chain{Instance: h.Instance, Seq: h.Seq, Last: h.Last})
	}
	if out.Head.Verify() != nil {
		return Witness{}, &ceremonies.Fault{
			Code: "amendment/forgotten", What: "This station has not begun to sign, or was restored itself, and remembers nothing.",
			Safe: "Nothing has changed.", Remedy: "Ask another station.",
		}
	}
	return out, nil
}
