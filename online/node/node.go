// Package node is the coordinator's view of a bitcoin chain. Embedded runs btcd's
// blockchain, ffldb, mempool and mining packages in this process on regtest: no
// server, no listening socket, one folder, one owner. A built-in hot wallet mines
// the coinbases and pays scripts.
//
// It follows the embedded default of DESIGN.md section 11. Consensus and relay
// rules are btcd's; this package adds what btcd leaves to its server: the order
// of effects, an index by script, and durability (see journal.go).
//
// It does not select coins, knows no wallet but the hot one, and is regtest only:
// its index lives in memory and is rebuilt from the blocks at each start.
package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/database"
	_ "github.com/btcsuite/btcd/database/ffldb" // registers the "ffldb" driver
	"github.com/btcsuite/btcd/mempool"
	"github.com/btcsuite/btcd/mining"
	"github.com/btcsuite/btcd/txscript/v2"
)

// ErrClosed is returned by every method after Close.
var ErrClosed = errors.New("node: the chain is closed")

const (
	dbDriver        = "ffldb"
	chainFolder     = "chain"
	newChainFolder  = "chain.new" // being created; never opened
	utxoCacheBytes  = 1 << 20     // preallocated by btcd, so kept small
	cacheEntries    = 4_096       // signatures, and transactions' shared sighash midstates
	maxBlockWeight  = blockchain.MaxBlockWeight - 4_000
	maxTxSigOpsCost = blockchain.MaxBlockSigOpsCost / 5 // Bitcoin Core: MAX_STANDARD_TX_SIGOPS_COST
	maxTxVersion    = 2
)

// Embedded is a regtest chain in a folder of its own. Its methods are safe for
// concurrent use.
type Embedded struct {
	// mu serialises every method: btcd's parts are safe by themselves, but the
	// chain, the mempool, the index and the journal must change together.
	mu     sync.Mutex
	closed bool
	failed error // set when the disk may disagree with memory; refuses all further changes

	params    *chaincfg.Params
	lock      *folderLock
	db        database.DB
	chain     *blockchain.BlockChain
	pool      *mempool.TxPool
	generator *mining.BlkTmplGenerator

	journal *journal
	index   *index
	pending []*btcutil.Tx // accepted and unconfirmed, parents before children
	hot     *hotWallet
}

// Open opens or creates the chain in dir and takes exclusive ownership of it until
// Close. nowUnix gives the current time in unix seconds; it stamps blocks.
//
// What a previous process had acknowledged, but not yet written into the database
// when it was killed, is read back from the journal: blocks are validated again,
// unconfirmed transactions are offered to the mempool again.
//
// It fails with ErrLocked if another process owns the folder.
func Open(dir string, nowUnix func() int64) (*Embedded, error) {
	if nowUnix == nil {
		return nil, errors.New("node: open: no clock was given")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("node: open: make the folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	e := &Embedded{params: regtestParams(), lock: lock}
	if err := e.start(dir, nowUnix); err != nil {
		return nil, errors.Join(err, e.release())
	}
	return e, nil
}

func (e *Embedded) start(dir string, nowUnix func() int64) error {
	hot, err := openHotWallet(dir, e.params)
	if err != nil {
		return err
	}
	e.hot = hot
	if e.db, err = openDatabase(dir, e.params); err != nil {
		return err
	}
	var records []record
	if e.journal, records, err = openJournal(dir); err != nil {
		return err
	}
	if err := e.startChain(nowUnix); err != nil {
		return err
	}
	if err := e.replayBlocks(records); err != nil {
		return err
	}
	if e.index, err = buildIndex(e.chain); err != nil {
		return err
	}
	return e.replayTransactions(records)
}

// openDatabase opens the block database, creating it aside first: a process killed
// while creating leaves only a folder that the next start throws away.
func openDatabase(dir string, params *chaincfg.Params) (database.DB, error) {
	path, aside := filepath.Join(dir, chainFolder), filepath.Join(dir, newChainFolder)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := os.RemoveAll(aside); err != nil {
			return nil, fmt.Errorf("node: open: remove a half-made database: %w", err)
		}
		db, err := database.Create(dbDriver, aside, params.Net)
		if err != nil {
			return nil, fmt.Errorf("node: open: create the block database: %w", err)
		}
		if err := db.Close(); err != nil {
			return nil, fmt.Errorf("node: open: create the block database: %w", err)
		}
		if err := os.Rename(aside, path); err != nil {
			return nil, fmt.Errorf("node: open: create the block database: %w", err)
		}
		if err := syncFolder(dir); err != nil {
			return nil, err
		}
	}
	db, err := database.Open(dbDriver, path, params.Net)
	if err != nil {
		return nil, fmt.Errorf("node: open: block database %s (regtest coins are worthless: delete the folder to start afresh): %w", path, err)
	}
	return db, nil
}

func (e *Embedded) startChain(nowUnix func() int64) error {
	clock := clock{nowUnix}
	sigCache := txscript.NewSigCache(cacheEntries)
	hashCache := txscript.NewHashCache(cacheEntries)
	chain, err := blockchain.New(&blockchain.Config{
		DB:               e.db,
		UtxoCacheMaxSize: utxoCacheBytes,
		ChainParams:      e.params,
		TimeSource:       clock,
		SigCache:         sigCache,
		HashCache:        hashCache,
	})
	if err != nil {
		return fmt.Errorf("node: open: load the chain state: %w", err)
	}
	e.chain = chain
	e.pool = mempool.New(&mempool.Config{
		Policy: mempool.Policy{
			MaxTxVersion:         maxTxVersion,
			DisableRelayPriority: true, // fees alone decide, as on mainnet
			FreeTxRelayLimit:     0,    // below the minimum fee nothing relays
			MaxSigOpCostPerTx:    maxTxSigOpsCost,
			MinRelayTxFee:        minRelayFeeSatPerKvB,
		},
		ChainParams:    e.params,
		FetchUtxoView:  chain.FetchUtxoView,
		BestHeight:     func() int32 { return chain.BestSnapshot().Height },
		MedianTimePast: func() time.Time { return chain.BestSnapshot().MedianTime },
		CalcSequenceLock: func(tx *btcutil.Tx, view *blockchain.UtxoViewpoint) (*blockchain.SequenceLock, error) {
			return chain.CalcSequenceLock(tx, view, true)
		},
		IsDeploymentActive: chain.IsDeploymentActive,
		SigCache:           sigCache,
		HashCache:          hashCache,
	})
	e.generator = mining.NewBlkTmplGenerator(&mining.Policy{
		BlockMaxWeight: maxBlockWeight,
		BlockMaxSize:   blockchain.MaxBlockBaseSize - 1_000,
		TxMinFreeFee:   minRelayFeeSatPerKvB,
	}, e.params, e.pool, chain, clock, sigCache, hashCache)
	return nil
}

// Close writes everything into the database, keeps the unconfirmed transactions in
// the journal, and gives the folder up. Closing twice is harmless.
func (e *Embedded) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.chain.FlushUtxoCache(blockchain.FlushRequired)
	if err != nil {
		err = fmt.Errorf("node: close: write the coins: %w", err)
	}
	return errors.Join(err, e.release())
}

// release gives up what start acquired, in reverse. The journal is shortened only
// after the database has synced what the journal still holds, and never after a
// failure.
func (e *Embedded) release() error {
	var errs []error
	if e.db != nil {
		if err := e.db.Close(); err != nil {
			errs = append(errs, fmt.Errorf("node: close the block database: %w", err))
		}
	}
	if e.journal != nil {
		if len(errs) == 0 && e.closed && e.failed == nil {
			errs = append(errs, e.journal.compact(e.pending))
		}
		errs = append(errs, e.journal.close())
	}
	errs = append(errs, e.lock.release())
	return errors.Join(errs...)
}

// enter takes the lock for one method; the caller defers the returned function.
func (e *Embedded) enter(ctx context.Context) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, ErrClosed
	}
	return e.mu.Unlock, nil
}

// enterToChange is enter for methods that change the chain or the mempool.
func (e *Embedded) enterToChange(ctx context.Context) (func(), error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return nil, err
	}
	if e.failed != nil {
		leave()
		return nil, fmt.Errorf("node: no further change after a failed write (restart to recover): %w", e.failed)
	}
	return leave, nil
}
