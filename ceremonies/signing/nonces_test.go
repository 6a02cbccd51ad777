package signing

import (
	"bytes"
	"errors"
	"testing"

	"heliograph/shared/frost"
	"heliograph/shared/wire"
)

func testGenerator(t *testing.T) generator {
	t.Helper()
	share, err := frost.ParseSecretShare(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return generator{wallet: [32]byte{1}, key: [32]byte{2}, share: share, public: share.PublicShare()}
}

// What was published is what is taken, whatever was taken before and however
// often the stream was kept and read back.
func TestStreamGivesWhatItPublished(t *testing.T) {
	gen := testGenerator(t)
	s := newStream([32]byte{9}, gen.share)
	var published []byte
	next := uint64(0)
	for _, take := range []uint64{1, 3, 2} {
		page, after, err := s.publish(5, gen)
		if err != nil {
			t.Fatal(err)
		}
		if page.Start != uint64(len(published)/nonceSize) || page.Epoch != s.Epoch {
			t.Fatalf("a page starts at %d, %d are published", page.Start, len(published)/nonceSize)
		}
		published = append(published, page.Commitments...)
		kept, err := wire.Marshal(after)
		if err != nil {
			t.Fatal(err)
		}
		var read stream
		if err := wire.Unmarshal(kept, &read, 1024); err != nil {
			t.Fatal(err)
		}
		secret, public, left, err := read.take(next, take, gen)
		if err != nil {
			t.Fatal(err)
		}
		if uint64(len(secret)) != take {
			t.Fatalf("%d nonces, want %d", len(secret), take)
		}
		for i, p := range public {
			at := (next + uint64(i)) * nonceSize
			if !bytes.Equal(p[:], published[at:at+nonceSize]) {
				t.Fatalf("nonce %d is not the one that was published", next+uint64(i))
			}
		}
		s, next = left, next+take
	}
}

func TestStreamRefuses(t *testing.T) {
	gen := testGenerator(t)
	s := newStream([32]byte{9}, gen.share)
	_, s, err := s.publish(8, gen)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, s, err = s.take(2, 2, gen); err != nil { // burns 0 and 1 by skipping them
		t.Fatal(err)
	}
	for _, c := range []struct {
		start, count uint64
		want         error
	}{
		{0, 1, errBurnt}, {3, 1, errBurnt}, {7, 2, errUnpublished}, {8, 1, errUnpublished},
		{4, 9, errUnpublished}, {^uint64(0), 1, errUnpublished}, {4, ^uint64(0), errUnpublished},
	} {
		if _, _, _, err := s.take(c.start, c.count, gen); !errors.Is(err, c.want) {
			t.Errorf("take(%d, %d): %v, want %v", c.start, c.count, err, c.want)
		}
	}
	s.Published = 1 << 40
	if _, _, _, err := s.take(s.Next+maxSkip+1, 1, gen); !errors.Is(err, errSkip) {
		t.Errorf("a far skip: %v", err)
	}
}

// The kept stream after a burn holds nothing from which a burnt nonce could be
// made again: the old seed is gone, and no walk from the new one meets it.
func TestStreamForgets(t *testing.T) {
	gen := testGenerator(t)
	s := newStream([32]byte{9}, gen.share)
	_, s, err := s.publish(4, gen)
	if err != nil {
		t.Fatal(err)
	}
	old := append([]byte(nil), s.Seed...)
	_, burnt, left, err := s.take(0, 2, gen)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := wire.Marshal(left)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(kept, old) {
		t.Fatal("the old seed is still kept")
	}
	left.Next = 0 // even if somebody resets the counter
	_, again, _, err := left.take(0, 2, gen)
	if err != nil {
		t.Fatal(err)
	}
	for i := range burnt {
		if again[i] == burnt[i] {
			t.Fatalf("nonce %d was made again from what is kept", i)
		}
	}
}

// Streams of two installations, wallets or starts never meet.
func TestStreamsAreApart(t *testing.T) {
	gen := testGenerator(t)
	a, b := newStream([32]byte{1}, gen.share), newStream([32]byte{2}, gen.share)
	if a.Epoch == b.Epoch || bytes.Equal(a.Seed, b.Seed) {
		t.Fatal("two fresh streams are one")
	}
	_, p, err := gen.nonce(a.Epoch, 0, [32]byte{5})
	if err != nil {
		t.Fatal(err)
	}
	other := gen
	other.wallet[0] ^= 1
	for name, f := range map[string]func() (*frost.SecretNonce, frost.PublicNonce, error){
		"another index":  func() (*frost.SecretNonce, frost.PublicNonce, error) { return gen.nonce(a.Epoch, 1, [32]byte{5}) },
		"another stream": func() (*frost.SecretNonce, frost.PublicNonce, error) { return gen.nonce(b.Epoch, 0, [32]byte{5}) },
		"another wallet": func() (*frost.SecretNonce, frost.PublicNonce, error) { return other.nonce(a.Epoch, 0, [32]byte{5}) },
	} {
		_, q, err := f()
		if err != nil {
			t.Fatal(err)
		}
		if p == q {
			t.Errorf("%s: the same nonce from the same randomness", name)
		}
	}
}
