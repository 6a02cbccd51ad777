package cli

import (
	"context"
	"encoding/hex"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/shared/charter"
	"heliograph/shared/wire"

	"heliograph/online/charterfile"
)

// personDocument is a person of the charter as JSON.
type personDocument struct {
	Name        string               `json:"name"`
	Roles       []string             `json:"roles"`
	Machine     bool                 `json:"machine"`
	Credentials []credentialDocument `json:"credentials"`
}

type credentialDocument struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"` // es256, eddsa, offline, machine
	Key         string `json:"key"`
	DeviceBound bool   `json:"device_bound"`
}

func (c *commands) peopleList() *cobra.Command {
	return command("list", "who may draft, approve, veto or freeze",
		`Lists the people of the charter in force with their roles and credentials. They
change by amendment only: edit what heliograph charter export writes.`,
		`  heliograph people list`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				in, err := t.Charter()
				if err != nil {
					return err
				}
				people := []personDocument{}
				for _, p := range in.Document().People {
					people = append(people, personOf(p))
					c.tellPerson(p)
				}
				if len(people) == 0 {
					c.say("The charter in force lists nobody.")
				}
				return c.document(struct {
					People []personDocument `json:"people"`
				}{people})
			})
		})
}

func personOf(p charter.Person) personDocument {
	d := personDocument{Name: p.Name, Roles: append([]string{}, p.Roles...), Machine: p.Machine, Credentials: []credentialDocument{}}
	for _, k := range p.Credentials {
		d.Credentials = append(d.Credentials, credentialDocument{k.Name, charterfile.CredentialWord(k.Kind), hex.EncodeToString(k.Key), k.DeviceBound})
	}
	return d
}

func (c *commands) tellPerson(p charter.Person) {
	what := strings.Join(p.Roles, ", ")
	if p.Machine {
		what = strings.TrimPrefix(what+", a program", ", ")
	}
	c.say("%s (%s)", escape(p.Name), escape(what))
	for _, k := range p.Credentials {
		bound := ""
		if k.DeviceBound {
			bound = ", bound to its device"
		}
		c.say("  %s: %s %x%s", escape(k.Name), charterfile.CredentialWord(k.Kind), k.Key, bound)
	}
}

func (c *commands) peopleTake() *cobra.Command {
	var camera string
	cmd := command("take --camera DIR", "scan the key of a person's offline device",
		`Scans the key that a reviewing device shows, and prints the person as it stands
under people: in a charter file, with twelve words. Compare the words with the
device's own screen before anybody enrols it: whoever swaps the key speaks for
that person. It counts once an amendment lists it.`,
		`  heliograph people take --camera camera`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, "")
				if err != nil {
					return err
				}
				k, err := t.TakeReviewer(ctx, at)
				if err != nil {
					return err
				}
				return c.tellSnippet(charter.Person{Name: k.Name, Credentials: []charter.Credential{{Name: "offline device", Kind: charter.CredentialOffline, Key: k.Key[:]}}}, k.Words[:])
			})
		})
	cmd.Flags().StringVar(&camera, "camera", "", "folder of frames that the coordinator sees")
	required(cmd, "camera")
	return cmd
}

func (c *commands) peopleInvite() *cobra.Command {
	var camera, screen string
	cmd := command("invite --camera DIR --screen DIR", "show a reviewing device the wallet",
		`Shows the wallet and its charters to a person's reviewing device, which the charter
in force lists. The person compares twelve words with a station.`+devicesHelp,
		`  heliograph people invite --camera camera --screen screen`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				if err := t.Invite(ctx, at); err != nil {
					return err
				}
				in, err := t.Charter()
				if err != nil {
					return err
				}
				return c.tellCharterWords(in)
			})
		})
	return devices(cmd, &camera, &screen)
}

func (c *commands) peopleMachine() *cobra.Command {
	var name, out string
	cmd := command("machine --name NAME --out FILE", "make the key of a program that drafts",
		`Writes a new key into FILE, readable by its owner alone, and prints the program as
it stands under people: in a charter file. A program drafts and never approves.`,
		`  heliograph people machine --name "Payroll program" --out payroll.key`,
		cobra.NoArgs, func(context.Context, []string) error {
			var seed [32]byte
			if _, err := io.ReadFull(c.env.Random, seed[:]); err != nil {
				return err
			}
			key, err := wire.GenerateSigningKey(seed)
			clear(seed[:])
			if err != nil {
				return err
			}
			defer key.Wipe()
			secret, public := key.Bytes(), key.Public()
			err = writeSecret(out, []byte(hex.EncodeToString(secret[:])+"\n"))
			clear(secret[:])
			if err != nil {
				return err
			}
			return c.tellSnippet(charter.Person{Name: name, Machine: true, Credentials: []charter.Credential{{Name: "program", Kind: charter.CredentialMachine, Key: public[:]}}}, nil)
		})
	cmd.Flags().StringVar(&name, "name", "", "the program's name in the charter")
	cmd.Flags().StringVar(&out, "out", "", "file for the key; it must not be there yet")
	required(cmd, "name", "out")
	return cmd
}

// writeSecret writes a new file that its owner alone can read.
func writeSecret(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// tellSnippet prints a person as a charter file has it, with the words by which
// people compare the key, if there are any.
func (c *commands) tellSnippet(p charter.Person, words []string) error {
	yaml := charterfile.Person(p)
	if len(words) > 0 {
		c.say("# Compare these words with the device's own screen before you enrol it:")
		c.say("#   %s", strings.Join(words, " "))
	}
	c.say("# under people: in the charter file, with the roles that the person is to have")
	c.say("%s", strings.TrimSuffix(yaml, "\n"))
	return c.document(struct {
		personDocument
		Words []string `json:"words"`
		YAML  string   `json:"yaml"`
	}{personOf(p), append([]string{}, words...), yaml})
}
