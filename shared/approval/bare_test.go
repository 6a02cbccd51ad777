package approval

import (
	"errors"
	"fmt"
	"testing"
)

// The verifier of assertions one day returns an error that wraps no other. Were it
// unwrapped all the same, nothing would be left of it, and the statement verified.
func TestAttackErrorThatWrapsNothing(t *testing.T) {
	plain := errors.New("the signature does not belong to this key")
	if got := bare(plain); got != plain {
		t.Errorf("an error became %v", got)
	}
	if got := bare(fmt.Errorf("webauthn: verifying: %w", plain)); got != plain {
		t.Errorf("with the package's name: %v", got)
	}
	if got := bare(nil); got != nil {
		t.Errorf("no error became %v", got)
	}
}
