package charter

import (
	"fmt"
	"math/big"
	"time"

	"heliograph/shared/wallet"
)

func (p *prose) people(d Document) {
	if len(d.People) == 0 {
		p.say("No people are listed: nobody can approve anything.")
	}
	for _, who := range d.People {
		is := "has no role"
		if len(who.Roles) > 0 {
			is = "has the " + plural(len(who.Roles), "role ", "roles ") + list(quoted(who.Roles), "and")
		}
		if who.Machine {
			is = "is a program, which drafts and never approves; it " + is
		}
		p.say("\"%s\" %s.", who.Name, is)
		if len(who.Credentials) == 0 {
			p.say("\"%s\" has no key, and can do nothing.", who.Name)
		}
		for _, k := range who.Credentials {
			p.say("\"%s\" signs with \"%s\", %s: %s.", who.Name, k.Name, k.what(), spoken(KeyDigest(k.Key)))
		}
	}
	if d.Web.RPID != "" {
		p.say("WebAuthn keys sign for %s, on pages of %s.", d.Web.RPID, list(d.Web.Origins, "or"))
	}
}

// what words the kind of a credential.
func (c Credential) what() string {
	bound := ", which may be copied between devices"
	if c.DeviceBound {
		bound = ", which must not leave its device"
	}
	switch c.Kind {
	case CredentialES256:
		return "a WebAuthn key (ES256)" + bound
	case CredentialEdDSA:
		return "a WebAuthn key (EdDSA)" + bound
	case CredentialOffline:
		return "an offline reviewing device"
	}
	return "the key of a program"
}

func (p *prose) governance(d Document) {
	g := d.Governance
	p.say("Every change of this charter is acknowledged by at least %d stations.", d.Threshold)
	p.say("A change that newly allows nothing %s; it is in force at once.", g.Tighten.condition())
	p.say("Any other change %s; it is in force %s.", g.Loosen.condition(), after(g.Delay))
	p.say("A change that lifts a freeze %s.", g.Thaw.condition())
	freeze := "Every station can freeze the wallet"
	if len(g.Officers) > 0 {
		freeze += ", and so can the people of " + list(quoted(g.Officers), "or") + " who have an offline device"
	}
	p.say("%s.", freeze)
	if g.MaxAge != 0 {
		p.say("It must be renewed within %s of its issue, by %s; later nothing is signed under it.", Period(int64(g.MaxAge)), date(d.Issued+int64(g.MaxAge)))
	}
	if len(g.Versions) > 0 {
		p.say("Only these versions of the station program sign: %s.", list(quoted(g.Versions), "or"))
	}
}

// condition words a demand of governance, whose empty one asks for nobody.
func (d Demand) condition() string {
	if d.none() {
		return "needs the approval of nobody else"
	}
	return "is made only if " + d.Sentence()
}

func after(delay uint32) string {
	if delay == 0 {
		return "at once"
	}
	return Period(int64(delay)) + " after the last of these stations acknowledged it"
}

func (p *prose) sources(d Document) {
	for _, z := range d.Zones {
		p.say("The time zone \"%s\" %s (%s).", z.Name, zoneWords(z.Rule), z.Rule)
	}
	for _, s := range d.Prices {
		p.say("\"%s\" may state the price of bitcoin in %s, with the key %s.", s.Name, s.Currency, s.Key)
	}
	if d.Work == 0 {
		p.say("No block header proves a confirmation.")
		return
	}
	p.say("Block headers prove a confirmation if each shows at least the work of nBits %#08x (difficulty %s).", d.Work, difficulty(d.Network, d.Work))
}

// difficulty is how many times harder a block is than the easiest one of the
// first days, whose nBits are 0x1d00ffff, rounded down.
func difficulty(net wallet.Network, bits uint32) string {
	t, err := target(net, bits)
	if err != nil {
		panic("charter: internal error: validated nBits have no target")
	}
	easiest := new(big.Int).Lsh(big.NewInt(0xffff), 208)
	return groupDigits(easiest.Div(easiest, t).String())
}

// zoneWords says what a rule of a time zone means.
func zoneWords(rule string) string {
	z, err := parseZone(rule)
	if err != nil {
		panic("charter: internal error: a validated zone does not parse")
	}
	if z.summer.name == "" {
		return "is " + z.standard.words()
	}
	return fmt.Sprintf("is %s, and %s from %s until %s", z.standard.words(), z.summer.words(), z.start.words(), z.end.words())
}

func (n named) words() string {
	switch {
	case n.offset == 0:
		return "UTC"
	case n.offset < 0:
		return Period(int64(-n.offset)) + " behind UTC"
	}
	return Period(int64(n.offset)) + " ahead of UTC"
}

// words says when a turn is: its day, and the time on the clock before it.
func (t turn) words() string {
	week := [...]string{"first", "second", "third", "fourth", "last"}[t.week-1]
	day := fmt.Sprintf("the %s %s of %s", week, time.Weekday(t.weekday), time.Month(t.month))
	if t.seconds < 0 {
		return fmt.Sprintf("%s before %s", Period(int64(-t.seconds)), day)
	}
	if t.seconds > 24*3600 {
		return fmt.Sprintf("%s after the start of %s", Period(int64(t.seconds)), day)
	}
	s := clock(uint16(t.seconds / 60))
	if t.seconds%60 != 0 {
		s += fmt.Sprintf(":%02d", t.seconds%60)
	}
	return s + " on " + day
}

func (p *prose) counterparty(net wallet.Network, c Counterparty) {
	if len(c.Groups) > 0 {
		p.say("\"%s\" belongs to the %s %s.", c.Name, plural(len(c.Groups), "group", "groups"), list(quoted(c.Groups), "and"))
	}
	if len(c.Destinations) > 0 {
		p.say("\"%s\" is paid at %s.", c.Name, list(addressesOf(net, c.Destinations), "or"))
	}
	if len(c.Once) > 0 {
		p.say("\"%s\" is paid once, and never again, at %s.", c.Name, list(addressesOf(net, c.Once), "or"))
	}
	if c.Own {
		p.say("\"%s\" is this wallet: it is paid at its first %s receive addresses.", c.Name, group(Reach))
	}
	if c.Descriptor != "" {
		p.say("\"%s\" is paid at the first %s receive and %s change addresses of %s.", c.Name, group(Reach), group(Reach), c.Descriptor)
	}
	if c.Data {
		p.say("\"%s\" stands for every OP_RETURN output of at most %d bytes.", c.Name, maxData)
	}
	for _, proof := range c.Proofs {
		how := "by the key of the address (BIP322)"
		if proof.Kind == ProofStatement {
			how = fmt.Sprintf("by a statement of the key %x", proof.Key)
		}
		p.say("\"%s\" has proved that %s is its own, %s.", c.Name, addressesOf(net, [][]byte{proof.Script})[0], how)
	}
	if len(c.Destinations)+len(c.Once) == 0 && !c.Own && c.Descriptor == "" && !c.Data {
		p.say("\"%s\" has no address and cannot be paid.", c.Name)
	}
}

func addressesOf(net wallet.Network, scripts [][]byte) []string {
	out := make([]string, len(scripts))
	for i, s := range scripts {
		a, err := wallet.EncodeScript(net, s)
		if err != nil {
			panic("charter: internal error: a validated destination has no address")
		}
		out[i] = a
	}
	return out
}
