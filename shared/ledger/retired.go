package ledger

import (
	"errors"
	"fmt"

	"heliograph/shared/wire"
)

// Retired is an instance that spoke for a station before, as the charter that
// retired it says. Its records up to Seq are part of every snapshot for ever;
// what it signs beyond is void.
type Retired struct {
	Station  uint8
	Instance wire.PublicKey
	Seq      uint64   // records that count, 0 for none
	Last     [32]byte // hash of record Seq, zero if Seq is 0
}

func (r Retired) check(stations int) error {
	if int(r.Station) >= stations {
		return fmt.Errorf("station %d of %d", r.Station, stations)
	}
	if (r.Seq == 0) != (r.Last == [32]byte{}) {
		return fmt.Errorf("sequence number %d and last record do not fit", r.Seq)
	}
	return nil
}

// Beyond is the proof that a retired instance signed a record that the charter
// does not count: one after its end, or another one at its end. Either its key
// was used after the wallet gave it up, or a release was kept from those who
// retired it; only its own key can have made the record.
type Beyond struct {
	Retired Retired
	Record  Record
}

// Error names the station and the record, not its contents.
func (e *Beyond) Error() string {
	return fmt.Sprintf("ledger: the retired instance of station %d, which ends at record %d, signed %v", e.Retired.Station, e.Retired.Seq, e.Record)
}

// Verify checks the proof from nothing but its own contents. That the instance
// is retired with this end is for the charter to say.
func (e *Beyond) Verify() error {
	if err := e.Record.Verify(); err != nil {
		return fmt.Errorf("ledger: verify beyond: %w", err)
	}
	if e.Record.Instance != e.Retired.Instance || e.Record.Station != e.Retired.Station {
		return errors.New("ledger: verify beyond: the record is of another instance")
	}
	if e.Record.Seq < e.Retired.Seq || e.Record.Seq == e.Retired.Seq && e.Record.Hash() == e.Retired.Last {
		return errors.New("ledger: verify beyond: the record counts")
	}
	return nil
}
