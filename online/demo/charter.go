package main

import (
	"fmt"
	"slices"
	"strings"
)

// rules are what amendments change of the charter; all else stays.
type rules struct {
	dayLimit int64    // sat
	left     []string // members who are listed no more
	newcomer bool
}

// firstRules are those of key generation.
var firstRules = rules{dayLimit: dayLimit}

// The partners' tier: what may leave to one of them within a day without people.
const tier = 10_000_000

// Periods of the charter. The delay is long enough to look at a change before it
// is in force, and short enough to wait for.
const (
	delay   = 15 // seconds until a change that loosens is in force
	cooling = 30 // seconds until a new counterparty is paid
)

// writeCharter writes the treasury's rules: who may be paid, who must approve what,
// and limits of every kind. The day's limit is the one that the story runs into.
func (w *world) writeCharter(file string) error {
	var b strings.Builder
	b.WriteString("name: Demo treasury\ngap: 20\nclock-tolerance: 2h\npeople:\n")
	w.writePeople(&b)
	b.WriteString("counterparties:\n")
	for _, name := range counterparties {
		if err := writePayee(&b, name, "", addressesEach); err != nil {
			return err
		}
	}
	for _, name := range partners {
		if err := writePayee(&b, name, "partners", 1); err != nil {
			return err
		}
	}
	if w.rules.newcomer {
		if err := writePayee(&b, newcomer, "", 1); err != nil {
			return err
		}
	}
	b.WriteString("rules:\n  - {id: allow/known, allow: everybody}\n")
	fmt.Fprintf(&b, "  - {id: cool/new, deny: everybody, younger: %ds}\n", cooling)
	for _, r := range [][3]string{
		{"cap/payment", "max-output", "30000000 sat"},
		{"cap/transaction", "max-transaction", "250000000 sat"},
		{"cap/batch", "max-batch", "400000000 sat"},
		{"cap/day", "max-window", fmt.Sprintf("%d sat, window: 24h", w.rules.dayLimit)},
		{"fee/total", "max-fee", "200000 sat"},
		{"fee/rate", "max-fee-rate", "50 sat/vB"},
		{"fee/share", "max-fee-percent", "100 bp"},
		{"life/request", "max-lifetime", "2h"},
	} {
		fmt.Fprintf(&b, "  - {id: %s, require: {%s: %s}}\n", r[0], r[1], r[2])
	}
	fmt.Fprintf(&b, `  - id: tier/partner
    to: [group: partners]
    require: {max-window: %d sat, window: 24h, per: counterparty}
    unless: {all: [{approvals: {count: 2, of: [finance]}}, {approvals: {count: 1, of: [board], offline: true}}]}
governance:
  tighten: {approvals: {count: 1, of: [officer], or-initiator: true}}
  loosen: {approvals: {count: 2, of: [finance, officer], or-initiator: true}}
  thaw: {approvals: {count: 2, of: [finance, officer], or-initiator: true}}
  delay: %ds
  officers: [officer]
`, int64(tier), delay)
	return w.writeFile(file, b.String())
}

func (w *world) writePeople(b *strings.Builder) {
	person := func(name, more, credential, word, key string) {
		fmt.Fprintf(b, "  - name: %s\n    %s\n    credentials:\n      - {name: %s, %s: %q}\n", name, more, credential, word, key)
	}
	for _, m := range w.members {
		if !slices.Contains(w.rules.left, m.name) {
			person(m.name, "roles: ["+m.roles+"]", testCredential, m.word, m.publicKey())
		}
	}
	person(reviewerName, "roles: [board]", "tablet", "offline", w.reviewerKey)
	person(program, "machine: true", "server", "machine", w.programKey)
}

// testCredential is what the charter calls every member's key, and every review
// with it.
const testCredential = "test authenticator"

func writePayee(b *strings.Builder, name, group string, addresses int) error {
	fmt.Fprintf(b, "  - name: %s\n", name)
	if group != "" {
		fmt.Fprintf(b, "    groups: [%s]\n", group)
	}
	b.WriteString("    addresses:\n")
	for n := range addresses {
		a, err := address(destination(name, n))
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "      - %s\n", a)
	}
	return nil
}
