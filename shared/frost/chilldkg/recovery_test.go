package chilldkg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"heliograph/shared/frost/chilldkg"
)

func wantRecoveryData(t *testing.T, err error) {
	t.Helper()
	var bad *chilldkg.RecoveryDataError
	if !errors.As(err, &bad) {
		t.Errorf("got %v, want the recovery data refused", err)
	}
}

func TestRecoverEverybody(t *testing.T) {
	w := newWorld(t, 2, 3)
	f := w.finish(t)
	for i, host := range w.hosts {
		out, p, err := chilldkg.Recover(host, f.recovery)
		if err != nil {
			t.Fatal(err)
		}
		if out.SecretShare.Bytes() != f.outputs[i].SecretShare.Bytes() || out.ThresholdKey != f.outputs[i].ThresholdKey || !slices.Equal(out.PublicShares, f.outputs[i].PublicShares) {
			t.Errorf("participant %d recovered something else", i)
		}
		if p.T != 2 || !slices.Equal(p.HostKeys, w.params.HostKeys) {
			t.Errorf("participant %d recovered other parameters", i)
		}
	}
}

// Somebody who finds a backup edits it, so that the restored station believes in
// another key. Every byte is under the signatures of all participants.
func TestEditedRecoveryData(t *testing.T) {
	w := newWorld(t, 2, 3)
	f := w.finish(t)
	for at := range f.recovery {
		edited := bytes.Clone(f.recovery)
		edited[at] ^= 1
		if _, _, err := chilldkg.Recover(nil, edited); err == nil {
			t.Fatalf("byte %d edited: accepted", at)
		}
	}
	for name, recovery := range map[string][]byte{
		"nothing":                      nil,
		"three bytes":                  f.recovery[:3],
		"one byte short":               f.recovery[:len(f.recovery)-1],
		"one byte long":                append(bytes.Clone(f.recovery), 0),
		"no certificate":               f.recovery[:chilldkg.EqInputSize(2, 3)],
		"nobody":                       f.recovery[:4+2*33],
		"threshold of 2^32-1":          slices.Concat(binary.BigEndian.AppendUint32(nil, math.MaxUint32), f.recovery[4:]),
		"threshold 129 of zero points": slices.Concat(binary.BigEndian.AppendUint32(nil, 129), make([]byte, 129*33), f.recovery[4+66:]),
		"129 participants":             slices.Concat(f.recovery[:4+66], make([]byte, 129*162)),
		"a megabyte":                   make([]byte, 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := chilldkg.Recover(nil, recovery)
			wantRecoveryData(t, err)
			_, err = chilldkg.EqInputOf(recovery)
			wantRecoveryData(t, err)
		})
	}
}

func TestRecoveryAcknowledged(t *testing.T) {
	w := newWorld(t, 2, 3)
	f := w.finish(t)
	var acks [][]byte
	for i, host := range w.hosts {
		ack, err := chilldkg.RecoveryAckSign(host, f.recovery, w.params, bytes32("aux", i))
		if err != nil {
			t.Fatal(err)
		}
		acks = append(acks, ack)
	}
	if err := chilldkg.RecoveryAcksVerify(f.recovery, w.params, acks); err != nil {
		t.Fatal(err)
	}

	// A signature of the certificate is not an acknowledgement, nor is that of
	// another participant.
	for _, ack := range [][]byte{f.pmsgs2[1], acks[0], acks[1][:63], nil} {
		var invalid *chilldkg.InvalidRecoveryAckError
		err := chilldkg.RecoveryAcksVerify(f.recovery, w.params, [][]byte{acks[0], ack, acks[2]})
		if !errors.As(err, &invalid) || invalid.Participant != 1 {
			t.Errorf("got %v, want acknowledgement 1 refused", err)
		}
	}
	if err := chilldkg.RecoveryAcksVerify(f.recovery, w.params, acks[:2]); !errors.Is(err, chilldkg.ErrLength) {
		t.Errorf("two of three: got %v", err)
	}

	// Recovery data of another session of the same people.
	other := chilldkg.Params{HostKeys: w.params.HostKeys, T: 3}
	_, err := chilldkg.RecoveryAckSign(w.hosts[0], f.recovery, other, bytes32("aux", 0))
	wantRecoveryData(t, err)
	wantRecoveryData(t, chilldkg.RecoveryAcksVerify(f.recovery, other, acks))
	var threshold *chilldkg.ThresholdOrCountError
	if err := chilldkg.RecoveryAcksVerify(f.recovery, chilldkg.Params{}, acks); !errors.As(err, &threshold) {
		t.Errorf("no parameters: got %v", err)
	}
	f.recovery[len(f.recovery)-1] ^= 1
	wantRecoveryData(t, chilldkg.RecoveryAcksVerify(f.recovery, w.params, acks))
}
