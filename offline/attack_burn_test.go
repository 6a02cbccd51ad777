package main

import (
	"bytes"
	"slices"
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/offline/cli"
	"heliograph/shared/batch"
	"heliograph/shared/qr"
)

// A coordinator has a request answered, has the station's process end, and
// offers other requests on the nonces of the first: two messages under one
// nonce give the share away. What was burnt is burnt for every process that
// opens the keystore; the first request still shows its first answer.
func TestBurntNonceAfterRestart(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	session, request := s.bill("burn")
	k := v.run(plan{})
	answer := k.signs(request)
	k.kill()
	v.clear()

	newest := s.response(answer).Head
	k = v.run(plan{})
	for _, attack := range []struct {
		name   string
		code   string
		change func(*signing.Order, *batch.Request)
	}{
		{"another amount", "signing/burnt", func(_ *signing.Order, r *batch.Request) { r.Payments[0].Amount -= 1_000 }},
		{"another payee", "signing/burnt", func(_ *signing.Order, r *batch.Request) { r.Payments[0].Script = payee(2) }},
		{"another aggregate nonce", "signing/burnt", func(o *signing.Order, _ *batch.Request) { o.Nonces[1] ^= 1 }},
		{"another quorum", "signing/burnt", func(o *signing.Order, _ *batch.Request) { o.Quorum[1] = 2 }},
		{"another stream", "signing/epoch", func(o *signing.Order, _ *batch.Request) { o.Starts[0].Epoch[3] ^= 1 }},
		{"beyond the pool", "signing/unpublished", func(o *signing.Order, _ *batch.Request) { o.Starts[0].Index = newest.Next + pool }},
	} {
		k.refused(s.forge(request, func(o *signing.Order, r *batch.Request) {
			o.Heads[0] = newest // the rest of the story is true
			attack.change(o, r)
		}), attack.code)
		v.dark(attack.name)
	}
	// The rest of the story untrue as well: the request hides the release.
	evil := s.forge(request, func(_ *signing.Order, r *batch.Request) { r.Payments[0].Amount -= 1_000 })
	k.refused(evil, "signing/stale-snapshot")
	k.stop()

	k = v.run(plan{}, "--once")
	k.hold(evil)
	k.end(cli.Refused)
	k = v.run(plan{}, "--once")
	if !bytes.Equal(k.again(request), answer) {
		t.Error("the same request shows other bytes after a restart")
	}
	k.end(cli.Done)
	s.finish(session, answer)
}

// The power fails when the answer is kept and nothing of it, or a part, was
// scanned. The station comes back with the same bytes: what was scanned before
// goes together with what is scanned after.
func TestResponseLostAfterTheBurn(t *testing.T) {
	t.Parallel()
	base := newScene(t)
	for _, scanned := range []int{0, 1, 2} {
		s := base.apart(t)
		v := s.vaults[0]
		session, request := s.bill("lost")
		k := v.run(plan{})
		k.hold(request)
		k.answer(promptDecide, "approve")
		k.wait(promptShow)
		var d qr.Decoder
		before := v.watch(&d, scanned)
		if d.Done() {
			t.Fatalf("%d frames were the whole answer", scanned)
		}
		k.kill()
		v.clear()

		k = v.run(plan{})
		k.hold(request)
		k.wait(promptShow)
		d = qr.Decoder{}
		if after := v.watch(&d, -1); !slices.Equal(before, after[:scanned]) {
			t.Errorf("after %d frames the station shows another answer", scanned)
		}
		k.say("")
		answer, err := d.Message()
		must(t, err)
		if !bytes.Equal(k.again(request), answer) {
			t.Error("the answer is shown with other bytes the third time")
		}
		k.stop()
		s.finish(session, answer)
	}
}
