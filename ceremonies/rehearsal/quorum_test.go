package rehearsal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
)

// readyUnder is a world of t of n stations under some charter.
func readyUnder(t *testing.T, threshold, n int, d charter.Document) *World {
	t.Helper()
	key := fmt.Sprintf("%d of %d under %+v", threshold, n, d)
	if generatedUnder[key] == nil {
		w, err := New(threshold, n, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Enrolment(); err != nil {
			t.Fatal(err)
		}
		if err := w.KeyGeneration(w.draft(t, d)); err != nil {
			t.Fatal(err)
		}
		generatedUnder[key] = w
	}
	w, err := generatedUnder[key].Copy()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// generatedUnder is generated for charters of a test's own.
var generatedUnder = make(map[string]*World)

// threeAbove is the rehearsals' charter with one rule more: above an amount, three
// stations agree.
func threeAbove(limit int64) charter.Document {
	d := rules()
	d.Rules = append(d.Rules, charter.Rule{
		ID: "stations/three", Effect: charter.Require, Check: charter.MaxBatch, Max: limit,
		Unless: charter.Demand{Kind: charter.DemandStations, Count: 3},
	})
	return d
}

// Above an amount all three stations of 2-of-3 agree: the first acknowledges, the
// other two sign.
func TestMoreStationsThanTheThreshold(t *testing.T) {
	w := readyUnder(t, 2, 3, threeAbove(2_000_000))
	large := w.Pay("large", "Exchange", payee(1), 0, 2000, 3_000_000)
	_, request, err := w.Open(large, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "rule/stations/three")

	session, request, err := w.Open(large, 2, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := w.Stations[2].Sign.Status()
	step, err := w.Do(w.Stations[2], ceremonies.Scanned{Bytes: request})
	if err != nil {
		t.Fatal(err)
	}
	review, ok := step.Screen.(ceremonies.Review)
	if !ok || !strings.Contains(fmt.Sprint(review.Sections), "station C (acknowledges), then station A, then station B") {
		t.Fatalf("the screen does not say who signs: %+v", step.Screen)
	}
	if step, err = w.Do(w.Stations[2], ceremonies.Approve{Digest: review.Digest}); err != nil {
		t.Fatal(err)
	}
	answer := open[signing.Response](t, w, step.Send[0].Bytes)
	after := w.Stations[2].Sign.Status()
	if len(answer.Shares) != 0 || after.Unused != before.Unused || after.Head.Next != before.Head.Next {
		t.Fatalf("a station that acknowledges gave %d bytes of shares, or burnt nonces", len(answer.Shares))
	}
	if after.Head.Seq != 1 {
		t.Fatal("a station that acknowledges recorded nothing")
	}
	if step, err = w.Answer(session, step.Send[0].Bytes); err != nil {
		t.Fatal(err)
	}
	sigs, err := w.Finish(session, step.Send[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	v, err := large.Verify(w.Public.Wallet)
	if err != nil || !verifies(t, v, sigs) {
		t.Fatalf("the signatures do not verify: %v", err)
	}
	// Memory is of one piece: what was acknowledged counts like what was signed.
	w.Now += 60
	if _, err := w.Sign(w.Pay("next", "Exchange", payee(1), 1, 2000, 2_000_000), 2, 1); err != nil {
		t.Fatal(err)
	}
	// A crash before the second station answered: the same screen, the same bytes.
	if err := w.Restart(w.Stations[2]); err != nil {
		t.Fatal(err)
	}
}

// The coordinator drops the station that would have said no: it shows an order for
// three to the two that sign, without the acknowledgement of the first; or with
// its place taken; or it makes the order smaller, or gives the first a share of
// the signing.
func TestStationThatAcknowledgesIsNotPassedOver(t *testing.T) {
	w := readyUnder(t, 2, 3, threeAbove(2_000_000))
	session, request, err := w.Open(w.Pay("over", "Exchange", payee(1), 0, 2000, 3_000_000), 2, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	w.refuses(t, s, request, "signing/out-of-order")
	w.refuses(t, s, w.forge(t, request, nil, func(r *signing.Request) { r.Acks = [][64]byte{{1}} }), "signing/acknowledgement")
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Quorum = o.Quorum[1:] }, nil), "rule/stations/three")
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) {
		o.Starts = append([]signing.Start{{Epoch: w.Stations[2].Sign.Status().Head.Epoch}}, o.Starts...)
	}, nil), "signing/malformed")
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Starts = o.Starts[:1] }, nil), "signing/malformed")
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Quorum = []uint8{2, 0, 1, 0} }, nil), "signing/malformed")
	if _, err := w.Finish(session, request); err != nil {
		t.Fatalf("undone, the batch must pass: %v", err)
	}
}

// A station that only acknowledges signs an answer that no honest one gives:
// shares, nonces, or a head that moved. It is named.
func TestWrongAcknowledgementIsBlamed(t *testing.T) {
	base := readyUnder(t, 2, 3, threeAbove(2_000_000))
	for name, change := range map[string]func(w *World, r *signing.Response){
		"session/shares":          func(_ *World, r *signing.Response) { r.Shares = make([]byte, 32) },
		"session/record":          func(_ *World, r *signing.Response) { r.Record = r.Record[1:] },
		"session/acknowledgement": func(_ *World, r *signing.Response) { r.Ack[3] ^= 1 },
		"session/refill":          func(_ *World, r *signing.Response) { r.Refill.Epoch[0] ^= 1 },
		"session/head": func(w *World, r *signing.Response) { // nonces that it did not use
			r.Head.Next++
			head, err := ledger.SignHead(r.Head, w.Stations[2].Identity.Instance, w.Random())
			if err != nil {
				t.Fatal(err)
			}
			r.Head = head
		},
	} {
		w, err := base.Copy()
		if err != nil {
			t.Fatal(err)
		}
		session, request, err := w.Open(w.Pay("wrong", "Exchange", payee(1), 0, 2000, 3_000_000), 2, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		answer, _, err := w.Visit(w.Stations[2], request)
		if err != nil {
			t.Fatal(err)
		}
		lie := w.reseal(t, w.Stations[2], answer, func(r *signing.Response) { change(w, r) })
		_, err = session.Step(w.Event(ceremonies.Scanned{Bytes: lie}))
		var fault *ceremonies.Fault
		if !errors.As(err, &fault) || fault.Code != name || fault.Suspect != (ceremonies.Suspect{Kind: ceremonies.Station, Station: 2}) {
			t.Fatalf("%s: %v", name, err)
		}
		if found, err := signing.VerifyBlame(w.Group(w.Line), fault.Record); err != nil || found.Station != 2 {
			t.Errorf("%s: a third program finds %+v, %v", name, found, err)
		}
		if step, err := w.Answer(session, answer); err != nil || len(step.Send) == 0 {
			t.Errorf("%s: the right answer is refused: %v", name, err)
		}
	}
}

// Why not all of a larger quorum sign. Two stations of 2-of-3 give shares for a
// signing set of three, as they would if rules asked for three and all of them
// signed. The coordinator chose the aggregate nonce: not the sum of what three
// stations published, but that of two, each scaled from the set of three to the
// set of two. The two shares, scaled alike, are a signature. The third station was
// never asked.
func TestSharesForALargerSetAreEnough(t *testing.T) {
	w := ready(t, 2, 3)
	shares := make([]*frost.SecretShare, 2)
	secret, public := make([]*frost.SecretNonce, 2), make([]frost.PublicNonce, 2)
	for i := range shares {
		setup, err := w.Setup(w.Stations[i])
		if err != nil {
			t.Fatal(err)
		}
		shares[i] = setup.Share
		if secret[i], public[i], err = frost.NonceGen(w.Random(), frost.NonceInput{}); err != nil {
			t.Fatal(err)
		}
	}
	// The interpolating value of a participant with x = id+1 in the set {1, 2} is
	// (3-x)/3 times that in {1, 2, 3}.
	scale := make([]btcec.ModNScalar, 2)
	third := new(btcec.ModNScalar).SetInt(3)
	third.InverseNonConst()
	for i := range scale {
		scale[i].SetInt(uint32(2 - i)).Mul(third)
	}
	var agg frost.AggregateNonce
	for half := range 2 {
		var sum btcec.JacobianPoint
		for i := range public {
			key, err := btcec.ParsePubKey(public[i][33*half : 33*half+33])
			if err != nil {
				t.Fatal(err)
			}
			var p, scaled btcec.JacobianPoint
			key.AsJacobian(&p)
			btcec.ScalarMultNonConst(&scale[i], &p, &scaled)
			btcec.AddNonConst(&sum, &scaled, &sum)
		}
		sum.ToAffine()
		copy(agg[33*half:], btcec.NewPublicKey(&sum.X, &sum.Y).SerializeCompressed())
	}
	key := frost.ThresholdKey(w.Public.Wallet.Key())
	signers, err := frost.NewSigners(3, 2, key, []int{0, 1, 2}, w.Public.PublicShares)
	if err != nil {
		t.Fatal(err)
	}
	tweaks, err := frost.NewTweakContext(key)
	if err != nil {
		t.Fatal(err)
	}
	message := [32]byte{1}
	session, err := frost.NewSession(signers, agg, tweaks, message[:])
	if err != nil {
		t.Fatal(err)
	}
	given := make([]frost.PartialSignature, 3) // nothing of the third
	for i := range shares {
		p, err := session.Sign(secret[i], shares[i], i)
		if err != nil {
			t.Fatal(err)
		}
		var s btcec.ModNScalar
		s.SetByteSlice(p[:])
		s.Mul(&scale[i])
		given[i] = s.Bytes()
	}
	sig, err := session.Aggregate(given)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := schnorr.ParseSignature(sig[:])
	if err != nil {
		t.Fatal(err)
	}
	whole := w.Public.Wallet.Key()
	point, err := schnorr.ParsePubKey(whole[1:])
	if err != nil {
		t.Fatal(err)
	}
	if !parsed.Verify(message[:], point) {
		t.Fatal("the attack does not work any more: find out why, and whether larger signing sets are safe now")
	}
}
