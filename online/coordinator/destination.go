package coordinator

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"heliograph/shared/batch"
	"heliograph/shared/wallet"
)

// dataPrefix begins what stands for an address where an OP_RETURN output is
// meant: what it says, in hexadecimal digits.
const dataPrefix = "data:"

// opReturn and opPushData1 are the opcodes of an OP_RETURN output.
const (
	opReturn    = 0x6a
	opPushData1 = 0x4c
	maxPush     = 75 // bytes that a push says by its own opcode
)

// ParseDestination reads an address of a network, or data: and hexadecimal digits
// for an OP_RETURN output, as a script.
func ParseDestination(net wallet.Network, text string) ([]byte, error) {
	digits, isData := strings.CutPrefix(text, dataPrefix)
	if !isData {
		return wallet.DecodeAddress(net, text)
	}
	data, err := hex.DecodeString(digits)
	if err != nil || digits != hex.EncodeToString(data) {
		return nil, errors.New("data: is followed by hexadecimal digits in small letters")
	}
	script := []byte{opReturn}
	if len(data) > maxPush {
		script = append(script, opPushData1)
	}
	script = append(append(script, byte(len(data))), data...)
	if _, ok := batch.Data(script); !ok {
		return nil, fmt.Errorf("an OP_RETURN output of %d bytes: want 1 to %d", len(data), batch.MaxData)
	}
	return script, nil
}

// Destination shows a script as ParseDestination reads it.
func Destination(net wallet.Network, script []byte) (string, error) {
	if data, ok := batch.Data(script); ok {
		return dataPrefix + hex.EncodeToString(data), nil
	}
	return wallet.EncodeScript(net, script)
}
