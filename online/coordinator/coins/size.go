package coins

// Sizes in weight units (BIP141: four per byte outside the witness, one per byte in it).
const (
	// InputWeight is a taproot key-path input (57.5 vB): outpoint 36, empty script 1 and
	// sequence 4 bytes; in the witness a count, a length and a 64-byte signature.
	InputWeight = 4*(36+1+4) + 1 + 1 + 64

	// ChangeWeight is a taproot output (43 vB): amount 8, script length 1, script 34 bytes.
	ChangeWeight = 4 * (8 + 1 + 34)

	// MaxStandardWeight is what nodes relay (Bitcoin Core: MAX_STANDARD_TX_WEIGHT).
	MaxStandardWeight = 400_000

	fixedWeight  = 4*(4+4) + 2 // version and locktime; segwit marker and flag
	maxScriptLen = 10_000      // consensus: longer ones are unspendable
	opReturn     = 0x6a
)

// Bitcoin Core's default rates, in sat/kvB.
const (
	dustRelayFeeRate       = 3_000  // -dustrelayfee
	maxDiscardFeeRate      = 10_000 // -discardfee
	defaultLongTermFeeRate = 10_000 // -consolidatefeerate
)

// OutputWeight is the weight of an output with a script of this many bytes.
func OutputWeight(scriptLen int) int64 {
	return 4 * int64(8+compactSizeLen(scriptLen)+scriptLen)
}

// TransactionWeight is the weight of a signed transaction with so many taproot key-path
// inputs and these output scripts, and a taproot change output besides if change is set.
func TransactionWeight(inputs int, payments []Payment, change bool) int64 {
	return weigh(inputs, len(payments), outputsWeight(payments), change)
}

func outputsWeight(payments []Payment) (weight int64) {
	for _, p := range payments {
		weight += OutputWeight(len(p.Script))
	}
	return weight
}

func weigh(inputs, payments int, outputsWeight int64, change bool) int64 {
	weight := fixedWeight + int64(inputs)*InputWeight + outputsWeight
	outputs := payments
	if change {
		weight += ChangeWeight
		outputs++
	}
	return weight + 4*int64(compactSizeLen(inputs)+compactSizeLen(outputs))
}

// VSize is a weight in virtual bytes, rounded up.
func VSize(weight int64) int64 { return (weight + 3) / 4 }

// FeeSat is the least fee, in sat, of a transaction of this weight at a rate in sat/kvB.
func FeeSat(weight, satPerKvB int64) int64 {
	return divideUp(VSize(weight)*satPerKvB, 1_000)
}

// DustSat is the least amount that nodes relay to a script: three times 1 sat/vB for
// making the output and spending it (Bitcoin Core: GetDustThreshold). 330 sat for taproot,
// 0 for an OP_RETURN output, which nobody spends.
func DustSat(script []byte) int64 {
	if len(script) > 0 && script[0] == opReturn {
		return 0
	}
	spendSize := int64(32 + 4 + 1 + 107 + 4)
	if isWitnessProgram(script) {
		spendSize = 32 + 4 + 1 + 107/4 + 4
	}
	return (OutputWeight(len(script))/4 + spendSize) * dustRelayFeeRate / 1_000
}

// isWitnessProgram: BIP141, a version opcode and one push of 2 to 40 bytes.
func isWitnessProgram(script []byte) bool {
	if len(script) < 4 || len(script) > 42 || int(script[1]) != len(script)-2 {
		return false
	}
	return script[0] == 0 || (script[0] >= 0x51 && script[0] <= 0x60)
}

// compactSizeLen is the length in bytes of n as a compact size.
func compactSizeLen(n int) int {
	switch {
	case n < 253:
		return 1
	case n <= 0xffff:
		return 3
	default:
		return 5
	}
}

// divideUp rounds a / b up, for a >= 0 and b > 0.
func divideUp(a, b int64) int64 { return (a + b - 1) / b }
