package diff

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wire"
)

// spare are keys of people, price sources and of whoever signs for a payee.
var spare = sync.OnceValue(func() []*wire.SigningKey {
	var out []*wire.SigningKey
	for i := range byte(8) {
		k, err := wire.GenerateSigningKey([32]byte{0x44, i})
		if err != nil {
			panic(err)
		}
		out = append(out, k)
	}
	return out
})

// proof is a statement that name owns a place.
var proofs = sync.OnceValue(func() map[string]charter.Proof {
	out := make(map[string]charter.Proof)
	for _, name := range everybody {
		for _, script := range [][]byte{place(name), place(name + " once")} {
			message, err := charter.ProofMessage(document(nil).Network, name, script)
			if err != nil {
				panic(err)
			}
			key := spare()[0].Public()
			signature := spare()[0].Sign(charter.ProofDigest(message), [32]byte{})
			out[name+string(script)] = charter.Proof{Script: script, Kind: charter.ProofStatement, Key: key[:], Signature: signature[:]}
		}
	}
	return out
})

var staff = []string{"Uma", "Vic", "Wim", "Bot"}

// drawPeople draws three people and a program.
func drawPeople(rt *rapid.T, d *charter.Document) {
	d.Web = charter.Web{RPID: "approve.example.com", Origins: []string{"https://approve.example.com"}}
	for i, name := range staff {
		p := charter.Person{Name: name, Machine: name == "Bot", Roles: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"desk", "board"}), 0, 2, rapid.ID[string]).Draw(rt, "roles")}
		key := spare()[i+1].Public()
		switch {
		case rapid.IntRange(0, 7).Draw(rt, "powerless") == 0:
		case p.Machine:
			p.Credentials = []charter.Credential{{Name: "server", Kind: charter.CredentialMachine, Key: key[:]}}
		default:
			kinds := rapid.IntRange(1, 3).Draw(rt, "credentials")
			if kinds&1 != 0 {
				public := ed25519.NewKeyFromSeed(append([]byte{byte(i)}, make([]byte, 31)...)).Public().(ed25519.PublicKey)
				p.Credentials = append(p.Credentials, charter.Credential{Name: "phone", Kind: charter.CredentialEdDSA, Key: public})
			}
			if kinds&2 != 0 {
				p.Credentials = append(p.Credentials, charter.Credential{Name: "tablet", Kind: charter.CredentialOffline, Key: key[:]})
			}
		}
		d.People = append(d.People, p)
	}
}

// drawWords draws a charter of the whole vocabulary: everything that a document
// says and that batches can show.
func drawWords(rt *rapid.T) charter.Document {
	d := drawDocument(rt)
	d.Rules = nil
	d.Work = 0x207fffff
	d.Zones = []charter.Zone{{Name: "here", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}, {Name: "there", Rule: "UTC0"}}
	for i := range d.Stations {
		d.Stations[i].Site = rapid.SampledFrom([]string{"", "Bern", "Olten"}).Draw(rt, "site")
		d.Stations[i].Entity = rapid.SampledFrom([]string{"", "Helio", "Graph"}).Draw(rt, "entity")
	}
	drawPeople(rt, &d)
	for i, name := range []string{"Desk", "Bank"} {
		if i == 0 || rapid.Bool().Draw(rt, "bank") {
			d.Prices = append(d.Prices, charter.PriceSource{Name: name, Currency: "CHF", Key: spare()[6+i].Public()})
		}
	}
	for i := range d.Counterparties {
		c := &d.Counterparties[i]
		c.Groups = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"near", "far"}), 0, 2, rapid.ID[string]).Draw(rt, "groups")
		switch rapid.IntRange(0, 7).Draw(rt, "place") {
		case 0:
			c.Once = [][]byte{place(c.Name + " once")}
		case 1:
			c.Once, c.Destinations = c.Destinations, nil
		case 2:
			c.Destinations = append(c.Destinations, place(c.Name+" once"))
		case 3:
			c.Data = !slices.ContainsFunc(d.Counterparties, func(c charter.Counterparty) bool { return c.Data })
		case 4:
			c.Own = !slices.ContainsFunc(d.Counterparties, func(c charter.Counterparty) bool { return c.Own })
		}
		for _, script := range slices.Concat(c.Destinations, c.Once) {
			if p, ok := proofs()[c.Name+string(script)]; ok && rapid.IntRange(0, 3).Draw(rt, "proven") == 0 {
				c.Proofs = append(c.Proofs, p)
			}
		}
	}
	if rapid.IntRange(0, 9).Draw(rt, "allow everybody") > 0 {
		d.Rules = append(d.Rules, charter.Rule{ID: "allow", Effect: charter.Allow})
	}
	for i := range rapid.IntRange(1, 7).Draw(rt, "number of rules") {
		addWords(rt, &d, fmt.Sprint("r", i))
	}
	return d
}

// addWords adds a rule, if it makes a charter.
func addWords(rt *rapid.T, d *charter.Document, id string) {
	var names []string
	for _, c := range d.Counterparties {
		names = append(names, c.Name)
	}
	r := drawWordsRule(rt, id, names)
	with := *d
	with.Rules = append(slices.Clone(d.Rules), r)
	if _, err := charter.New(with); err == nil {
		d.Rules = with.Rules
	}
}

func some[T comparable](rt *rapid.T, label string, of []T, chance int) []T {
	if rapid.IntRange(0, chance).Draw(rt, label+"?") > 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, len(of), rapid.ID[T]).Draw(rt, label)
}

func drawWordsRule(rt *rapid.T, id string, names []string) charter.Rule {
	r := drawRule(rt, id, names)
	r.Groups = some(rt, "groups", []string{"near", "far"}, 6)
	overTime := false
	if r.Effect == charter.Require {
		r.Check = charter.Check(rapid.IntRange(1, 17).Draw(rt, "word"))
		r.Window = 0
		least := int64(1)
		if rapid.IntRange(0, 1).Draw(rt, "unless?") == 0 {
			r.Unless, least = drawDemand(rt, 1), 0
		}
		r.Max = rapid.Int64Range(least, most-1).Draw(rt, "max")
		switch r.Check {
		case charter.MaxFeePercent, charter.MinOwnShare:
			r.Max = rapid.SampledFrom([]int64{1000, 2500, 3334, 5000, 7500, 10_000}).Draw(rt, "percent")
		case charter.MaxChange:
			r.Max = rapid.Int64Range(0, 3).Draw(rt, "change")
		case charter.MinReserve, charter.MinConfirmations, charter.MinFeeRate:
			r.Max = max(r.Max, 1)
			r.Proven = r.Check == charter.MinConfirmations && rapid.Bool().Draw(rt, "proven")
		case charter.MaxWindow, charter.MaxCountWindow:
			overTime = true
			r.Window = uint32(rapid.IntRange(1, 2).Draw(rt, "window"))
			if c := charter.Calendar(rapid.IntRange(0, 5).Draw(rt, "calendar")); c > 0 && c <= charter.Month {
				r.Calendar, r.Window, r.Zone = c, 0, rapid.SampledFrom([]string{"here", "there"}).Draw(rt, "zone")
			} else if c == 4 {
				r.Window = 86_400
			}
		case charter.MaxFiat:
			r.Currency, r.Window = "CHF", uint32(rapid.IntRange(1, 2).Draw(rt, "window"))
		}
		switch r.Check {
		case charter.MaxTransaction, charter.MaxBatch, charter.MaxWindow, charter.MaxCount, charter.MaxCountWindow, charter.MaxFiat:
			if each := charter.Each(rapid.IntRange(0, 6).Draw(rt, "each")); each <= charter.EachGroup {
				r.Each = each
			}
			if r.Each == charter.EachGroup {
				r.To = nil
			}
		}
	}
	if !overTime {
		r.Scripts = some(rt, "scripts", []charter.ScriptKind{charter.P2WPKH, charter.P2TR, charter.Data}, 6)
		if rapid.IntRange(0, 6).Draw(rt, "young?") == 0 {
			r.Younger = uint32(rapid.IntRange(1, 2).Draw(rt, "younger"))
		}
		r.Unproven = rapid.IntRange(0, 6).Draw(rt, "unproven") == 0
	}
	return r
}

func drawDemand(rt *rapid.T, depth int) charter.Demand {
	d := charter.Demand{Kind: charter.DemandKind(rapid.IntRange(1, 13).Draw(rt, "demand"))}
	if depth == 0 && d.Kind <= charter.DemandAny {
		d.Kind = charter.DemandApprovals
	}
	switch d.Kind {
	case charter.DemandAll, charter.DemandAny:
		for range rapid.IntRange(1, 2).Draw(rt, "parts") {
			d.Of = append(d.Of, drawDemand(rt, depth-1))
		}
	case charter.DemandApprovals, charter.DemandInitiator, charter.DemandNotFrozen, charter.DemandNoVeto:
		d.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"desk", "board"}), 0, 2, rapid.ID[string]).Draw(rt, "of roles")
		d.People = rapid.SliceOfNDistinct(rapid.SampledFrom(staff), 0, 2, rapid.ID[string]).Draw(rt, "of people")
	}
	switch d.Kind {
	case charter.DemandApprovals:
		d.Count = uint8(rapid.IntRange(1, 2).Draw(rt, "count"))
		d.Offline, d.Initiator = rapid.Bool().Draw(rt, "offline"), rapid.Bool().Draw(rt, "initiator")
	case charter.DemandStations, charter.DemandSites, charter.DemandEntities:
		d.Count = uint8(rapid.IntRange(1, 3).Draw(rt, "count"))
	case charter.DemandHours:
		d.Zone = rapid.SampledFrom([]string{"here", "there"}).Draw(rt, "zone")
		d.Days = uint8(rapid.IntRange(1, 127).Draw(rt, "days"))
		d.From = uint16(rapid.SampledFrom([]int{0, 540, 720}).Draw(rt, "from"))
		d.Until = uint16(rapid.SampledFrom([]int{721, 1020, 1440}).Draw(rt, "until"))
	case charter.DemandWaited, charter.DemandNotFrozen:
		d.Seconds = uint32(rapid.IntRange(1, 2).Draw(rt, "seconds"))
	}
	return d
}

// changeWords draws a charter near to another.
func changeWords(rt *rapid.T, d charter.Document) charter.Document {
	out := d
	if others := rapid.IntRange(0, 7).Draw(rt, "others"); others < 3 {
		out = drawWords(rt)
		out.Rules = nil
		if others > 0 { // other people and stations alone
			out.Counterparties, out.Gap = d.Counterparties, d.Gap
		}
		for _, r := range d.Rules {
			with := out
			with.Rules = append(slices.Clone(out.Rules), r)
			if _, err := charter.New(with); err == nil {
				out = with
			}
		}
	}
	out.Rules = slices.Clone(out.Rules)
	for range rapid.IntRange(1, 3).Draw(rt, "changes") {
		i := rapid.IntRange(0, len(out.Rules)).Draw(rt, "at")
		if i == len(out.Rules) {
			if id := fmt.Sprint("n", len(out.Rules)); !slices.ContainsFunc(out.Rules, func(r charter.Rule) bool { return r.ID == id }) {
				addWords(rt, &out, id)
			}
			continue
		}
		old := out.Rules[i]
		switch rapid.IntRange(0, 11).Draw(rt, "how") {
		case 0:
			if old.ID != "allow" {
				out.Rules = slices.Delete(out.Rules, i, i+1)
			}
			continue
		case 1:
			out.Rules[i].Unless = charter.Demand{}
		case 2:
			out.Rules[i].Unless = drawDemand(rt, 1)
		case 3, 4:
			out.Rules[i].Max++
		case 5:
			out.Rules[i].Max--
		case 7, 8, 9, 10:
			out.Rules[i].Unless = tweak(rt, out.Rules[i].Unless)
		case 6:
			out.Rules[i].To, out.Rules[i].Groups = nil, nil
		default:
			out.Rules[i] = drawWordsRule(rt, old.ID, everybody[:2])
		}
		if _, err := charter.New(out); err != nil {
			out.Rules[i] = old
		}
	}
	return out
}

// tweak draws a demand that differs in one thing.
func tweak(rt *rapid.T, d charter.Demand) charter.Demand {
	if len(d.Of) > 0 && rapid.IntRange(0, 3).Draw(rt, "inner") > 0 {
		d.Of = slices.Clone(d.Of)
		i := rapid.IntRange(0, len(d.Of)-1).Draw(rt, "branch")
		d.Of[i] = tweak(rt, d.Of[i])
		return d
	}
	switch rapid.IntRange(0, 5).Draw(rt, "tweak") {
	case 0:
		d.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"desk", "board"}), 0, 2, rapid.ID[string]).Draw(rt, "of roles")
	case 1:
		d.People = rapid.SliceOfNDistinct(rapid.SampledFrom(staff), 0, 2, rapid.ID[string]).Draw(rt, "of people")
	case 2:
		d.Offline, d.Initiator, d.From = !d.Offline, d.Initiator || d.Offline, d.From/2
	case 3:
		d.Initiator, d.Until = !d.Initiator, d.Until/2
	default:
		switch d.Kind {
		case charter.DemandAll, charter.DemandAny:
			d.Kind = charter.DemandAll + charter.DemandAny - d.Kind
		case charter.DemandWaited, charter.DemandNotFrozen:
			d.Seconds = 3 - d.Seconds
		default:
			d.Count = 3 - d.Count
		}
	}
	return d
}

// What the comparison says of charters of the whole vocabulary is what trying
// many small batches in many situations says.
func TestWordsAgreeWithBruteForce(t *testing.T) {
	t.Parallel()
	differ, same, undecided, tried, broken := 0, 0, 0, 0, 0
	byCheck := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		first := drawWords(rt)
		second := changeWords(rt, first)
		a, err := charter.New(first)
		if err != nil {
			rt.Fatal(err)
		}
		b, err := charter.New(second)
		if err != nil {
			rt.Fatal(err)
		}
		d := compare(a, b, small)
		undecided += len(d.UndecidedAllowed) + len(d.UndecidedRefused)
		if d.Same() {
			same++
		} else {
			differ++
		}
		before, after := policy.NewTrial(a), policy.NewTrial(b)
		for _, e := range d.Allowed {
			if before.Judge(e.Case).Allowed || !after.Judge(e.Case).Allowed {
				rt.Fatalf("no example: %q", e.Batch)
			}
		}
		for _, e := range d.Refused {
			if !before.Judge(e.Case).Allowed || after.Judge(e.Case).Allowed {
				rt.Fatalf("no example: %q", e.Batch)
			}
		}
		var c compiler
		newSides(&c, a, b)
		var where []policy.CasePayment
		for _, c := range slices.Concat(first.Counterparties, second.Counterparties) {
			for _, script := range slices.Concat(c.Destinations, c.Once) {
				where = append(where, policy.CasePayment{Counterparty: c.Name, Script: script})
			}
			if c.Data {
				where = append(where, policy.CasePayment{Counterparty: c.Name, Script: said})
			}
			if c.Own {
				where = append(where, policy.CasePayment{Counterparty: c.Name, Script: ours, Own: true})
			}
		}
		r := dice(rapid.Uint64Range(1, 1<<62).Draw(rt, "dice"))
		for range cases {
			m := pick(&r, c.moments)
			k := r.someCase(m.at, append([]int64{0, 3, 5}, m.reach...), where)
			x, y := before.Judge(k), after.Judge(k)
			if x.Allowed == y.Allowed {
				continue
			}
			tried++
			examples, open, refused := d.Allowed, d.UndecidedAllowed, x
			if x.Allowed {
				examples, open, refused = d.Refused, d.UndecidedRefused, y
			}
			for _, l := range refused.Refusals() {
				broken++
				byCheck[l.Check]++
				if l.Need != "" {
					byCheck["unless"]++
				}
				if !slices.Contains(open, l.Rule) && !slices.ContainsFunc(examples, func(e Example) bool { return slices.Contains(e.rules, l.Rule) }) {
					rt.Fatalf("%s refuses a batch that the other charter allows (newly allowed: %t), and is not named:\n%s\n%s\nallowed %q refused %q\nbefore %s\nafter %s", l.Rule, y.Allowed, shortCase(k), l.Sentence(), cited(d.Allowed), cited(d.Refused), short(a), short(b))
				}
			}
		}
	})
	t.Log(byCheck)
	t.Logf("%d differ, %d are the same, %d checks undecided, %d batches told them apart by %d checks", differ, same, undecided, tried, broken)
	if differ == 0 || same == 0 || undecided > (differ+same)/40 {
		t.Errorf("%d differ, %d are the same, %d checks undecided", differ, same, undecided)
	}
}

// cases is how many batches are tried on each pair of charters.
const cases = 400
