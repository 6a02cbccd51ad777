package coordinator

import (
	"fmt"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"

	"heliograph/online/coordinator/book"
)

// certificatePrefix is where the certificates of amendments are kept, by epoch.
const certificatePrefix = "line/"

func certificateName(epoch uint32) string { return fmt.Sprintf("%s%010d", certificatePrefix, epoch) }

// Line is the wallet's line of charters, with every amendment that stations have
// adopted. ErrNoWallet before there is a wallet.
func (c *Coordinator) Line() (lineage.Line, error) {
	if c.line.Valid() {
		return c.line, nil
	}
	p, err := c.Public()
	if err != nil {
		return lineage.Line{}, err
	}
	line, err := lineage.Begin(p.Charter, p.Wallet)
	if err != nil {
		return lineage.Line{}, err
	}
	kept, err := c.store.Records(certificatePrefix)
	if err != nil {
		return lineage.Line{}, err
	}
	for _, r := range kept {
		if line, err = line.Adopt(r.Value); err != nil {
			return lineage.Line{}, fmt.Errorf("coordinator: the certificate %s that was kept: %w", r.Name, err)
		}
	}
	c.line = line
	return line, nil
}

// adopt keeps a certificate and whatever changes with it.
func (c *Coordinator) adopt(certificate []byte, with []ceremonies.Record) error {
	line, err := c.Line()
	if err != nil {
		return err
	}
	if line, err = line.Adopt(certificate); err != nil {
		return err
	}
	name := certificateName(line.Latest().Document().Epoch)
	records := append([]ceremonies.Record{{Name: name, Value: certificate}}, with...)
	if err := c.store.Commit(book.Change{Records: records}); err != nil {
		return err
	}
	c.line = line
	return nil
}

// Charter is the charter that is in force now. ErrNoWallet before there is a
// wallet.
func (c *Coordinator) Charter() (charter.Charter, error) {
	line, err := c.Line()
	if err != nil {
		return charter.Charter{}, err
	}
	return line.At(c.now()).Charter(), nil
}

// successor is what an amendment of the newest charter begins with: the parts
// that no file says, to be issued at a time, but never before its predecessor.
func successor(line lineage.Line, issued int64) charter.Document {
	prior := line.Latest()
	p := prior.Document()
	d := charter.Document{
		Version: charter.Version, Network: p.Network, Epoch: p.Epoch + 1, Prior: prior.ID(), Threshold: p.Threshold,
		Stations: p.Stations, Courier: p.Courier, Retired: p.Retired, Lifted: p.Lifted,
	}
	for _, e := range line.Epochs() {
		issued = max(issued, e.Charter.Document().Issued)
	}
	d.Issued = issued
	return d
}

// standing is the wallet as it stands at one time.
type standing struct {
	keygen.Public
	Line    lineage.Line
	Charter charter.Charter // in force at that time, not the first one
}

// at is how the wallet stands at a time.
func (c *Coordinator) at(time int64) (standing, error) {
	p, err := c.Public()
	if err != nil {
		return standing{}, err
	}
	line, err := c.Line()
	if err != nil {
		return standing{}, err
	}
	return standing{Public: p, Line: line, Charter: line.At(time).Charter()}, nil
}
