package coordinator_test

import (
	"errors"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// brokenStore fails commits: before they are kept, or after.
type brokenStore struct {
	coordinator.Store
	fail func(n int) failure // of the n-th commit, from 0
	n    int
}

type failure int

const (
	works failure = iota
	failsBefore
	failsAfter
)

var errCrash = errors.New("crashed")

func (b *brokenStore) Commit(c book.Change) error {
	how := b.fail(b.n)
	b.n++
	if how == failsBefore {
		return errCrash
	}
	if err := b.Store.Commit(c); err != nil {
		return err
	}
	if how == failsAfter {
		return errCrash
	}
	return nil
}
