package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// paper is a sheet with a code: no program, only a picture that stays.
const paper = "paper"

// held holds a printed picture before a camera while do runs.
func (w *world) held(ctx context.Context, picture string, do func() error) error {
	b, err := os.ReadFile(picture)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	shown := make(chan error, 1)
	go func() { shown <- hold(ctx, filepath.Join(w.home(paper), screen), b) }()
	err = do()
	stop()
	return errors.Join(err, <-shown)
}

// hold keeps a picture in a screen's folder, for as long as it is filmed.
func hold(ctx context.Context, dir string, picture []byte) error {
	for n := 1; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf("%06d.png", n))
		if err := os.WriteFile(path+".new", picture, 0o600); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		for present := true; present; {
			select {
			case <-ctx.Done():
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("demo: %w", err)
				}
				return nil // filmed at the last moment, or never
			case <-time.After(poll):
			}
			switch _, err := os.Stat(path); {
			case errors.Is(err, fs.ErrNotExist):
				present = false
			case err != nil:
				return fmt.Errorf("demo: %w", err)
			}
		}
	}
}

// reads carries a printed code to somebody who looks.
func (w *world) reads(ctx context.Context, picture string, to *process, until ...string) (string, error) {
	var said string
	err := w.held(ctx, picture, func() error {
		var err error
		_, said, err = w.carry(ctx, paper, to, "printed freeze", until...)
		return err
	})
	return said, err
}
