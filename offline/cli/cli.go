// Package cli is a workstation on a terminal: a Screen as text, a prompt for
// every question, and the command line around them.
//
// The rules of this interface:
//
//   - Nothing is approved but at the decide prompt, after the whole review, by
//     the whole word approve. There is no flag for it and no approve-all.
//   - A prompt is the last thing printed. Every answer is one line, so a person
//     at a terminal and a program at a pipe use the same interface.
//   - Secrets are typed without echo on a terminal, are never arguments or
//     environment variables, and are shown only by backup words.
//   - All text from elsewhere is escaped before it is shown.
//   - Every screen of a practice installation says PRACTICE.
//   - An error says what is wrong, what is safe where that is in doubt, and what
//     to do.
//
// It joins the application (package station) with the keystore and the camera.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"heliograph/ceremonies/signing"
	"heliograph/offline/keystore"
	"heliograph/offline/station"
)

// Exit codes.
const (
	Done    = 0 // what was asked for is done
	Error   = 1 // something failed
	Usage   = 2 // the command line is wrong
	Refused = 3 // the rules, a check or the person refused
	Waiting = 4 // somebody has to do something first
)

// Environment is what the command line gets from its process.
type Environment struct {
	In       io.Reader
	Out, Err io.Writer
	Random   io.Reader
	Now      func() int64      // unix seconds
	Keystore []keystore.Option // for new keystores

	// Open is keystore.Open; a test puts a keystore on failing files here.
	Open func(dir string, passphrase []byte) (*keystore.Store, error)
}

// Process is the environment of the running process.
func Process() Environment {
	return Environment{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Random: rand.Reader,
		Now:  func() int64 { return time.Now().Unix() },
		Open: keystore.Open,
	}
}

// Main runs one command line and returns its exit code.
func Main(ctx context.Context, args []string, env Environment) int {
	c := &commands{env: env}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return Done
	}
	f := explain(err, c.dir)
	if f.what != "" {
		fmt.Fprintf(env.Err, "error: %s\n", escape(f.what))
	}
	if f.remedy != "" {
		fmt.Fprintf(env.Err, "remedy: %s\n", escape(f.remedy))
	}
	return f.code
}

// failure is an error with what to do about it.
type failure struct {
	code   int
	what   string
	remedy string
}

func (f *failure) Error() string { return f.what }

// ran marks the error of a command that was called rightly; every other error
// is one of usage.
type ran struct{ error }

func (r ran) Unwrap() error { return r.error }

// unopened marks the error of a keystore that did not open.
type unopened struct{ error }

func (u unopened) Unwrap() error { return u.error }

// explain turns an error into what a person can do about it.
func explain(err error, dir string) *failure {
	var f *failure
	var called ran
	var unsaved *station.SaveError
	var unshown *station.UnshownError
	var stopped *station.StoppedError
	var unopened unopened
	switch {
	case errors.As(err, &f):
		return f
	case !errors.As(err, &called):
		return &failure{Usage, err.Error(), "see heliograph-station --help, or --help after a command"}
	case errors.As(err, &unsaved):
		return &failure{Error, unsaved.Error(), "Safe: no frame of this step was shown, so nothing was released. Look after the disk (space, permissions, errors), then start again: the station goes on from what it kept. Do not put an older copy of the folder back."}
	case errors.As(err, &unshown):
		return &failure{Error, unshown.Error(), "Safe: the step is kept and no frame of it was shown. Look after the disk, then start again and show the same request: the kept answer is shown, and nobody is asked twice. Do not put an older copy of the folder back."}
	case errors.As(err, &stopped):
		return &failure{Error, "this ceremony cannot go on here (" + stopped.Fault.Code + ", above)", "See the remedy above."}
	case errors.Is(err, signing.ErrUnlisted):
		return unlisted(err)
	case errors.Is(err, context.Canceled):
		return &failure{Error, "stopped from outside", "Nothing is lost: what was released is kept, and the next run goes on from there."}
	case errors.Is(err, errEnded):
		return &failure{Waiting, err.Error(), "Start again and answer the prompts; nothing that was kept is lost."}
	case errors.Is(err, keystore.ErrPassphrase):
		return &failure{Error, "the passphrase is wrong", "Try again. If it is lost, restore from the 24 words and the recovery file into a new folder."}
	case errors.Is(err, keystore.ErrLocked):
		return &failure{Error, "another program has the keystore in " + dir + " open", "Close the other heliograph-station first; two at once would be two signers with one memory."}
	case errors.Is(err, keystore.ErrDamaged):
		return &failure{Error, err.Error(), "Do not put an older copy of the folder back: it has forgotten which nonces were used, and using one again gives the share away. Restore from the 24 words and the recovery file into a new folder."}
	case errors.As(err, &unopened):
		return &failure{Error, err.Error(), "Nothing is lost by this. Look after the folder and its disk (permissions, space, errors), then start again. Do not put an older copy of the folder back."}
	case errors.Is(err, station.ErrReviewer):
		return &failure{Usage, err.Error(), "Its key is not backed up: a lost device is replaced by an amendment. What it answered is shown again for the same request; see status and history."}
	case errors.Is(err, station.ErrNoWallet):
		return &failure{Waiting, err.Error(), "Finish enrolment and key generation with run."}
	case errors.Is(err, station.ErrChain):
		return &failure{Error, err.Error(), "Keep the folder as it is and have it examined."}
	}
	return &failure{Error, err.Error(), ""}
}

func unlisted(err error) *failure {
	return &failure{Waiting, err.Error(), "An amendment put another installation in the place of this one, or this folder is a copy. Take this machine out of service and keep its folder. If it should sign, restore it from the 24 words into a new folder, and have an amendment list that one."}
}

// commands holds what all commands share.
type commands struct {
	env Environment
	dir string
}

// terminal is where prompts and screens go; aside keeps them out of the output
// that a program reads.
func (c *commands) terminal(aside bool) *terminal {
	if aside {
		return newTerminal(c.env.In, c.env.Err)
	}
	return newTerminal(c.env.In, c.env.Out)
}

// opened is an unlocked installation.
type opened struct {
	store *keystore.Store
	app   *station.App
}

func (o *opened) close() error {
	o.app.Close()
	return o.store.Close()
}

// open asks for the passphrase and unlocks the keystore. World is what the
// application gets beside the keystore.
func (c *commands) open(ctx context.Context, t *terminal, w station.World) (*opened, error) {
	if _, err := keystore.Folder(c.dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, c.none()
		}
		return nil, &failure{Error, err.Error(), "Nobody else may read or write the keystore's folder."}
	}
	passphrase, err := t.askSecret(ctx, promptPassphrase)
	defer clear(passphrase)
	if err != nil {
		return nil, err
	}
	t.printf("unlocking ...\n")
	store, err := c.env.Open(c.dir, passphrase)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, c.none()
	}
	if err != nil {
		return nil, unopened{err}
	}
	w.Store, w.Now, w.Random = records{store}, c.env.Now, c.env.Random
	app, err := station.Open(w)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &opened{store: store, app: app}, nil
}

func (c *commands) none() error {
	return &failure{Error, "there is no station in " + c.dir, "Make one with init, bring one back with restore, or name another folder with --dir."}
}

// vacant refuses a folder for a new keystore that is in use, before anything
// is asked.
func (c *commands) vacant() error {
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return &failure{Error, "the folder " + c.dir + " is not empty", "A station keeps one share: choose a new folder with --dir. Do not empty one that was in use."}
}

// minPassphrase is the least length of a new passphrase, in bytes. Scrypt makes
// a guess cost a second, not a bad passphrase good.
const minPassphrase = 8

// create asks for a new passphrase twice and keeps an installation in a new
// keystore.
func (c *commands) create(ctx context.Context, t *terminal, n *station.Installation) (err error) {
	first, err := t.askSecret(ctx, promptNewPassphrase)
	defer clear(first)
	if err != nil {
		return err
	}
	if len(first) < minPassphrase {
		return &failure{Error, fmt.Sprintf("a passphrase has at least %d characters", minPassphrase), "Choose a longer one: six random words are good."}
	}
	second, err := t.askSecret(ctx, promptRepeat)
	defer clear(second)
	if err != nil {
		return err
	}
	if string(first) != string(second) {
		return &failure{Error, "the passphrases differ", "Nothing was made. Start again."}
	}
	t.printf("making the keystore ...\n")
	store, err := keystore.Create(c.dir, first, c.env.Random, c.env.Keystore...)
	if errors.Is(err, fs.ErrNotExist) {
		return &failure{Error, err.Error(), "Make the folder " + filepath.Dir(c.dir) + " first."}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return n.Keep(records{store})
}

// command makes a cobra command whose errors are not of usage.
func command(use, short, long, example string, run func(ctx context.Context) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := run(cmd.Context()); err != nil {
				return ran{err}
			}
			return nil
		},
	}
}
