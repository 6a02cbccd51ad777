package frost

import (
	"bytes"
	"encoding/gob"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/coinbase/kryptology/pkg/core/curves"
	dkg "github.com/coinbase/kryptology/pkg/dkg/frost"
	"github.com/coinbase/kryptology/pkg/dkg/gennaro"
	"github.com/coinbase/kryptology/pkg/sharing"
	signing "github.com/coinbase/kryptology/pkg/ted25519/frost"
	"github.com/coinbase/kryptology/pkg/zkp/schnorr"

	"heliograph/shared/frost/internal/k256"
)

// kryptology's protocol drivers are unsafe, each in its own way, as the tests
// below show. The guard is that none of them is linked: only k256 imports
// kryptology, and only its arithmetic. Those defects that have a counterpart in
// this package are also shown not to be here.

func TestOnlyK256ImportsKryptologyAndOnlyItsArithmetic(t *testing.T) {
	allowed := []string{
		"github.com/coinbase/kryptology/pkg/core/curves",
		"github.com/coinbase/kryptology/pkg/sharing",
	}
	found := 0
	walkSources(t, func(path string, imports []string) {
		for _, imported := range imports {
			if !strings.HasPrefix(imported, "github.com/coinbase/kryptology") {
				continue
			}
			found++
			if filepath.Dir(path) != filepath.Join("internal", "k256") {
				t.Errorf("%s imports %s: secrets compute through k256", path, imported)
			}
			if !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s: only the arithmetic is guarded", path, imported)
			}
		}
	})
	if found == 0 {
		t.Error("nothing computes through kryptology")
	}
}

// decred's multiplications take a time that depends on the scalar. This package
// reaches them only through k256, whose names say that the scalar is public.
func TestPublicArithmeticStaysInK256(t *testing.T) {
	walkSources(t, func(path string, imports []string) {
		for _, imported := range imports {
			curve := strings.Contains(imported, "dcrec/secp256k1") || imported == "math/big" || imported == "crypto/elliptic"
			if curve && filepath.Dir(path) != filepath.Join("internal", "k256") {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	})
}

// walkSources visits the imports of every non-test file under this package.
func walkSources(t *testing.T, visit func(path string, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, name)
		}
		visit(path, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A message of a practice key generation is replayed into the real one.
// kryptology turns the context string into a number and keeps one byte of it:
// names become 0, and 257 is 1.
func TestDefectKeyGenerationContextIsOneByte(t *testing.T) {
	for _, pair := range [][2]string{{"practice", "mainnet"}, {"1", "257"}} {
		if _, err := keyGenerationWithOneDealer(t, pair[0], pair[1], 2); err != nil {
			t.Errorf("contexts %q and %q differ now: %v", pair[0], pair[1], err)
		}
	}
}

// The coordinator of a 2-of-3 key generation keeps the third dealer's messages
// back. kryptology goes on without, and the victim holds a share of another key.
func TestDefectKeyGenerationMissesNoDealer(t *testing.T) {
	if _, err := keyGenerationWithOneDealer(t, "1", "1", 2); err != nil {
		t.Errorf("a missing dealer is noticed now: %v", err)
	}
}

// The coordinator hands participant 1 the share that was dealt to participant
// 3. kryptology evaluates at the position that the message names, not at its own.
func TestDefectShareNamesItsOwnPosition(t *testing.T) {
	if _, err := keyGenerationWithOneDealer(t, "1", "1", 3); err != nil {
		t.Errorf("a share for another is noticed now: %v", err)
	}
	p, err := k256.NewPolynomial([]*k256.Scalar{k256.ScalarFromInt(5), k256.ScalarFromInt(6)})
	if err != nil {
		t.Fatal(err)
	}
	if err := k256.VerifyShare(p.Commit(), 2, 1, p.EvalAt(3)); !errors.Is(err, k256.ErrShare) {
		t.Errorf("the share of position 3 at position 1: %v", err)
	}
}

// keyGenerationWithOneDealer lets participant 1 of 3 finish after it heard of
// dealer 2 alone, who works under another context and sends it the share
// of the given position (2 stands for participant 1's own).
func keyGenerationWithOneDealer(t *testing.T, context, dealerContext string, position uint32) (*dkg.Round2Bcast, error) {
	t.Helper()
	victim, err := dkg.NewDkgParticipant(1, 2, context, curves.K256(), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	dealer, err := dkg.NewDkgParticipant(2, 2, dealerContext, curves.K256(), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := victim.Round1(nil); err != nil {
		t.Fatal(err)
	}
	broadcast, shares, err := dealer.Round1(nil)
	if err != nil {
		t.Fatal(err)
	}
	share := shares[1]
	if position == 3 {
		share = shares[3]
	}
	return victim.Round2(map[uint32]*dkg.Round1Bcast{2: broadcast}, map[uint32]*sharing.ShamirShare{2: share})
}

// challenge stands in for kryptology's Ed25519 challenge on this curve.
type challenge struct{}

func (challenge) DeriveChallenge(msg []byte, key, r curves.Point) (curves.Scalar, error) {
	return curves.K256().Scalar.Hash(slices.Concat(r.ToAffineCompressed(), key.ToAffineCompressed(), msg)), nil
}

// kryptologySigners are a 2-of-2 quorum after its second round, signer 2 holding a
// share that is not its own.
func kryptologySigners(t *testing.T) (*signing.Signer, map[uint32]*signing.Round2Bcast) {
	t.Helper()
	c := curves.K256()
	f := func(x int) curves.Scalar { return c.Scalar.New(1000 + 77*x) }
	lagrange := map[uint32]curves.Scalar{1: c.Scalar.New(2), 2: c.Scalar.New(-1)}
	var signers []*signing.Signer
	commitments := map[uint32]*signing.Round1Bcast{}
	for id := uint32(1); id <= 2; id++ {
		share := f(int(id))
		if id == 2 {
			share = share.Add(c.Scalar.One())
		}
		s, err := signing.NewSigner(&dkg.DkgParticipant{
			Curve: c, Id: id, SkShare: share, VkShare: c.ScalarBaseMult(share), VerificationKey: c.ScalarBaseMult(f(0)),
		}, id, 2, lagrange, []uint32{1, 2}, challenge{})
		if err != nil {
			t.Fatal(err)
		}
		if commitments[id], err = s.SignRound1(); err != nil {
			t.Fatal(err)
		}
		signers = append(signers, s)
	}
	answers := map[uint32]*signing.Round2Bcast{}
	for i, s := range signers {
		answer, err := s.SignRound2([]byte("pay"), commitments)
		if err != nil {
			t.Fatal(err)
		}
		answers[uint32(i+1)] = answer
	}
	return signers[0], answers
}

// A signer answers with a share that is not its own and sends along the public
// share that fits. kryptology checks the one against the other, finds nothing
// wrong with anyone, and the signature is invalid. Here the public share comes
// from the key generation and the signer is named.
func TestDefectSignerVouchesForItself(t *testing.T) {
	first, answers := kryptologySigners(t)
	_, err := first.SignRound3(answers)
	if err == nil || strings.Contains(err.Error(), "participant") {
		t.Errorf("kryptology names someone now: %v", err)
	}

	w := newWorld(t, 3, 2, []int{0, 2})
	r := w.deal(t, "liar")
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(w.signers, r.agg, tc, []byte("pay"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := *s // signer 2 lies: to it, its public share is what fits the wrong share
	d := w.shares[1].Bytes()
	d[31] ^= 1
	share, err := ParseSecretShare(d[:])
	if err != nil {
		t.Fatal(err)
	}
	signers := *w.signers
	signers.shares = []PublicShare{signers.shares[0], share.PublicShare()}
	wrong.signers = &signers
	p, err := wrong.Sign(r.secret[1], share, 2)
	if err != nil {
		t.Fatal(err)
	}
	var blame *InvalidContribution
	if err := s.Verify(p, r.public[1], 2); !errors.As(err, &blame) || *blame != (InvalidContribution{2, ContributionPartialSignature}) {
		t.Errorf("a partial signature of another share: %v", err)
	}
}

// A peer leaves a field out. kryptology's signer dies of it, and what
// it knew cannot be stored and loaded again: everyone starts over with the nonces
// already public. Here messages are arrays of fixed length, and a session holds no secret.
func TestDefectSignerDiesOfNilAndCannotRestart(t *testing.T) {
	first, answers := kryptologySigners(t)
	answers[2] = &signing.Round2Bcast{}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("kryptology survives an empty answer now")
			}
		}()
		_, _ = first.SignRound3(answers)
	}()
	if err := gob.NewEncoder(new(bytes.Buffer)).Encode(first); err == nil {
		t.Error("kryptology's signer can be stored now")
	}

	w := newWorld(t, 3, 2, []int{0, 2})
	r := w.deal(t, "empty")
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(w.signers, r.agg, tc, []byte("pay"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(PartialSignature{}, PublicNonce{}, 2); err == nil {
		t.Error("an empty answer verifies")
	}
	if _, err := s.Aggregate(nil); !errors.Is(err, ErrLength) {
		t.Errorf("no answers: %v", err)
	}
	if _, err := s.Sign(nil, w.shares[0], 0); !errors.Is(err, ErrNonceUsed) {
		t.Errorf("no nonce: %v", err)
	}
	if _, err := s.Sign(r.secret[0], nil, 0); !errors.Is(err, ErrShareRange) {
		t.Errorf("no share: %v", err)
	}
	if _, err := NonceAgg(nil, nil); !errors.Is(err, ErrLength) {
		t.Errorf("no nonces: %v", err)
	}
}

// Key generation ends with the public shares of all participants, against
// which their signatures are judged. kryptology's come from a wrong formula and fit
// nobody's share. Here they are the committed polynomial's values.
func TestDefectPublicSharesOfGennaro(t *testing.T) {
	c := curves.K256Curve()
	generator, err := curves.NewScalarBaseMult(c, big.NewInt(3333))
	if err != nil {
		t.Fatal(err)
	}
	var p [2]*gennaro.Participant
	var first [2]gennaro.Round1Bcast
	var private [2]gennaro.Round1P2PSend
	for i := range p {
		if p[i], err = gennaro.NewParticipant(uint32(i+1), 2, generator, curves.NewK256Scalar(), uint32(2-i)); err != nil {
			t.Fatal(err)
		}
		if first[i], private[i], err = p[i].Round1(nil); err != nil {
			t.Fatal(err)
		}
	}
	second := map[uint32]gennaro.Round2Bcast{}
	for i := range p {
		id, other := uint32(i+1), uint32(2-i)
		second[id], err = p[i].Round2(
			map[uint32]gennaro.Round1Bcast{1: first[0], 2: first[1]},
			map[uint32]*gennaro.Round1P2PSendPacket{other: private[other-1][id]})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, share, err := p[0].Round3(second)
	if err != nil {
		t.Fatal(err)
	}
	public, err := p[0].Round4()
	if err != nil {
		t.Fatal(err)
	}
	want, err := curves.NewScalarBaseMult(c, share.Value.BigInt())
	if err != nil {
		t.Fatal(err)
	}
	if public[1].Equals(want) {
		t.Error("kryptology's public share belongs to its secret share now")
	}

	poly, err := k256.NewPolynomial([]*k256.Scalar{k256.ScalarFromInt(5), k256.ScalarFromInt(6)})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := k256.EvalCommitment(poly.Commit(), 2, 1)
	if err != nil || !ours.Equal(poly.EvalAt(1).BaseMul()) {
		t.Errorf("our public share does not belong to the secret share: %v", err)
	}
}

// Of forty honest proofs of knowledge kryptology's verifier refuses nearly all,
// on the curve that its own signing uses.
func TestDefectProofsOfKnowledge(t *testing.T) {
	c, refused := curves.ED25519(), 0
	for i := range 40 {
		proof, err := schnorr.NewProver(c, nil, []byte{byte(i)}).Prove(c.Scalar.New(1000 + i))
		if err != nil || schnorr.Verify(proof, c, nil, []byte{byte(i)}) != nil {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("kryptology refuses only %d of 40 now", refused)
	}
}
