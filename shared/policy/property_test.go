package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// story is a charter's rules, a history and a batch, small enough that limits
// are often just met and just broken.
type story struct {
	rules   []charter.Rule
	missing string // counterparty that is struck from the charter
	history []past
	txs     []draft
}

// past is a record: batch number n, released by a station some time ago.
type past struct {
	station, n int
	age        int64
	payments   []pay
	fee        int64
	anchor     byte
}

var people = []string{"Kraken", "Bitstamp", "Staff"}

func drawRule(rt *rapid.T, id string) charter.Rule {
	r := charter.Rule{ID: id, Effect: charter.Effect(rapid.IntRange(1, 3).Draw(rt, "effect"))}
	r.To = rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 3, rapid.ID[string]).Draw(rt, "to")
	if r.Effect != charter.Require {
		return r
	}
	r.Check = charter.Check(rapid.IntRange(1, 8).Draw(rt, "check"))
	most := map[charter.Check]int64{charter.MaxFeeRate: 30, charter.MaxFeePercent: 10_000, charter.MaxLifetime: 7200}[r.Check]
	if most == 0 {
		most = 15_000
	}
	r.Max = rapid.Int64Range(1, most).Draw(rt, "max")
	if r.Check == charter.MaxWindow {
		r.Window = uint32(rapid.IntRange(1, 2*day).Draw(rt, "window"))
	}
	return r
}

func drawStory(rt *rapid.T) story {
	var s story
	for i := range rapid.IntRange(0, 5).Draw(rt, "rules") {
		s.rules = append(s.rules, drawRule(rt, fmt.Sprintf("r%d", i)))
	}
	if rapid.IntRange(0, 3).Draw(rt, "allow all") > 0 {
		s.rules = append(s.rules, allowAll())
	}
	drawPay := func(id int) pay {
		return pay{fmt.Sprint("p", id), rapid.SampledFrom(people).Draw(rt, "to"), batch.Amount(rapid.Int64Range(1000, 5000).Draw(rt, "amount"))}
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "records") {
		h := past{
			station: rapid.IntRange(0, 1).Draw(rt, "station"), n: rapid.IntRange(0, 1).Draw(rt, "batch"),
			age: int64(3-i) * rapid.Int64Range(0, day).Draw(rt, "age"), fee: rapid.Int64Range(0, 500).Draw(rt, "fee"),
			anchor: byte(rapid.IntRange(1, 8).Draw(rt, "anchor")/8 + 1), // mostly 1, sometimes 2
		}
		for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 0, 3, rapid.ID[int]).Draw(rt, "payouts") {
			h.payments = append(h.payments, drawPay(id))
		}
		s.history = append(s.history, h)
	}
	slices.SortStableFunc(s.history, func(a, b past) int { return int(b.age - a.age) })
	id := 0
	for i := range rapid.IntRange(1, 2).Draw(rt, "transactions") {
		tx := draft{change: rapid.IntRange(-1, 0).Draw(rt, "change"), anchor: 1}
		if tx.change >= 0 {
			tx.change = i
		}
		for range rapid.IntRange(1, 2).Draw(rt, "payments") {
			tx.pay = append(tx.pay, drawPay(id))
			id++
		}
		fee := batch.Amount(rapid.Int64Range(100, 4000).Draw(rt, "fee"))
		tx.fees = []batch.Amount{fee}
		if tx.change >= 0 && rapid.Bool().Draw(rt, "ladder") {
			tx.fees = append(tx.fees, fee+batch.Amount(rapid.Int64Range(1, 1000).Draw(rt, "step")))
		}
		s.txs = append(s.txs, tx)
	}
	return s
}

// desk builds the world of a story: two stations, to be quick.
func (s story) desk(t testing.TB) *desk {
	d := newDesk(t, slices.Clone(s.rules)...)
	d.doc.Stations = d.doc.Stations[:2]
	d.doc.Counterparties = slices.DeleteFunc(d.doc.Counterparties, func(c charter.Counterparty) bool { return c.Name == s.missing })
	d.txs = s.txs
	id := d.wallet().ID()
	for _, h := range s.history {
		r := ledger.Record{Batch: [32]byte{0xb0, byte(h.n)}, Time: now - h.age, Fee: h.fee}
		for _, p := range h.payments {
			r.Payments = append(r.Payments, ledger.Payment{
				Payout: batch.NewPayoutID(id, p.id), Counterparty: p.to, Amount: int64(p.amount), Anchor: anchorOf(s.place(p.id), h.anchor),
			})
		}
		d.release = append(d.release, release{h.station, r})
	}
	return d
}

// place is the transaction that pays a payout in the story's batch, 0 if none.
func (s story) place(id string) int {
	for i, tx := range s.txs {
		for _, p := range tx.pay {
			if p.id == id {
				return i
			}
		}
	}
	return 0
}

func (s story) clone() story {
	s.rules = slices.Clone(s.rules)
	s.history = slices.Clone(s.history)
	s.txs = slices.Clone(s.txs)
	for i := range s.txs {
		s.txs[i].pay = slices.Clone(s.txs[i].pay)
		s.txs[i].fees = slices.Clone(s.txs[i].fees)
	}
	return s
}

// naive decides the same question in the plainest way there is, from the story
// and not from what Judge sees.
func (s story) naive() bool {
	among := func(r charter.Rule, name string) bool { return len(r.To) == 0 || slices.Contains(r.To, name) }
	type released struct {
		amount, time int64
		names        []string
		anchors      []byte
	}
	payouts, fees, feeTimes := map[string]*released{}, map[int]int64{}, map[int]int64{}
	for _, h := range s.history {
		fees[h.n] = max(fees[h.n], h.fee)
		feeTimes[h.n] = max(feeTimes[h.n], now-h.age)
		for _, p := range h.payments {
			q := payouts[p.id]
			if q == nil {
				q = &released{}
				payouts[p.id] = q
			}
			q.amount, q.time = max(q.amount, int64(p.amount)), max(q.time, now-h.age)
			q.names, q.anchors = append(q.names, p.to), append(q.anchors, h.anchor)
		}
	}
	ok := true
	batchFee := int64(0)
	for _, tx := range s.txs {
		batchFee += int64(slices.Max(tx.fees))
		for _, p := range tx.pay {
			allowed := false
			for _, r := range s.rules {
				allowed = allowed || r.Effect == charter.Allow && among(r, p.to)
				ok = ok && !(r.Effect == charter.Deny && among(r, p.to))
			}
			ok = ok && allowed && p.to != s.missing
			if q := payouts[p.id]; q != nil {
				for _, a := range q.anchors {
					ok = ok && a == tx.anchor
				}
			}
		}
	}
	for _, r := range s.rules {
		if r.Effect != charter.Require {
			continue
		}
		sum, concerned := int64(0), false
		for _, tx := range s.txs {
			part, whole, hit := int64(0), int64(0), false
			for _, p := range tx.pay {
				whole += int64(p.amount)
				if among(r, p.to) {
					part += int64(p.amount)
					hit = true
					ok = ok && !(r.Check == charter.MaxOutput && int64(p.amount) > r.Max)
				}
			}
			sum += part
			if !hit {
				continue
			}
			concerned = true
			fee := int64(slices.Max(tx.fees))
			vsize := int64(10.5 + 57.5 + 31*float64(len(tx.pay)) + 0.5)
			if tx.change >= 0 {
				vsize = int64(10.5 + 57.5 + 43 + 31*float64(len(tx.pay)) + 0.5)
			}
			switch r.Check {
			case charter.MaxTransaction:
				ok = ok && part <= r.Max
			case charter.MaxFee:
				ok = ok && fee <= r.Max
			case charter.MaxFeeRate:
				ok = ok && fee <= r.Max*vsize
			case charter.MaxFeePercent:
				ok = ok && fee*10_000 <= r.Max*whole
			}
		}
		if !concerned {
			continue
		}
		switch r.Check {
		case charter.MaxBatch:
			ok = ok && sum <= r.Max
		case charter.MaxLifetime:
			ok = ok && r.Max >= 3600
		case charter.MaxWindow:
			from := now - int64(r.Window) - 4*3600
			left := sum
			planned := map[string]int64{}
			for _, tx := range s.txs {
				for _, p := range tx.pay {
					if among(r, p.to) {
						planned[p.id] = int64(p.amount)
					}
				}
			}
			for id, q := range payouts {
				if q.time >= from && slices.ContainsFunc(q.names, func(n string) bool { return among(r, n) }) {
					left += max(q.amount-planned[id], 0)
				}
			}
			if len(r.To) == 0 {
				left += batchFee
				for n, f := range fees {
					if feeTimes[n] >= from {
						left += f
					}
				}
			}
			ok = ok && left <= r.Max
		}
	}
	return ok
}

func TestJudgeAgreesWithThePlainReading(t *testing.T) {
	allowed, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		v := s.desk(t).judge()
		if v.Allowed != s.naive() {
			rt.Fatalf("judged %v, plain reading %v\n%q\n%+v", v.Allowed, s.naive(), v.Sentences(), s)
		}
		if v.Allowed {
			allowed++
			return
		}
		refused++
	})
	if allowed == 0 || refused == 0 {
		t.Errorf("%d stories allowed, %d refused: the stories test one side only", allowed, refused)
	}
}

// Rules have no order: in the charter, where they are sorted, nor in the
// judgement itself.
func TestOrderOfRulesNeverMatters(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		d := s.desk(t)
		want := d.judge()
		permuted := s.clone()
		permuted.rules = rapid.Permutation(s.rules).Draw(rt, "permuted")
		if permuted.desk(t).judge().Hash() != want.Hash() {
			rt.Fatal("a permuted charter is judged otherwise")
		}
		c, b, snapshot := d.parts()
		doc := c.Document()
		doc.Rules = rapid.Permutation(doc.Rules).Draw(rt, "rules as judged")
		l := newLawOf(c, doc)
		f, _, err := look(l, inForce(c, b), b, Evidence{}, nil, snapshot)
		if err != nil {
			rt.Fatal(err)
		}
		tr := &trace{law: l, f: f}
		tr.structure(c.ID(), snapshot)
		tr.rules()
		byText := func(a, b Line) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
		got, lines := slices.Clone(tr.lines), slices.Clone(want.Trace)
		slices.SortFunc(got, byText)
		slices.SortFunc(lines, byText)
		if !slices.Equal(got, lines) {
			rt.Fatalf("another order gives other lines:\n%v\n%v", got, lines)
		}
	})
}

// neverLooser fails if a story that was refused is allowed after it changed.
func neverLooser(rt *rapid.T, t *testing.T, before, after story) {
	if v := after.desk(t).judge(); v.Allowed && !before.desk(t).judge().Allowed {
		rt.Fatalf("refused before, allowed now\nbefore %+v\nafter %+v", before, after)
	}
}

func TestAddingADenyOrRequirementNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		after := s.clone()
		added := drawRule(rt, "added")
		if added.Effect == charter.Allow {
			added.Effect = charter.Deny
		}
		after.rules = append(after.rules, added)
		neverLooser(rt, t, s, after)
	})
}

func TestLoweringALimitNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		after := s.clone()
		for i, r := range after.rules {
			if r.Effect == charter.Require {
				after.rules[i].Max = rapid.Int64Range(1, r.Max).Draw(rt, "lower")
			}
			if r.Check == charter.MaxWindow {
				after.rules[i].Window = uint32(rapid.IntRange(int(r.Window), 3*day).Draw(rt, "longer"))
			}
		}
		neverLooser(rt, t, s, after)
	})
}

// A fee measured in percent is the one limit that a higher payment eases, by
// what it is.
func TestRaisingAnAmountNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		s.rules = slices.DeleteFunc(s.rules, func(r charter.Rule) bool { return r.Check == charter.MaxFeePercent })
		after := s.clone()
		tx := &after.txs[rapid.IntRange(0, len(after.txs)-1).Draw(rt, "transaction")]
		tx.pay[rapid.IntRange(0, len(tx.pay)-1).Draw(rt, "payment")].amount += batch.Amount(rapid.Int64Range(1, 10_000).Draw(rt, "more"))
		neverLooser(rt, t, s, after)
	})
}

func TestRaisingAFeeNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		after := s.clone()
		tx := &after.txs[rapid.IntRange(0, len(after.txs)-1).Draw(rt, "transaction")]
		tx.fees[len(tx.fees)-1] += batch.Amount(rapid.Int64Range(1, 5000).Draw(rt, "more"))
		neverLooser(rt, t, s, after)
	})
}

func TestRememberingMoreNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		if len(s.history) == 0 {
			return
		}
		before := s.clone()
		i := rapid.IntRange(0, len(s.history)-1).Draw(rt, "forgotten")
		before.history = slices.Delete(before.history, i, i+1)
		neverLooser(rt, t, before, s)
	})
}

// Striking a counterparty strikes it from every rule, and rules about nobody
// else with it. What was paid to it before stays in windows over all, and leaves
// those that named it: so it has no past here.
func TestRemovingACounterpartyNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		after := s.clone()
		after.missing = rapid.SampledFrom(people).Draw(rt, "struck")
		for i := range s.history {
			s.history[i].payments = slices.DeleteFunc(s.history[i].payments, func(p pay) bool { return p.to == after.missing })
		}
		after.history = s.history
		after.rules = nil
		for _, r := range s.rules {
			left := slices.DeleteFunc(slices.Clone(r.To), func(n string) bool { return n == after.missing })
			if len(r.To) > 0 && len(left) == 0 {
				continue
			}
			r.To = left
			after.rules = append(after.rules, r)
		}
		neverLooser(rt, t, s, after)
	})
}

// The coordinator and a station read the same bytes, each with its own decoder
// run, and learnt the records in another order.
func TestCoordinatorAndStationComeToOneVerdict(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		d := s.desk(t)
		c, b, snapshot := d.parts()
		_, want, err := Judge(inForce(c, b), b, Evidence{}, nil, snapshot)
		if err != nil {
			rt.Fatal(err)
		}
		bytes, err := b.Request().Encode()
		if err != nil {
			rt.Fatal(err)
		}
		request, err := batch.Decode(bytes)
		if err != nil {
			rt.Fatal(err)
		}
		again, err := charter.Decode(c.Bytes())
		if err != nil {
			rt.Fatal(err)
		}
		verified, err := request.Verify(d.wallet())
		if err != nil {
			rt.Fatal(err)
		}
		mixed := s.clone()
		slices.SortStableFunc(mixed.history, func(a, b past) int { return b.station - a.station })
		_, got, err := Judge(inForce(again, verified), verified, Evidence{}, nil, mixed.desk(t).snapshot(again, d.wallet()))
		if err != nil {
			rt.Fatal(err)
		}
		if got.Hash() != want.Hash() {
			rt.Fatalf("two verdicts:\n%q\n%q", got.Sentences(), want.Sentences())
		}
	})
}
