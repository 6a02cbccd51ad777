// Package webauthn verifies WebAuthn assertions without a network and packs them
// for a QR code.
//
// It follows Web Authentication Level 3 (W3C): section 7.2 (verifying an
// assertion), 5.8.1 (client data) and 6.1 (authenticator data), and demands more
// than that: a stated user verification, no extension and no attested data,
// authenticator data of exactly 37 bytes, client data without duplicate keys and
// in valid UTF-8, signatures in strict DER, keys in one form. It knows two
// algorithms, ES256 and EdDSA with Ed25519.
//
// It keeps no state: the signature counter is signed but not compared, for a
// station sees only some of the assertions of a key. It does not know what a
// challenge stands for, who a key belongs to, or when an assertion was made. It
// registers no credentials: keys come from a charter that people signed.
package webauthn
