package charter

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"pgregory.net/rapid"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

func instance(t testing.TB, i byte) wire.PublicKey {
	t.Helper()
	key, err := wire.GenerateSigningKey([32]byte{0x11, i})
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func hostKey(i byte) [33]byte {
	_, pub := btcec.PrivKeyFromBytes([]byte{0x22, i})
	return [33]byte(pub.SerializeCompressed())
}

// p2wpkh is a destination that is told apart by one byte.
func p2wpkh(i byte) []byte { return append([]byte{0x00, 0x14, i}, make([]byte, 19)...) }

func sample(t testing.TB) Document {
	t.Helper()
	return Document{
		Version: 1, Name: "Treasury", Network: wallet.Regtest, Threshold: 2, Gap: 20, ClockTolerance: 7200,
		Stations: []Station{
			{Name: "Ada", HostKey: hostKey(0), InstanceKey: instance(t, 0)},
			{Name: "Ben", HostKey: hostKey(1), InstanceKey: instance(t, 1)},
			{Name: "Cem", HostKey: hostKey(2), InstanceKey: instance(t, 2)},
		},
		Courier: instance(t, 99),
		Counterparties: []Counterparty{
			{Name: "Kraken", Destinations: [][]byte{p2wpkh(2), p2wpkh(1)}},
			{Name: "Bitstamp", Destinations: [][]byte{p2wpkh(3)}},
			{Name: "Zürich Rück", Destinations: nil},
		},
		Rules: []Rule{
			{ID: "pay/exchanges", Effect: Allow, To: []string{"Kraken", "Bitstamp"}},
			{ID: "stop/rueck", Effect: Deny, To: []string{"Zürich Rück"}},
			{ID: "cap/output", Effect: Require, Check: MaxOutput, Max: 50_000_000},
			{ID: "cap/kraken", Effect: Require, To: []string{"Kraken"}, Check: MaxTransaction, Max: 1},
			{ID: "cap/batch", Effect: Require, Check: MaxBatch, Max: MaxMoney},
			{ID: "window/day", Effect: Require, Check: MaxWindow, Max: 100_000_000, Window: 86_400},
			{ID: "window/kraken", Effect: Require, To: []string{"Kraken"}, Check: MaxWindow, Max: 7, Window: 3600},
			{ID: "fee/total", Effect: Require, Check: MaxFee, Max: 100_000},
			{ID: "fee/rate", Effect: Require, Check: MaxFeeRate, Max: 1500},
			{ID: "fee/percent", Effect: Require, Check: MaxFeePercent, Max: 125},
			{ID: "expiry", Effect: Require, Check: MaxLifetime, Max: 172_800},
		},
	}
}

func mustNew(t testing.TB, d Document) Charter {
	t.Helper()
	c, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDecodeGivesBackWhatNewMade(t *testing.T) {
	c := mustNew(t, sample(t))
	back, err := Decode(c.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if back.ID() != c.ID() || !bytes.Equal(back.Bytes(), c.Bytes()) || fmt.Sprint(back.Document()) != fmt.Sprint(c.Document()) {
		t.Fatal("decoding changed the charter")
	}
	if c.ID() != wire.TaggedHash("Heliograph/charter/v1", c.Bytes()) {
		t.Fatal("the id is not the tagged hash of the bytes")
	}
}

func TestOrderOfListsDoesNotMatter(t *testing.T) {
	base := full(t)
	want := mustNew(t, base).ID()
	rapid.Check(t, func(rt *rapid.T) {
		d := mustNew(t, base).Document()
		d.Rules = shuffled(rt, d.Rules)
		d.Counterparties = shuffled(rt, d.Counterparties)
		for i := range d.Counterparties {
			c := &d.Counterparties[i]
			c.Destinations, c.Once, c.Groups, c.Proofs = shuffled(rt, c.Destinations), shuffled(rt, c.Once), shuffled(rt, c.Groups), shuffled(rt, c.Proofs)
		}
		for i := range d.Rules {
			r := &d.Rules[i]
			r.To, r.Groups, r.Scripts = shuffled(rt, r.To), shuffled(rt, r.Groups), shuffled(rt, r.Scripts)
			r.Unless.Roles, r.Unless.People = shuffled(rt, r.Unless.Roles), shuffled(rt, r.Unless.People)
		}
		d.People = shuffled(rt, d.People)
		for i := range d.People {
			d.People[i].Roles, d.People[i].Credentials = shuffled(rt, d.People[i].Roles), shuffled(rt, d.People[i].Credentials)
		}
		d.Web.Origins = shuffled(rt, d.Web.Origins)
		d.Governance.Officers, d.Governance.Versions = shuffled(rt, d.Governance.Officers), shuffled(rt, d.Governance.Versions)
		d.Zones, d.Prices, d.Lifted = shuffled(rt, d.Zones), shuffled(rt, d.Prices), shuffled(rt, d.Lifted)
		c, err := New(d)
		if err != nil {
			rt.Fatal(err)
		}
		if c.ID() != want {
			rt.Fatal("another order gives another charter")
		}
	})
}

func shuffled[T any](rt *rapid.T, list []T) []T {
	if len(list) < 2 {
		return list
	}
	return rapid.Permutation(list).Draw(rt, "order")
}

// Two encodings of one charter would have two ids. Decode takes only the sorted
// one, for every list that has no order.
func TestDecodeRefusesAnotherOrder(t *testing.T) {
	c := mustNew(t, proven(t))
	seen := make(map[string]bool)
	d := c.Document()
	for i, l := range leaves("Document", reflect.ValueOf(&d).Elem()) {
		if l.value.Kind() != reflect.Slice || l.value.Type().Elem().Kind() == reflect.Uint8 || l.value.Len() < 2 {
			continue
		}
		d := c.Document()
		list := leaves("Document", reflect.ValueOf(&d).Elem())[i].value
		reflect.Swapper(list.Interface())(0, 1)
		b, err := wire.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode(b)
		ordered := l.name == "Document.Stations" || l.name == "Document.Retired" || l.name == "Demand.Of"
		if ordered && err != nil || !ordered && (err == nil || !strings.Contains(err.Error(), "not in order")) {
			t.Errorf("%s in another order: error %v", l.name, err)
		}
		seen[l.name] = true
	}
	if len(seen) < 20 {
		t.Errorf("only %d lists were tried: %v", len(seen), seen)
	}
}

func TestDecodeRefusesBytesAround(t *testing.T) {
	b := mustNew(t, sample(t)).Bytes()
	for name, bad := range map[string][]byte{
		"nothing":   nil,
		"trailing":  append(bytes.Clone(b), 0),
		"truncated": b[:len(b)-1],
		"too long":  make([]byte, MaxSize+1),
	} {
		if _, err := Decode(bad); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
}

// The caller keeps its slices: changing them, or a copy that was handed out,
// must not change a charter after it was validated.
func TestCharterSharesNoMemory(t *testing.T) {
	scramble := func(d *Document) {
		for _, l := range leaves("Document", reflect.ValueOf(d).Elem()) {
			v := l.value
			switch {
			case v.Kind() == reflect.String:
				v.SetString("Mallory")
			case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && v.Len() > 0:
				v.Index(0).SetUint(v.Index(0).Uint() ^ 1)
			case v.CanUint():
				v.SetUint(v.Uint() ^ 1)
			}
		}
	}
	d := proven(t)
	c := mustNew(t, d)
	before, encoded := c.ID(), c.Bytes()
	scramble(&d)
	out := c.Document()
	scramble(&out)
	c.Bytes()[10] ^= 1
	again := mustNew(t, c.Document())
	if again.ID() != before || c.ID() != before || !bytes.Equal(again.Bytes(), encoded) {
		t.Fatal("a charter changed through shared memory")
	}
}

func TestNewRefuses(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		want   string
		change func(*Document)
	}{
		{"version 2", func(d *Document) { d.Version = 2 }},
		{"name of the wallet: 0 bytes", func(d *Document) { d.Name = "" }},
		{"network 9", func(d *Document) { d.Network = 9 }},
		{"network 0", func(d *Document) { d.Network = 0 }},
		{"epoch 0", func(d *Document) { d.Prior = [32]byte{1} }},
		{"epoch 1", func(d *Document) { d.Epoch = 1 }},
		{"gap of 0", func(d *Document) { d.Gap = 0 }},
		{"gap of 10001", func(d *Document) { d.Gap = MaxGap + 1 }},
		{"clock tolerance of 0", func(d *Document) { d.ClockTolerance = 0 }},
		{"clock tolerance of 86401", func(d *Document) { d.ClockTolerance = MaxClockTolerance + 1 }},

		{"0 stations: want", func(d *Document) { d.Stations = nil }},
		{"33 stations: want", func(d *Document) { d.Stations = make([]Station, 33) }},
		{"threshold 1 of 3", func(d *Document) { d.Threshold = 1 }},
		{"threshold 2 of 4", func(d *Document) {
			d.Stations = append(d.Stations, Station{Name: "Dan", HostKey: hostKey(3), InstanceKey: instance(t, 3)})
		}},
		{"threshold 4 of 3", func(d *Document) { d.Threshold = 4 }},
		{"name of station 1", func(d *Document) { d.Stations[1].Name = long }},
		{"another station is called", func(d *Document) { d.Stations[1].Name = "ADA" }},
		{"host key of station 0", func(d *Document) { d.Stations[0].HostKey[0] = 5 }},
		{"station 2 has the host key of another", func(d *Document) { d.Stations[2].HostKey = d.Stations[0].HostKey }},
		{"instance key of station 0", func(d *Document) { d.Stations[0].InstanceKey = [32]byte{} }},
		{"instance key of station 2: it is already the key of station 0", func(d *Document) { d.Stations[2].InstanceKey = d.Stations[0].InstanceKey }},
		{"instance key of station 0: it is already the key of the coordinator", func(d *Document) { d.Courier = d.Stations[0].InstanceKey }},
		{"courier key", func(d *Document) { d.Courier = [32]byte{} }},

		{"1001 counterparties", func(d *Document) { d.Counterparties = make([]Counterparty, 1001) }},
		{"name of a counterparty", func(d *Document) { d.Counterparties[0].Name = long }},
		{"two counterparties are called", func(d *Document) { d.Counterparties[1].Name = "KRAKEN" }},
		{"more than 4000 destinations", func(d *Document) { d.Counterparties[0].Destinations = make([][]byte, 4001) }},
		{"destination 0 of \"Bitstamp\"", func(d *Document) { d.Counterparties[1].Destinations[0] = []byte{0x6a} }},
		{"is already one of \"Bitstamp\"", func(d *Document) { d.Counterparties[0].Destinations[0] = p2wpkh(3) }},
		{"is already one of \"Kraken\"", func(d *Document) { d.Counterparties[0].Destinations[0] = p2wpkh(1) }},

		{"201 rules", func(d *Document) { d.Rules = make([]Rule, 201) }},
		{"two rules have the id", func(d *Document) { d.Rules[1].ID = d.Rules[0].ID }},
		{"rule id \"\"", func(d *Document) { d.Rules[0].ID = "" }},
		{"rule id \"a//b\"", func(d *Document) { d.Rules[0].ID = "a//b" }},
		{"rule id \"Cap\"", func(d *Document) { d.Rules[0].ID = "Cap" }},
		{"rule id \"a b\"", func(d *Document) { d.Rules[0].ID = "a b" }},
		{"rule id \"xxx", func(d *Document) { d.Rules[0].ID = long }},
		{"is for built-in checks", func(d *Document) { d.Rules[0].ID = "default/deny" }},
		{"is not a counterparty", func(d *Document) { d.Rules[0].To = []string{"Mallory"} }},
		{"is not a counterparty", func(d *Document) { d.Rules[0].To = []string{"kraken"} }},
		{"is named twice", func(d *Document) { d.Rules[0].To = []string{"Kraken", "Kraken"} }},
		{"effect 4", func(d *Document) { d.Rules[0].Effect = 4 }},
		{"effect 0", func(d *Document) { d.Rules[0].Effect = 0 }},
		{"has no check and no limit", func(d *Document) { d.Rules[0].Check = MaxOutput; d.Rules[0].Max = 5 }},
		{"has no check and no limit", func(d *Document) { d.Rules[1].Max = 5 }},
		{"has no check and no limit", func(d *Document) { d.Rules[1].Window = 5 }},
		{"needs a check", func(d *Document) { d.Rules[2].Check = 0 }},
		{"needs a check; 18", func(d *Document) { d.Rules[2].Check = 18 }},
		{"limit of 0", func(d *Document) { d.Rules[2].Max = 0 }},
		{"limit of -1", func(d *Document) { d.Rules[2].Max = -1 }},
		{"limit of 2100000000000001", func(d *Document) { d.Rules[2].Max = MaxMoney + 1 }},
		{"only a limit over time", func(d *Document) { d.Rules[2].Window = 1 }},
		{"window of 0 s", func(d *Document) { d.Rules[5].Window = 0 }},
		{"window of 31622401 s", func(d *Document) { d.Rules[5].Window = MaxPeriod + 1 }},
		{"limit of 1000001", func(d *Document) { d.Rules[8].Max = FeeRateLimit + 1 }},
		{"limit of 10001", func(d *Document) { d.Rules[9].Max = MaxPercent + 1 }},
		{"limit of 31622401", func(d *Document) { d.Rules[10].Max = MaxPeriod + 1 }},
	} {
		t.Run(c.want, func(t *testing.T) {
			d := sample(t)
			c.change(&d)
			_, err := New(d)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	for name, change := range map[string]func(*Document){
		"least": func(d *Document) {
			d.Gap, d.ClockTolerance = 1, 1
			d.Rules[2].Max, d.Rules[5].Max, d.Rules[5].Window = 1, 1, 1
		},
		"most": func(d *Document) {
			d.Gap, d.ClockTolerance, d.Threshold = MaxGap, MaxClockTolerance, 3
			d.Name = strings.Repeat("x", MaxName)
			d.Rules[0].ID = strings.Repeat("x", MaxName)
			d.Rules[2].Max, d.Rules[5].Max, d.Rules[5].Window = MaxMoney, MaxMoney, MaxPeriod
			d.Rules[8].Max, d.Rules[9].Max, d.Rules[10].Max = FeeRateLimit, MaxPercent, MaxPeriod
		},
		"one station": func(d *Document) { d.Stations, d.Threshold = d.Stations[:1], 1 },
		"many": func(d *Document) {
			for i := len(d.Stations); i < MaxStations; i++ {
				d.Stations = append(d.Stations, Station{Name: fmt.Sprint(i), HostKey: hostKey(byte(i)), InstanceKey: instance(t, byte(i))})
			}
			d.Threshold = 17
			for i := len(d.Counterparties); i < MaxCounterparties; i++ {
				d.Counterparties = append(d.Counterparties, Counterparty{Name: fmt.Sprint("c", i)})
			}
			for i := 3; i < MaxDestinations; i++ {
				script := append([]byte{0x00, 0x14, 0xff, byte(i >> 8), byte(i)}, make([]byte, 17)...)
				d.Counterparties[5].Destinations = append(d.Counterparties[5].Destinations, script)
			}
			for i := len(d.Rules); i < MaxRules; i++ {
				d.Rules = append(d.Rules, Rule{ID: fmt.Sprint("z", i), Effect: Allow})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := sample(t)
			change(&d)
			c := mustNew(t, d)
			if _, err := Decode(c.Bytes()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Every part is within its limit, but the whole is longer than Decode takes.
func TestNewRefusesWhatDecodeCannotTake(t *testing.T) {
	d := sample(t)
	var names []string
	for i := range 100 {
		name := fmt.Sprintf("%064d", i)
		names = append(names, name)
		d.Counterparties = append(d.Counterparties, Counterparty{Name: name})
	}
	for i := len(d.Rules); i < MaxRules; i++ {
		d.Rules = append(d.Rules, Rule{ID: fmt.Sprint("z", i), Effect: Allow, To: names})
	}
	if _, err := New(d); err == nil || !strings.Contains(err.Error(), "at most 262144") {
		t.Errorf("error %v", err)
	}
}

// A name is chosen so that the review shows something else: it moves the
// cursor, turns an amount around, hides, or ends the sentence early.
func TestNamesShowAsTheyAre(t *testing.T) {
	bad := map[string]string{
		"newline": "Kraken\npaid in full", "escape": "Kraken\x1b[2K", "bell": "a\a", "delete": "a\x7f", "C1 control": "a\u009b2K",
		"right-to-left override": "a\u202e1", "right-to-left isolate": "a\u2067", "right-to-left mark": "\u200fa", "Arabic letter mark": "a\u061c",
		"zero width space": "Kra\u200bken", "zero width joiner": "Kra\u200dken", "soft hyphen": "Kra\u00adken", "byte order mark": "\ufeffKraken",
		"no-break space": "a\u00a0b", "line separator": "a\u2028b", "ideographic space": "a\u3000b", "Hangul filler": "a\u3164", "braille blank": "a\u2800b",
		"variation selector": "a\ufe0f", "tag": "a\U000e0041", "private use": "\ue000", "not UTF-8": "a\xff", "surrogate": "\xed\xa0\x80",
		"leading space": " a", "trailing space": "a ", "double space": "a  b", "quotation mark": `Kraken" may be paid. "`, "empty": "",
	}
	for name, value := range bad {
		for place, set := range map[string]func(*Document){
			"wallet":       func(d *Document) { d.Name = value },
			"station":      func(d *Document) { d.Stations[0].Name = value },
			"counterparty": func(d *Document) { d.Counterparties[0].Name = value; d.Rules = nil },
		} {
			d := sample(t)
			set(&d)
			if _, err := New(d); err == nil {
				t.Errorf("%s in the name of a %s is accepted", name, place)
			} else if strings.ContainsAny(err.Error(), "\n\x1b\a\u202e\u200f") {
				t.Errorf("%s: the error itself carries the character: %q", name, err)
			}
		}
	}
	for _, good := range []string{"Zürich Rück", "東京", "שלום", "O'Neill & Co. (Überseering 30)", "₿ desk"} {
		d := sample(t)
		d.Name = good
		if _, err := New(d); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestCounterpartyOfAScript(t *testing.T) {
	c := mustNew(t, sample(t))
	if name, ok := c.Counterparty(p2wpkh(3)); !ok || name != "Bitstamp" {
		t.Errorf("%q %v", name, ok)
	}
	if name, ok := c.Counterparty(p2wpkh(4)); ok || name != "" {
		t.Errorf("a stranger's script is %q's", name)
	}
}

func TestKeyringIsStationsAndCourier(t *testing.T) {
	c := mustNew(t, sample(t))
	ring, err := c.Keyring([32]byte{7})
	if err != nil || !ring.Valid() {
		t.Fatal(err)
	}
	key, err := wire.GenerateSigningKey([32]byte{0x11, 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []wire.Kind{wire.KindSigningResponse, wire.KindSigningRequest} {
		m, err := wire.Seal(kind, [32]byte{7}, []byte{0xa0}, key, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := wire.Open(m.Bytes, ring)
		if kind == wire.KindSigningRequest {
			if err == nil {
				t.Error("a station may speak as the coordinator")
			}
			continue
		}
		if err != nil || opened.Party() != (wire.Party{Role: wire.RoleStation, Station: 2}) {
			t.Errorf("%v %v", opened.Party(), err)
		}
	}
	if _, err := (Charter{}).Keyring([32]byte{7}); err == nil {
		t.Error("the zero charter has a keyring")
	}
}

func TestBindingDependsOnAll(t *testing.T) {
	base := Binding([32]byte{1}, wallet.Regtest, [32]byte{2})
	for _, other := range [][32]byte{
		Binding([32]byte{3}, wallet.Regtest, [32]byte{2}),
		Binding([32]byte{1}, wallet.Mainnet, [32]byte{2}),
		Binding([32]byte{1}, wallet.Regtest, [32]byte{3}),
	} {
		if other == base {
			t.Error("two bindings are equal")
		}
	}
}

// Invariant: what decodes is valid, is the canonical form of its document, stays
// within its limits, and can be put into words and asked about.
func FuzzDecode(f *testing.F) {
	b := mustNew(f, sample(f)).Bytes()
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add(mustNew(f, proven(f)).Bytes())
	d := sample(f)
	d.Rules, d.Counterparties = nil, nil
	f.Add(mustNew(f, d).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			return
		}
		again, err := New(c.Document())
		if err != nil || !bytes.Equal(again.Bytes(), b) || again.ID() != c.ID() || len(b) > MaxSize {
			t.Fatalf("decoded charter does not come back: %v", err)
		}
		if !c.Valid() || len(c.Sentences()) == 0 {
			t.Fatal("decoded charter cannot be reviewed")
		}
		doc := c.Document()
		if len(doc.Stations) > MaxStations || len(doc.People) > MaxPeople || len(doc.Rules) > MaxRules || len(doc.Counterparties) > MaxCounterparties {
			t.Fatal("decoded charter is beyond its limits")
		}
		keys := c.Listings()
		for _, p := range doc.Counterparties {
			for _, s := range p.Destinations {
				name, ok := c.Counterparty(s)
				if _, found := slices.BinarySearch(keys, c.Listing(name, s)); !ok || !found {
					t.Fatalf("destination %x of %q has no listing", s, name)
				}
			}
		}
		if _, err := c.Keyring([32]byte{1}); err != nil {
			t.Fatal(err)
		}
	})
}
