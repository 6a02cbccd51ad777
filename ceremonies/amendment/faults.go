package amendment

import (
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// unreadable is the fault of bytes that are no envelope, or of one that does not
// open: anybody can make that, so it accuses nobody.
func unreadable(err error) *ceremonies.Fault {
	remedy := "Scan the code again; if that does not help, have it shown anew."
	if errors.Is(err, wire.ErrSender) || errors.Is(err, wire.ErrRole) {
		remedy = "If the wallet has a newer charter, show its certificates here first."
	}
	return &ceremonies.Fault{
		Code: "amendment/unreadable", What: "This message is not accepted: " + err.Error() + ".",
		Safe: "Nothing has changed.", Remedy: remedy,
	}
}

// malformed is the fault of a sealed message whose body is not what its kind says:
// whoever sealed it made an error, or worse.
func malformed(from wire.Party, err error) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code: "amendment/malformed", Suspect: suspect(from), What: "The body of this message is malformed: " + err.Error() + ".",
		Safe: "Nothing has changed.", Remedy: "Have the sender update its program and make it again.",
	}
}

func suspect(p wire.Party) ceremonies.Suspect {
	switch p.Role {
	case wire.RoleStation:
		return ceremonies.Suspect{Kind: ceremonies.Station, Station: p.Station}
	case wire.RoleCourier:
		return ceremonies.Suspect{Kind: ceremonies.Coordinator}
	}
	return ceremonies.Suspect{}
}

// code is the fault code of a refusal.
func code(err error) string {
	var r *lineage.Refused
	if !errors.As(err, &r) {
		return "amendment/unable"
	}
	switch r.Reason {
	case lineage.OlderEpoch:
		return "amendment/older"
	case lineage.Unknown:
		return "amendment/behind"
	case lineage.Unfollowed:
		return "amendment/unfollowed"
	case lineage.Clock:
		return "amendment/clock"
	case lineage.Unapproved:
		return "amendment/unapproved"
	case lineage.Committed:
		return "amendment/committed"
	case lineage.Unsigned:
		return "amendment/unsigned"
	}
	return "amendment/malformed"
}

// refused is the fault of a message that does not hold. It proves nothing against
// anybody: approvals expire, stations fall behind, codes are shown twice.
func refused(err error) *ceremonies.Fault {
	f := &ceremonies.Fault{
		Code: code(err), What: "This is refused: " + sentence(err) + ".", Safe: "The charter in force stays as it is.",
		Remedy: "Have the treasury look at the change again; what is missing stands above.",
	}
	switch f.Code {
	case "amendment/older":
		f.Remedy = "Nothing is to be done; a station goes back to no older charter."
	case "amendment/behind":
		f.Remedy = "Show this station the certificates that it has missed, in their order, then this again."
	}
	return f
}

// forked is the fault of a second certificate for one epoch, with both as proof.
func forked(f *lineage.Fork) *ceremonies.Fault {
	record, err := wire.Marshal(forkRecord{Ours: f.Ours, Theirs: f.Theirs})
	if err != nil {
		return unable(err)
	}
	out := &ceremonies.Fault{
		Code:   "amendment/fork",
		What:   fmt.Sprintf("Two different charters are certified as charter %d. These stations acknowledged both, which no honest one does: %v.", f.Epoch, f.Stations),
		Safe:   "The charter that this station adopted first stays in force here.",
		Remedy: "Stop amending and keep this record; compare the charter's words at all stations, and freeze the wallet.",
		Record: record,
	}
	if len(f.Stations) > 0 {
		out.Suspect = ceremonies.Suspect{Kind: ceremonies.Station, Station: f.Stations[0]}
	}
	return out
}

// forkRecord is the evidence of a fork: two certificates in their wire form. Who
// has the line up to the charter before can check both.
type forkRecord struct {
	Ours   []byte `cbor:"1,keyasint"`
	Theirs []byte `cbor:"2,keyasint"`
}

// unable is the fault of a step that failed here, for a reason of this machine alone.
func unable(err error) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code: "amendment/unable", What: "This machine could not do its part: " + err.Error() + ".", Safe: "Nothing was shown.",
		Remedy: "Restart the program and scan the message again; if it happens twice, take the machine out of service.",
	}
}
