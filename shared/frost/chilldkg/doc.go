// Package chilldkg is ChillDKG, distributed key generation for FROST with an
// untrusted coordinator: draft 0.3.0-dev of the BIP by Ruffing, Nick and
// others (BlockstreamResearch/bip-frost-dkg, commit a918968). n participants,
// 1 <= t <= n <= 128, end with one threshold public key that any t of them can
// sign for, one secret share each, and public recovery data from which a
// participant gets everything back with nothing but its host secret key.
//
// The layers of the draft are one file each:
//
//	simplpedpop.go  every participant deals a polynomial and proves that it knows the secret of it
//	encpedpop.go    the shares are encrypted to host keys, so that the coordinator can add ciphertexts
//	certeq.go       everybody signs the transcript (eq_input): all see the same session or nobody does
//
// A session is two messages from each participant (pmsg1, pmsg2) and two from
// the coordinator (cmsg1, cmsg2):
//
//	ParticipantStep1 -> pmsg1 -> CoordinatorStep1 -> cmsg1 -> ParticipantStep2
//	                 -> pmsg2 -> CoordinatorFinalize -> cmsg2 -> ParticipantFinalize
//
// Where a share is wrong and nobody can say whose fault it is, the coordinator
// makes messages with CoordinatorInvestigate and the participant names a
// suspect with ParticipantInvestigate. Each error type says what it proves.
//
// Differences from the draft's reference program, all of them stricter: n is at
// most 128; a message of a wrong length is its sender's fault, not only a
// structural error (ErrLength tells the two apart); the coordinator checks the
// proofs of possession and public nonces, so it can name a participant that
// others could only suspect; the point at infinity as threshold key or public
// share is refused with ErrDegenerate; a first state serves one
// ParticipantStep2.
//
// The package does no IO, draws no randomness and knows no transport: messages
// must reach it authenticated, or a fault proves nothing about its suspect.
// It does not compare host keys out of band either. That is the caller's duty:
// whoever replaces a host key on all screens replaces a participant.
package chilldkg
