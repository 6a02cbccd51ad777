package keystore

import "errors"

// wasteful says that a compaction pays: it frees more than half of the log.
func (v *volume) wasteful() bool {
	return v.garbage > wasteAllowed && v.garbage > v.head.length/2
}

// compact writes the operations that still count, in their order and grouping,
// to the log of the next generation, reads that back, and then moves the head.
func (s *Store) compact() error {
	old := s.volume
	fresh, err := s.newVolume(old.head.generation + 1)
	if err != nil {
		return err
	}
	for i := range old.entries {
		if old.entries[i].live == 0 {
			continue
		}
		if err := s.carry(old, fresh, i); err != nil {
			return errors.Join(err, fresh.file.Close())
		}
	}
	if err := fresh.file.Sync(); err != nil {
		return errors.Join(err, fresh.file.Close())
	}
	back, err := s.secret.replay(fresh.file, fresh.head)
	if err == nil && !back.sameContents(old) {
		err = errors.New("the compacted log reads back other than the old one")
	}
	if err == nil {
		err = s.settle(back.head)
	}
	if err != nil {
		return errors.Join(err, fresh.file.Close())
	}
	s.volume = back
	if err := old.file.Close(); err != nil {
		return err
	}
	return s.fs.Remove(logName(old.head.generation))
}

// carry copies what still counts of one entry.
func (s *Store) carry(old, fresh *volume, i int) error {
	buf, ops, err := s.secret.readEntry(old, i)
	if err != nil {
		return err
	}
	defer clear(buf)
	var kept []op
	for j, o := range ops {
		if at := old.records[o.name]; o.kind == opPut && (at.entry != i || at.op != j) {
			continue
		}
		kept = append(kept, o)
	}
	_, at, chain, err := s.secret.appendEntry(fresh, kept)
	if err != nil {
		return err
	}
	fresh.add(at, chain, kept)
	return nil
}

// sameContents compares names and sizes; the values are under authentication.
func (v *volume) sameContents(old *volume) bool {
	if len(v.records) != len(old.records) || len(v.journals) != len(old.journals) || v.garbage != 0 {
		return false
	}
	for name, at := range old.records {
		if back, ok := v.records[name]; !ok || back.size != at.size {
			return false
		}
	}
	for name, places := range old.journals {
		if len(v.journals[name]) != len(places) {
			return false
		}
	}
	return true
}
