package ceremonies

import "fmt"

// Suspicion says what a fault proves about who caused it.
type Suspicion uint8

const (
	// Unknown proves nothing: a torn scan, a wrong file, an old message.
	Unknown Suspicion = iota
	// Operator did something that does not fit here; nobody is accused.
	Operator
	// Coordinator signed something that no honest coordinator signs.
	Coordinator
	// Station signed something that no honest station signs.
	Station
	// StationOrCoordinator cannot be told apart from here: either the station
	// sent it or the coordinator made it up.
	StationOrCoordinator
)

// Suspect is a Suspicion and, for the two kinds that name one, the station.
type Suspect struct {
	Kind    Suspicion
	Station int // 0..n-1
}

// String names the suspect as a person would.
func (s Suspect) String() string {
	switch s.Kind {
	case Operator:
		return "nobody: this step was not expected"
	case Coordinator:
		return "the coordinator"
	case Station:
		return fmt.Sprintf("station %d", s.Station)
	case StationOrCoordinator:
		return fmt.Sprintf("station %d or the coordinator", s.Station)
	default:
		return "unknown"
	}
}

// Fault is the one error of a Machine. It says what happened, who is
// suspected, what is still safe and what to do.
type Fault struct {
	Code    string  // stable, for programs and tests: "signing/burnt"
	Suspect Suspect // what this proves; see Suspicion
	What    string  // what happened, one sentence
	Safe    string  // what is still safe, one sentence
	Remedy  string  // what to do, one sentence
	Record  []byte  // evidence that a third program can check, or nil
}

// Error is the fault in one line.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s Suspect: %s. %s %s", f.Code, f.What, f.Suspect, f.Safe, f.Remedy)
}

// Unexpected is the fault for an event that does not fit the awaited state.
func Unexpected(code, awaited string) *Fault {
	return &Fault{
		Code:    code,
		Suspect: Suspect{Kind: Operator},
		What:    "This step does not fit here: " + awaited + " is expected.",
		Safe:    "Nothing has changed.",
		Remedy:  "Go on with what is expected.",
	}
}
