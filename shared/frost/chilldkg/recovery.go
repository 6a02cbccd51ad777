package chilldkg

import (
	"errors"
	"fmt"
	"slices"
)

// recoveryData is eq_input and certificate, verified.
type recoveryData struct {
	transcript transcript
	key        groupKey
	eqInput    []byte
}

// openRecoveryData reads recovery data and verifies the parameters and every
// signature of the certificate. Error: *RecoveryDataError.
func openRecoveryData(b []byte) (recoveryData, error) {
	t, cert, err := parseTranscript(b, signatureSize)
	if err != nil {
		return recoveryData{}, &RecoveryDataError{err}
	}
	if err := t.params.Validate(); err != nil {
		return recoveryData{}, &RecoveryDataError{err}
	}
	eqInput := slices.Clone(b[:len(b)-len(cert)])
	if invalid := verifyCertificate(t.params.HostKeys, eqInput, cert); invalid != nil {
		return recoveryData{}, &RecoveryDataError{invalid}
	}
	key, err := t.groupKey()
	if err != nil {
		return recoveryData{}, &RecoveryDataError{err}
	}
	return recoveryData{t, key, eqInput}, nil
}

// Recover returns the outputs and the parameters of a session from its recovery
// data. With host nil it does so for the coordinator, without a secret share.
//
// The certificate proves that the owner of every host key listed in the data signed
// the transcript. It does not prove that these are the keys of the people one has in
// mind: compare the returned Params. A participant recognises its own session by its
// own signature in it.
//
// Errors: *RecoveryDataError, *HostSecretKeyError.
func Recover(host *HostSecretKey, recovery []byte) (Output, Params, error) {
	if host != nil {
		if err := host.usable(); err != nil {
			return Output{}, Params{}, err
		}
	}
	data, err := openRecoveryData(recovery)
	if err != nil {
		return Output{}, Params{}, err
	}
	p := data.transcript.params
	if host == nil {
		return data.key.output(), p, nil
	}
	participant, err := p.participant(host)
	if err != nil {
		return Output{}, Params{}, err
	}
	pads, err := decryptionPads(host, p, participant, data.transcript.pubnonces)
	if err != nil {
		return Output{}, Params{}, &RecoveryDataError{err}
	}
	defer wipeAll(pads)
	share := data.transcript.encShares[participant].Sub(sumScalars(pads))
	defer share.Wipe()
	tweaked := share.Add(data.key.tweak)
	defer tweaked.Wipe()
	out, err := data.key.participantOutput(participant, tweaked)
	if err != nil {
		return Output{}, Params{}, &RecoveryDataError{err}
	}
	return out, p, nil
}

// EqInputOf returns the transcript within recovery data, after verifying the
// certificate on it. Error: *RecoveryDataError.
func EqInputOf(recovery []byte) ([]byte, error) {
	data, err := openRecoveryData(recovery)
	if err != nil {
		return nil, err
	}
	return data.eqInput, nil
}

// RecoveryAckSign signs that this participant holds the recovery data of the
// session with parameters p: 64 bytes. aux should be fresh. Errors:
// *HostSecretKeyError, those of Params.Validate, *RecoveryDataError.
func RecoveryAckSign(host *HostSecretKey, recovery []byte, p Params, aux [32]byte) ([]byte, error) {
	if err := host.usable(); err != nil {
		return nil, err
	}
	if err := p.checkRecovery(recovery); err != nil {
		return nil, err
	}
	participant, err := p.participant(host)
	if err != nil {
		return nil, err
	}
	sig, err := hostSign(host, ackPurpose, participant, recovery, aux)
	if err != nil {
		return nil, err
	}
	return sig[:], nil
}

// RecoveryAcksVerify checks that acks[i] is participant i's acknowledgement, for
// all n: each holds this recovery data, and the key may receive money. Errors:
// those of Params.Validate, ErrLength (not one for each participant),
// *RecoveryDataError, *InvalidRecoveryAckError (wrong length included).
func RecoveryAcksVerify(recovery []byte, p Params, acks [][]byte) error {
	if err := p.checkRecovery(recovery); err != nil {
		return err
	}
	if len(acks) != len(p.HostKeys) {
		return fmt.Errorf("chilldkg: verify recovery acknowledgements: %w", wrongLength("signatures", len(acks), len(p.HostKeys)))
	}
	for i, ack := range acks {
		if len(ack) != signatureSize || !hostVerify(p.HostKeys[i], ackPurpose, i, recovery, [signatureSize]byte(ack)) {
			return &InvalidRecoveryAckError{i}
		}
	}
	return nil
}

// checkRecovery checks the parameters, the recovery data and that they belong together.
func (p Params) checkRecovery(recovery []byte) error {
	if err := p.Validate(); err != nil {
		return err
	}
	data, err := openRecoveryData(recovery)
	if err != nil {
		return err
	}
	if !p.equal(data.transcript.params) {
		return &RecoveryDataError{errors.New("is of a session with other parameters")}
	}
	return nil
}
