package coordinator

import (
	"bytes"
	"strconv"

	"heliograph/shared/psbt"
)

// Recognised is what a PSBT from elsewhere is to this treasury.
type Recognised struct {
	Batch int    // number of the batch whose transaction it holds, 0 if none
	File  string // name under which PSBTs writes the same bytes, empty if they differ
}

// Recognise reads a PSBT that another wallet, a reviewer or an auditor hands
// back, and says whether it is of a batch, and whether it is to the byte what
// this program writes. Its signatures are not asked for: only the stations'
// count.
func (c *Coordinator) Recognise(file []byte) (Recognised, error) {
	foreign, err := psbt.Import(file)
	if err != nil {
		return Recognised{}, err
	}
	txid := foreign.Tx().TxHash()
	state, err := c.store.Load()
	if err != nil {
		return Recognised{}, err
	}
	for _, b := range state.Batches {
		v, err := c.verify(b)
		if err != nil {
			return Recognised{}, err
		}
		ours := false
		for _, t := range v.Transactions() {
			for _, variant := range t.Variants() {
				ours = ours || variant.TxID() == txid
			}
		}
		if !ours {
			continue
		}
		r := Recognised{Batch: b.Number}
		files, err := c.PSBTs(strconv.Itoa(b.Number))
		if err != nil {
			return Recognised{}, err
		}
		for _, f := range files {
			if bytes.Equal(f.Bytes, foreign.Bytes()) {
				r.File = f.Name
			}
		}
		return r, nil
	}
	return Recognised{}, nil
}
