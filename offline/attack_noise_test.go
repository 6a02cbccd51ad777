package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
)

// Somebody holds other things before a station's camera: pictures that are
// none, codes of other programs, damaged parts, half of another message, whole
// messages that are nonsense or were cut or altered on the way. The station
// passes over them or refuses them, and goes on; what it had of the true
// message is not lost.
func TestNoiseBeforeTheCamera(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	session, request := s.bill("noise")
	another := s.forge(request, func(_ *signing.Order, r *batch.Request) { r.Payments[0].ExternalID = "other" })
	altered := bytes.Clone(request)
	altered[len(altered)/2] ^= 1
	nonsense := make([]byte, 500)
	_, err := rand.Read(nonsense)
	must(t, err)
	before := s.statusOf(v)

	k := v.run(plan{})
	for _, message := range [][]byte{nonsense, request[:len(request)-1], altered, {0xf6}} {
		k.refused(message, "signing/not-ours")
	}
	k.wait(promptScan)
	whole, others := frames(t, request), frames(t, another)
	half := len(whole) / 2
	v.film(whole[:half]...)
	v.film(others[:len(others)-1]...)
	v.film("HTTPS://EXAMPLE.COM/PAY", "UR:CRYPTO-SEED/OYADGDAAWZWPLBTTRSTDAE", "UR:BYTES/AAAA", "UR:BYTES/1-0/AE", "UR:BYTES/99999999999-2/LPAD",
		"B$2P0500", "LIGHTNING:LNBC1", whole[half][:len(whole[half])-2], whole[half]+"AE")
	v.junk([]byte("no picture"), nil, []byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0xff}, 10_000))
	v.film(whole[half:]...)
	said := k.wait("complete: ")
	says(t, said, "a code of another program was passed over", "a damaged or foreign code was passed over", fmt.Sprintf("received %d/%d", len(whole), len(whole)))
	k.answer(promptDecide, "approve")
	answer := k.take()
	s.finish(session, answer)

	// Half a message, and the machine dies. Scans are not kept, and nothing is
	// lost by that.
	session, request = s.bill("half")
	k.wait(promptScan)
	v.film(frames(t, request)[:2]...)
	k.wait("received 2/")
	k.kill()
	if after := s.statusOf(v); after == before {
		t.Error("the answer before the half message was forgotten")
	}
	k = v.run(plan{})
	s.finish(session, k.signs(request))
	k.stop()
}

// statusOf is what a station says of itself.
func (s *scene) statusOf(v *vault) string {
	s.t.Helper()
	k := v.start(plan{}, "status")
	k.answer(promptPassphrase, passphrase)
	return k.end(0)
}

// junk puts files that are no pictures before the camera, after all that is
// there.
func (v *vault) junk(files ...[]byte) {
	v.t.Helper()
	for i, content := range files {
		path := filepath.Join(v.camera, fmt.Sprintf("%06d.png", 500+i))
		must(v.t, os.WriteFile(path+".new", content, 0o600))
		must(v.t, os.Rename(path+".new", path))
	}
}
