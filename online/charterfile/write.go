package charterfile

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// Write writes a charter as a file to edit: Parse of it, with the same base,
// gives the same document.
func Write(c charter.Charter) ([]byte, error) {
	w := &writer{doc: c.Document()}
	w.document()
	return []byte(w.String()), w.err
}

// writer builds the text line by line.
type writer struct {
	strings.Builder
	doc charter.Document
	err error
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) document() {
	d := w.doc
	w.line("# The charter of %s, epoch %d, as a file to edit.", d.Name, d.Epoch)
	w.line("name: %s", quote(d.Name))
	w.line("gap: %d", d.Gap)
	w.line("clock-tolerance: %s", writePeriod(int64(d.ClockTolerance)))
	if d.Work != 0 {
		w.line("work: %08x", d.Work)
	}
	w.stations()
	w.zones()
	w.people()
	w.counterparties()
	w.prices()
	if len(d.Rules) == 0 {
		w.line("\nrules: []")
	} else {
		w.line("\nrules:")
	}
	for _, r := range d.Rules {
		w.rule(r)
	}
	w.governance()
}

func (w *writer) stations() {
	w.line("\nstations:")
	for i, s := range w.doc.Stations {
		f := []string{fmt.Sprintf("number: %d", i), "name: " + quote(s.Name)}
		if s.Site != "" {
			f = append(f, "site: "+quote(s.Site))
		}
		if s.Entity != "" {
			f = append(f, "entity: "+quote(s.Entity))
		}
		w.line("  - {%s}", strings.Join(f, ", "))
	}
}

// zones writes only what Parse would not find by itself.
func (w *writer) zones() {
	used := w.usedZones()
	head := "\nzones:"
	for _, z := range w.doc.Zones {
		rule, known := zoneRule(z.Name)
		if known && rule == z.Rule && used[z.Name] {
			continue
		}
		if head != "" {
			w.line("%s", head)
			head = ""
		}
		w.line("  - {name: %s, rule: %s}", quote(z.Name), quote(z.Rule))
	}
}

func (w *writer) usedZones() map[string]bool {
	used := make(map[string]bool)
	var visit func(d charter.Demand)
	visit = func(d charter.Demand) {
		used[d.Zone] = true
		for _, of := range d.Of {
			visit(of)
		}
	}
	for _, r := range w.doc.Rules {
		used[r.Zone] = true
		visit(r.Unless)
	}
	g := w.doc.Governance
	for _, d := range []charter.Demand{g.Tighten, g.Loosen, g.Thaw} {
		visit(d)
	}
	return used
}

func (w *writer) people() {
	if len(w.doc.People) > 0 {
		w.line("\npeople:")
	}
	for _, p := range w.doc.People {
		w.line("  - name: %s", quote(p.Name))
		w.list("    roles", p.Roles)
		if p.Machine {
			w.line("    machine: true")
		}
		if len(p.Credentials) > 0 {
			w.line("    credentials:")
		}
		for _, c := range p.Credentials {
			w.line("      - {%s}", credential(c))
		}
	}
	if web := w.doc.Web; web.RPID != "" || len(web.Origins) > 0 {
		w.line("\nweb:")
		w.line("  rp-id: %s", quote(web.RPID))
		w.list("  origins", web.Origins)
	}
}

func credential(c charter.Credential) string {
	s := fmt.Sprintf("name: %s, %s: %s", quote(c.Name), CredentialWord(c.Kind), quote(hex.EncodeToString(c.Key)))
	if c.DeviceBound {
		s += ", device-bound: true"
	}
	return s
}

// Person writes one person, as it stands under people:.
func Person(p charter.Person) string {
	w := &writer{doc: charter.Document{People: []charter.Person{p}}}
	w.people()
	return strings.TrimPrefix(w.String(), "\npeople:\n")
}

func (w *writer) counterparties() {
	if len(w.doc.Counterparties) > 0 {
		w.line("\ncounterparties:")
	}
	for _, c := range w.doc.Counterparties {
		w.line("  - name: %s", quote(c.Name))
		w.list("    groups", c.Groups)
		w.addresses("addresses", c.Destinations)
		w.addresses("once", c.Once)
		if c.Own {
			w.line("    own: true")
		}
		if c.Descriptor != "" {
			w.line("    descriptor: %s", quote(c.Descriptor))
		}
		if c.Data {
			w.line("    data: true")
		}
		if len(c.Proofs) > 0 {
			w.line("    proofs:")
		}
		for _, p := range c.Proofs {
			if p.Kind == charter.ProofBIP322 {
				w.line("      - {address: %s, bip322: %s}", w.address(p.Script), quote(base64.StdEncoding.EncodeToString(p.Signature)))
				continue
			}
			w.line("      - {address: %s, statement: %s, key: %s}", w.address(p.Script), quote(hex.EncodeToString(p.Signature)), quote(hex.EncodeToString(p.Key)))
		}
	}
}

func (w *writer) addresses(key string, scripts [][]byte) {
	if len(scripts) > 0 {
		w.line("    %s:", key)
	}
	for _, s := range scripts {
		w.line("      - %s", w.address(s))
	}
}

func (w *writer) address(script []byte) string {
	a, err := wallet.EncodeScript(w.doc.Network, script)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("charterfile: write: a destination has no address: %w", err)
	}
	return a
}

func (w *writer) prices() {
	if len(w.doc.Prices) > 0 {
		w.line("\nprices:")
	}
	for _, p := range w.doc.Prices {
		w.line("  - {name: %s, currency: %s, key: %s}", quote(p.Name), quote(p.Currency), quote(hex.EncodeToString(p.Key[:])))
	}
}

// list writes a list of texts in one line, and nothing if there are none.
func (w *writer) list(key string, all []string) {
	if len(all) > 0 {
		w.line("%s: %s", key, flow(all))
	}
}

func flow(all []string) string {
	var quoted []string
	for _, s := range all {
		quoted = append(quoted, quote(s))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var (
	plainForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*$`)
	taggedYet = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", everybody}
)

// quote writes a text so that YAML reads it as that text and nothing else.
func quote(s string) string {
	if plainForm.MatchString(s) && !slices.Contains(taggedYet, strings.ToLower(s)) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
