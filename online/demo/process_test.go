package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain is also the program that the driver's tests drive: with an argument
// it is a person's counterpart that prints prompts and reads answers.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "counterpart" {
		os.Exit(counterpart())
	}
	os.Exit(m.Run())
}

func counterpart() int {
	in := bufio.NewScanner(os.Stdin)
	fmt.Print("name: ")
	in.Scan()
	fmt.Printf("hello %s\nenvironment %d\n", in.Text(), len(os.Environ()))
	fmt.Fprintln(os.Stderr, "decide: is no prompt here")
	fmt.Print("passphrase: ")
	in.Scan()
	fmt.Printf("\n%d letters\ndecide: approve > ", len(in.Text()))
	if !in.Scan() {
		return 4
	}
	return len(in.Text())
}

// answer waits for a prompt and types a line, and returns what the process said
// up to the prompt.
func (p *process) answer(ctx context.Context, prompt, line string) (string, error) {
	_, said, err := p.expect(ctx, prompt)
	if err != nil {
		return "", err
	}
	return said, p.say(line)
}

// close ends the input and waits for the process to end by itself.
func (p *process) close(ctx context.Context) error {
	_ = p.in.Close()
	_, _, err := p.wait(ctx)
	return err
}

func begin(t *testing.T) (*process, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "transcript.txt")
	record, err := openTranscript(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := start("counterpart", record, t.TempDir(), self, "counterpart")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.kill(context.Background()); err != nil {
			t.Error(err)
		}
		if err := record.close(); err != nil {
			t.Error(err)
		}
	})
	return p, path
}

// within is long for a machine, and short for a person who runs the tests.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestConversation(t *testing.T) {
	p, path := begin(t)
	ctx := within(t)
	if said, err := p.answer(ctx, "name: ", "Ada"); err != nil || said != "name: " {
		t.Fatalf("%q, %v", said, err)
	}
	which, said, err := p.expect(ctx, "decide: ", "passphrase: ")
	if err != nil || which != 1 || !strings.Contains(said, "hello Ada\n") {
		t.Fatalf("%d, %q, %v", which, said, err)
	}
	if !strings.Contains(said, "environment 0\n") {
		t.Errorf("the process got an environment: %q", said)
	}
	if err := p.whisper("open sesame"); err != nil {
		t.Fatal(err)
	}
	if said, err = p.answer(ctx, "decide: approve > ", "no"); err != nil || !strings.HasPrefix(said, "\n11 letters\n") {
		t.Fatalf("%q, %v: what was consumed before must not come again", said, err)
	}
	code, _, err := p.wait(ctx)
	if err != nil || code != 2 {
		t.Fatalf("exit code %d, %v; want 2", code, err)
	}
	if _, _, err := p.expect(ctx, "more"); err == nil {
		t.Fatal("a process that has ended said something")
	}
	if err := p.record.w.Flush(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| name: \n", "< Ada\n", "| hello Ada\n", "< (a passphrase)\n", "| decide: is no prompt here\n", "# ended: exit status 2\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the transcript lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "sesame") {
		t.Error("the transcript repeats a passphrase")
	}
}

func TestDeadline(t *testing.T) {
	p, _ := begin(t)
	ctx, cancel := context.WithCancel(within(t))
	if _, _, err := p.expect(ctx, "name: "); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, _, err := p.expect(ctx, "what nobody says"); err == nil {
		t.Fatal("a prompt that never came was not missed")
	}
}

func TestEndOfInput(t *testing.T) {
	p, _ := begin(t)
	ctx := within(t)
	for _, prompt := range []string{"name: ", "passphrase: "} {
		if _, err := p.answer(ctx, prompt, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := p.expect(ctx, "decide: approve > "); err != nil {
		t.Fatal(err)
	}
	if err := p.close(ctx); err != nil {
		t.Fatal(err)
	}
	if code, _, err := p.wait(ctx); err != nil || code != 4 {
		t.Fatalf("exit code %d, %v; want 4", code, err)
	}
	// The two outputs are read side by side: which of them ends the tail is chance.
	if got := p.last(); !strings.Contains(got, "decide: approve >") {
		t.Errorf("the last words were %q", got)
	}
}

func TestFirst(t *testing.T) {
	for _, c := range []struct {
		said  string
		texts []string
		which int
		end   int
	}{
		{"", []string{"a"}, -1, 0},
		{"scan: show: ", []string{"show: ", "scan: "}, 1, 6},
		{"abc", []string{"bc", "abc"}, 0, 3},
		{"xa", []string{"b", "a"}, 1, 2},
	} {
		which, end := first([]byte(c.said), c.texts)
		if which != c.which || end != c.end {
			t.Errorf("first(%q, %q) = %d, %d", c.said, c.texts, which, end)
		}
	}
}
