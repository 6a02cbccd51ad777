package chilldkg

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"pgregory.net/rapid"

	"heliograph/shared/frost/internal/k256"
)

// Published BIP340 vectors 0 to 3, and 15 and 17 with messages of 0 and 17 bytes
// (bip-0340/test-vectors.csv).
func TestSchnorrPublished(t *testing.T) {
	for _, v := range []struct{ secret, public, aux, msg, sig string }{
		{
			"0000000000000000000000000000000000000000000000000000000000000003",
			"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
			"0000000000000000000000000000000000000000000000000000000000000000",
			"0000000000000000000000000000000000000000000000000000000000000000",
			"e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
		},
		{
			"b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"0000000000000000000000000000000000000000000000000000000000000001",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
		},
		{
			"c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9",
			"dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8",
			"c87aa53824b4d7ae2eb035a2b5bbbccc080e76cdc6d1692c4b0b62d798e6d906",
			"7e2d58d8b3bcdf1abadec7829054f90dda9805aab56c77333024b9d0a508b75c",
			"5831aaeed7b44bb74e5eab94ba9d4294c49bcf2a60728d8b4c200f50dd313c1bab745879a5ad954a72c45a91c3a51d3c7adea98d82f8481e0e1e03674a6f3fb7",
		},
		{
			"0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710",
			"25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517",
			"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
			"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
			"7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3",
		},
		{
			"0340034003400340034003400340034003400340034003400340034003400340",
			"778caa53b4393ac467774d09497a87224bf9fab6f6e68b23086497324d6fd117",
			"0000000000000000000000000000000000000000000000000000000000000000",
			"",
			"71535db165ecd9fbbc046e5ffaea61186bb6ad436732fccc25291a55895464cf6069ce26bf03466228f19a3a62db8a649f2d560fac652827d1af0574e427ab63",
		},
		{
			"0340034003400340034003400340034003400340034003400340034003400340",
			"778caa53b4393ac467774d09497a87224bf9fab6f6e68b23086497324d6fd117",
			"0000000000000000000000000000000000000000000000000000000000000000",
			"0102030405060708090a0b0c0d0e0f1011",
			"5130f39a4059b43bc7cac09a19ece52b5d8699d1a71e3c52da9afdb6b50ac370c4a482b77bf960f8681540e25b6771ece1e5a37fd80e5a51897c5566a97ea5a5",
		},
	} {
		secret, err := k256.ScalarFromBytes(unhex(t, v.secret))
		if err != nil {
			t.Fatal(err)
		}
		public := secret.BaseMul()
		if x := public.XOnly(); !bytes.Equal(x[:], unhex(t, v.public)) {
			t.Errorf("public key %x, want %s", x, v.public)
		}
		sig, err := schnorrSign(schnorrTag, secret, public, unhex(t, v.msg), [32]byte(unhex(t, v.aux)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(sig[:], unhex(t, v.sig)) {
			t.Errorf("signature %x, want %s", sig, v.sig)
		}
	}
}

// Published BIP340 vectors 6 to 13: no signatures.
func TestSchnorrPublishedRefused(t *testing.T) {
	for _, v := range []struct{ why, public, msg, sig string }{
		{
			"has_even_y(R) is false",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a14602975563cc27944640ac607cd107ae10923d9ef7a73c643e166be5ebeafa34b1ac553e2",
		},
		{
			"negated message",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"1fa62e331edbc21c394792d2ab1100a7b432b013df3f6ff4f99fcb33e0e1515f28890b3edb6e7189b630448b515ce4f8622a954cfe545735aaea5134fccdb2bd",
		},
		{
			"negated s value",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769961764b3aa9b2ffcb6ef947b6887a226e8d7c93e00c5ed0c1834ff0d0c2e6da6",
		},
		{
			"sG - eP is infinite. Test fails in single verification if has_even_y(inf) is defined as true and x(inf) as 0",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"0000000000000000000000000000000000000000000000000000000000000000123dda8328af9c23a94c1feecfd123ba4fb73476f0d594dcb65c6425bd186051",
		},
		{
			"sG - eP is infinite. Test fails in single verification if has_even_y(inf) is defined as true and x(inf) as 1",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"00000000000000000000000000000000000000000000000000000000000000017615fbaf5ae28864013c099742deadb4dba87f11ac6754f93780d5a1837cf197",
		},
		{
			"sig[0:32] is not an X coordinate on the curve",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"4a298dacae57395a15d0795ddbfd1dcb564da82b0f269bc70a74f8220429ba1d69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
		},
		{
			"sig[0:32] is equal to field size",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
		},
		{
			"sig[32:64] is equal to curve order",
			"dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
			"243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
			"6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		},
	} {
		public, err := k256.LiftX(unhex(t, v.public))
		if err != nil {
			t.Fatal(err)
		}
		if schnorrVerify(schnorrTag, public, unhex(t, v.msg), [64]byte(unhex(t, v.sig))) {
			t.Errorf("accepted although: %s", v.why)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func drawScalar(t *rapid.T, label string) *k256.Scalar {
	b := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
	b[31] |= 1
	return k256.ScalarReduce(b[:])
}

// btcec agrees on what is a signature of 32 bytes, either way, and another
// tag is another signature.
func TestSchnorrAgainstBtcec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := drawScalar(t, "secret")
		public := secret.BaseMul()
		msg := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "msg")
		sig, err := schnorrSign(schnorrTag, secret, public, msg, [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "alter") {
			sig[rapid.IntRange(0, 63).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "mask"))
		}
		x := public.XOnly()
		key, err := schnorr.ParsePubKey(x[:])
		if err != nil {
			t.Fatal(err)
		}
		theirs := false
		if parsed, err := schnorr.ParseSignature(sig[:]); err == nil {
			theirs = parsed.Verify(msg, key)
		}
		if ours := schnorrVerify(schnorrTag, public, msg, sig); ours != theirs {
			t.Fatalf("we say %v, btcec says %v", ours, theirs)
		}
		if schnorrVerify(popTag, public, msg, sig) {
			t.Fatal("a plain signature passes for a proof of possession")
		}
	})
}

func TestSchnorrRefused(t *testing.T) {
	secret := k256.ScalarFromInt(7)
	msg := []byte("message")
	sig, err := schnorrSign(schnorrTag, secret, secret.BaseMul(), msg, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	order := unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	highR, highS := sig, sig
	copy(highR[:32], bytes.Repeat([]byte{255}, 32))
	copy(highS[32:], order)
	for what, ok := range map[string]bool{
		"infinite key": schnorrVerify(schnorrTag, k256.Point{}, msg, sig),
		"r too high":   schnorrVerify(schnorrTag, secret.BaseMul(), msg, highR),
		"s too high":   schnorrVerify(schnorrTag, secret.BaseMul(), msg, highS),
		"zero":         schnorrVerify(schnorrTag, secret.BaseMul(), msg, [64]byte{}),
		"longer":       schnorrVerify(schnorrTag, secret.BaseMul(), append(msg, 0), sig),
	} {
		if ok {
			t.Errorf("%s: accepted", what)
		}
	}
	if _, err := schnorrSign(schnorrTag, k256.ScalarFromInt(0), secret.BaseMul(), msg, [32]byte{}); err == nil {
		t.Error("signed with zero")
	}
}
