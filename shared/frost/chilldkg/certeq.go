package chilldkg

import (
	"encoding/binary"
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

// CertEq: every participant signs the transcript with its host key, and a list
// of all n signatures is the certificate that convinces anybody, at any time
// later, that the session succeeded.

const (
	certificatePurpose = bipTag + "certeq message"
	ackPurpose         = bipTag + "recovery acknowledgment"
)

// purposeMessage is what a host key signs: the purpose, zero-padded to 33 bytes
// (BIP340's advice on domain separation), the signer's index and the data.
func purposeMessage(purpose string, participant int, data []byte) []byte {
	msg := make([]byte, 33, 33+4+len(data))
	copy(msg, purpose)
	msg = binary.BigEndian.AppendUint32(msg, uint32(participant))
	return append(msg, data...)
}

// hostSign signs data for one purpose with the host key of the participant.
func hostSign(host *HostSecretKey, purpose string, participant int, data []byte, aux [32]byte) ([signatureSize]byte, error) {
	return schnorrSign(schnorrTag, host.secret, host.point, purposeMessage(purpose, participant, data), aux)
}

// hostVerify checks such a signature. BIP340 drops the sign of the key; that is
// sound here because the data holds every host key in full next to its index.
func hostVerify(key HostPublicKey, purpose string, participant int, data []byte, sig [signatureSize]byte) bool {
	point, err := k256.ParsePoint(key[:])
	return err == nil && schnorrVerify(schnorrTag, point, purposeMessage(purpose, participant, data), sig)
}

// invalidSignature names the first participant whose signature is wrong.
type invalidSignature struct{ participant int }

func (e *invalidSignature) Error() string {
	return fmt.Sprintf("signature of participant %d is invalid", e.participant)
}

// verifyCertificate checks all n signatures on eqInput. The length of cert must
// have been checked.
func verifyCertificate(keys []HostPublicKey, eqInput, cert []byte) *invalidSignature {
	c := cursor{cert}
	for i, key := range keys {
		if !hostVerify(key, certificatePurpose, i, eqInput, [signatureSize]byte(c.next(signatureSize))) {
			return &invalidSignature{i}
		}
	}
	return nil
}
