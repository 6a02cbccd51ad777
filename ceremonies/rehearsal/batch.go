package rehearsal

import (
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/policy"
)

// Coin invents a coin of the wallet at receive index i. Stations cannot see a
// chain: a coin that does not exist only gives a signature that spends nothing.
func (w *World) Coin(i uint32, amount batch.Amount) batch.Input {
	return batch.Input{OutPoint: batch.OutPoint{TxID: w.Random(), Vout: i}, Amount: amount, Index: i}
}

// Request wraps transactions into a request under the present charter and time.
func (w *World) Request(payments []batch.Payment, txs ...batch.Transaction) batch.Request {
	return batch.Request{
		Wallet: w.Public.Wallet.ID(), Charter: w.Ruling().ID(),
		Time: w.Now, Expiry: w.Now + 3600,
		Payments: payments, Transactions: txs,
	}
}

// Pay is a request that pays amounts to one script from one coin, with change at
// index change and the given fee. id makes the payments' external ids.
func (w *World) Pay(id, counterparty string, script []byte, change uint32, fee batch.Amount, amounts ...batch.Amount) batch.Request {
	var payments []batch.Payment
	var order []uint32
	total := fee
	for i, a := range amounts {
		payments = append(payments, batch.Payment{ExternalID: fmt.Sprintf("%s-%d", id, i), Counterparty: counterparty, Amount: a, Script: script})
		order = append(order, uint32(i))
		total += a
	}
	const back = 50_000
	return w.Request(payments, batch.Transaction{
		Inputs:   []batch.Input{w.Coin(0, total+back)},
		Payments: order,
		Change:   &batch.Change{Index: change, At: uint32(len(amounts))},
		Variants: []batch.Variant{{Change: back}},
	})
}

// Open draws up an order at the coordinator, without evidence, and returns the
// first request.
func (w *World) Open(r batch.Request, quorum ...int) (*signing.Session, []byte, error) {
	return w.OpenWith(r, policy.Evidence{}, quorum...)
}

// OpenWith is Open with evidence.
func (w *World) OpenWith(r batch.Request, evidence policy.Evidence, quorum ...int) (*signing.Session, []byte, error) {
	session, step, err := w.Desk.Open(r, evidence, quorum, w.Event(ceremonies.Start{}))
	if err != nil {
		return nil, nil, err
	}
	if _, err := w.keep(step, nil); err != nil {
		return nil, nil, err
	}
	return session, step.Send[0].Bytes, nil
}

// Visit carries a request to a station, whose operator approves what passes,
// and returns the sealed answer: a response, or a refusal with refused set.
func (w *World) Visit(s *Station, request []byte) (answer []byte, refused *ceremonies.Fault, err error) {
	step, err := w.Do(s, ceremonies.Scanned{Bytes: request})
	if err != nil {
		return nil, nil, err
	}
	if review, ok := step.Screen.(ceremonies.Review); ok {
		if step, err = w.Do(s, ceremonies.Approve{Digest: review.Digest}); err != nil {
			return nil, nil, err
		}
	}
	if failed, ok := step.Screen.(ceremonies.Failed); ok {
		if len(step.Send) == 0 {
			return nil, failed.Fault, nil
		}
		return step.Send[0].Bytes, failed.Fault, nil
	}
	if len(step.Send) == 0 {
		return nil, nil, fmt.Errorf("rehearsal: station %d answered nothing", s.Number)
	}
	return step.Send[0].Bytes, nil, nil
}

// Sign carries a batch through a whole quorum and returns its signatures.
func (w *World) Sign(r batch.Request, quorum ...int) ([]byte, error) {
	return w.SignWith(r, policy.Evidence{}, quorum...)
}

// SignWith is Sign with evidence.
func (w *World) SignWith(r batch.Request, evidence policy.Evidence, quorum ...int) ([]byte, error) {
	session, request, err := w.OpenWith(r, evidence, quorum...)
	if err != nil {
		return nil, err
	}
	return w.Finish(session, request)
}

// Answer gives a station's answer to the coordinator.
func (w *World) Answer(session *signing.Session, answer []byte) (ceremonies.Step, error) {
	return w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: answer})))
}

// Finish goes on with a session from its pending request.
func (w *World) Finish(session *signing.Session, request []byte) ([]byte, error) {
	for {
		stations, answered := session.Quorum()
		s := w.Stations[stations[answered]]
		answer, refused, err := w.Visit(s, request)
		if err != nil {
			return nil, err
		}
		if answer == nil {
			return nil, refused
		}
		step, err := w.Answer(session, answer)
		if err != nil {
			return nil, err
		}
		if refused != nil {
			return nil, refused
		}
		if _, ok := step.Screen.(ceremonies.Done); ok {
			return w.signatures(session)
		}
		request = step.Send[0].Bytes
	}
}

func (w *World) signatures(session *signing.Session) ([]byte, error) {
	sigs, ok := w.Disk[signing.SignaturesName(session.Digest())]
	if !ok {
		return nil, errors.New("rehearsal: the session ended without signatures")
	}
	return sigs, nil
}
