package policy

import (
	"heliograph/shared/approval"
	"heliograph/shared/charter"
)

// voices is what people said about a batch, as far as it verified and holds at
// the stated time.
type voices struct {
	drafter   *charter.Person // who signed the draft; nil for nobody
	waited    int64           // seconds from the draft to the stated time
	approvals []voice
	vetoes    []voice
	notFrozen []voice
	void      []approval.Void
}

// voice is one statement of a person.
type voice struct {
	person  charter.Person
	offline bool  // made on an offline device
	age     int64 // seconds before the stated time, below zero for a clock ahead
}

// hear sorts what was given by what it says.
func hear(set approval.Set, stated int64) voices {
	v := voices{void: set.Void()}
	for _, g := range set.Given() {
		one := voice{person: g.Person, offline: g.Offline, age: stated - g.Time}
		switch g.Decision {
		case approval.Draft:
			v.drafter, v.waited = &one.person, one.age
		case approval.Approve:
			v.approvals = append(v.approvals, one)
		case approval.Veto:
			v.vetoes = append(v.vetoes, one)
		case approval.NotFrozen:
			v.notFrozen = append(v.notFrozen, one)
		}
	}
	return v
}

// drafted reports whether a person signed the draft.
func (v *voices) drafted(name string) bool { return v.drafter != nil && v.drafter.Name == name }

// can reports whether a person could make a statement that counts: in general,
// or on an offline device.
func can(p charter.Person, offline bool) bool {
	return !p.Machine && (able(p, charter.CredentialOffline) ||
		!offline && (able(p, charter.CredentialES256) || able(p, charter.CredentialEdDSA)))
}

func able(p charter.Person, kind charter.CredentialKind) bool {
	for _, c := range p.Credentials {
		if c.Kind == kind {
			return true
		}
	}
	return false
}
