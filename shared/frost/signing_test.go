package frost

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"pgregory.net/rapid"

	"heliograph/shared/frost/internal/k256"
)

func unhex[T ~[32]byte | ~[33]byte | ~[66]byte](t *testing.T, s string) T {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return fixed[T](t, b)
}

// A 2-of-3 key, a message, nonces and answers, restated from the published vectors.
const (
	vectorKey     = "02D772A09F5F675783D275ED9F6AAEDB2ECCBC74171B37AC23AE3BBD9D7AE2CDAA"
	vectorShare0  = "53442FA9BD72EEA0A42DF6F2D2D76A2C0D3A3DFA2BE2F820F41ADE976B8259FB"
	vectorPublic0 = "039EE3335AF48DFE23702AB353F4AF20D401F67A130DF783CC8457323A860A2FB4"
	vectorPublic1 = "0284DC4AB2CB78A621EB87FA1F14BCE2B725AFEAAC981ADCBAFF5CC2D417D2A63A"
	vectorPublic2 = "036441EC2D4C1266201CD89B69549A2F5B2188612A0D434153E625FB38173DD509"
	vectorMessage = "F95466D086770E689964664219266FE5ED215C92AE20BAB5C9D79ADDDDF3C0CF"
	vectorNonce0a = "67AFBE2B50F521569B9C1D943F8FE20620B8C25FA81E9788718AF6EE87D5275C"
	vectorNonce0b = "9A485A634FE41558E4E108FBB52C5CF616C0CDF02BC0C10A99359FF6C1BD705C"
	vectorPubN0   = "03FC0D3E212D25027356A2C9BB7EDC3B900DEA5E32AB10C03868E01C8490F9D36202C61389B6469B4345E00640CDC7ECA301547B97D30FC11AF410E23AD7B4BF69EE"
	vectorPubN1   = "03706F00353EA69C0836BF63C2884D2DE5AFE549A33EC87427CA8B5CF4666B28AE021B6300D0545E0B225C2DFC67AE33A9B0259B62809740363717E05CDA4CC9EBFC"
	vectorPubN2   = "020F261BFE5DF0AE3EC06BB7A1D6394A3AF206968281F03B70D25FB84D49036CE202BE48277630579C72160430C819AABB1DFA20FF70749666080BB886B728476261"
	vectorAgg     = "030F261BFE5DF0AE3EC06BB7A1D6394A3AF206968281F03B70D25FB84D49036CE203BE48277630579C72160430C819AABB1DFA20FF70749666080BB886B728476261"
)

func vectorSigners(t *testing.T, ids ...int) *Signers {
	t.Helper()
	var shares []PublicShare
	for _, id := range ids {
		shares = append(shares, unhex[PublicShare](t, []string{vectorPublic0, vectorPublic1, vectorPublic2}[id]))
	}
	s, err := NewSigners(3, 2, unhex[ThresholdKey](t, vectorKey), ids, shares)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func vectorSession(t *testing.T, s *Signers, agg AggregateNonce, tweaks ...tweakStep) (*Session, TweakContext) {
	t.Helper()
	tc, err := NewTweakContext(s.ThresholdKey())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range tweaks {
		if tc, err = tc.Apply(step.tweak, step.xonly); err != nil {
			t.Fatal(err)
		}
	}
	msg := unhex[[32]byte](t, vectorMessage)
	session, err := NewSession(s, agg, tc, msg[:])
	if err != nil {
		t.Fatal(err)
	}
	return session, tc
}

func TestPublishedPartialSignatures(t *testing.T) {
	cases := []struct {
		name   string
		ids    []int
		nonces []string
		agg    string
		want   string
	}{
		{"two of three", []int{0, 1}, []string{vectorPubN0, vectorPubN1}, vectorAgg,
			"93DDE8C9CEE714EB5BDF2BE00FEC3327F9CF386D3AC672F0DA734FFC08E7A041"},
		{"the aggregate nonce is infinity", []int{0, 1, 2}, []string{vectorPubN0, vectorPubN1, vectorPubN2},
			hex.EncodeToString(make([]byte, 66)),
			"70E450AF543413AD3F1C3595B843EC8D7A9ED4693C86756DEEF7EB1D0461F7C1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var nonces []PublicNonce
			for _, n := range c.nonces {
				nonces = append(nonces, unhex[PublicNonce](t, n))
			}
			agg, err := NonceAgg(nonces, c.ids)
			if err != nil || agg != unhex[AggregateNonce](t, c.agg) {
				t.Fatalf("aggregate nonce %x (%v)", agg, err)
			}
			s, _ := vectorSession(t, vectorSigners(t, c.ids...), agg)
			k1, k2 := unhex[[32]byte](t, vectorNonce0a), unhex[[32]byte](t, vectorNonce0b)
			nonce, public, err := newNonce(k256.ScalarReduce(k1[:]), k256.ScalarReduce(k2[:]))
			if err != nil || public != nonces[0] {
				t.Fatalf("public nonce %x (%v)", public, err)
			}
			raw := unhex[[32]byte](t, vectorShare0)
			share, err := ParseSecretShare(raw[:])
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Sign(nonce, share, 0)
			if err != nil || p != unhex[PartialSignature](t, c.want) {
				t.Fatalf("%x (%v)", p, err)
			}
			if err := s.Verify(p, public, 0); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPublishedNonces(t *testing.T) {
	rand := [32]byte(bytes.Repeat([]byte{0x0f}, 32))
	raw := unhex[[32]byte](t, vectorShare0)
	share, err := ParseSecretShare(raw[:])
	if err != nil {
		t.Fatal(err)
	}
	public, key := share.PublicShare(), unhex[ThresholdKey](t, vectorKey).XOnly()
	all := NonceInput{
		Share: share, PublicShare: &public, ThresholdKey: &key,
		Message: bytes.Repeat([]byte{1}, 32), HasMessage: true, ExtraIn: bytes.Repeat([]byte{8}, 32),
	}
	cases := []struct {
		name string
		in   NonceInput
		want string
	}{
		{"everything given", all, "038EBC31EF5C88C3E4470BDA8765A8377697E1CB20A1D07D6B09C0146814EC5BDF0386D61A1CCFBEC0A8AEF01FFD83A6F9E0E90FDC20D093861A27AC4A10C931B0D3"},
		{"nothing given", NonceInput{}, "0375B28F1525614D3A57AE7B5D9109C24BDCB823065C4AD85D01A53EDCEBD22FEA03EBAC798BC7D8F6580F21792938CD7A8B4462BBBDB5AB171370F17951E55CE990"},
	}
	for _, c := range cases {
		if _, got, err := NonceGen(rand, c.in); err != nil || got != unhex[PublicNonce](t, c.want) {
			t.Errorf("%s: %x (%v)", c.name, got, err)
		}
	}
}

func TestPublishedSignatureUnderTweaks(t *testing.T) {
	s, tc := vectorSession(t, vectorSigners(t, 0, 1), unhex[AggregateNonce](t, vectorAgg),
		tweakStep{unhex[[32]byte](t, "E8F791FF9225A2AF0102AFFF4A9A723D9612A682A25EBE79802B263CDFCD83BB"), true},
		tweakStep{unhex[[32]byte](t, "AE2EA797CC0FE72AC5B97B97F3C6957D7E4199A167A58EB08BCAFFDA70AC0455"), false},
		tweakStep{unhex[[32]byte](t, "F52ECBC565B3D8BEA2DFD5B75A4F457E54369809322E4120831626F290FA87E0"), false})
	sig, err := s.Aggregate([]PartialSignature{
		unhex[PartialSignature](t, "CC60DFBCAEE58593EF5A58C757621FE8E6644925945B973527268D6493C1CB0E"),
		unhex[PartialSignature](t, "6BF7AC278EA83796031547BAA813C4FBF2D7B25B70EC59DD46ECB82C9104A5B0"),
	})
	want := "e2308f92de70bc5f612d329f69f141bf4e886797b25539fcbdf39096b53e0f081093777bbf7daf39bd06d299cb3860d43f647fc3a36507e2a57061d031f5696e"
	if err != nil || hex.EncodeToString(sig[:]) != want {
		t.Fatalf("%x (%v)", sig, err)
	}
	msg := unhex[[32]byte](t, vectorMessage)
	verifyBIP340(t, tc.XOnly(), msg[:], sig)
}

func TestEveryQuorumMakesAValidSignature(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "n")
		threshold := rapid.IntRange(1, n).Draw(t, "t")
		ids := rapid.Permutation(upTo(n)).Draw(t, "ids")[:rapid.IntRange(threshold, n).Draw(t, "u")]
		w := newWorld(t, n, threshold, ids)
		var tweaks []tweakStep
		for i := range rapid.IntRange(0, 4).Draw(t, "tweaks") {
			tweaks = append(tweaks, tweakStep{w.scalar(fmt.Sprint("tweak", i, rapid.Byte().Draw(t, "tweak"))).Bytes(), rapid.Bool().Draw(t, "xonly")})
		}
		msg := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "msg")
		w.sign(t, msg, rapid.StringN(0, 4, -1).Draw(t, "label"), tweaks) // verifies with btcec
	})
}

func TestLargestQuorum(t *testing.T) {
	w := newWorld(t, MaxSigners, 3, upTo(MaxSigners))
	msg := sha256.Sum256([]byte("all of them"))
	w.sign(t, msg[:], "largest", nil)
}

func TestSignatureDoesNotDependOnTheOrderOfSigners(t *testing.T) {
	msg := sha256.Sum256([]byte("order"))
	var sigs [][64]byte
	for _, ids := range [][]int{{0, 2, 4}, {4, 0, 2}} {
		w := newWorld(t, 5, 3, ids)
		r := w.deal(t, "fixed") // nonces follow positions; hand them out by id
		for i, id := range ids {
			secret, public, err := NonceGen(w.scalar(fmt.Sprint("by id", id)).Bytes(), NonceInput{Share: w.shares[i]})
			if err != nil {
				t.Fatal(err)
			}
			r.secret[i], r.public[i] = secret, public
		}
		agg, err := NonceAgg(r.public, ids)
		if err != nil {
			t.Fatal(err)
		}
		tc, err := NewTweakContext(w.key)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSession(w.signers, agg, tc, msg[:])
		if err != nil {
			t.Fatal(err)
		}
		var parts []PartialSignature
		for i, id := range ids {
			p, err := s.Sign(r.secret[i], w.shares[i], id)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, p)
		}
		sig, err := s.Aggregate(parts)
		if err != nil {
			t.Fatal(err)
		}
		sigs = append(sigs, sig)
	}
	if sigs[0] != sigs[1] {
		t.Error("two orders, two signatures")
	}
}

// A signer answers for another message, another aggregate nonce, in another's
// name, or with one bit changed. Each is refused and the right one is named.
func TestWrongPartialSignaturesAreBlamed(t *testing.T) {
	w := newWorld(t, 5, 3, []int{4, 1, 3})
	msg := sha256.Sum256([]byte("this one"))
	r := w.sign(t, msg[:], "blame", nil)
	s, err := NewSession(w.signers, r.agg, r.tc, msg[:])
	if err != nil {
		t.Fatal(err)
	}
	otherMessage, err := NewSession(w.signers, r.agg, r.tc, []byte("another one"))
	if err != nil {
		t.Fatal(err)
	}
	otherNonces, err := NewSession(w.signers, w.nonces(t, "elsewhere"), r.tc, msg[:])
	if err != nil {
		t.Fatal(err)
	}
	flipped := r.partial[1]
	flipped[31] ^= 1
	order := PartialSignature(unhexOrder)
	infinity := r.public[1]
	clear(infinity[:33])
	cases := []struct {
		name string
		got  error
		want Contribution
	}{
		{"another message", otherMessage.Verify(r.partial[1], r.public[1], 1), ContributionPartialSignature},
		{"another aggregate nonce", otherNonces.Verify(r.partial[1], r.public[1], 1), ContributionPartialSignature},
		{"another signer's answer", s.Verify(r.partial[0], r.public[1], 1), ContributionPartialSignature},
		{"another signer's nonce", s.Verify(r.partial[1], r.public[0], 1), ContributionPartialSignature},
		{"one bit", s.Verify(flipped, r.public[1], 1), ContributionPartialSignature},
		{"not below the order", s.Verify(order, r.public[1], 1), ContributionPartialSignature},
		{"a nonce at infinity", s.Verify(r.partial[1], infinity, 1), ContributionPublicNonce},
	}
	for _, c := range cases {
		var blame *InvalidContribution
		if !errors.As(c.got, &blame) || *blame != (InvalidContribution{1, c.want}) {
			t.Errorf("%s: %v", c.name, c.got)
		}
	}
	if err := s.Verify(r.partial[1], r.public[1], 1); err != nil {
		t.Errorf("the honest one: %v", err)
	}
	if err := s.Verify(r.partial[1], r.public[1], 2); !errors.Is(err, ErrNotSigner) {
		t.Errorf("a stranger: %v", err)
	}
	parts := slices.Clone(r.partial)
	parts[2] = order
	var blame *InvalidContribution
	if _, err := s.Aggregate(parts); !errors.As(err, &blame) || *blame != (InvalidContribution{3, ContributionPartialSignature}) {
		t.Errorf("aggregate out of range: %v", err)
	}
}

var unhexOrder = []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x41")

// A coordinator sends an aggregate nonce that is not the sum. The station
// cannot see it; the signature is invalid and nothing else happens.
func TestLyingAggregateNonceMakesAnInvalidSignature(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	msg := sha256.Sum256([]byte("lie"))
	r := w.deal(t, "honest")
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(w.signers, w.nonces(t, "lie"), tc, msg[:])
	if err != nil {
		t.Fatal(err)
	}
	var parts []PartialSignature
	for i, id := range w.ids {
		p, err := s.Sign(r.secret[i], w.shares[i], id)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(p, r.public[i], id); err != nil {
			t.Errorf("an honest signer %d is blamed: %v", id, err)
		}
		parts = append(parts, p)
	}
	sig, err := s.Aggregate(parts)
	if err != nil {
		t.Fatal(err)
	}
	key := tc.XOnly()
	pub, err := schnorr.ParsePubKey(key[:])
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := schnorr.ParseSignature(sig[:]); err == nil && parsed.Verify(msg[:], pub) {
		t.Error("the signature is valid")
	}
}

func TestXOnlyTweakIsTaproot(t *testing.T) {
	for i := range 8 { // both parities of both keys
		w := newWorld(t, 3, 2, []int{0, 1})
		w.key = w.scalar(fmt.Sprint("key", i)).BaseMul().Bytes()
		tc, err := NewTweakContext(w.key)
		if err != nil {
			t.Fatal(err)
		}
		x := w.key.XOnly()
		internal, err := schnorr.ParsePubKey(x[:])
		if err != nil {
			t.Fatal(err)
		}
		tag := sha256.Sum256([]byte("TapTweak"))
		tweak := sha256.Sum256(slices.Concat(tag[:], tag[:], x[:]))
		tc, err = tc.Apply(tweak, true)
		if err != nil {
			t.Fatal(err)
		}
		want := txscript.ComputeTaprootKeyNoScript(internal)
		if got := tc.XOnly(); !bytes.Equal(got[:], schnorr.SerializePubKey(want)) {
			t.Errorf("key %d: %x", i, got)
		}
		if tc.Plain() != [33]byte(want.SerializeCompressed()) {
			t.Errorf("key %d: parity", i)
		}
	}
}

func TestTweaksRefused(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tc.Apply([32]byte(unhexOrder), false); !errors.Is(err, ErrTweakRange) {
		t.Errorf("the order: %v", err)
	}
	if _, err := tc.Apply(w.scalar("coefficient0").Neg().Bytes(), false); !errors.Is(err, ErrTweakInfinity) {
		t.Errorf("minus the secret key: %v", err)
	}
	if _, err := NewTweakContext(ThresholdKey{}); !errors.Is(err, ErrThresholdKey) {
		t.Errorf("no key: %v", err)
	}
	if _, err := (TweakContext{}).Apply([32]byte{31: 1}, false); !errors.Is(err, ErrThresholdKey) {
		t.Errorf("the zero context: %v", err)
	}
	if _, err := NewSession(w.signers, w.nonces(t, "x"), TweakContext{}, nil); !errors.Is(err, ErrKeyMaterial) {
		t.Errorf("a session without a tweak context: %v", err)
	}
	other, err := NewTweakContext(newWorld(t, 5, 3, []int{0, 1, 2}).key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSession(w.signers, w.nonces(t, "x"), other, nil); !errors.Is(err, ErrKeyMaterial) {
		t.Errorf("a session with another wallet's tweak context: %v", err)
	}
	before := tc.XOnly()
	if _, err := tc.Apply([32]byte{31: 1}, true); err != nil || tc.XOnly() != before {
		t.Errorf("Apply changed its receiver (%v)", err)
	}
}

func TestDeterministicSignWantsTheOthersNonces(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := DeterministicSign(w.shares[0], 0, nil, w.signers, tc, nil, nil); err == nil {
		t.Error("signed alone in a quorum of two")
	}
	if _, _, err := DeterministicSign(w.shares[0], 0, &AggregateNonce{}, w.signers, TweakContext{}, nil, nil); !errors.Is(err, ErrThresholdKey) {
		t.Errorf("the zero tweak context: %v", err)
	}
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
