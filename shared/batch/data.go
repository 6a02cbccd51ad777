package batch

// MaxData is the most that an OP_RETURN output may say, in bytes: what nodes
// relay by default.
const MaxData = 80

// Opcodes of an output that carries data.
const (
	opReturn    = 0x6a
	opPushData1 = 0x4c
	maxPush     = 0x4b // bytes that one opcode pushes
)

// Data returns what an OP_RETURN script says: 1 to MaxData bytes in one push, in
// its shortest form (BIP62 rule 3). False for every other script. Nobody can
// spend such an output, so its amount is 0.
func Data(script []byte) ([]byte, bool) {
	if len(script) < 3 || script[0] != opReturn {
		return nil, false
	}
	data := script[2:]
	push := int(script[1])
	if push == opPushData1 {
		push, data = int(script[2]), script[3:]
		if push <= maxPush || push > MaxData || len(data) != push {
			return nil, false
		}
		return data, true
	}
	// One byte of 1 to 16 or 0x81 has an opcode of its own.
	short := len(data) == 1 && (data[0] >= 1 && data[0] <= 16 || data[0] == 0x81)
	if push > maxPush || len(data) != push || short {
		return nil, false
	}
	return data, true
}
