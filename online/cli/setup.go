package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/words"

	"heliograph/online/charterfile"
	"heliograph/online/coordinator"
	"heliograph/online/node"
	"heliograph/online/store"
)

func (c *commands) init() *cobra.Command {
	var name, network string
	cmd := command("init --name NAME --network regtest", "make a treasury in a new folder",
		`Makes the database, the courier key (which gives no authority over money) and,
on regtest, a chain of its own in the treasury's folder. regtest is for
practice: its coins are worth nothing.`,
		`  heliograph init --name "Example treasury" --network regtest
  heliograph --dir desk init --name "Example treasury" --network regtest --json`,
		cobra.NoArgs, func(context.Context, []string) error { return c.setUp(name, network) })
	cmd.Flags().StringVar(&name, "name", "", "the treasury's name, for people")
	cmd.Flags().StringVar(&network, "network", "", "regtest")
	required(cmd, "name", "network")
	return cmd
}

func (c *commands) setUp(name, network string) error {
	net, err := wallet.ParseNetwork(network)
	if err != nil {
		return &failure{Usage, err.Error(), "Write --network regtest."}
	}
	if !net.Practice() {
		return &failure{Error, "init: this version brings a chain of its own for regtest only, and connects to no other", "Write --network regtest to practise."}
	}
	first, err := coordinator.Setup(coordinator.Settings{Name: name, Network: net}, c.env.Random)
	if err != nil {
		return err
	}
	s, err := store.Create(c.dir, first)
	if err != nil {
		return err
	}
	t := &treasury{store: s}
	if t.Coordinator, err = coordinator.Open(s, c.env.Now, c.env.Random); err == nil {
		t.node, err = node.Open(filepath.Join(c.dir, chainFolder), c.env.Now)
	}
	if err != nil {
		return errors.Join(err, t.close())
	}
	courier := t.Courier().String()
	if err := t.close(); err != nil {
		return err
	}
	c.say("The treasury %q is in %s, on %s.", escape(name), escape(c.dir), net)
	c.say("courier key: %s (gives no authority over money)", courier)
	c.say("next: heliograph enrol --stations N --threshold T --camera DIR --screen DIR")
	return c.document(struct {
		Name    string `json:"name"`
		Network string `json:"network"`
		Courier string `json:"courier_key"`
		Dir     string `json:"dir"`
	}{name, net.String(), courier, c.dir})
}

// devices are the flags of every command that carries messages.
func devices(cmd *cobra.Command, camera, screen *string) *cobra.Command {
	cmd.Flags().StringVar(camera, "camera", "", "folder of frames that the coordinator sees")
	cmd.Flags().StringVar(screen, "screen", "", "folder of frames that the coordinator shows")
	required(cmd, "camera", "screen")
	return cmd
}

const devicesHelp = `

A camera is a folder in which frames appear (NNNNNN.png) and from which they are
taken; a screen is a folder into which frames are written. While the camera
looks, type show to show the last code again. Ctrl-C is safe at any time: the
same command goes on where it was.`

func (c *commands) enrol() *cobra.Command {
	var stations, threshold int
	var camera, screen string
	cmd := command("enrol --stations N --threshold T --camera DIR --screen DIR", "introduce the stations to each other",
		`Scans N introductions, one from each station; their order numbers the stations.
Then shows the roster until you press Enter: every station scans it, and their
people compare its twelve words.`+devicesHelp,
		`  heliograph enrol --stations 3 --threshold 2 --camera camera --screen screen`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error { return c.enrolled(ctx, t, camera, screen, stations, threshold) })
		})
	cmd.Flags().IntVar(&stations, "stations", 0, "how many stations there are (2 to 32)")
	cmd.Flags().IntVar(&threshold, "threshold", 0, "how many of them sign together (more than half)")
	required(cmd, "stations", "threshold")
	return devices(cmd, &camera, &screen)
}

// stationDocument is a station in a JSON document.
type stationDocument struct {
	Number      int    `json:"number"`
	Name        string `json:"name"`
	HostKey     string `json:"host_key"`
	InstanceKey string `json:"instance_key"`
}

func stationDocuments(stations []charter.Station) []stationDocument {
	var out []stationDocument
	for i, s := range stations {
		out = append(out, stationDocument{i, s.Name, hex.EncodeToString(s.HostKey[:]), s.InstanceKey.String()})
	}
	return out
}

func (c *commands) enrolled(ctx context.Context, t *treasury, camera, screen string, stations, threshold int) error {
	at, err := c.openTerminal(t, camera, screen)
	if err != nil {
		return err
	}
	roster, err := t.Enrol(ctx, at, stations, threshold)
	if err != nil {
		return err
	}
	fingerprint := words.Fingerprint(roster.ID)
	c.say("Enrolled: any %d of %d stations will sign together.", roster.Threshold, len(roster.Stations))
	for i, s := range roster.Stations {
		c.say("  station %d: %s", i, escape(s.Name))
	}
	c.say("roster words: %s", strings.Join(fingerprint[:], " "))
	c.say("next: heliograph charter template > charter.yaml, edit it, then heliograph keygen --charter charter.yaml --camera DIR --screen DIR")
	return c.document(struct {
		Threshold int               `json:"threshold"`
		Stations  []stationDocument `json:"stations"`
		Words     []string          `json:"roster_words"`
	}{roster.Threshold, stationDocuments(roster.Stations), fingerprint[:]})
}

func (c *commands) charterTemplate() *cobra.Command {
	return command("template", "print a charter to begin with",
		`Prints a charter file with comments. Change the names, addresses and limits, then
see what it says in full sentences with heliograph charter check.`,
		`  heliograph charter template > charter.yaml`,
		cobra.NoArgs, func(context.Context, []string) error {
			_, err := fmt.Fprint(c.env.Out, charterfile.Template)
			return err
		})
}

func (c *commands) charterCheck() *cobra.Command {
	return command("check FILE", "read a charter file and say what it means",
		`Reads a charter file, names every error with its line and column, and prints the
charter in the sentences that people at the stations will review.`,
		`  heliograph charter check charter.yaml`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				draft, err := c.readDraft(t, args[0])
				if err != nil {
					return err
				}
				return c.tellCharter(draft)
			})
		})
}

func (c *commands) charterShow() *cobra.Command {
	return command("show", "say what the charter in force means",
		`Prints the wallet's charter in sentences, or the draft of a key generation that is
under way.`,
		`  heliograph charter show`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				line, err := t.Line()
				if err == nil {
					if next, from, pending := line.Pending(c.env.Now()); pending {
						c.say("Charter %d is adopted and not yet in force until %s; this is the charter that rules until then.", next.Document().Epoch, ceremonies.Clock(from))
					}
					return c.tellCharter(line.At(c.env.Now()).Charter())
				}
				draft, begun, failed := t.CharterDraft()
				if failed != nil || !begun {
					return errors.Join(failed, err)
				}
				c.say("This is a draft: it is in force once all stations have confirmed the wallet.")
				return c.tellCharter(draft)
			})
		})
}

func (c *commands) readDraft(t *treasury, path string) (charter.Charter, error) {
	b, err := readFile(path, charterfile.MaxFile)
	if err != nil {
		return charter.Charter{}, err
	}
	base, absent := t.CharterBase()
	if absent != nil && !errors.Is(absent, coordinator.ErrNotEnrolled) {
		return charter.Charter{}, absent
	}
	d, err := charterfile.Parse(b, base)
	if err != nil {
		return charter.Charter{}, &failure{Error, path + ": " + err.Error(), "Correct the file. heliograph charter template shows the form."}
	}
	if absent != nil {
		return charter.Charter{}, absent
	}
	return charter.New(d)
}

func (c *commands) charterExport() *cobra.Command {
	var newest bool
	cmd := command("export", "write the charter in force as a file to edit",
		`Prints the charter in force as a charter file, so that a change of it is an edit.
See what the edited file says with heliograph charter check, and what it changes
with heliograph policy diff.`,
		`  heliograph charter export > charter.yaml`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				line, err := t.Line()
				if err != nil {
					return err
				}
				of := line.At(c.env.Now()).Charter()
				if newest {
					of = line.Latest()
				}
				text, err := charterfile.Write(of)
				if err != nil {
					return err
				}
				_, err = c.env.Out.Write(text)
				return err
			})
		})
	cmd.Flags().BoolVar(&newest, "newest", false, "the newest charter that is adopted, also if it is not yet in force")
	return cmd
}

func (c *commands) tellCharter(of charter.Charter) error {
	for _, s := range of.Sentences() {
		c.say("  %s", escape(s))
	}
	return c.tellCharterWords(of)
}

func (c *commands) tellCharterWords(of charter.Charter) error {
	id := of.ID()
	fingerprint := words.Fingerprint(id)
	c.say("charter words: %s", strings.Join(fingerprint[:], " "))
	return c.document(struct {
		ID        string            `json:"id"`
		Words     []string          `json:"words"`
		Threshold int               `json:"threshold"`
		Stations  []stationDocument `json:"stations"`
		Sentences []string          `json:"sentences"`
	}{hex.EncodeToString(id[:]), fingerprint[:], int(of.Document().Threshold), stationDocuments(of.Document().Stations), of.Sentences()})
}

func (c *commands) keygen() *cobra.Command {
	var file, camera, screen, out string
	cmd := command("keygen --charter FILE --camera DIR --screen DIR", "generate the key, in three visits",
		`Shows each visit's message until you press Enter, when every station has it; then
scans every station's answer, in any order. After the third visit each station
also shows its first nonce pool, which is scanned as well. At the end the
wallet's public recovery file is written: keep copies of it, it is no secret.`+devicesHelp,
		`  heliograph keygen --charter charter.yaml --camera camera --screen screen`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error { return c.generate(ctx, t, file, camera, screen, out) })
		})
	cmd.Flags().StringVar(&file, "charter", "", "the charter file; may be left out to go on with a key generation that was begun")
	cmd.Flags().StringVar(&out, "out", "wallet.heliograph", "where to write the public recovery file")
	return devices(cmd, &camera, &screen)
}

func (c *commands) generate(ctx context.Context, t *treasury, file, camera, screen, out string) error {
	var draft charter.Charter
	if file != "" {
		var err error
		if draft, err = c.readDraft(t, file); err != nil {
			return err
		}
	}
	at, err := c.openTerminal(t, camera, screen)
	if err != nil {
		return err
	}
	p, err := t.Generate(ctx, at, draft)
	if err != nil {
		return err
	}
	b, err := p.Encode()
	if err != nil {
		return err
	}
	if err := writeFile(out, b); err != nil {
		return &failure{Error, "the wallet exists, but its recovery file could not be written: " + err.Error(), "Run heliograph keygen again with --out FILE."}
	}
	c.say("The wallet exists: all stations have confirmed it.")
	c.say("recovery file: %s (public; keep copies)", escape(out))
	return c.tellWallet(p, nil, nil)
}

// walletDocument is what --json prints of a wallet.
type walletDocument struct {
	ID           string          `json:"id"`
	Words        []string        `json:"words"`
	Network      string          `json:"network"`
	Descriptor   string          `json:"descriptor"`
	Descriptors  [2]string       `json:"descriptors"`
	FirstAddress string          `json:"first_address"`
	Confirmed    int64           `json:"confirmed_sat"`
	Unconfirmed  int64           `json:"unconfirmed_sat"`
	Reserved     int64           `json:"reserved_sat"`
	Coins        int             `json:"coins"`
	Height       int32           `json:"height"`
	Stations     []stationNonces `json:"stations"`
}

type stationNonces struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Nonces int    `json:"nonces"`
}

func (c *commands) tellWallet(p keygen.Public, b *coordinator.Balance, stations []coordinator.Station) error {
	id := p.Wallet.ID()
	fingerprint := words.Fingerprint([32]byte(id))
	first, err := p.Wallet.Address(wallet.Receive, 0)
	if err != nil {
		return err
	}
	d := walletDocument{
		ID: id.String(), Words: fingerprint[:], Network: p.Wallet.Network().String(),
		Descriptor: p.Wallet.Descriptor(), Descriptors: p.Wallet.Descriptors(), FirstAddress: first,
		Stations: []stationNonces{},
	}
	c.say("wallet words: %s", strings.Join(fingerprint[:], " "))
	c.say("first address: %s", first)
	c.say("descriptor: %s", d.Descriptor)
	if b != nil {
		d.Confirmed, d.Unconfirmed, d.Reserved, d.Coins, d.Height = int64(b.Confirmed), int64(b.Unconfirmed), int64(b.Reserved), b.Coins, b.Height
		c.say("confirmed:   %s in %d coins, free to be drafted", b.Confirmed, b.Coins)
		c.say("unconfirmed: %s", b.Unconfirmed)
		c.say("reserved:    %s in batches that are not finished", b.Reserved)
		c.say("height:      %d", b.Height)
	}
	for _, s := range stations {
		d.Stations = append(d.Stations, stationNonces{s.Number, s.Name, s.Unused})
		c.say("station %d:   %s, %d nonces left", s.Number, escape(s.Name), s.Unused)
	}
	return c.document(d)
}
