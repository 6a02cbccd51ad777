package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"
)

// transcript is everything that was said and typed at all processes, line by
// line, with the time since the start. Safe for concurrent use; nil
// writes nothing.
type transcript struct {
	mu    sync.Mutex
	file  *os.File
	w     *bufio.Writer
	begun time.Time
	half  map[string][]byte // lines that have not ended, by process
}

func openTranscript(path string) (*transcript, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("demo: transcript: %w", err)
	}
	return &transcript{file: f, w: bufio.NewWriter(f), begun: time.Now(), half: make(map[string][]byte)}, nil
}

// said takes what a process printed; whole lines are written.
func (t *transcript) said(name string, b []byte) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	text := append(t.half[name], b...)
	for {
		end := bytes.IndexAny(text, "\r\n")
		if end < 0 {
			break
		}
		if end > 0 {
			t.line(name, "|", string(text[:end]))
		}
		text = text[end+1:]
	}
	t.half[name] = bytes.Clone(text)
}

// typed writes what a person typed, after the prompt it answers.
func (t *transcript) typed(name, line string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush(name)
	t.line(name, "<", line)
}

// note writes a remark of the demo.
func (t *transcript) note(name, text string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush(name)
	t.line(name, "#", text)
}

func (t *transcript) flush(name string) {
	if len(t.half[name]) > 0 {
		t.line(name, "|", string(t.half[name]))
		delete(t.half, name)
	}
}

// line drops a failure to write: close reports it, since bufio keeps it.
func (t *transcript) line(name, mark, text string) {
	_, _ = fmt.Fprintf(t.w, "%9.3f  %-12s %s %s\n", time.Since(t.begun).Seconds(), name, mark, text)
}

func (t *transcript) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("demo: transcript: %w", err)
	}
	return t.file.Close()
}
