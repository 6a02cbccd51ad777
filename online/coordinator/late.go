package coordinator

import (
	"context"
	"errors"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"

	"heliograph/online/coordinator/book"
)

// Late takes the answer of a station whose session was ended before the answer
// came. That station has recorded a release and refuses every request that does
// not know of it; from here on the requests do. Nothing is signed by this. It
// scans until an answer of an ended session is found, and keeps what it says.
func (c *Coordinator) Late(ctx context.Context, at Terminal) error {
	desk, _, err := c.desk()
	if err != nil {
		return err
	}
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: "Late answer", Want: "the answer that a station gave to an ended session"})
		if err != nil {
			return err
		}
		if word != GoOn {
			return ErrWaiting
		}
		step, err := c.late(desk, b)
		fault, ok := errors.AsType[*ceremonies.Fault](err)
		if ok {
			refused.tell(at, b, fault)
			continue
		}
		if err != nil {
			return err
		}
		at.Tell(step.Screen)
		return nil
	}
}

func (c *Coordinator) late(desk *signing.Desk, sealed []byte) (ceremonies.Step, error) {
	digest, err := desk.OrderOf(sealed)
	if err != nil {
		return ceremonies.Step{}, err
	}
	kept, err := c.record(signing.SessionName(digest))
	if err != nil {
		return ceremonies.Step{}, err
	}
	if kept == nil {
		return ceremonies.Step{}, notLate("It answers a request that this treasury never made.", "Scan the answer that was not taken in time.")
	}
	session, err := desk.ResumeSession(kept)
	if err != nil {
		return ceremonies.Step{}, err
	}
	if session.Ended() == "" {
		return ceremonies.Step{}, notLate("Its session has not ended.", "heliograph batch sign goes on with it.")
	}
	e, err := c.event(ceremonies.Scanned{Bytes: sealed})
	if err != nil {
		return ceremonies.Step{}, err
	}
	step, err := session.Step(e)
	if err != nil {
		return ceremonies.Step{}, err
	}
	return step, c.store.Commit(book.Change{Records: step.Save})
}

// notLate is the fault of an answer that is none to an ended session.
func notLate(what, remedy string) *ceremonies.Fault {
	return &ceremonies.Fault{Code: "session/other-order", What: what, Safe: "Nothing has changed.", Remedy: remedy}
}
