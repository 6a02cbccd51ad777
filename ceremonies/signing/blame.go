package signing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/batch"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// Blame is a record that proves to anyone who knows the wallet's group that a
// station signed a wrong answer. Everything in it that accuses is signed by
// the accused: its response, and the pages of its own nonce commitments. The
// coordinator can add nothing, so an honest station cannot be framed.
//
// Either Stories is empty and the first three say how one answer was wrong, or
// they are empty and Stories holds two signed things that contradict each other,
// or one record that contradicts what the charter says of a retired instance.
type Blame struct {
	Order    []byte   `cbor:"1,keyasint"`
	Response []byte   `cbor:"2,keyasint"` // sealed
	Pages    [][]byte `cbor:"3,keyasint"` // sealed, of the accused
	Stories  [][]byte `cbor:"4,keyasint"` // two records, a head and a record, or a record
}

const maxBlame = 32 << 20

// evidence packs what VerifyBlame needs about one response.
func (s *Session) evidence(response []byte) []byte {
	b, err := wire.Marshal(Blame{Order: s.bytes, Response: response, Pages: s.state.Pages})
	if err != nil {
		return nil
	}
	return b
}

// Finding is what a blame record proves.
type Finding struct {
	Station int
	Slot    int    // -1 if the fault is not a share
	What    string // one sentence
}

// ErrNotProven says that a blame record proves nothing.
var ErrNotProven = errors.New("signing: blame: nothing is proven")

// VerifyBlame re-checks a record with nothing but the wallet's public group.
// It returns ErrNotProven (wrapped) when the accused did nothing wrong or when
// the record is not signed by it.
func VerifyBlame(g Group, record []byte) (Finding, error) {
	if err := g.check(); err != nil {
		return Finding{}, err
	}
	var b Blame
	if err := wire.Unmarshal(record, &b, maxBlame); err != nil {
		return Finding{}, fmt.Errorf("%w: %v", ErrNotProven, err)
	}
	if len(b.Stories) > 0 {
		return verifyStories(g, b)
	}
	rings, err := g.keyrings()
	if err != nil {
		return Finding{}, err
	}
	opened, err := openAny(b.Response, rings)
	if err != nil {
		return Finding{}, fmt.Errorf("%w: the answer is not signed by a station of this wallet: %v", ErrNotProven, err)
	}
	if opened.Kind() != wire.KindSigningResponse {
		return Finding{}, fmt.Errorf("%w: not a signing response", ErrNotProven)
	}
	accused := opened.Party().Station
	guilty := func(slot int, what string) (Finding, error) {
		return Finding{Station: accused, Slot: slot, What: what}, nil
	}
	var r Response
	if err := wire.Unmarshal(opened.Body(), &r, wire.KindSigningResponse.MaxBody()); err != nil {
		return guilty(-1, "It signed a response that cannot be read.")
	}
	if r.Digest != Digest(b.Order) {
		return Finding{}, fmt.Errorf("%w: the answer is to another order", ErrNotProven)
	}
	d := g.Line.Latest().Document()
	o, facts, err := decodeOrder(b.Order, len(d.Stations), int(d.Threshold))
	if err != nil {
		return guilty(-1, "It answered an order that no station may answer.")
	}
	position := slices.Index(o.Quorum, uint8(accused))
	if position < 0 {
		return guilty(-1, "It answered an order whose quorum does not name it.")
	}
	v, err := facts.Verify(g.Wallet)
	if err != nil {
		return guilty(-1, "It answered an order whose facts do not verify.")
	}
	_, err = examine(g, o, r.Digest, v, b.Pages, position, opened, r)
	var wrong *misdeed
	if errors.As(err, &wrong) {
		return guilty(wrong.slot, wrong.Error())
	}
	if err != nil {
		return Finding{}, fmt.Errorf("%w: %v", ErrNotProven, err)
	}
	return Finding{}, fmt.Errorf("%w: the answer of station %d is right", ErrNotProven, accused)
}

// contradiction packs a ledger's proof that a station told two stories, as a
// blame record; nil if the error is no such proof.
func contradiction(err error) (int, []byte) {
	var twice *ledger.Equivocation
	var fork *ledger.Fork
	var beyond *ledger.Beyond
	var station uint8
	stories := make([][]byte, 2)
	var failed error
	switch {
	case errors.As(err, &beyond):
		station, stories = beyond.Retired.Station, make([][]byte, 1)
		stories[0], failed = beyond.Record.Encode()
	case errors.As(err, &twice):
		station = twice.First.Station
		stories[0], failed = twice.First.Encode()
		if failed == nil {
			stories[1], failed = twice.Second.Encode()
		}
	case errors.As(err, &fork):
		station = fork.Head.Station
		stories[0], failed = fork.Head.Encode()
		if failed == nil {
			stories[1], failed = fork.Record.Encode()
		}
	default:
		return 0, nil
	}
	if failed != nil {
		return 0, nil
	}
	b, failed := wire.Marshal(Blame{Stories: stories})
	if failed != nil {
		return 0, nil
	}
	return int(station), b
}

// verifyStories checks two contradicting things that one station signed.
func verifyStories(g Group, b Blame) (Finding, error) {
	if len(b.Stories) > 2 || len(b.Order) > 0 || len(b.Response) > 0 || len(b.Pages) > 0 {
		return Finding{}, fmt.Errorf("%w: not a record of two stories", ErrNotProven)
	}
	second, err := ledger.DecodeRecord(b.Stories[len(b.Stories)-1])
	if err != nil {
		return Finding{}, fmt.Errorf("%w: %v", ErrNotProven, err)
	}
	if !g.spoke(second.Station, second.Instance) || second.Wallet != [32]byte(g.Wallet.ID()) {
		return Finding{}, fmt.Errorf("%w: the record is not of a station of this wallet", ErrNotProven)
	}
	found := Finding{Station: int(second.Station), Slot: -1}
	if len(b.Stories) == 1 {
		for _, r := range retiredBy(g.Line.Latest()) {
			if (&ledger.Beyond{Retired: r, Record: second}).Verify() == nil {
				found.What = "Its retired instance signed a record beyond its end: the key is in use, or a release was hidden when it was retired."
				return found, nil
			}
		}
		return Finding{}, fmt.Errorf("%w: the record is of no retired instance, or counts", ErrNotProven)
	}
	if first, err := ledger.DecodeRecord(b.Stories[0]); err == nil {
		if err := (&ledger.Equivocation{First: first, Second: second}).Verify(); err != nil {
			return Finding{}, fmt.Errorf("%w: %v", ErrNotProven, err)
		}
		found.What = "It signed two records that cannot stand in one ledger: it is cloned, restored or dishonest."
		return found, nil
	}
	head, err := ledger.DecodeHead(b.Stories[0])
	if err != nil {
		return Finding{}, fmt.Errorf("%w: %v", ErrNotProven, err)
	}
	if err := (&ledger.Fork{Head: head, Record: second}).Verify(); err != nil {
		return Finding{}, fmt.Errorf("%w: %v", ErrNotProven, err)
	}
	found.What = "It signed a head that its own record contradicts: it is cloned, restored or dishonest."
	return found, nil
}

// misdeed is what a station signed and no honest station signs.
type misdeed struct {
	code string
	slot int // -1 if it is not about a share
	what string
}

func (m *misdeed) Error() string { return m.what }

// examine checks a response against the order it answers and the station's own
// signed commitments. A *misdeed is proven by bytes that the station signed;
// any other error only says that nothing can be judged.
func examine(g Group, o Order, digest [32]byte, v batch.Verified, pages [][]byte, position int, opened wire.Opened, r Response) (ledger.Record, error) {
	station := o.Quorum[position]
	sender, before := opened.Sender(), o.Heads[station]
	bad := func(code, what string) (ledger.Record, error) {
		return ledger.Record{}, &misdeed{code: code, slot: -1, what: what}
	}
	if err := wire.Verify(sender, acknowledgement(digest, position), r.Ack); err != nil {
		return bad("session/acknowledgement", "Its acknowledgement does not verify.")
	}
	signs, slots := o.signs(position), v.Inputs()
	if !signs {
		slots = 0
	}
	if len(r.Shares) != slots*shareSize {
		return bad("session/shares", "It gave a wrong number of shares.")
	}
	next := before.Next
	if signs {
		next = o.start(position).Index + uint64(slots)
	}
	record, err := ledger.DecodeRecord(r.Record)
	if err != nil {
		return bad("session/record", "Its ledger record cannot be read.")
	}
	want := releaseRecord(v, digest)
	want.Wallet, want.Station, want.Instance, want.Seq, want.Prev, want.Sig = before.Wallet, station, sender, before.Seq+1, before.Last, record.Sig
	expected, err := want.Encode()
	if err != nil {
		return ledger.Record{}, err
	}
	if !bytes.Equal(expected, r.Record) || record.Verify() != nil {
		return bad("session/record", "Its ledger record does not say what it released.")
	}
	h := r.Head
	if h.Verify() != nil || h.Instance != sender || h.Wallet != before.Wallet || h.Station != station || h.Epoch != before.Epoch || h.Seq != record.Seq ||
		h.Last != record.Hash() || h.Next != next {
		return bad("session/head", "Its head does not follow from its record.")
	}
	if _, err := r.Refill.count(); err != nil || r.Refill.Epoch != before.Epoch {
		return bad("session/refill", "Its new nonce commitments are not of its stream.")
	}
	if !signs {
		return record, nil
	}
	slot, err := checkShares(g, o, v, pages, position, sender, r.Shares)
	if errors.Is(err, errShare) {
		return ledger.Record{}, &misdeed{code: "session/wrong-share", slot: slot, what: fmt.Sprintf("Its partial signature in slot %d does not verify against its own signed commitments.", slot)}
	}
	return record, err
}

var errShare = errors.New("partial signature verification failed")

// checkShares verifies the shares of one position against the commitments in
// the station's own signed pages (BIP445 PartialSigVerify). It returns the slot
// of the first wrong share and errShare, or another error if it cannot judge.
func checkShares(g Group, o Order, v batch.Verified, pages [][]byte, position int, sender wire.PublicKey, shares []byte) (int, error) {
	rings, err := g.keyrings()
	if err != nil {
		return -1, err
	}
	station := int(o.Quorum[position])
	nonces, err := signedCommitments(rings, pages, sender, o.start(position), v.Inputs())
	if err != nil {
		return -1, err
	}
	walk, err := newSessions(g, o, v)
	if err != nil {
		return -1, err
	}
	wrong := -1
	err = walk.each(func(slot int, session *frost.Session) error {
		var p frost.PartialSignature
		copy(p[:], shares[slot*shareSize:])
		if err := session.Verify(p, nonces[slot], station); err != nil {
			wrong = slot
			return errShare
		}
		return nil
	})
	return wrong, err
}

// signedCommitments collects an instance's commitments from messages that it
// signed itself; messages of others are passed over.
func signedCommitments(rings []wire.Keyring, pages [][]byte, sender wire.PublicKey, at Start, count int) ([]frost.PublicNonce, error) {
	found := make([]bool, count)
	out := make([]frost.PublicNonce, count)
	left := count
	for _, sealed := range pages {
		opened, err := openAny(sealed, rings)
		if err != nil || opened.Sender() != sender {
			continue
		}
		p, err := pageOf(opened)
		if err != nil || p.Epoch != at.Epoch {
			continue
		}
		n, err := p.count()
		if err != nil {
			continue
		}
		for i := range n {
			index := p.Start + i
			if index < at.Index || index-at.Index >= uint64(count) || found[index-at.Index] {
				continue
			}
			copy(out[index-at.Index][:], p.Commitments[i*nonceSize:])
			found[index-at.Index] = true
			left--
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("signing: %d commitments are not signed by the instance that is to use them", left)
	}
	return out, nil
}
