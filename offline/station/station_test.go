package station

import (
	"testing"
)

func TestFromEnrolmentToASignature(t *testing.T) {
	w := ready(t)
	for _, id := range []string{"inv-1", "inv-2"} {
		session, request := w.order(w.pay(id, 100_000), 0, 1)
		request = w.take(session, w.vaults[0].answer(request))
		if w.take(session, w.vaults[1].answer(request)) != nil {
			t.Fatal("the session wants more than its quorum")
		}
		w.now += 60
	}
	for _, v := range w.vaults {
		app := v.open()
		s, err := app.Status()
		w.must(err)
		h, err := app.History()
		w.must(err)
		if s.Phase != PhaseSigning || s.Released != 2 || s.NoncesLeft != 16 || len(h.Events) != 3 || h.Receipt != s.Receipt || h.Events[2].Paid != 100_000 {
			t.Errorf("status %+v, history %+v", s, h)
		}
	}
}
