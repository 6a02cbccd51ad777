package charter

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/wallet"
)

func TestFullCharterInWords(t *testing.T) {
	got := mustNew(t, proven(t)).Sentences()
	_, script := taprootKey(1)
	address, err := wallet.EncodeScript(wallet.Regtest, script)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{
		`It was issued at 2026-11-18 11:06:40 UTC, by the clock of who wrote it.`,
		`It lifts the freeze absurd abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon.`,
		`Station 1 stands at "Bern" and is run by "Helio AG".`,
		`The instance ` + instance(t, 120).String() + ` no longer speaks for station 1: its first 7 records count, up to 07` + strings.Repeat("00", 31) + `, and nothing that it signed after them.`,
		`The instance ` + instance(t, 121).String() + ` no longer speaks for station 1, and nothing that it signed counts.`,
		`"Ada" has the roles "finance" and "officer".`,
		`"Ada" signs with "blue key", a WebAuthn key (ES256), which must not leave its device: second drink net critic card friend rabbit shove gasp crane fossil squirrel.`,
		`"Ben" signs with "phone", a WebAuthn key (EdDSA), which may be copied between devices: oppose wood choice try flower opinion rocket seven unique about curious clerk.`,
		`"Cem" signs with "tablet", an offline reviewing device: endorse depart dune manual arrest drum reduce word across rigid trip option.`,
		`"Eve" has the role "retired".`,
		`"Eve" has no key, and can do nothing.`,
		`"Payroll" is a program, which drafts and never approves; it has the role "programs".`,
		`"Payroll" signs with "server", the key of a program: uncle describe park waste mimic lab fog brief barrel about enforce medal.`,
		`WebAuthn keys sign for approve.example.com, on pages of https://approve.example.com or https://eu.approve.example.com:8443.`,
		`Every change of this charter is acknowledged by at least 2 stations.`,
		`A change that newly allows nothing is made only if 1 person of "board" or "finance" approves it, counting who drafted it; it is in force at once.`,
		`Any other change is made only if 2 people of "board" approve it on an offline device, counting who drafted it; it is in force 24 h after the last of these stations acknowledged it.`,
		`A change that lifts a freeze is made only if either 2 people of "board" approve it on an offline device, counting who drafted it, or 3 people of "finance" approve it, none of whom drafted it.`,
		`Every station can freeze the wallet, and so can the people of "board" or "officer" who have an offline device.`,
		`It must be renewed within 365 days of its issue, by 2027-11-18 11:06:40 UTC; later nothing is signed under it.`,
		`Only these versions of the station program sign: "1.4.0" or "1.4.1".`,
		`The time zone "Europe/Zurich" is 1 h ahead of UTC, and 2 h ahead of UTC from 02:00 on the last Sunday of March until 03:00 on the last Sunday of October (CET-1CEST,M3.5.0,M10.5.0/3).`,
		`The time zone "UTC" is UTC (UTC0).`,
		`"Desk" may state the price of bitcoin in CHF, with the key ` + instance(t, 110).String() + `.`,
		`Block headers prove a confirmation if each shows at least the work of nBits 0x207fffff (difficulty 0).`,
		`"Bitstamp" belongs to the groups "Europe" and "Exchanges".`,
		`"Hot wallet" is paid at the first 1,000 receive and 1,000 change addresses of ` + foreign(t, 50, "wpkh(", ")").Descriptor() + `.`,
		`"Kraken" is paid once, and never again, at bcrt1qpqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqjhwxqd or bcrt1qpyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqtxfycw.`,
		`"Kraken" has proved that bcrt1qpqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqjhwxqd is its own, by a statement of the key e530df0440f771d10190baab8c1e701beccb8b11d23e2521304f9acd68d56b27.`,
		`"Kraken" has proved that ` + address + ` is its own, by the key of the address (BIP322).`,
		`"Notes" stands for every OP_RETURN output of at most 80 bytes.`,
		`"Treasury itself" is this wallet: it is paid at its first 1,000 receive addresses.`,
		`"Zürich Rück" has no address and cannot be paid.`,
		`change: a transaction returns at most 0.00000005 BTC (5 sat) as change, unless a program drafted it.`,
		`confirmed: every coin that a transaction spends has at least 6 confirmations, proved by block headers.`,
		`count: one batch makes at most 50 payments, unless it was drafted 1 h before or earlier.`,
		`fee/floor: the fee of a transaction is at least 2 sat/vB.`,
		`fiat: the payments of one batch are together at most 100,000.50 CHF, at a price that was stated at most 15 min before, unless "Cem" or somebody of "officer" stated within the last 10 min that nothing is frozen.`,
		`inputs: a transaction spends at most 100 coins, unless the stations that sign are run by 2 different legal entities or more.`,
		`new/always: no payment is made whose destination is in force for less than 24 h, unless either "Payroll" drafted it, or (a person drafted it, not a program, and the stations that sign stand at 2 different sites or more).`,
		`own-share: at least 10.00 % of what a transaction spends stays in the wallet, unless it is Monday to Friday from 08:00 until 18:30 in "Europe/Zurich".`,
		`pace/day: within a calendar day in "Europe/Zurich", at most 20 payments are made (counted from 2 h before the start of the day that it was 2 h earlier, because clocks may differ).`,
		`pace/month: for each group apart, within a calendar month in "UTC", the payments to the group "Exchanges" or the group "Ours" are together at most 9.00000000 BTC (900,000,000 sat) (counted from 2 h before the start of the month that it was 2 h earlier, because clocks may differ), unless no veto comes from anybody of "board".`,
		`pace/week: within a calendar week in "UTC", payments and fees are together at most 5.00000000 BTC (500,000,000 sat) (counted from 2 h before the start of the week that it was 2 h earlier, because clocks may differ).`,
		`reserve: after a batch the wallet holds at least 0.01000000 BTC (1,000,000 sat), by the balance that the coordinator claims.`,
		`seen: every coin that a transaction spends has at least 1 confirmation, as the coordinator claims.`,
		`stop/young: payments to the group "Exchanges" of kind P2PKH or P2SH whose destination is in force for less than 7 days and has no proof of ownership are refused.`,
		`sweep: a transaction that pays "Vault" returns no change.`,
		`tier/board: for each counterparty apart, the payments of one batch are together at most 1.00000000 BTC (100,000,000 sat), unless 2 people of "finance" approve it, none of whom drafted it, and 1 of "Cem" and "Dee" approves it on an offline device, who did not draft it, and 3 stations sign together.`,
	} {
		if !slices.Contains(got, w) {
			t.Errorf("missing: %s", w)
		}
	}
	if t.Failed() {
		t.Log("\n" + strings.Join(got, "\n"))
	}
}

func TestSentencesOfPlainGovernance(t *testing.T) {
	got := strings.Join(mustNew(t, sample(t)).Sentences(), "\n")
	for _, w := range []string{
		`No people are listed: nobody can approve anything.`,
		`A change that newly allows nothing needs the approval of nobody else; it is in force at once.`,
		`Any other change needs the approval of nobody else; it is in force at once.`,
		`A change that lifts a freeze needs the approval of nobody else.`,
		`Every station can freeze the wallet.`,
		`No block header proves a confirmation.`,
	} {
		if !strings.Contains(got, w) {
			t.Errorf("missing: %s\n%s", w, got)
		}
	}
}

func TestSentencesOfDemands(t *testing.T) {
	for want, d := range map[string]Demand{
		`"Ada" approves it, who did not draft it`:                                            {Kind: DemandApprovals, Count: 1, People: []string{"Ada"}},
		`2 of "Ada", "Ben" and "Cem" approve it, counting who drafted it`:                    {Kind: DemandApprovals, Count: 2, People: []string{"Ada", "Ben", "Cem"}, Initiator: true},
		`2 of "Ada" and the people of "x" or "y" approve it, none of whom drafted it`:        {Kind: DemandApprovals, Count: 2, People: []string{"Ada"}, Roles: []string{"x", "y"}},
		`"Ada", "Ben" or somebody of "x" drafted it`:                                         {Kind: DemandInitiator, People: []string{"Ada", "Ben"}, Roles: []string{"x"}},
		`no veto comes from "Ada"`:                                                           {Kind: DemandNoVeto, People: []string{"Ada"}},
		`1 station signs together`:                                                           {Kind: DemandStations, Count: 1},
		`the stations that sign stand at 1 named site or more`:                               {Kind: DemandSites, Count: 1},
		`the stations that sign are run by 1 named legal entity or more`:                     {Kind: DemandEntities, Count: 1},
		`it is any day from 00:00 until 24:00 in "UTC"`:                                      {Kind: DemandHours, Days: 0x7f, Until: 1440, Zone: "UTC"},
		`it is Monday or Wednesday from 00:01 until 00:02 in "UTC"`:                          {Kind: DemandHours, Days: 5, From: 1, Until: 2, Zone: "UTC"},
		`it is Tuesday, Wednesday or Friday to Sunday from 00:00 until 12:00 in "UTC"`:       {Kind: DemandHours, Days: 0x76, Until: 720, Zone: "UTC"},
		`a program drafted it`:                                                               {Kind: DemandAny, Of: []Demand{{Kind: DemandMachine}}},
		`either (a program drafted it, and a program drafted it), or (a program drafted it)`: {Kind: DemandAny, Of: []Demand{{Kind: DemandAll, Of: []Demand{{Kind: DemandMachine}, {Kind: DemandMachine}}}, {Kind: DemandAll, Of: []Demand{{Kind: DemandMachine}}}}},
	} {
		if got := d.Sentence(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSentencesOfZones(t *testing.T) {
	for rule, want := range map[string]string{
		"<+0545>-5:45":                     "is 5 h 45 min ahead of UTC",
		"NST3:30NDT,M3.2.0,M11.1.0":        "is 3 h 30 min behind UTC, and 2 h 30 min behind UTC from 02:00 on the second Sunday of March until 02:00 on the first Sunday of November",
		"<-02>2<-01>,M3.5.0/-1,M10.5.0/0":  "is 2 h behind UTC, and 1 h behind UTC from 1 h before the last Sunday of March until 00:00 on the last Sunday of October",
		"EET-2EEST,M3.4.4/50,M10.4.4/24":   "is 2 h ahead of UTC, and 3 h ahead of UTC from 50 h after the start of the fourth Thursday of March until 24:00 on the fourth Thursday of October",
		"AAA0BBB,M3.3.6/1:02:03,M10.1.1/2": "is UTC, and 1 h ahead of UTC from 01:02:03 on the third Saturday of March until 02:00 on the first Monday of October",
	} {
		if got := zoneWords(rule); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := difficulty(wallet.Mainnet, 0x17030ecd); got != "91,951,637,513,664" && !strings.Contains(got, ",") {
		t.Errorf("difficulty %s", got)
	}
	for bits, want := range map[uint32]string{0x1d00ffff: "1", 0x1b0404cb: "16,307"} { // the second is the example of Bitcoin's wiki
		if got := difficulty(wallet.Mainnet, bits); got != want {
			t.Errorf("difficulty of %#x is %s, want %s", bits, got, want)
		}
	}
}

// Whoever writes a charter hides a change from those who review it: then two
// charters differ in one field and read alike. Here every field of every part is
// changed in every charter of a few, in as many ways as stay valid.
func TestEveryFieldChangesTheSentences(t *testing.T) {
	// Proofs and descriptors cost time to check, so they stand apart from the rules.
	rules, payees := full(t), places(t)
	rules.Epoch, rules.Prior = 1, [32]byte{9}
	rules.Prices = append(rules.Prices, PriceSource{"Other", "CHF", instance(t, 111)}, PriceSource{"Desk", "EUR", rules.Prices[0].Key})
	rules.Zones = append(rules.Zones, Zone{"Spare", "JST-9"})
	rules.Counterparties[0].Groups = append(rules.Counterparties[0].Groups, "Spare")
	rules.People[0].Roles = append(rules.People[0].Roles, "spare")
	for i := range rules.Counterparties {
		rules.Counterparties[i].Descriptor = ""
	}
	payees.Counterparties, payees.Rules = proven(t).Counterparties, nil
	plain := sample(t)
	plain.Rules = nil
	changed := make(map[string]int)
	for _, base := range []Document{rules, payees, plain} {
		c := mustNew(t, base)
		before := strings.Join(c.Sentences(), "\n")
		d := c.Document()
		tried := make(map[string]int)
		for i, l := range leaves("Document", reflect.ValueOf(&d).Elem()) {
			if l.value.IsZero() && (strings.HasPrefix(l.name, "Demand.") || strings.HasPrefix(l.name, "Rule.") && l.value.Kind() == reflect.String) {
				continue // belongs to another kind
			}
			for variant := range 40 {
				// Numbers of rules matter each in its own way; of the rest, some are enough.
				number := strings.HasPrefix(l.name, "Rule.") && l.value.CanUint()
				if tried[l.name]++; !number && tried[l.name] > 100 || changed[l.name] > 30 {
					break
				}
				d := c.Document()
				name, ok := changeLeaf(&d, i, variant)
				if !ok {
					break
				}
				other, err := New(d)
				if err != nil || other.ID() == c.ID() {
					continue
				}
				if name == "Proof.Signature" {
					continue // another proof that holds says the same
				}
				if strings.Join(other.Sentences(), "\n") == before {
					t.Errorf("%s (leaf %d, variant %d) changes the charter and not its sentences", name, i, variant)
				}
				changed[name]++
				break
			}
		}
	}
	for _, part := range []any{Document{}, Station{}, Retired{}, Counterparty{}, Proof{}, Person{}, Credential{}, Web{}, Zone{}, PriceSource{}, Governance{}, Rule{}, Demand{}} {
		typ := reflect.TypeOf(part)
		for i := range typ.NumField() {
			name := typ.Name() + "." + typ.Field(i).Name
			if typ.Field(i).Type.Kind() == reflect.Struct || name == "Document.Version" || name == "Proof.Signature" || name == "Proof.Key" || name == "Proof.Script" || name == "Proof.Kind" {
				continue // has one value; cannot change without its signature
			}
			if changed[name] == 0 {
				t.Errorf("no valid charter differs in %s alone: the test does not reach it", name)
			}
		}
	}
}

// leaf is a value without parts, or a list, and the field that it is of.
type leaf struct {
	name  string
	value reflect.Value
}

func leaves(name string, v reflect.Value) []leaf {
	switch {
	case v.Kind() == reflect.Struct:
		var out []leaf
		for i := range v.NumField() {
			out = append(out, leaves(v.Type().Name()+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return out
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		out := []leaf{{name, v}}
		for i := range v.Len() {
			out = append(out, leaves(name, v.Index(i))...)
		}
		return out
	}
	return []leaf{{name, v}}
}

// changeLeaf makes one of the changes of one leaf; it returns false when there is
// no such variant.
func changeLeaf(d *Document, i, variant int) (name string, ok bool) {
	l := leaves("Document", reflect.ValueOf(d).Elem())[i]
	v := l.value
	switch v.Kind() {
	case reflect.String:
		words := []string{v.String() + "x", "", "Spare", "spare", "EUR", "JST-10", "Kraken", "Exchanges", "Ours", "board", "finance", "Ben", "Cem",
			"https://x.approve.example.com", "example.com", "confirmed", "pay/x"}
		if d.Counterparties != nil && len(d.Counterparties) > 3 {
			words = append(words, strings.Replace(v.String(), "wpkh(", "pkh(", 1))
			if f, err := wallet.ParseForeign(d.Network, strings.Split(words[len(words)-1], "#")[0]); err == nil {
				words[len(words)-1] = f.Descriptor()
			}
		}
		if variant >= len(words) {
			return "", false
		}
		v.SetString(words[variant])
	case reflect.Bool:
		if variant > 0 {
			return "", false
		}
		v.SetBool(!v.Bool())
	case reflect.Int64:
		if variant > 1 {
			return "", false
		}
		v.SetInt(v.Int() + 1 - 2*int64(variant))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		steps := []uint64{v.Uint() + 1, v.Uint() - 1, 0, 1, 2, 3, 4, 5, 6, 0x1d}
		if variant >= len(steps) {
			return "", false
		}
		v.SetUint(steps[variant] & (1<<v.Type().Bits() - 1))
	case reflect.Array, reflect.Slice:
		return l.name, changeList(v, variant)
	default:
		panic(fmt.Sprintf("%s is a %s", l.name, v.Kind()))
	}
	return l.name, true
}

// changeList changes a byte of bytes, or takes an element from a list.
func changeList(v reflect.Value, variant int) bool {
	if v.Type().Elem().Kind() != reflect.Uint8 {
		if variant >= v.Len() {
			return false
		}
		v.Set(reflect.AppendSlice(v.Slice(0, variant), v.Slice(variant+1, v.Len())))
		return true
	}
	if v.Len() == 0 || variant >= 30 {
		return false
	}
	at := v.Index(0) // what is shown as words shows the first 132 bits
	if v.Kind() == reflect.Slice {
		at = v.Index(v.Len() - 1) // the first byte of scripts and keys says their kind
	}
	at.SetUint(at.Uint() ^ uint64(variant+1))
	return true
}
