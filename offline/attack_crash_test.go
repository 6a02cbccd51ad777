package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/offline/cli"
	"heliograph/offline/keystore/keystoretest"
	"heliograph/shared/batch"
)

// walk is what the station does to the keystore's files in one stretch:
// operations by number, as the injector counts them.
type walk struct {
	first      int // number of operations[0]
	operations []string
}

// tracing has a plan's operations written to a file, and reads it.
func tracing(t *testing.T) (p plan, heard func() []string) {
	t.Helper()
	p.Trace = filepath.Join(t.TempDir(), "trace")
	return p, func() []string {
		content, err := os.ReadFile(p.Trace)
		must(t, err)
		return strings.Split(strings.TrimSpace(string(content)), "\n")
	}
}

// approval listens to an honest approval, from the word approve to the first
// frame.
func approval(t *testing.T, s *scene) walk {
	t.Helper()
	p, heard := tracing(t)
	s = s.apart(t)
	_, request := s.bill("walk")
	k := s.vaults[0].run(p)
	k.hold(request)
	k.wait(promptDecide)
	before := heard()
	k.say("approve")
	k.wait(promptShow)
	all := heard()
	k.stop()
	w := walk{first: len(before) + 1, operations: all[len(before):]}
	if at := slices.Index(w.operations, "rename head"); at < 1 || !strings.HasPrefix(w.operations[0], "write log.") {
		t.Fatalf("an approval does not begin with the log and end with the head: %q", w.operations)
	}
	return w
}

// point is one way in which one operation goes wrong.
type point struct {
	name      string
	at        int
	operation string
	fault     keystoretest.Fault
	committed bool // the approval stands in spite of it
}

// points lists the faults at every operation whose kind is one of those named.
func (w walk) points(what string, fault keystoretest.Fault, kinds ...string) []point {
	rename := slices.Index(w.operations, "rename head")
	var list []point
	for i, operation := range w.operations {
		kind, _, _ := strings.Cut(operation, " ")
		if len(kinds) > 0 && !slices.Contains(kinds, kind) {
			continue
		}
		does := fault == keystoretest.DiedPast || fault == keystoretest.Torn
		list = append(list, point{
			name: fmt.Sprintf("%s %d %s", what, i, operation), at: w.first + i, operation: operation, fault: fault,
			committed: i > rename || i == rename && does,
		})
	}
	return list
}

// A station is killed before, within and after everything that an approval
// writes. The coordinator hopes for a station that answers twice on one nonce,
// or for one that burnt its nonces and lost the answer. After a restart either
// nothing happened or the answer stands; no frame was shown before it did.
func TestKilledAtEveryWriteOfAnApproval(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w := approval(t, s)
	list := slices.Concat(
		w.points("before", keystoretest.Refused, "create", "write", "sync", "rename"),
		w.points("within", keystoretest.Torn, "write"),
		w.points("after", keystoretest.DiedPast, "rename"),
		w.points("after", keystoretest.DiedPast)[len(w.operations)-1:],
	)
	for _, p := range list {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			c := interrupt(s.apart(t), p)
			k := c.v.run(plan{At: p.at, Fault: p.fault, Kill: true})
			k.hold(c.request)
			k.answer(promptDecide, "approve")
			k.end(killed)
			c.v.dark("killed")
			if !p.committed {
				c.signsAnother()
			}
			c.comesBack()
		})
	}
}

// A disk refuses a write, a sync or a rename of an approval, or does half of
// it, or says that it did what it did not. The station shows nothing, says so
// and what to do, and ends; the next one finds all of the approval or none.
func TestDiskFailsAtEveryWriteOfAnApproval(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w := approval(t, s)
	list := slices.Concat(
		w.points("refused", keystoretest.Refused, "create", "write", "sync", "rename", "read"),
		w.points("half done", keystoretest.Torn, "write", "sync", "rename"),
		w.points("not done", keystoretest.Lied, "write", "rename"),
	)
	for _, p := range list {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			c := interrupt(s.apart(t), p)
			k := c.v.run(plan{At: p.at, Fault: p.fault})
			k.hold(c.request)
			k.answer(promptDecide, "approve")
			said := k.end(cli.Error)
			if strings.Contains(said, promptShow) {
				t.Errorf("the station shows an answer that it could not keep:\n%s", said)
			}
			says(t, said, "error: station: nothing was shown", "remedy: ")
			c.v.dark("failed")
			c.comesBack()
		})
	}
}

// crash is an approval that is interrupted.
type crash struct {
	*scene
	v       *vault
	p       point
	session *signing.Session
	request []byte
}

func interrupt(s *scene, p point) *crash {
	s.t.Helper()
	session, request := s.bill("crash")
	return &crash{s, s.vaults[0], p, session, request}
}

// comesBack starts the station again and finds the approval where it should
// be. There is one answer, it is all that its nonces ever serve, and with it
// the batch is signed.
func (c *crash) comesBack() {
	c.t.Helper()
	k := c.v.run(plan{})
	var answer []byte
	if c.p.committed {
		answer = k.again(c.request)
	} else {
		answer = k.signs(c.request)
	}
	k.refused(c.forge(c.request, func(o *signing.Order, r *batch.Request) {
		o.Heads[0] = c.response(answer).Head
		r.Payments[0].Amount--
	}), "signing/burnt")
	c.v.dark("refused")
	k.stop()
	c.finish(c.session, answer)
}

// signsAnother offers a copy of the interrupted station another request on the
// same nonces. Nothing was shown, so it may sign; but then that is what it
// signed, and the interrupted request is refused.
func (c *crash) signsAnother() {
	c.t.Helper()
	v := c.v.copied(c.t)
	k := v.run(plan{})
	answer := k.signs(c.forge(c.request, func(_ *signing.Order, r *batch.Request) { r.Payments[0].Amount-- }))
	k.refused(c.forge(c.request, func(o *signing.Order, _ *batch.Request) {
		o.Heads[0] = c.response(answer).Head
	}), "signing/burnt")
	v.dark("refused")
	k.stop()
}

// A station that died while it wrote is started again, and dies again while it
// opens its keystore, or finds a disk that fails: at every change that opening
// makes to the files. It is never stuck, and never forgets.
func TestOpeningFailsAtEveryWrite(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	_, request := s.bill("opening")
	k := v.run(plan{}, "--once")
	k.signs(request)
	k.end(cli.Done)
	v.tear()
	torn := v.copied(t)
	p, heard := tracing(t)
	k = v.start(p, "status")
	k.answer(promptPassphrase, passphrase)
	status := k.end(cli.Done)

	w := walk{first: 1, operations: heard()}
	for _, operation := range []string{"truncate log.1", "sync log.1", "remove head.new", "rename head", "sync folder", "remove log.2"} {
		if !slices.Contains(w.operations, operation) {
			t.Fatalf("opening does not %s: %q", operation, w.operations)
		}
	}
	for _, p := range w.points("at", keystoretest.Refused, "truncate", "create", "write", "sync", "rename", "remove") {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for _, dies := range []bool{true, false} {
				v := torn.copied(t)
				k := v.start(plan{At: p.at, Fault: p.fault, Kill: dies}, "status")
				k.answer(promptPassphrase, passphrase)
				if dies {
					k.end(killed)
				} else {
					says(t, k.end(cli.Error), "error: keystore: open: ", "remedy: Nothing is lost")
				}
				k = v.start(plan{}, "status")
				k.answer(promptPassphrase, passphrase)
				if after := k.end(cli.Done); after != status {
					t.Errorf("the station comes back as another:\n%s\nwas:\n%s", after, status)
				}
			}
		})
	}
}
