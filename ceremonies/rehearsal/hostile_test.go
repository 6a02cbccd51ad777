package rehearsal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// The coordinator of these tests is hostile: it holds the courier key, so it
// can seal whatever it likes, and carries every message.

// forge is Forge where failing is the test's own fault.
func (w *World) forge(t *testing.T, request []byte, change func(*signing.Order, *batch.Request), beside func(*signing.Request)) []byte {
	t.Helper()
	evil, err := w.Forge(request, change, beside)
	if err != nil {
		t.Fatal(err)
	}
	return evil
}

// open gives the body of a sealed message of the wallet.
func open[T any](t testing.TB, w *World, sealed []byte) T {
	t.Helper()
	var body T
	if err := wire.Unmarshal(rawBody(t, w, sealed), &body, wire.MaxSealed); err != nil {
		t.Fatal(err)
	}
	return body
}

// rawBody gives the bytes of a sealed message's body.
func rawBody(t testing.TB, w *World, sealed []byte) []byte {
	t.Helper()
	opened, err := w.Opened(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return opened.Body()
}

func (w *World) seal(t *testing.T, body signing.Request, key *wire.SigningKey) []byte {
	t.Helper()
	sealed, err := w.SealRequest(body, key)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// refuses runs an attack on a station and demands a refusal with the code,
// no answer, and a disk on which nothing that signs has moved: the honest
// batch, offered afterwards, passes.
func (w *World) refuses(t *testing.T, s *Station, request []byte, code string) {
	t.Helper()
	before := s.Sign.Status()
	answer, refused, err := w.Visit(s, request)
	var fault *ceremonies.Fault
	if errors.As(err, &fault) {
		refused = fault
	} else if err != nil {
		t.Fatal(err)
	}
	if refused == nil {
		t.Fatalf("the station signed; want a refusal with %q", code)
	}
	if refused.Code != code {
		t.Fatalf("refused with %q (%s), want %q", refused.Code, refused.What, code)
	}
	if answer != nil && !strings.HasPrefix(code, "rule/") {
		t.Fatalf("an answer came with refusal %q", code)
	}
	after := s.Sign.Status()
	if before.Head != after.Head || before.Unused != after.Unused {
		t.Fatalf("the refusal %q moved the station's head or nonces", code)
	}
}

// A coordinator swaps the payee's script for its own after the treasury drafted
// the batch, leaving the counterparty's name. The station looks the script up
// in the charter that the quorum signed, not in what the coordinator says.
func TestSwappedOutput(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("swap", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, func(_ *signing.Order, r *batch.Request) { r.Payments[0].Script = payee(99) }, nil)
	w.refuses(t, w.Stations[0], evil, "rule/payout/counterparty")
	if _, refused, err := w.Visit(w.Stations[0], request); err != nil || refused != nil {
		t.Fatalf("undone, the batch must pass: %v %v", refused, err)
	}
}

// A coordinator sends the change to itself. A request cannot say so: change is
// an index that the station derives. All that is left is to call it a payment,
// and then it is a payment to a stranger.
func TestSwappedChange(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("change", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, func(_ *signing.Order, r *batch.Request) {
		r.Payments = append(r.Payments, batch.Payment{ExternalID: "x", Counterparty: "Exchange", Amount: 50_000, Script: payee(98)})
		tx := &r.Transactions[0]
		tx.Payments, tx.Change, tx.Variants = append(tx.Payments, 1), nil, []batch.Variant{{}}
	}, nil)
	w.refuses(t, w.Stations[0], evil, "rule/payout/counterparty")
}

// A coordinator sends the change to the wallet itself, but so far up the chain
// of indices that no recovery scan will ever find it.
func TestFarChangeIndex(t *testing.T) {
	w := ready(t, 2, 3)
	gap := w.Public.Charter.Document().Gap
	_, far, err := w.Open(w.Pay("far", "Exchange", payee(1), gap+5, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], far, "rule/wallet/change-gap")
	if _, err := w.Sign(w.Pay("near", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatalf("undone, the batch must pass: %v", err)
	}
}

// A coordinator understates an input's amount, so that a huge fee looks small.
// The station cannot see the chain, but every amount is under the signature
// (BIP341): what it signs is worthless for the coin that really exists.
func TestWrongAmount(t *testing.T) {
	w := ready(t, 2, 3)
	lie := w.Pay("lie", "Exchange", payee(1), 0, 2000, 100_000)
	truth := lie.Clone()
	truth.Transactions[0].Inputs[0].Amount += 1_000_000
	sigs, err := w.Sign(lie, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	v, err := truth.Verify(w.Public.Wallet)
	if err != nil {
		t.Fatal(err)
	}
	if verifies(t, v, sigs) {
		t.Fatal("a signature over a false amount is valid for the true coin")
	}
}

// Somebody who is not the coordinator seals a request with a key of their own.
func TestForgedSender(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("forged", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := wire.GenerateSigningKey(w.Random())
	if err != nil {
		t.Fatal(err)
	}
	body := open[signing.Request](t, w, request)
	w.refuses(t, w.Stations[0], w.seal(t, body, stranger), "signing/not-ours")
	// A station's key may not send a coordinator's message either.
	w.refuses(t, w.Stations[0], w.seal(t, body, w.Stations[1].Identity.Instance), "signing/not-ours")
	// Nor may a changed byte of the coordinator's own message pass.
	torn := append([]byte(nil), request...)
	torn[len(torn)/2] ^= 1
	w.refuses(t, w.Stations[0], torn, "signing/not-ours")
}

// A coordinator of two treasuries shows one treasury's request to the other's
// station: in the other's envelope, and repacked into this wallet's envelope.
func TestWrongWallet(t *testing.T) {
	w, other := ready(t, 2, 3), readySeed(t, 2, 3, 2)
	_, foreign, err := other.Open(other.Pay("other", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], foreign, "signing/not-ours")
	_, request, err := w.Open(w.Pay("mine", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, func(_ *signing.Order, r *batch.Request) { r.Wallet = other.Public.Wallet.ID() }, nil)
	w.refuses(t, w.Stations[0], evil, "signing/facts")
}

// A coordinator names the charter of an earlier day, under which a payee that
// has since been removed was still allowed.
func TestOlderCharter(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("old", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, func(_ *signing.Order, r *batch.Request) { r.Charter[0] ^= 1 }, nil)
	w.refuses(t, w.Stations[0], evil, "rule/charter/current")
}

// Many rules with long ids refuse every payment of a batch. The refusal names each
// rule once, so it is short enough to be sent: otherwise the station would say that
// it is broken, and nobody would see what refused.
func TestARefusalByManyRulesIsSent(t *testing.T) {
	w := enrolled(t, 2, 3)
	d := rules()
	for i := range 100 {
		d.Rules = append(d.Rules, charter.Rule{
			ID: fmt.Sprintf("cap/%060d", i), Effect: charter.Require, Check: charter.MaxOutput, Max: 1,
		})
	}
	if err := w.KeyGeneration(w.draft(t, d)); err != nil {
		t.Fatal(err)
	}
	amounts := make([]batch.Amount, 20)
	for i := range amounts {
		amounts[i] = 1000
	}
	_, request, err := w.Open(w.Pay("many", "Exchange", payee(1), 0, 6000, amounts...), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := w.Visit(w.Stations[0], request)
	if err != nil {
		t.Fatal(err)
	}
	if refused == nil || len(open[signing.Refusal](t, w, answer).Rules) != 100 {
		t.Fatalf("refused by %v", refused)
	}
}

// A coordinator sets nLockTime years ahead. The payments would count as spent and
// stay bound to their coins while nobody can confirm them: no rule of a charter
// speaks of it, so the operator must see it before anything is signed.
func TestLockTimeIsShown(t *testing.T) {
	for lock, want := range map[uint32]string{
		0: "", 1: "block 1", 499_999_999: "block 499999999",
		500_000_000: "1985-11-05 00:53:20 UTC", 4_000_000_000: "2096-10-02 07:06:40 UTC",
	} {
		w := ready(t, 2, 3)
		r := w.Pay("later", "Exchange", payee(1), 0, 2000, 100_000)
		r.Transactions[0].LockTime = lock
		_, request, err := w.Open(r, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		step, err := w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request})
		if err != nil {
			t.Fatal(err)
		}
		var shown string
		for _, section := range step.Screen.(ceremonies.Review).Sections {
			for _, line := range section.Lines {
				if line.Label == "Not valid before" && line.Alert {
					shown = line.Value
				}
			}
		}
		if shown != want {
			t.Errorf("lock time %d is shown as %q, want %q", lock, shown, want)
		}
	}
}

// A coordinator gives a false aggregate nonce. No station can see that; what
// comes out is no signature, the nonces are burnt, and nobody is blamed for it.
func TestLyingAggregateNonce(t *testing.T) {
	w := ready(t, 2, 3)
	r := w.Pay("nonce", "Exchange", payee(1), 0, 2000, 100_000)
	_, request, err := w.Open(r, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := w.Open(w.Pay("other", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	var borrowed []byte
	w.forge(t, other, func(o *signing.Order, _ *batch.Request) { borrowed = o.Nonces }, nil)
	var order signing.Order
	evil := w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Nonces = borrowed; order = *o }, nil)
	before := w.Stations[0].Sign.Status()
	answer, refused, err := w.Visit(w.Stations[0], evil)
	if err != nil || refused != nil {
		t.Fatalf("a station cannot know: %v %v", refused, err)
	}
	if after := w.Stations[0].Sign.Status(); after.Head.Next == before.Head.Next {
		t.Fatal("the nonces were not burnt")
	}
	record, err := wire.Marshal(signing.Blame{Order: mustMarshal(t, order), Response: answer, Pages: [][]byte{w.Stations[0].Disk["signing/pool"]}})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := signing.VerifyBlame(SigningGroup(w.Public), record); !errors.Is(err, signing.ErrNotProven) {
		t.Fatalf("an honest station is blamed: %+v, %v", f, err)
	}
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := wire.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A coordinator shows a station a message of another ceremony of the same
// group, in the hope that its body is read as a request.
func TestMessageOfAnotherCeremony(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("kind", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Seal(wire.KindKeygenInvite, [32]byte(w.Public.Wallet.ID()), rawBody(t, w, request), w.Courier, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], m.Bytes, "signing/kind")
}
