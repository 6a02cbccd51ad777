package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/offline/cli"
	"heliograph/offline/keystore"
	"heliograph/offline/keystore/keystoretest"
	"heliograph/offline/station"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/qr"
	"heliograph/shared/wire"
)

// settled is two stations that may sign, made once; every test gets copies of
// their folders.
var settled struct {
	once    sync.Once
	courier *wire.SigningKey
	public  keygen.Public
	pools   [][]byte
	folders []map[string][]byte
}

// settle returns fresh copies, and a coordinator that has not signed yet. The
// clock is the machine's, since real processes have no other.
func settle(t *testing.T) (*treasury, []*air, *signing.Desk) {
	t.Helper()
	settled.once.Do(func() {
		w, vaults, talks, public, pools := found(t, time.Now().Unix())
		for i, k := range talks {
			k.wait("scan: press nothing, show the code to the camera")
			k.stop()
			k.end(cli1)
			settled.folders = append(settled.folders, files(t, vaults[i].station))
		}
		settled.courier, settled.public, settled.pools = w.courier, public, pools
	})
	if len(settled.folders) != 2 {
		t.Fatal("the stations did not settle")
	}
	w := &treasury{t: t, now: time.Now().Unix(), courier: settled.courier}
	vaults := []*air{newAir(t, "a"), newAir(t, "b")}
	for i, v := range vaults {
		mkdir(t, v.station)
		put(t, v.station, settled.folders[i])
	}
	return w, vaults, w.openDesk(settled.public, settled.pools)
}

// files reads a keystore's folder, as a thief of the disk would.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	out := make(map[string][]byte)
	for _, e := range entries {
		out[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
	}
	return out
}

// put makes a folder hold exactly these files.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		must(t, os.Remove(filepath.Join(dir, e.Name())))
	}
	for name, content := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
}

func (w *treasury) open(desk *signing.Desk, quorum ...int) (*signing.Session, []byte) {
	w.t.Helper()
	session, step, err := desk.Open(w.request(settled.public), policy.Evidence{}, quorum, w.event(ceremonies.Start{}))
	must(w.t, err)
	return session, step.Send[0].Bytes
}

func (w *treasury) give(session *signing.Session, answer []byte) []byte {
	w.t.Helper()
	step, err := session.Step(w.event(scanned(answer)))
	must(w.t, err)
	if len(step.Send) == 0 {
		return nil
	}
	return step.Send[0].Bytes
}

const (
	decide = "decide: type approve or refuse > "
	show   = "show: press Enter when the other side has it > "
)

// A station's process is killed without warning at a moment that nobody chose,
// after its operator typed approve. If one frame of an answer had left by then,
// the nonces are burnt and the answer is kept: the station asks nobody again,
// and shows the same bytes. Two different answers to one request would give the
// share away.
func TestKilledWhileSigning(t *testing.T) {
	kept := 0
	for round := range 5 {
		w, vaults, desk := settle(t)
		v := vaults[0]
		session, request := w.open(desk, 0, 1)
		k := v.spawn()
		v.hold(k, request)
		k.wait(decide)
		k.say("approve")
		if round == 0 {
			k.wait(show)
			k.stop()
		} else {
			time.AfterFunc(time.Duration(mathrand.IntN(40_000))*time.Microsecond, k.stop)
		}
		k.end(-1)
		frames, first := left(t, v.outbox)

		k = v.spawn("--once")
		v.hold(k, request)
		if which, _ := k.waitAny(decide, "already answered"); which == 0 {
			if frames > 0 {
				t.Fatalf("round %d: %d frames had left, and the station asks again", round, frames)
			}
			k.say("approve")
		} else {
			kept++
		}
		second := v.take(k)
		k.end(cli0)
		if first != nil && !bytes.Equal(first, second) {
			t.Fatalf("round %d: two answers to one request", round)
		}
		w.give(session, second)
	}
	if kept == 0 {
		t.Error("no process was killed after it had kept its answer")
	}
}

// ballot asks for a lower cap on each payment.
func (w *treasury) ballot(number uint32, most int64) []byte {
	w.t.Helper()
	line := settled.public.Line()
	d := line.Latest().Document()
	d.Epoch, d.Prior, d.Issued = 1, line.Latest().ID(), w.now
	d.Rules[1].Max = most
	c, err := charter.New(d)
	must(w.t, err)
	body, err := lineage.Ballot{Prior: d.Prior, Number: number, Charter: c.Bytes()}.Encode()
	must(w.t, err)
	m, err := wire.Seal(wire.KindBallot, [32]byte(settled.public.Wallet.ID()), body, w.courier, w.draw())
	must(w.t, err)
	return m.Bytes
}

// The same while a station acknowledges a change of the charter. If one frame of
// the acknowledgement had left, another successor is refused for ever; two
// acknowledgements would let a coordinator certify two charters for one epoch.
func TestKilledWhileAcknowledging(t *testing.T) {
	kept := 0
	for round := range 5 {
		w, vaults, _ := settle(t)
		v := vaults[0]
		first, second := w.ballot(1, 500_000), w.ballot(2, 400_000)
		k := v.spawn()
		v.hold(k, first)
		k.wait(decide)
		k.say("approve")
		if round == 0 {
			k.wait(show)
			k.stop()
		} else {
			time.AfterFunc(time.Duration(mathrand.IntN(40_000))*time.Microsecond, k.stop)
		}
		k.end(-1)
		frames, ack := left(t, v.outbox)

		k = v.spawn()
		v.hold(k, second)
		if which, _ := k.waitAny(decide, "fault: amendment/committed"); which == 0 {
			if frames > 0 {
				t.Fatalf("round %d: %d frames of an acknowledgement had left, and the station takes another successor", round, frames)
			}
			k.stop()
			k.end(-1)
			continue
		}
		kept++
		v.take(k) // a signed refusal
		v.hold(k, first)
		if again := v.take(k); ack != nil && !bytes.Equal(again, ack) {
			t.Fatalf("round %d: two acknowledgements of one ballot", round)
		}
		k.stop()
		k.end(-1)
	}
	if kept == 0 {
		t.Error("no process was killed after it had kept its acknowledgement")
	}
}

// left reads what a dead process left on its screen.
func left(t *testing.T, outbox string) (frames int, message []byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(outbox, "??????.png"))
	must(t, err)
	var d qr.Decoder
	for _, path := range paths {
		f, err := os.Open(path)
		must(t, err)
		frame, err := png.Decode(f)
		must(t, err)
		must(t, f.Close())
		text, err := qr.Read(frame)
		must(t, err)
		_, err = d.Receive(text)
		must(t, err)
		must(t, os.Remove(path))
	}
	if d.Done() {
		message, err = d.Message()
		must(t, err)
	}
	return len(paths), message
}

// Somebody puts an older copy of a station's folder back, so that it forgets
// which nonces it used. The next request carries the station's own signature
// over the later state: it freezes, for good, and says why.
func TestAnOlderFolderFreezes(t *testing.T) {
	w, vaults, desk := settle(t)
	v := vaults[0]
	older := files(t, v.station)
	session, request := w.open(desk, 1, 0)
	for _, i := range []int{1, 0} {
		k := vaults[i].spawn("--once")
		vaults[i].hold(k, request)
		k.answer(decide, "approve")
		request = w.give(session, vaults[i].take(k))
		k.end(cli0)
	}
	put(t, v.station, older)
	_, request = w.open(desk, 0, 1)
	for _, what := range []string{"first", "second"} {
		k := v.spawn("--once")
		v.hold(k, request)
		out := k.end(cli3)
		if !strings.Contains(out, "fault: signing/rolled-back") || !strings.Contains(out, "its own signature over a later state") {
			t.Errorf("the %s time it says:\n%s", what, out)
		}
		if n, _ := left(t, v.outbox); n > 0 {
			t.Errorf("%d frames were shown", n)
		}
	}
	k := spawn(t, "--dir", v.station, "status")
	k.answer("passphrase: ", secret)
	if out := k.end(cli0); !strings.Contains(out, "! Frozen") {
		t.Errorf("status:\n%s", out)
	}
}

// A dishonest coordinator draws up two requests over the same nonces of one
// station and shows it one after the other.
func TestTwoRequestsForOneNonce(t *testing.T) {
	w, vaults, desk := settle(t)
	v := vaults[0]
	_, first := w.open(desk, 0, 1)
	_, second := w.open(w.openDesk(settled.public, settled.pools), 0, 1)
	k := v.spawn()
	v.hold(k, first)
	k.answer(decide, "approve")
	v.take(k)
	v.hold(k, second)
	if which, out := k.waitAny("fault: signing/", decide); which != 0 {
		t.Fatalf("the station asks to sign with a burnt nonce:\n%s", out)
	}
	k.wait("safe: Nothing was signed")
	k.stop()
}

// dummy is camera, screen and person in one: it sees one request, agrees, and
// remembers whether anything was shown, and what.
type dummy struct {
	frames []image.Image
	i      int
	shown  []byte
}

func (d *dummy) Begin() error { return nil }

func (d *dummy) Next(ctx context.Context) (image.Image, error) {
	d.i++
	return d.frames[d.i%len(d.frames)], ctx.Err()
}

func (d *dummy) Show(ctx context.Context, _ image.Image) error { <-ctx.Done(); return ctx.Err() }
func (d *dummy) Clear() error                                  { return nil }
func (d *dummy) Scanning(station.Progress)                     {}

func (d *dummy) Look(s ceremonies.Screen) {
	if show, ok := s.(ceremonies.Show); ok {
		d.shown = show.Message.Bytes
	}
}

func (d *dummy) Answer(_ context.Context, s ceremonies.Screen, _ station.Offers) (station.Answer, error) {
	if r, ok := s.(ceremonies.Review); ok {
		return station.Answer{Input: ceremonies.Approve{Digest: r.Digest}}, nil
	}
	return station.Answer{}, nil
}

// pictures are the frames of a message.
func pictures(t *testing.T, message []byte) []image.Image {
	t.Helper()
	frames, err := qr.NewEncoder(message, qr.DefaultFragment)
	must(t, err)
	var out []image.Image
	for i := range frames.K() {
		frame, err := qr.Draw(frames.Frame(i), 2)
		must(t, err)
		out = append(out, frame)
	}
	return out
}

// sign makes one visit on a disk and returns what was shown.
func sign(disk keystore.FS, now int64, request []image.Image) ([]byte, error) {
	s, err := keystore.OpenFS(disk, []byte(secret))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	d := &dummy{frames: request}
	app, err := station.Open(station.World{
		Store: cli.Records(s), Camera: d, Screen: d, Person: d,
		Now: func() int64 { return now }, Random: process().Random,
	})
	if err != nil {
		return nil, err
	}
	_, err = app.Run(context.Background(), true)
	return d.shown, err
}

// The disk fails at any one of the operations of a release, in any way: the
// write is refused, torn, lost with success reported, or the machine dies; and
// then the power goes. Whatever was shown before is what is shown after; if
// nothing was, nothing was released.
func TestDiskFailuresWhileSigning(t *testing.T) {
	w, _, desk := settle(t)
	session, message := w.open(desk, 0, 1)
	request := pictures(t, message)
	fresh := func() *keystoretest.Disk {
		d := keystoretest.NewDisk()
		for name, content := range settled.folders[0] {
			d.Write(name, content)
		}
		return d
	}
	counting := keystoretest.Inject(fresh(), 0, keystoretest.Refused)
	answer, err := sign(counting, w.now, request)
	must(t, err)
	w.give(session, answer)
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	shown := 0
	faults := []keystoretest.Fault{keystoretest.Torn, keystoretest.DiedPast, keystoretest.Lied}
	for at := 1; at <= counting.Count(); at++ {
		fault := faults[at%len(faults)]
		name := fmt.Sprintf("fault %d at operation %d", fault, at)
		disk := fresh()
		first, err := sign(keystoretest.Inject(disk, at, fault), w.now, request)
		if first != nil {
			shown++
		}
		if err == nil && first == nil {
			t.Fatalf("%s: neither an answer nor an error", name)
		}
		second, err := sign(disk.Crash(rng), w.now, request)
		if err != nil {
			t.Fatalf("%s: after the power loss: %v", name, err)
		}
		if first != nil && !bytes.Equal(first, second) {
			t.Fatalf("%s: two answers to one request", name)
		}
	}
	if shown == 0 {
		t.Error("no fault let an answer out")
	}
}
