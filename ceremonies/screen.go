package ceremonies

import "heliograph/shared/wire"

// Screen is what a person sees: plain data that a window, a terminal and a
// test render in their own way. The set is closed: the seven types of this
// file. No text in it holds a secret.
type Screen interface{ screen() }

type (
	// Scan waits for the camera. Want says in a few words what is expected.
	Scan struct{ Title, Want string }

	// Show offers a message to the other side. To says who should scan it.
	Show struct {
		Title, To string
		Message   wire.Message
	}

	// Review asks for a decision. Verdict comes first, exceptions before
	// routine; every output is in Sections in full. Digest binds the answer.
	Review struct {
		Title    string
		Verdict  []string
		Sections []Section
		Digest   [32]byte
	}

	// Compare asks whether two sides read the same. Words carry 132 bits, or
	// Value is shown when there is a text (an address) to compare. With says
	// with whom.
	Compare struct {
		Title string
		Words []string
		Value string
		With  string
	}

	// Ask wants a line of text.
	Ask struct{ Title, Prompt string }

	// Failed ends a ceremony that cannot go on.
	Failed struct{ Fault *Fault }

	// Done ends a ceremony that has succeeded.
	Done struct {
		Title string
		Lines []Line
	}
)

// Section is a titled group of lines of a Review.
type Section struct {
	Title string
	Lines []Line
}

// Line is one fact. Alert marks what a person must not overlook; a renderer
// never shows it by colour alone.
type Line struct {
	Label, Value, Note string
	Alert              bool
}

func (Scan) screen()    {}
func (Show) screen()    {}
func (Review) screen()  {}
func (Compare) screen() {}
func (Ask) screen()     {}
func (Failed) screen()  {}
func (Done) screen()    {}
