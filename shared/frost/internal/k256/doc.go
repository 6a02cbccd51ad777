// Package k256 is the group arithmetic under shared/frost: scalars modulo the
// order n of secp256k1 and points of that curve (SEC 2, section 2.4.1).
//
// It is two halves with a wall between them. scalar.go and polynomial.go
// handle secrets and compute through kryptology (curves.K256 and
// sharing.Polynomial): complete formulas and a sequence of operations that does
// not depend on the secret. point.go handles public values and computes
// through decred's secp256k1, which is faster and takes a time that depends on
// its operands. A secret meets a point only in Scalar.BaseMul and
// Scalar.MulPoint. kryptology is archived and several of its functions answer
// wrongly to hostile input; this package is the only importer, hands it nothing
// that was not checked, and defects_test.go shows each defect and its guard.
//
// It does not draw randomness, hash, or know any protocol.
package k256
