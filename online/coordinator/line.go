package coordinator

import (
	"heliograph/ceremonies/keygen"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
)

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
