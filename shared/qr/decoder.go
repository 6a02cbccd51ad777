package qr

import (
	"errors"
	"fmt"

	"heliograph/shared/qr/bbqr"
	"heliograph/shared/qr/ur"
)

// Kind says how a message was labelled on its way. It is the sender's claim.
type Kind string

const (
	KindBytes       Kind = "bytes"       // ur:bytes, and BBQr type B
	KindPSBT        Kind = "psbt"        // ur:crypto-psbt, and BBQr type P
	KindTransaction Kind = "transaction" // BBQr type T
	KindText        Kind = "text"        // BBQr type U
	KindJSON        Kind = "json"        // BBQr type J
	KindCBOR        Kind = "cbor"        // BBQr type C
)

// Result says what a frame was good for. Exactly one of New and Repeated is
// set.
type Result struct {
	New      bool // it raised the rank of its message
	Repeated bool // it told nothing that was not known
	Foreign  bool // its message is another than the one that Progress follows
}

// ErrForeignText says that a text is neither UR nor BBQr, such as a web
// address that the camera passes over.
var ErrForeignText = errors.New("qr: text is neither UR nor BBQr")

// maxMessages is how many unfinished messages a Decoder holds. Each takes at
// most 12.2 MiB (8,192 equations of 8,192 bits, 4 MiB of fragments and small
// tables), and that only after 8,192 different frames.
const maxMessages = 4

// Decoder puts messages together from frames in any order, with losses,
// repeats and frames of other messages among them. Up to four unfinished
// messages keep what they have; a fifth displaces the one that was longest
// without a frame, never the one that Progress follows. The zero value is
// ready. It is not safe for concurrent use.
type Decoder struct {
	messages  []*incoming
	following *incoming
	done      *incoming
	result    []byte
	frames    int // received so far: the clock of incoming.seen
}

// incoming is the state of one message: either system or file is set.
type incoming struct {
	key    string
	kind   Kind
	system *system
	file   *bbqr.File
	seen   int
}

func (m *incoming) progress() (rank, k int) {
	if m.file != nil {
		return m.file.Progress()
	}
	return m.system.rank(), m.system.k()
}

// Receive takes the text of one frame. It never panics and refuses what is
// not UR of a known type or BBQr with an error that changes nothing, but for
// one case: if the frames of a message turn out not to fit together when the
// last one arrives, that message is dropped and must be received again. Once
// a message is complete it stays so, and further frames are Repeated.
func (d *Decoder) Receive(text string) (Result, error) {
	part, err := d.parse(text)
	if err != nil {
		return Result{}, err
	}
	d.frames++
	if d.done != nil {
		return Result{Repeated: true, Foreign: part.key != d.done.key}, nil
	}
	m, err := d.find(part)
	if err != nil {
		return Result{}, err
	}
	added, err := m.add(part)
	if err != nil {
		return Result{}, err
	}
	m.seen = d.frames
	rank, k := m.progress()
	if added && rank == k {
		if err := d.finish(m); err != nil {
			return Result{}, err
		}
	}
	d.follow(m, rank)
	return Result{New: added, Repeated: !added, Foreign: m != d.following}, nil
}

// Progress returns the rank and the number of fragments of the message that
// is furthest: the count of frames that were worth receiving, and how many
// there must be. Both are 0 at first. The rank never falls, unless a message
// is dropped or a shorter one is complete before it; k changes only when
// another message has overtaken.
func (d *Decoder) Progress() (rank, k int) {
	if d.following == nil {
		return 0, 0
	}
	return d.following.progress()
}

// Done tells whether a message is complete.
func (d *Decoder) Done() bool { return d.done != nil }

// Message returns the first message that was completed.
func (d *Decoder) Message() ([]byte, error) {
	if d.done == nil {
		rank, k := d.Progress()
		return nil, fmt.Errorf("qr: message is not complete: %d of %d", rank, k)
	}
	return d.result, nil
}

// Kind returns the label of the completed message, or "" before there is one.
func (d *Decoder) Kind() Kind {
	if d.done == nil {
		return ""
	}
	return d.done.kind
}

// parsed is one frame of either format; key names its message.
type parsed struct {
	key  string
	kind Kind
	ur   ur.Part
	bbqr bbqr.Part // Total is 0 for a UR
}

func (d *Decoder) parse(text string) (parsed, error) {
	typ, part, err := ur.Parse(text)
	if err == nil {
		kind, ok := map[string]Kind{typeBytes: KindBytes, typePSBT: KindPSBT}[typ]
		if !ok {
			return parsed{}, fmt.Errorf("qr: UR type %q is not read", typ)
		}
		key := fmt.Sprintf("%s %d %d %08x %d", typ, part.SeqLen, part.MessageLen, part.Checksum, len(part.Data))
		return parsed{key: key, kind: kind, ur: part}, nil
	}
	if !errors.Is(err, ur.ErrSyntax) {
		return parsed{}, err
	}
	block, err := bbqr.Parse(text)
	if errors.Is(err, bbqr.ErrSyntax) {
		return parsed{}, ErrForeignText
	}
	if err != nil {
		return parsed{}, err
	}
	kind := map[byte]Kind{
		'B': KindBytes, 'P': KindPSBT, 'T': KindTransaction, 'U': KindText, 'J': KindJSON, 'C': KindCBOR,
	}[block.Type]
	return parsed{key: text[:6], kind: kind, bbqr: block}, nil
}

// find returns the state of a frame's message, and makes it if need be.
func (d *Decoder) find(p parsed) (*incoming, error) {
	for _, m := range d.messages {
		if m.key == p.key {
			return m, nil
		}
	}
	m := &incoming{key: p.key, kind: p.kind}
	if p.bbqr.Total > 0 {
		m.file = bbqr.NewFile(p.bbqr)
	} else {
		s, err := newSystem(p.ur)
		if err != nil {
			return nil, err
		}
		m.system = s
	}
	if len(d.messages) == maxMessages {
		d.drop(d.stalest())
	}
	d.messages = append(d.messages, m)
	return m, nil
}

func (m *incoming) add(p parsed) (bool, error) {
	if m.file != nil {
		return m.file.Add(p.bbqr)
	}
	return m.system.add(p.ur), nil
}

// finish turns a solved message into the result, or drops it.
func (d *Decoder) finish(m *incoming) error {
	message, err := m.message()
	if err != nil {
		d.drop(m)
		return err
	}
	d.done, d.result, d.following = m, message, m
	d.messages = nil
	return nil
}

func (m *incoming) message() ([]byte, error) {
	if m.file != nil {
		return m.file.Message()
	}
	wrapped, err := m.system.solve()
	if err != nil {
		return nil, err
	}
	return ur.UnwrapBytes(wrapped)
}

// follow lets Progress speak of m if m leads. Ties stay with the first.
func (d *Decoder) follow(m *incoming, rank int) {
	if d.done != nil {
		return
	}
	if leading, _ := d.Progress(); rank > leading {
		d.following = m
	}
}

func (d *Decoder) stalest() *incoming {
	var found *incoming
	for _, m := range d.messages {
		if m != d.following && (found == nil || m.seen < found.seen) {
			found = m
		}
	}
	return found
}

func (d *Decoder) drop(m *incoming) {
	for i := range d.messages {
		if d.messages[i] == m {
			d.messages = append(d.messages[:i:i], d.messages[i+1:]...)
			break
		}
	}
	if d.following != m {
		return
	}
	d.following = nil
	for _, other := range d.messages {
		rank, _ := other.progress()
		d.follow(other, rank)
	}
}
