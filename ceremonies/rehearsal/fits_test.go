package rehearsal

import (
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// What a station starts signing with must fit together in every part.
func TestSetupThatDoesNotFit(t *testing.T) {
	w, other := ready(t, 2, 3), readySeed(t, 2, 3, 2)
	s := w.Stations[0]
	foreign, err := other.Setup(other.Stations[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*signing.Setup){
		"a station that is not there": func(s *signing.Setup) { s.Station = 3 },
		"a negative station":          func(s *signing.Setup) { s.Station = -1 },
		"another station's number":    func(s *signing.Setup) { s.Station = 1 },
		"another wallet's share":      func(s *signing.Setup) { s.Share = foreign.Share },
		"another wallet's key":        func(s *signing.Setup) { s.Wallet = foreign.Wallet },
		"a public share left out":     func(s *signing.Setup) { s.PublicShares = s.PublicShares[:2] },
		"exchanged public shares": func(s *signing.Setup) {
			s.PublicShares = []frost.PublicShare{s.PublicShares[1], s.PublicShares[0], s.PublicShares[2]}
		},
		"no charter":                   func(s *signing.Setup) { s.Line = lineage.Line{} },
		"no wallet":                    func(s *signing.Setup) { s.Wallet = wallet.Wallet{} },
		"an empty pool":                func(s *signing.Setup) { s.Pool = 0 },
		"a pool that fits no message":  func(s *signing.Setup) { s.Pool = 1 << 20 },
		"a share of the wrong station": func(s *signing.Setup) { setup, _ := w.Setup(w.Stations[1]); s.Share = setup.Share },
	} {
		setup, err := w.Setup(s)
		if err != nil {
			t.Fatal(err)
		}
		change(&setup)
		if _, _, err := signing.NewStation(setup, w.At(s, ceremonies.Start{})); err == nil {
			t.Errorf("%s: the station starts", name)
		}
		if _, err := signing.ResumeStation(setup, s.Disk.Records("signing/")); err == nil && !strings.Contains(name, "pool") {
			t.Errorf("%s: the station resumes", name)
		}
	}
}

// A disk that lost a record of the ledger, or its state, or holds another
// station's, is not signed with.
func TestDiskWithAHole(t *testing.T) {
	for name, harm := range map[string]func(w *World, d Disk){
		"no state":                  func(_ *World, d Disk) { delete(d, signing.StateName) },
		"the own last record gone":  func(_ *World, d Disk) { delete(d, signing.LedgerPrefix+"00/000000000002") },
		"the own first record gone": func(_ *World, d Disk) { delete(d, signing.LedgerPrefix+"00/000000000001") },
		"a peer's record gone":      func(_ *World, d Disk) { delete(d, signing.LedgerPrefix+"01/000000000001") },
		"a stranger's record": func(w *World, d Disk) {
			key, err := wire.GenerateSigningKey(w.Random())
			if err != nil {
				t.Fatal(err)
			}
			r, err := ledger.SignRecord(ledger.Record{Wallet: [32]byte(w.Public.Wallet.ID()), Station: 2, Seq: 1}, key, w.Random())
			if err != nil {
				t.Fatal(err)
			}
			if d[signing.LedgerPrefix+"02/000000000001"], err = r.Encode(); err != nil {
				t.Fatal(err)
			}
		},
		"a torn record":           func(_ *World, d Disk) { n := signing.LedgerPrefix + "00/000000000001"; d[n] = d[n][1:] },
		"a torn state":            func(_ *World, d Disk) { d[signing.StateName] = d[signing.StateName][1:] },
		"another station's state": func(w *World, d Disk) { d[signing.StateName] = w.Stations[1].Disk[signing.StateName] },
	} {
		w := ready(t, 2, 3)
		for i := range 3 {
			quorum := []int{0, 1}
			if i == 2 {
				quorum = []int{1, 2}
			}
			if _, err := w.Sign(w.Pay("hole-"+string(rune('a'+i)), "Exchange", payee(1), uint32(i), 2000, 100_000), quorum...); err != nil {
				t.Fatal(err)
			}
		}
		_, request, err := w.Open(w.Pay("hole-d", "Exchange", payee(1), 3, 2000, 100_000), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request}); err != nil {
			t.Fatal(err)
		}
		harm(w, w.Stations[0].Disk)
		if err := w.Restart(w.Stations[0]); err != nil {
			continue
		}
		// What is missing of a peer is only asked for again, never signed over.
		if !strings.Contains(name, "peer") {
			t.Errorf("%s: the station resumes", name)
		}
	}
}

// Answers that do not belong to what a session waits for are refused and change
// nothing: another station's, another order's, a refusal of another order.
func TestAnswersThatDoNotFit(t *testing.T) {
	w := ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("fit-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := w.Open(w.Pay("fit-b", "Exchange", payee(1), 0, 2000, 100_000), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, _, err := w.Visit(w.Stations[2], second)
	if err != nil {
		t.Fatal(err)
	}
	third, thirdRequest, err := w.Open(w.Pay("fit-c", "Exchange", payee(99), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	refusal, refused, err := w.Visit(w.Stations[0], thirdRequest)
	if err != nil || refused == nil {
		t.Fatalf("the stranger is paid: %v", err)
	}
	for name, c := range map[string]struct {
		bytes []byte
		code  string
	}{
		"another station's answer":   {elsewhere, "session/other-station"},
		"a refusal of another order": {refusal, "session/other-order"},
		"the request itself":         {request, "session/other-station"},
		"a pool":                     {w.Stations[0].Disk["signing/pool"], "session/kind"},
	} {
		if _, err := session.Step(w.Event(ceremonies.Scanned{Bytes: c.bytes})); code(err) != c.code && code(err) != "session/kind" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if session.Ended() != "" {
		t.Fatal("the session ended")
	}
	if _, err := w.keep(third.Step(w.Event(ceremonies.Scanned{Bytes: refusal}))); err != nil || third.Ended() == "" {
		t.Fatalf("a refusal does not end its own session: %v", err)
	}
	for _, quorum := range [][]int{{0}, {0, 1, 2, 0}, {0, 1, 1}, {0, 0}, {0, 3}, {-1, 0}} {
		if _, _, err := w.Open(w.Pay("fit-d", "Exchange", payee(1), 0, 2000, 100_000), quorum...); err == nil {
			t.Errorf("quorum %v is opened", quorum)
		}
	}
	if _, err := w.Finish(session, request); err != nil {
		t.Fatal(err)
	}
}

// An operator reads for so long that the request expires, and then approves.
func TestApprovalAfterExpiry(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("slow", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	step, err := w.Do(s, ceremonies.Scanned{Bytes: request})
	if err != nil {
		t.Fatal(err)
	}
	digest := step.Screen.(ceremonies.Review).Digest
	wrong := digest
	wrong[0] ^= 1
	for _, in := range []ceremonies.Input{ceremonies.Approve{Digest: wrong}, ceremonies.Refuse{Digest: wrong, Reason: "no"}, ceremonies.Matches{}} {
		if _, err := w.Do(s, in); code(err) != "signing/unexpected" {
			t.Fatalf("%T of another review: %v", in, err)
		}
	}
	w.Now += 3601
	if _, err := w.Do(s, ceremonies.Approve{Digest: digest}); code(err) != "time/expired" {
		t.Fatalf("an expired request is signed: %v", err)
	}
	if s.Sign.Status().Head.Seq != 0 {
		t.Fatal("something was released")
	}
}
