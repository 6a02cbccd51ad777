package wire

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

//go:embed WIRE.md
var wireMD string

const (
	goldenEnvelope = "860114582056b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b29209675820aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" +
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa43a1010558406acfb174a922c2af880c669bb95601b794c31b0da8c676da7dd23fc43b268e1cfa01555fade7" +
		"27c3b32552913f43dc5ff17e02982be56877fa39561b5af4801f"
	goldenDigest = "b1d02e1183c34cb33c41aa5914e284d6561d765b7ceba25c9fdc605eef8564ab"
	// goldenHash was computed with another program's SHA-256.
	goldenHash = "7193460a3ed01497eab9c47d8641fc990a2031f815b6f673f78458d77e7e0543"
)

func TestGoldenEnvelope(t *testing.T) {
	sealed := seal(t, KindSigningRequest, testWallet, unhex(t, "a10105"), testKey(t, 9))
	if got := hex.EncodeToString(sealed); got != goldenEnvelope {
		t.Fatalf("sealed as %s", got)
	}
	opened, err := Open(unhex(t, goldenEnvelope), testRing(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", opened.Digest()); got != goldenDigest {
		t.Errorf("digest %s", got)
	}
	if got := fmt.Sprintf("%x", TaggedHash("Heliograph/example/v1", []byte("a"), []byte("b"))); got != goldenHash {
		t.Errorf("tagged hash %s", got)
	}
	squeezed := strings.Join(strings.Fields(wireMD), "")
	for _, golden := range []string{goldenEnvelope, goldenDigest, goldenHash} {
		if !strings.Contains(squeezed, golden) {
			t.Errorf("WIRE.md lacks %s", golden)
		}
	}
}

// WIRE.md's table of kinds and the program's are the same.
func TestKindsAreDocumented(t *testing.T) {
	var want []string
	for kind, r := range rules {
		wallet := "id"
		if r.selfSigned {
			wallet = "zero, self-signed"
		}
		var from []string
		for _, role := range r.senders {
			from = append(from, role.String())
		}
		want = append(want, fmt.Sprintf("| %d | %s | %s | %s | %d |", kind, r.name, strings.Join(from, " or "), wallet, r.maxBody))
	}
	got := regexp.MustCompile(`(?m)^\| \d+ \|.*\|$`).FindAllString(wireMD, -1)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("WIRE.md has\n%s\nthe table has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestKinds(t *testing.T) {
	for kind, r := range rules {
		if kind.String() != r.name || kind.MaxBody() != r.maxBody || r.maxBody <= 0 || r.maxBody+maxOverhead > MaxSealed {
			t.Errorf("kind %d: %+v", uint16(kind), r)
		}
	}
	unknown := Kind(9)
	if unknown.MaxBody() != 0 || unknown.String() != "unknown kind 9" {
		t.Errorf("kind 9 is %s with %d bytes", unknown, unknown.MaxBody())
	}
}
