package node

import (
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chaincfg/v2"
)

// minRelayFeeSatPerKvB is Bitcoin Core's long-standing default of -minrelaytxfee.
const minRelayFeeSatPerKvB = 1_000

// regtestParams is a private copy of btcd's regtest parameters. blockchain.New hands
// its clock to the deployments, which are shared pointers: without the copy, two
// chains in one process would read each other's median time.
func regtestParams() *chaincfg.Params {
	params := chaincfg.RegressionNetParams
	for i := range params.Deployments {
		params.Deployments[i].DeploymentStarter = chaincfg.NewMedianTimeDeploymentStarter(time.Time{})
		params.Deployments[i].DeploymentEnder = chaincfg.NewMedianTimeDeploymentEnder(time.Time{})
	}
	return &params
}

// clock is the caller's clock as btcd's time source. There are no peers, so samples
// are ignored and the offset is always zero.
type clock struct{ nowUnix func() int64 }

var _ blockchain.MedianTimeSource = clock{}

func (c clock) AdjustedTime() time.Time         { return time.Unix(c.nowUnix(), 0) }
func (c clock) AddTimeSample(string, time.Time) {}
func (c clock) Offset() time.Duration           { return 0 }
