package policy

import "strings"

// Sentence returns the line in words, with the rule's id before it.
func (l Line) Sentence() string {
	words := ""
	switch is, bound, ok := l.measured(); {
	case l.Need != "" && l.Always:
		words = l.Need + "."
	case ok && l.Got == "":
		words = join(bound+"; "+l.Note, l.Need)
	case ok && l.Need != "":
		words = join(is+noted(l.Note)+l.beyond(), l.Need)
	case ok:
		words = is + noted(l.Note) + "; " + bound + "."
	case l.Pass:
		words = l.passed()
	default:
		words = l.refused()
	}
	if l.Pass {
		return l.Rule + " holds: " + words
	}
	return l.Rule + ": " + words
}

func join(words, need string) string {
	if need == "" {
		return words + "."
	}
	return words + ": " + need + "."
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}

// beyond says on which side of its limit a number is.
func (l Line) beyond() string {
	if strings.HasPrefix(l.Check, "min-") {
		return ", below " + l.Wanted
	}
	return ", above " + l.Wanted
}

// measured are the checks that compare a number: what it is, and what it may be.
func (l Line) measured() (is, bound string, ok bool) {
	switch l.Check {
	case "max-output":
		return l.Subject + " is " + l.Got, "at most " + l.Wanted + " may go in one output", true
	case "max-transaction":
		return l.Subject + " pays " + l.Got, "at most " + l.Wanted + " may go in one transaction", true
	case "max-batch":
		return "the batch pays " + l.Got, "at most " + l.Wanted + " may go in one batch", true
	case "max-window":
		return l.Got + " would leave within " + l.Subject, "at most " + l.Wanted + " may", true
	case "max-count":
		return "the batch makes " + l.Got, "at most " + l.Wanted + " may go in one batch", true
	case "max-count-window":
		return l.Got + " would be made within " + l.Subject, "at most " + l.Wanted + " may", true
	case "max-fiat":
		return "the batch pays " + l.Got, "at most " + l.Wanted + " may go in one batch", true
	case "max-fee":
		return l.Subject + " can cost a fee of " + l.Got, "at most " + l.Wanted + " is allowed", true
	case "max-fee-rate":
		return l.Subject + " can cost " + l.Got, "at most " + l.Wanted + " is allowed", true
	case "min-fee-rate":
		return l.Subject + " can go at " + l.Got, "at least " + l.Wanted + " is demanded", true
	case "max-fee-percent":
		return "the fee of " + l.Subject + " can be " + l.Got + " of its payments", "at most " + l.Wanted + " is allowed", true
	case "max-lifetime":
		return "the request is valid for " + l.Got, "at most " + l.Wanted + " is allowed", true
	case "max-inputs":
		return l.Subject + " spends " + l.Got, "at most " + l.Wanted + " may be spent in one transaction", true
	case "max-change":
		return l.Subject + " can return " + l.Got + " as change", "at most " + l.Wanted + " may return", true
	case "min-own-share":
		return "of the inputs of " + l.Subject + " " + l.Got + " stays in the wallet at least", "at least " + l.Wanted + " must", true
	case "min-reserve":
		return "by the balance that the coordinator claims, which nobody proved, " + l.Got + " would be left", "at least " + l.Wanted + " must stay in the wallet", true
	case "min-confirmations":
		return "an input of " + l.Subject + " has " + l.Got + " by the coordinator's claim", "at least " + l.Wanted + " must be claimed of each", true
	case "min-proven":
		return "an input of " + l.Subject + " has proof of " + l.Got, "at least " + l.Wanted + " must be proved of each", true
	case "change-gap":
		return "change of " + l.Subject + " goes to index " + l.Got, "the highest allowed now is " + l.Wanted, true
	}
	return "", "", false
}

func (l Line) refused() string {
	switch l.Check {
	case "current":
		return "the request was drafted under charter " + l.Got + "; in force here is " + l.Wanted + "."
	case "age":
		return "the charter was to be renewed by " + l.Wanted + "; the request states " + l.Got + "."
	case "order":
		return "the request states " + l.Got + ", before the last record, " + l.Wanted + "."
	case "expiry":
		return "the request expires at " + l.Got + ", not after the time it states, " + l.Wanted + "."
	case "anchor":
		return l.Subject + " would spend " + l.Got + "; it was released before and stays bound to " + l.Wanted + "."
	case "replaced-fee":
		return l.Subject + " costs a fee of " + l.Got + " at most; it replaces one that was released with " + l.Wanted + ", and may only raise that."
	case "replaced-change":
		return l.Subject + " returns " + l.Got + " as change at least; it replaces one that was released with " + l.Wanted + ", and may only lower that."
	case "once":
		return l.Subject + " goes to " + l.Got + ", which is paid once, and another payout did."
	case "destination":
		return l.Subject + " goes to " + l.Got + ", which is no destination of " + l.Wanted + "."
	case "deny":
		return l.Subject + " is " + l.Got + "; nothing may be paid to " + l.Wanted + "."
	case "default":
		return "no rule allows " + l.Subject + ", " + l.Got + "."
	case "more":
		return l.Subject + " more are refused alike."
	}
	return "this program does not know such a rule."
}

func (l Line) passed() string {
	switch l.Check {
	case "current":
		return "the request was drafted under the charter in force."
	case "age":
		return "the charter need not be renewed before " + l.Wanted + "."
	case "order":
		return "the request states " + l.Got + ", not before any record."
	case "expiry":
		return "the request expires at " + l.Got + "."
	case "anchor":
		return "no payment was released before with another coin."
	case "replaced":
		return "what was released before costs no less now, and returns no more change."
	case "once":
		return "no address for one use was paid by another payout."
	case "destination":
		return "every payment goes to a destination of its counterparty."
	case "deny", "not-concerned":
		return "nothing is paid to " + l.Wanted + "."
	case "default":
		return "a rule allows every payment."
	case "no-change":
		return "there is no change."
	}
	return "it allows " + l.Subject + ", " + l.Got + " together."
}
