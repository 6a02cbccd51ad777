package station

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wallet"
	"heliograph/shared/words"
)

// backupName is kept once a person has typed the words in again.
const backupName = "station/backup"

// Words are a host secret in 24 words. They are as secret as the key, and Go
// cannot wipe them: show them and let go of them. Not comparable.
type Words struct {
	_     [0]func()
	words [words.BackupWords]string
}

// String hides the words.
func (w Words) String() string { return "station.Words(redacted)" }

// GoString hides the words.
func (w Words) GoString() string { return w.String() }

// List gives the words, to be shown once.
func (w Words) List() []string { return append([]string(nil), w.words[:]...) }

// Is reports whether text is the word at a position, counted from 0. Capitals
// and spaces around it do not matter.
func (w Words) Is(position int, text string) bool {
	return strings.ToLower(strings.TrimSpace(text)) == w.words[position]
}

// BackupWords gives the host secret in words. Together with the recovery file
// they are the share. A reviewer's device has none: ErrReviewer.
func (a *App) BackupWords() (Words, error) {
	if a.reviewer != nil {
		return Words{}, ErrReviewer
	}
	secret := a.identity.host.Bytes()
	defer clear(secret[:])
	return Words{words: words.Backup(secret)}, nil
}

// AskedWords chooses which words a person types in again: count different
// positions, counted from 0, ascending.
func AskedWords(count int, random io.Reader) ([]int, error) {
	if count < 1 || count > words.BackupWords {
		return nil, errors.New("station: backup: want 1 to 24 words")
	}
	chosen := make(map[int]bool)
	for len(chosen) < count {
		b, err := draw(random)
		if err != nil {
			return nil, err
		}
		// 2^64 is no multiple of 24; the bias of 2^-59 guards nothing here.
		chosen[int(binary.BigEndian.Uint64(b[:])%words.BackupWords)] = true
	}
	var out []int
	for i := range words.BackupWords {
		if chosen[i] {
			out = append(out, i)
		}
	}
	return out, nil
}

// BackupChecked keeps that a person has the words.
func (a *App) BackupChecked() error {
	return a.keep([]ceremonies.Record{{Name: backupName, Value: []byte{1}}})
}

// ErrNoWallet says that there is no wallet yet.
var ErrNoWallet = errors.New("station: there is no wallet yet: key generation is not finished here")

// BackupFile gives the public recovery file of the wallet.
func (a *App) BackupFile() ([]byte, error) {
	share, found, err := a.share()
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrNoWallet
	}
	return share.Public.Encode()
}

// Restored is a share that was recovered and has proven itself against the
// wallet's key, before it is in a keystore.
type Restored struct {
	Installation *Installation
	Station      int
	Network      wallet.Network
	WalletName   string
	WalletWords  []string
	FirstAddress string
}

// Restore recovers a share from the 24 words and the recovery file. The
// installation gets a new instance key, so it is a stranger until an amendment
// lists it. name and pool are the new installation's; the network is the
// wallet's.
func Restore(typed []string, file []byte, name string, pool int, now int64, random io.Reader) (*Restored, error) {
	secret, err := words.ParseBackup(typed)
	defer clear(secret[:])
	if err != nil {
		return nil, err
	}
	host, err := chilldkg.ParseHostSecretKey(secret[:])
	if err != nil {
		return nil, errors.New("station: restore: these words are no host secret")
	}
	defer host.Wipe()
	share, record, err := keygen.Restore(host, file)
	if err != nil {
		return nil, err
	}
	defer share.Wipe()
	d := share.Public.Charter.Document()
	identity, err := newIdentity(Choice{Name: name, Network: d.Network, Pool: pool}, host, true, now, random)
	if err != nil {
		return nil, err
	}
	address, err := share.Public.Wallet.Address(0, 0)
	if err != nil {
		return nil, err
	}
	return &Restored{
		Installation: &Installation{records: []ceremonies.Record{
			identity, {Name: keygen.ShareName, Value: record}, {Name: backupName, Value: []byte{1}},
		}},
		Station: share.Station, Network: d.Network, WalletName: d.Name,
		WalletWords: walletWords(share), FirstAddress: address,
	}, nil
}
