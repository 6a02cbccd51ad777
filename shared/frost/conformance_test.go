package frost

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/frost/internal/k256"
)

// The published vector files of BIP445. A file holds its cases either at the
// top or in test_groups that share key material. Every key is named here: a
// file with another one fails, so that nothing is passed over.

type vectorGroup[C any] struct {
	ID           string     `json:"tg_id"`
	T            int        `json:"t"`
	N            int        `json:"n"`
	ThresholdKey hexBytes   `json:"thresh_pk"`
	PublicShares []hexBytes `json:"pubshares"`
	SecretShares []hexBytes `json:"secshares"`
	PublicNonces []hexBytes `json:"pubnonces"`
	SecretNonces []hexBytes `json:"secnonces"`
	Tweaks       []hexBytes `json:"tweaks"`

	Valid       []C `json:"valid_tests"`
	Error       []C `json:"error_tests"`
	SignError   []C `json:"sign_error_tests"`
	VerifyFail  []C `json:"verify_fail_tests"`
	VerifyError []C `json:"verify_error_tests"`

	Groups []vectorGroup[C] `json:"test_groups"`
}

// signCase is a case of sign_verify, tweak, sig_agg and det_sign.
type signCase struct {
	ID      int    `json:"tc_id"`
	Comment string `json:"comment"`

	MyID               int   `json:"my_id"`
	IDs                []int `json:"ids"`
	PublicShareIndices []int `json:"pubshare_indices"`
	PublicNonceIndices []int `json:"pubnonce_indices"`
	SecretShareIndex   int   `json:"secshare_index"`
	SecretNonceIndex   int   `json:"secnonce_index"`
	SignerIndex        int   `json:"signer_index"`

	AggregateNonce    hexBytes   `json:"aggnonce"`
	AggregateOther    *hexBytes  `json:"aggothernonce"`
	Rand              *hexBytes  `json:"rand"`
	Message           hexBytes   `json:"msg"`
	Tweaks            []hexBytes `json:"tweaks"`
	TweakIndices      []int      `json:"tweak_indices"`
	XOnly             []bool     `json:"is_xonly"`
	PartialSignature  hexBytes   `json:"psig"`
	PartialSignatures []hexBytes `json:"psigs"`

	Expected hexList        `json:"expected"`
	Err      *expectedError `json:"error"`
}

type nonceAggCase struct {
	ID                 int            `json:"tc_id"`
	Comment            string         `json:"comment"`
	PublicNonceIndices []int          `json:"pubnonce_indices"`
	Expected           hexList        `json:"expected"`
	Err                *expectedError `json:"error"`
}

type nonceGenCase struct {
	ID           int            `json:"tc_id"`
	Comment      string         `json:"comment"`
	Rand         hexBytes       `json:"rand_"`
	SecretShare  *hexBytes      `json:"secshare"`
	PublicShare  *hexBytes      `json:"pubshare"`
	ThresholdKey *hexBytes      `json:"thresh_pk"`
	Message      *hexBytes      `json:"msg"`
	ExtraIn      *hexBytes      `json:"extra_in"`
	Expected     hexList        `json:"expected"`
	Err          *expectedError `json:"error"`
}

type expectedError struct {
	Type         string `json:"type"`
	Message      string `json:"message"`
	SignerIndex  *int   `json:"signer_index"`
	Contribution string `json:"contrib"`
}

type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// hexList is one hexadecimal string or a list of them.
type hexList []hexBytes

func (l *hexList) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]hexBytes)(l))
	}
	*l = make(hexList, 1)
	return json.Unmarshal(data, &(*l)[0])
}

// errorsByMessage gives our error for a message of the reference program.
// Digits in the message stand for any position.
var errorsByMessage = map[string]error{
	"The threshold must be # <= t <= n.":                                  ErrThreshold,
	"The number of signers must be between t and n.":                      ErrSignerCount,
	"The pubshares and ids arrays must have the same length.":             ErrLength,
	"The pubnonces and ids arrays must have the same length.":             ErrLength,
	"The psigs and ids arrays must have the same length.":                 ErrLength,
	"The tweaks and is_xonly arrays must have the same length.":           errHarness,
	"The tweak must be a #-byte array.":                                   errHarness,
	"The participant identifier at index # is out of range.":              ErrSignerID,
	"Invalid pubshare at index #.":                                        ErrPublicShare,
	"The participant identifier list contains duplicate elements.":        ErrDuplicateID,
	"The provided key material is incorrect.":                             ErrKeyMaterial,
	"The tweak value is out of range.":                                    ErrTweakRange,
	"The result of tweaking cannot be infinity.":                          ErrTweakInfinity,
	"first secnonce value is out of range.":                               ErrNonceRange,
	"second secnonce value is out of range.":                              ErrNonceRange,
	"The signer's secret share value is out of range.":                    ErrShareRange,
	"The signer's pubshare must be included in the list of pubshares.":    ErrForeignShare,
	"The signer's id must be present in the participant identifier list.": ErrNotSigner,
}

// errHarness is a value that the API cannot be handed at all: its types are of
// fixed length, and a tweak comes with its mode.
var errHarness = errors.New("cannot be expressed")

func (want *expectedError) check(t *testing.T, got error, ids []int) {
	t.Helper()
	if got == nil {
		t.Fatalf("no error, want %+v", *want)
	}
	var blame *InvalidContribution
	switch want.Type {
	case "InvalidContributionError":
		if !errors.As(got, &blame) {
			t.Fatalf("got %v, want blame for %s", got, want.Contribution)
		}
		signer := Coordinator
		if want.SignerIndex != nil {
			signer = ids[*want.SignerIndex]
		}
		if blame.Signer != signer || string(blame.Contribution) != want.Contribution {
			t.Fatalf("got %v, want %s of signer %d", got, want.Contribution, signer)
		}
	case "ValueError":
		if errors.As(got, &blame) {
			t.Fatalf("got blame %v, want %q", got, want.Message)
		}
		if sentinel, known := errorsByMessage[withoutDigits(want.Message)]; known && !errors.Is(got, sentinel) {
			t.Fatalf("got %v, want %q", got, want.Message)
		}
	default:
		t.Fatalf("unknown error type %q", want.Type)
	}
}

// withoutDigits replaces every number by one #.
func withoutDigits(s string) string {
	var b strings.Builder
	for i, r := range s {
		digit := r >= '0' && r <= '9'
		if digit && i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
			continue
		}
		if digit {
			r = '#'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestConformanceBIP445(t *testing.T) {
	root := os.Getenv("HELIOGRAPH_VECTORS")
	if root == "" {
		t.Skip("SKIPPED: BIP445 conformance needs HELIOGRAPH_VECTORS, a folder with bip445/*_vectors.json")
	}
	files, err := filepath.Glob(filepath.Join(root, "bip445", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vector files in %s (%v)", filepath.Join(root, "bip445"), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), "_vectors.json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var ran int
			switch name {
			case "nonce_gen":
				ran = walk(t, data, runNonceGen)
			case "nonce_agg":
				ran = walk(t, data, runNonceAgg)
			case "sign_verify":
				ran = walk(t, data, runSignVerify)
			case "tweak":
				ran = walk(t, data, runSignVerify)
			case "sig_agg":
				ran = walk(t, data, runAggregate)
			case "det_sign":
				ran = walk(t, data, runDeterministic)
			default:
				t.Fatalf("unknown vector file %s", filepath.Base(file))
			}
			var tree any
			if err := json.Unmarshal(data, &tree); err != nil {
				t.Fatal(err)
			}
			if held := countCases(tree); held != ran || ran == 0 {
				t.Fatalf("ran %d of %d cases", ran, held)
			}
			fmt.Printf("conformance: bip445/%s %d cases\n", name, ran)
		})
	}
}

// countCases counts the elements of every array whose name ends as the names
// of case arrays do, without any knowledge of the layout.
func countCases(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			list, isList := child.([]any)
			if isList && (strings.HasSuffix(key, "_tests") || strings.HasSuffix(key, "TestCases")) {
				n += len(list)
				continue
			}
			n += countCases(child)
		}
	case []any:
		for _, child := range v {
			n += countCases(child)
		}
	}
	return n
}

// walk decodes a file, refusing unknown keys, and runs every case.
func walk[C any](t *testing.T, data []byte, run func(*testing.T, vectorGroup[C], string, C)) int {
	t.Helper()
	var top vectorGroup[C]
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&top); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatal("trailing data")
	}
	return top.walk(t, run)
}

func (g vectorGroup[C]) walk(t *testing.T, run func(*testing.T, vectorGroup[C], string, C)) int {
	n := 0
	for kind, cases := range map[string][]C{
		"valid": g.Valid, "error": g.Error, "sign_error": g.SignError,
		"verify_fail": g.VerifyFail, "verify_error": g.VerifyError,
	} {
		for i, c := range cases {
			t.Run(fmt.Sprintf("%s/%s/%d", g.ID, kind, i), func(t *testing.T) { run(t, g, kind, c) })
			n++
		}
	}
	for _, child := range g.Groups {
		n += child.walk(t, run)
	}
	return n
}

func fixed[T ~[32]byte | ~[33]byte | ~[66]byte](t *testing.T, b []byte) T {
	t.Helper()
	var out T
	switch v := any(&out).(type) {
	case *[32]byte:
		copyExact(t, v[:], b)
	case *PartialSignature:
		copyExact(t, v[:], b)
	case *ThresholdKey:
		copyExact(t, v[:], b)
	case *PublicShare:
		copyExact(t, v[:], b)
	case *PublicNonce:
		copyExact(t, v[:], b)
	case *AggregateNonce:
		copyExact(t, v[:], b)
	default:
		t.Fatalf("fixed: %T", out)
	}
	return out
}

func copyExact(t *testing.T, dst, src []byte) {
	t.Helper()
	if len(src) != len(dst) {
		t.Fatalf("%d bytes, want %d", len(src), len(dst))
	}
	copy(dst, src)
}

func runNonceGen(t *testing.T, _ vectorGroup[nonceGenCase], kind string, c nonceGenCase) {
	if kind != "valid" || c.Err != nil || len(c.Expected) != 2 {
		t.Fatalf("unknown kind of case %q", kind)
	}
	var in NonceInput
	if c.SecretShare != nil {
		share, err := ParseSecretShare(*c.SecretShare)
		if err != nil {
			t.Fatal(err)
		}
		in.Share = share
	}
	if c.PublicShare != nil {
		v := fixed[PublicShare](t, *c.PublicShare)
		in.PublicShare = &v
	}
	if c.ThresholdKey != nil {
		v := fixed[[32]byte](t, *c.ThresholdKey)
		in.ThresholdKey = &v
	}
	if c.Message != nil {
		in.Message, in.HasMessage = *c.Message, true
	}
	if c.ExtraIn != nil {
		in.ExtraIn = *c.ExtraIn
	}
	secret, public, err := NonceGen(fixed[[32]byte](t, c.Rand), in)
	if err != nil {
		t.Fatal(err)
	}
	k1, k2 := secret.state.k1.Bytes(), secret.state.k2.Bytes()
	if !bytes.Equal(slices.Concat(k1[:], k2[:]), c.Expected[0]) || !bytes.Equal(public[:], c.Expected[1]) {
		t.Fatalf("%s: other nonce", c.Comment)
	}
}

func runNonceAgg(t *testing.T, g vectorGroup[nonceAggCase], kind string, c nonceAggCase) {
	var nonces []PublicNonce
	var ids []int
	for i, j := range c.PublicNonceIndices {
		nonces = append(nonces, fixed[PublicNonce](t, g.PublicNonces[j]))
		ids = append(ids, 7*i+3) // ids, not positions, are blamed
	}
	agg, err := NonceAgg(nonces, ids)
	if kind == "error" {
		c.Err.check(t, err, ids)
		return
	}
	if kind != "valid" || err != nil || !bytes.Equal(agg[:], c.Expected[0]) {
		t.Fatalf("%s: %x (%v)", c.Comment, agg, err)
	}
}

// session opens what a case describes up to, but without, the aggregate nonce.
func (c signCase) context(t *testing.T, g vectorGroup[signCase]) (*Signers, TweakContext, error) {
	t.Helper()
	var shares []PublicShare
	for _, i := range c.PublicShareIndices {
		shares = append(shares, fixed[PublicShare](t, g.PublicShares[i]))
	}
	signers, err := NewSigners(g.N, g.T, fixed[ThresholdKey](t, g.ThresholdKey), c.IDs, shares)
	if err != nil {
		return nil, TweakContext{}, err
	}
	tweaks := c.Tweaks
	for _, i := range c.TweakIndices {
		tweaks = append(tweaks, g.Tweaks[i])
	}
	if len(tweaks) != len(c.XOnly) {
		return nil, TweakContext{}, errHarness
	}
	tc, err := NewTweakContext(signers.ThresholdKey())
	if err != nil {
		return nil, TweakContext{}, err
	}
	for i, tweak := range tweaks {
		if len(tweak) != 32 {
			return nil, TweakContext{}, errHarness
		}
		if tc, err = tc.Apply([32]byte(tweak), c.XOnly[i]); err != nil {
			return nil, TweakContext{}, err
		}
	}
	return signers, tc, nil
}

func (c signCase) session(t *testing.T, g vectorGroup[signCase], agg AggregateNonce) (*Session, error) {
	t.Helper()
	signers, tc, err := c.context(t, g)
	if err != nil {
		return nil, err
	}
	return NewSession(signers, agg, tc, c.Message)
}

func (c signCase) publicNonces(t *testing.T, g vectorGroup[signCase]) []PublicNonce {
	t.Helper()
	var out []PublicNonce
	for _, i := range c.PublicNonceIndices {
		out = append(out, fixed[PublicNonce](t, g.PublicNonces[i]))
	}
	return out
}

func runSignVerify(t *testing.T, g vectorGroup[signCase], kind string, c signCase) {
	switch kind {
	case "valid":
		nonces := c.publicNonces(t, g)
		agg, err := NonceAgg(nonces, c.IDs)
		if err != nil || !bytes.Equal(agg[:], c.AggregateNonce) {
			t.Fatalf("aggregate nonce %x (%v)", agg, err)
		}
		p, err := c.sign(t, g)
		if err != nil {
			t.Fatalf("%s: %v", c.Comment, err)
		}
		if !bytes.Equal(p[:], c.Expected[0]) {
			t.Fatalf("%s: %x", c.Comment, p)
		}
		session, err := c.session(t, g, agg)
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Verify(p, nonces[slices.Index(c.IDs, c.MyID)], c.MyID); err != nil {
			t.Fatalf("%s: %v", c.Comment, err)
		}
	case "error", "sign_error":
		_, err := c.sign(t, g)
		c.Err.check(t, err, c.IDs)
	case "verify_fail":
		err := c.verify(t, g)
		var blame *InvalidContribution
		if !errors.As(err, &blame) || *blame != (InvalidContribution{c.IDs[c.SignerIndex], ContributionPartialSignature}) {
			t.Fatalf("%s: %v", c.Comment, err)
		}
	case "verify_error":
		c.Err.check(t, c.verify(t, g), c.IDs)
	default:
		t.Fatalf("unknown kind of case %q", kind)
	}
}

func (c signCase) sign(t *testing.T, g vectorGroup[signCase]) (PartialSignature, error) {
	t.Helper()
	session, err := c.session(t, g, fixed[AggregateNonce](t, c.AggregateNonce))
	if err != nil {
		return PartialSignature{}, err
	}
	raw := g.SecretNonces[c.SecretNonceIndex]
	if len(raw) != 64 {
		t.Fatalf("secret nonce of %d bytes", len(raw))
	}
	k1, err1 := k256.ScalarFromBytes(raw[:32])
	k2, err2 := k256.ScalarFromBytes(raw[32:])
	if err := errors.Join(err1, err2); err != nil {
		return PartialSignature{}, ErrNonceRange
	}
	nonce, _, err := newNonce(k1, k2)
	if err != nil {
		return PartialSignature{}, err
	}
	share, err := ParseSecretShare(g.SecretShares[c.SecretShareIndex])
	if err != nil {
		return PartialSignature{}, err
	}
	return session.Sign(nonce, share, c.MyID)
}

// verify is PartialSigVerify, which starts from all public nonces.
func (c signCase) verify(t *testing.T, g vectorGroup[signCase]) error {
	t.Helper()
	if _, _, err := c.context(t, g); err != nil {
		return err
	}
	nonces := c.publicNonces(t, g)
	agg, err := NonceAgg(nonces, c.IDs)
	if err != nil {
		return err
	}
	session, err := c.session(t, g, agg)
	if err != nil {
		return err
	}
	return session.Verify(fixed[PartialSignature](t, c.PartialSignature), nonces[c.SignerIndex], c.IDs[c.SignerIndex])
}

func runAggregate(t *testing.T, g vectorGroup[signCase], kind string, c signCase) {
	session, err := c.session(t, g, fixed[AggregateNonce](t, c.AggregateNonce))
	if err != nil && kind == "error" {
		c.Err.check(t, err, c.IDs)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var parts []PartialSignature
	for _, p := range c.PartialSignatures {
		parts = append(parts, fixed[PartialSignature](t, p))
	}
	sig, err := session.Aggregate(parts)
	if kind == "error" {
		c.Err.check(t, err, c.IDs)
		return
	}
	if kind != "valid" || err != nil || !bytes.Equal(sig[:], c.Expected[0]) {
		t.Fatalf("%s: %x (%v)", c.Comment, sig, err)
	}
	_, tc, err := c.context(t, g)
	if err != nil {
		t.Fatal(err)
	}
	verifyBIP340(t, tc.XOnly(), c.Message, sig)
}

func runDeterministic(t *testing.T, g vectorGroup[signCase], kind string, c signCase) {
	run := func() (PublicNonce, PartialSignature, error) {
		signers, tc, err := c.context(t, g)
		if err != nil {
			return PublicNonce{}, PartialSignature{}, err
		}
		share, err := ParseSecretShare(g.SecretShares[c.SecretShareIndex])
		if err != nil {
			return PublicNonce{}, PartialSignature{}, err
		}
		var other *AggregateNonce
		if c.AggregateOther != nil {
			v := fixed[AggregateNonce](t, *c.AggregateOther)
			other = &v
		}
		var rand *[32]byte
		if c.Rand != nil {
			v := fixed[[32]byte](t, *c.Rand)
			rand = &v
		}
		return DeterministicSign(share, c.MyID, other, signers, tc, c.Message, rand)
	}
	public, p, err := run()
	if kind == "error" {
		c.Err.check(t, err, c.IDs)
		return
	}
	if kind != "valid" || err != nil || !bytes.Equal(public[:], c.Expected[0]) || !bytes.Equal(p[:], c.Expected[1]) {
		t.Fatalf("%s: %x %x (%v)", c.Comment, public, p, err)
	}
}
