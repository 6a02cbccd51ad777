package ledger

import (
	"encoding/hex"
	"testing"
)

// Records are kept for ever: the bytes of a record, and the hashes that chains,
// snapshots and destinations rest on, never change.
func TestFormatsStay(t *testing.T) {
	w, r := sample(t)
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	hash, snapshot, destination := r.Hash(), w.snapshot().Hash(), NewDestination([]byte{0x00, 0x14})
	w.relist(1)
	listed := w.snapshot().Hash()
	for name, c := range map[string]struct{ got, want string }{
		"length of the record":                {hex.EncodeToString([]byte{byte(len(b) >> 8), byte(len(b))}), "021c"},
		"hash of the record":                  {hex.EncodeToString(hash[:]), "fe00631906887226e0276155ac1c85afc4309ed7d5ac198c355e1797089fd9e8"},
		"hash of a snapshot":                  {hex.EncodeToString(snapshot[:]), "fd528fadf57d9738d02758522a08c6565328070e6bbcf7271ddad45e626884ef"},
		"hash of one with a retired instance": {hex.EncodeToString(listed[:]), "9d708a2c6feffccc759c575d346498ec70080542fc3c67248060820b33309420"},
		"destination":                         {hex.EncodeToString(destination[:]), "e4dbb0a92f1503bb1ba582ee030f3000"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, was %s", name, c.got, c.want)
		}
	}
}
