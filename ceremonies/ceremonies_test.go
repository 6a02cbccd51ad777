package ceremonies

import (
	"strings"
	"testing"
)

func TestTranscriptIsAChain(t *testing.T) {
	var log Transcript
	for i, what := range []string{"scanned", "approved", "sent"} {
		next, err := log.With(int64(i), what, []byte(what))
		if err != nil {
			t.Fatal(err)
		}
		if len(log.Entries) != i || next.Head == log.Head {
			t.Fatal("With changed the transcript it was called on, or did not move its head")
		}
		log = next
	}
	if err := log.Verify(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Transcript){
		"another time":  func(l *Transcript) { l.Entries[1].Time++ },
		"another event": func(l *Transcript) { l.Entries[1].What = "refused" },
		"another body":  func(l *Transcript) { l.Entries[1].Digest[0] ^= 1 },
		"one left out":  func(l *Transcript) { l.Entries = append(l.Entries[:1], l.Entries[2:]...) },
		"two exchanged": func(l *Transcript) { l.Entries[0], l.Entries[1] = l.Entries[1], l.Entries[0] },
		"cut short":     func(l *Transcript) { l.Entries = l.Entries[:2] },
		"another end":   func(l *Transcript) { l.Head[0] ^= 1 },
	} {
		bad := Transcript{Entries: append([]Entry(nil), log.Entries...), Head: log.Head}
		change(&bad)
		if bad.Verify() == nil {
			t.Errorf("%s: the chain still verifies", name)
		}
	}
}

func TestTranscriptHoldsNoBody(t *testing.T) {
	log, err := Transcript{}.With(1, "sent", []byte("a sealed message"))
	if err != nil {
		t.Fatal(err)
	}
	if log.Entries[0].Digest == [32]byte{} {
		t.Fatal("the body left no trace")
	}
	if log, err = log.With(2, "confirmed", nil); err != nil || log.Entries[1].Digest != [32]byte{} {
		t.Fatalf("an event without a body has a digest: %v", err)
	}
}

func TestTranscriptIsBounded(t *testing.T) {
	full := Transcript{Entries: make([]Entry, maxEntries)}
	if _, err := full.With(1, "sent", nil); err == nil {
		t.Fatal("a transcript grows without end")
	}
}

func TestFaultReadsAsASentence(t *testing.T) {
	f := &Fault{Code: "a/b", Suspect: Suspect{Kind: StationOrCoordinator, Station: 2}, What: "It broke.", Safe: "Money is safe.", Remedy: "Try again."}
	for _, part := range []string{"a/b", "station 2 or the coordinator", "It broke.", "Money is safe.", "Try again."} {
		if !strings.Contains(f.Error(), part) {
			t.Errorf("%q lacks %q", f.Error(), part)
		}
	}
	for kind, want := range map[Suspicion]string{Unknown: "unknown", Coordinator: "the coordinator", Station: "station 0", Operator: "nobody"} {
		if got := (Suspect{Kind: kind}).String(); !strings.HasPrefix(got, want) {
			t.Errorf("suspicion %d reads %q", kind, got)
		}
	}
	if u := Unexpected("x/y", "a request"); u.Suspect.Kind != Operator || !strings.Contains(u.What, "a request") {
		t.Errorf("unexpected: %v", u)
	}
}
