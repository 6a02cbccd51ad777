package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies/reviewing"
	"heliograph/offline/cli"
	"heliograph/offline/keystore"
	"heliograph/offline/keystore/keystoretest"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// deed is something that a program keeps before it shows or obeys it, other than
// an approval of a batch by a station.
type deed struct {
	name    string
	begin   func(s *scene) (v *vault, message []byte)
	decides bool
	// done demands that the deed stands after a restart, or that it never was. It
	// gets what begin gave and is the last to use the scene.
	done func(s *scene, v *vault, message []byte, stands bool)
}

// walked listens to an honest deed, from its cause to what is shown of it.
func (d deed) walked(t *testing.T, s *scene) walk {
	t.Helper()
	p, heard := tracing(t)
	s = s.apart(t)
	v, message := d.begin(s)
	k := v.run(p)
	k.hold(message)
	if d.decides {
		k.wait(promptDecide)
	} else {
		k.wait("complete: ")
	}
	begun := len(heard())
	if d.decides {
		k.say("approve")
		k.wait(promptShow)
	} else {
		k.wait(promptScan)
	}
	all := heard()
	k.kill()
	if !d.decides { // keeping may have begun before "complete" was read
		for i, operation := range all {
			if strings.HasPrefix(operation, "write log.") {
				begun = i
			}
		}
	}
	return walk{first: begun + 1, operations: all[begun:]}
}

// A station is killed around everything that it writes when it acknowledges a
// ballot, adopts a charter or obeys a freeze, and a person's device when it
// approves. Somebody hopes for one that acknowledges two successors, forgets
// what it adopted, signs under a freeze that it has seen, or says two things
// about one request. After a restart the deed stands or never was; and nothing
// of it was on a screen before it stood.
func TestKilledAtWritesOfEveryOtherDeed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, d := range []deed{acknowledgement, adoption, freezing, review} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := d.walked(t, s)
			if at := slices.Index(w.operations, "rename head"); at < 1 {
				t.Fatalf("nothing is kept: %q", w.operations)
			}
			list := slices.Concat(
				w.points("before", keystoretest.Refused, "write", "rename"),
				w.points("within", keystoretest.Torn, "write"),
				w.points("after", keystoretest.DiedPast, "rename"),
			)
			for _, p := range list {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					c := s.apart(t)
					v, message := d.begin(c)
					k := v.run(plan{At: p.at, Fault: p.fault, Kill: true})
					k.hold(message)
					if d.decides {
						k.answer(promptDecide, "approve")
					}
					said := k.end(killed)
					v.dark("killed")
					for _, sign := range []string{"FROZEN", "Charter 1 is adopted", "New receipt"} {
						if strings.Contains(said, sign) {
							t.Errorf("it says %q of what it has not kept:\n%s", sign, said)
						}
					}
					d.done(c, v, message, p.committed)
				})
			}
		})
	}
}

// The disk refuses what belongs to such a deed, or says that it did it and did
// not. The program says so and ends, having shown nothing; the next start finds
// the deed whole or not at all.
func TestDiskFailsAtEveryOtherDeed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, d := range []deed{acknowledgement, adoption, freezing, review} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := d.walked(t, s)
			for _, p := range slices.Concat(w.points("refused", keystoretest.Refused, "rename"), w.points("not done", keystoretest.Lied, "rename")) {
				c := s.apart(t)
				v, message := d.begin(c)
				k := v.run(plan{At: p.at, Fault: p.fault})
				k.hold(message)
				if d.decides {
					k.answer(promptDecide, "approve")
				}
				says(t, k.end(cli.Error), "error: station: nothing was shown", "remedy: ")
				v.dark("failed")
				d.done(c, v, message, p.committed)
			}
		})
	}
}

var acknowledgement = deed{
	name: "acknowledgement", decides: true,
	begin: func(s *scene) (*vault, []byte) {
		_, ballot := s.proposal(1, lower(200_000))
		return s.vaults[0], ballot
	},
	done: func(s *scene, v *vault, first []byte, stands bool) {
		_, second := s.proposal(2, lower(300_000))
		k := v.run(plan{})
		if !stands {
			k.acknowledges(second) // it never acknowledged the first, so it may
			k.refused(first, "amendment/committed")
			k.kill()
			return
		}
		k.refused(second, "amendment/committed")
		k.take()
		k.hold(first)
		if asked := k.wait("For the coordinator"); strings.Contains(asked, "decide") {
			s.t.Errorf("a ballot that was acknowledged is asked about again:\n%s", asked)
		}
		ack := k.take()
		k.kill()
		k = v.run(plan{})
		k.hold(first)
		if again := k.take(); !bytes.Equal(again, ack) {
			s.t.Error("the same ballot got two acknowledgements")
		}
		k.stop()
	},
}

var adoption = deed{
	name: "adoption",
	begin: func(s *scene) (*vault, []byte) {
		b, ballot := s.proposal(1, lower(50_000))
		var answers [][]byte
		for _, v := range s.vaults[1:] {
			k := v.run(plan{}, "--once")
			answers = append(answers, k.acknowledges(ballot))
			k.end(cli.Done)
		}
		return s.vaults[0], s.certify(b, answers...)
	},
	done: func(s *scene, v *vault, certificate []byte, stands bool) {
		k := v.run(plan{})
		said := k.wait(promptScan)
		if strings.Contains(said, "epoch 1") != stands {
			s.t.Errorf("the charter in force is another one:\n%s", said)
		}
		k.kill()
		k = v.run(plan{})
		k.hold(certificate)
		if stands {
			k.wait("Already adopted")
		} else {
			k.wait("Charter 1 is adopted")
		}
		_, request := s.bill("dear")
		k.hold(request)
		k.wait("fault: rule/cap/payment")
		k.take()
		k.stop()
	},
}

var freezing = deed{
	name: "freeze",
	begin: func(s *scene) (*vault, []byte) {
		m, err := s.w.Public.Line().SealFreeze("laptop stolen", clock, s.w.Stations[2].Identity.Instance, s.w.Random())
		must(s.t, err)
		return s.vaults[0], m.Bytes
	},
	done: func(s *scene, v *vault, freeze []byte, stands bool) {
		_, request := s.bill("frozen")
		k := v.run(plan{})
		if said := k.wait(promptScan); strings.Contains(said, "FROZEN") != stands {
			s.t.Errorf("it is frozen, or not, against what it kept:\n%s", said)
		}
		k.kill()
		k = v.run(plan{})
		if !stands {
			k.hold(freeze)
			k.wait("FROZEN")
		}
		k.refused(request, "signing/frozen")
		k.stop()
		v.dark("frozen")
	},
}

var review = deed{
	name: "approval on a device", decides: true,
	begin: func(s *scene) (*vault, []byte) {
		v, line := s.device()
		q, err := reviewing.AskBatch("Eve", s.facts(line), policy.Evidence{}, clock+3600)
		must(s.t, err)
		m, err := q.Seal(line.Wallet().ID(), s.w.Courier, s.w.Random())
		must(s.t, err)
		return v, m.Bytes
	},
	done: func(s *scene, v *vault, request []byte, stands bool) {
		k := v.run(plan{})
		k.hold(request)
		if !stands {
			k.answer(promptDecide, "approve")
		} else if asked := k.wait("For "); !strings.Contains(asked, "already answered") {
			s.t.Errorf("a request that was answered is asked again:\n%s", asked)
		}
		answer := k.take()
		k.kill()
		k = v.run(plan{})
		if again := k.again(request); !bytes.Equal(again, answer) {
			s.t.Error("one request got two answers")
		}
		k.stop()
	},
}

// settleDevice makes the keystore of Eve's device, which follows a line.
func (s *scene) settleDevice(v *vault, key *wire.SigningKey, invite []byte) {
	t := s.t
	t.Helper()
	store, err := keystore.Create(v.keys, []byte(passphrase), rand.Reader, keystore.WorkFactor(1))
	must(t, err)
	// As station/reviewer is encoded.
	reviewer, err := wire.Marshal(struct {
		Name    string         `cbor:"1,keyasint"`
		Network wallet.Network `cbor:"2,keyasint"`
		Key     [32]byte       `cbor:"3,keyasint"`
		Created int64          `cbor:"4,keyasint"`
	}{"Eve", wallet.Regtest, key.Bytes(), clock})
	must(t, err)
	must(t, store.PutAll([]keystore.Record{{Name: "station/reviewer", Value: reviewer}}))
	must(t, store.Close())
	k := v.run(plan{})
	k.take()
	k.hold(invite)
	k.answer("compare: type same or different > ", "same")
	k.answer("compare: type same or different > ", "same")
	k.wait("Reviewing for this wallet")
	k.kill()
	v.clear()
}

func deviceKey(t *testing.T) *wire.SigningKey {
	t.Helper()
	key, err := wire.GenerateSigningKey(sha256.Sum256([]byte("the device of Eve")))
	must(t, err)
	return key
}

func listEve(key wire.PublicKey) func(*charter.Document) {
	return func(d *charter.Document) {
		d.People = []charter.Person{{Name: "Eve", Roles: []string{"treasurer"}, Credentials: []charter.Credential{{Name: "tablet", Kind: charter.CredentialOffline, Key: key[:]}}}}
	}
}
